"""What speaks for a payment that a bank disputes: what was shown, bought, opened, studied."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Max, Q, Sum
from django.utils.translation import gettext_lazy as _

from accounts.models import Consent, OutboxMessage, User
from courses.models import Grant
from learning.models import LessonProgress
from payments import entitlement
from payments.mirror import moment
from payments.models import Dispute, Order


@dataclass(frozen=True)
class Exhibit:
    """One thing that happened. `value` is a text, or an instant."""

    label: Any
    value: Any


def disputed_by(person: User) -> int:
    """How many payments of theirs are or were disputed, and not lost by the bank."""
    theirs = Dispute.objects.filter(order__buyer=person)
    return theirs.exclude(status__in=["", "won", "prevented"]).count()


def of(order: Order) -> Iterator[Exhibit]:
    """In the order in which it happened."""
    buyer = order.buyer
    for consent in Consent.objects.filter(user=buyer).order_by("at"):
        yield Exhibit(_("Agreed: %(what)s") % {"what": consent.get_kind_display()}, consent.at)
    yield Exhibit(_("Ordered, at the price shown"), order.created_at)
    yield Exhibit(_("Paid"), order.paid_at)
    for grant in Grant.objects.filter(learner=buyer, source_id__in=_sources(order)).select_related(
        "course", "membership"
    ):
        yield Exhibit(
            _("Opened: %(what)s") % {"what": grant.course or grant.membership}, grant.starts_at
        )
    sent = OutboxMessage.objects.filter(user=buyer, sent_at__gte=order.created_at)
    for mail in sent.order_by("sent_at")[:10]:
        yield Exhibit(_("Mail sent: “%(subject)s”") % {"subject": mail.subject}, mail.sent_at)
    yield from _studied(order)
    others = Order.objects.filter(buyer=buyer, status=Order.Status.FULFILLED).exclude(pk=order.pk)
    if count := others.count():
        yield Exhibit(_("Other orders that stand"), count)


def _studied(order: Order) -> Iterator[Exhibit]:
    """What of it was studied since it was paid: in a course, or anywhere by a membership."""
    if order.is_for_others:
        return  # what the buyer studied says nothing of it
    found = LessonProgress.objects.filter(learner_id=order.buyer_id, studied_at__isnull=False)
    if order.price.offer.membership_id is None:
        found = found.filter(course_id__in=[each.pk for each in entitlement.covered(order)])
    if order.paid_at:
        found = found.filter(studied_at__gte=order.paid_at)
    sums: dict[str, Any] = found.aggregate(
        lessons=Count("lesson_id"),
        done=Count("lesson_id", filter=Q(done_at__isnull=False)),
        heard=Sum("heard"),
        last=Max("studied_at"),
    )
    if not sums["lessons"]:
        yield Exhibit(_("Studied"), _("Nothing"))
        return
    words = {
        "lessons": sums["lessons"],
        "done": sums["done"],
        "minutes": round((sums["heard"] or 0) / 60),
    }
    yield Exhibit(
        _("Studied"),
        _("%(lessons)d lessons, %(done)d of them finished, %(minutes)d minutes heard") % words,
    )
    yield Exhibit(_("Last studied"), sums["last"])


def _sources(order: Order) -> list[str]:
    subscription = order.subscription
    return [order.source_id, *([subscription.source_id] if subscription else [])]


def due_by(dispute: Dispute) -> datetime | None:
    """Until when Stripe takes an answer."""
    return moment((dispute.object.get("evidence_details") or {}).get("due_by"))
