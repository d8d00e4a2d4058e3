"""Free courses: one tap opens them for good. No order, nothing at Stripe, nothing in the books."""

from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from courses import grants
from courses.models import CoursePage, Grant
from payments import beginning, checkout
from payments.models import Price


class Withdrawn(checkout.CannotStart):
    message = _("Your enrolment in this course was taken back. Please write to us.")


@transaction.atomic
def enrol(*, learner: User, price: Price, now: datetime) -> Grant:
    """Open a course to a learner who saw it for nothing. Raises checkout.CannotStart.

    Once per learner and course: what staff took back stays shut, at whichever price of nothing.
    """
    User.objects.select_for_update(no_key=True).get(pk=learner.pk)
    checkout.check_for_sale(price, now=now)
    course = price.offer.course
    if course is None or not price.is_free or beginning.is_planned(course, now=now):
        raise checkout.NotForSale
    if not checkout.may_buy(learner, price.offer, now=now):
        raise checkout.AlreadyOwned
    if enrolled(course).filter(learner=learner).exists():
        raise Withdrawn
    [grant] = grants.sync(
        learner=learner,
        source_kind=Grant.Source.ENROLMENT,
        source_id=f"course-{course.pk}",
        covers=[course],
        starts_at=now,
        now=now,
    )
    return grant


def enrolled(course: CoursePage) -> QuerySet[Grant]:
    """Everybody who ever enrolled, also whom staff took it back from."""
    return Grant.objects.filter(course=course, source_kind=Grant.Source.ENROLMENT)
