"""「还剩 4 分钟」: one mail to who began a lesson and has not come for three days.

It comes in the evening of the learner's zone, at most once a week, and not to who came back.
"""

from datetime import datetime, time, timedelta
from typing import cast

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet, Subquery
from django.urls import reverse

from accounts.models import User
from courses.models import LessonPage
from growth import mail_choices
from growth.models import AbsenceMail
from learning import days, note_places, states
from learning.models import LessonProgress, PlaySession
from learning.queries import Continue

AWAY, GONE = timedelta(hours=72), timedelta(hours=96)  # since the last study
WEEK = timedelta(days=7)
MORNING, EVENING, NIGHT = 8, 18, 21  # hours of the learner's day
LOOKED_AT = 3  # lessons begun last
AT_ONCE = 1000

Kind = mail_choices.Kind


def remind_all(*, now: datetime) -> int:
    """Whose hour it is; gives how many were written to."""
    told, last = 0, 0
    while found := list(_absent(now=now).filter(pk__gt=last).order_by("pk")[:AT_ONCE]):
        last = found[-1].pk
        told += sum(_remind(each, now=now) for each in found if _is_time_for(each, now=now))
    return told


def _absent(*, now: datetime) -> QuerySet[User]:
    """Who studied last between three and four days ago and had no such mail for a week; with
    `last_at`."""
    then = LessonProgress.objects.filter(studied_at__gt=now - GONE, studied_at__lte=now - AWAY)
    mine = LessonProgress.objects.filter(learner_id=OuterRef("pk"), studied_at__isnull=False)
    back = mine.filter(studied_at__gt=now - AWAY)
    at_it = PlaySession.objects.filter(learner_id=OuterRef("pk"), updated_at__gt=now - AWAY)
    told = AbsenceMail.objects.filter(learner=OuterRef("pk"), sent_at__gt=now - WEEK)
    return (
        mail_choices.wanted_by(Kind.REMINDERS)
        .filter(~Exists(back), ~Exists(at_it), ~Exists(told))
        .filter(pk__in=then.values("learner_id"))
        .annotate(last_at=Subquery(mine.order_by("-studied_at").values("studied_at")[:1]))
    )


def _is_time_for(learner: User, *, now: datetime) -> bool:
    """In the evening; by day only if no other evening comes in time."""
    zone = days.zone_of(learner)
    here = now.astimezone(zone)
    if EVENING <= here.hour < NIGHT:
        return True
    evening = datetime.combine(here.date(), time(EVENING), zone)
    last_at = cast("datetime", learner.last_at)  # type: ignore[attr-defined]
    return MORNING <= here.hour < EVENING and evening >= last_at + GONE


@transaction.atomic
def _remind(learner: User, *, now: datetime) -> bool:
    """False for who has nothing begun that is open to them, or was written to meanwhile."""
    User.objects.select_for_update(no_key=True).get(pk=learner.pk)
    if AbsenceMail.objects.filter(learner=learner, sent_at__gt=now - WEEK).exists():
        return False
    going = _begun(learner)
    if going is None:
        return False
    week = days.week_of(days.day_of(now, days.zone_of(learner)))[0]
    AbsenceMail.objects.create(learner=learner, week=week, lesson_id=going.lesson.pk, sent_at=now)
    return mail_choices.queue(
        Kind.REMINDERS,
        user=learner,
        key=f"absence-{learner.pk}-{week}",
        template="absence",
        context={
            "title": going.lesson.title,
            "course": going.course.title,
            "seconds": going.seconds_left,
            "is_heard": going.is_heard,
            "address": settings.BASE_URL + reverse("resume", args=[going.lesson.pk]),
        },
        now=now,
    )


def _begun(learner: User) -> Continue | None:
    """The lesson begun last that is neither done nor closed."""
    mine = LessonProgress.objects.filter(learner_id=learner.pk, done_at=None)
    begun = mine.filter(studied_at__isnull=False).order_by("-studied_at")
    ids = list(begun.values_list("lesson_id", flat=True)[:LOOKED_AT])
    places, found = note_places.of_pages(learner, ids), states.of(learner.pk, ids)
    for pk in ids:
        place, state = places.get(pk), found[pk]
        if place is None or place.course is None or not place.is_open or state.is_done:
            continue
        if isinstance(place.page, LessonPage) and (state.heard or state.read_to):
            return Continue(place.course, place.page, state, label="")
    return None
