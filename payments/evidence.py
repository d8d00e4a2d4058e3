"""What speaks for a payment that a bank disputes: what was shown, bought, opened, studied."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Max, Q, Sum
from django.utils.translation import gettext_lazy as _

from accounts.models import Consent, User
from courses.models import CoursePage, Grant
from learning.models import LessonProgress
from payments import entitlement, story
from payments.mirror import moment
from payments.models import Dispute, Gift, Invoice, Order, RedeemCode
from payments.money import in_words

CLAIMS_TOLD = 20  # of many seats, the first ones
MAILS_TOLD = 10  # of many, the last ones


@dataclass(frozen=True)
class Exhibit:
    """One thing that happened. `value` is a text, or an instant."""

    label: Any
    value: Any


def disputed_by(person: User) -> int:
    """How many payments of theirs are or were disputed, and not lost by the bank."""
    theirs = Dispute.objects.filter(order__buyer=person)
    return theirs.exclude(status__in=["", "won", "prevented"]).count()


def of(order: Order, bill: Invoice | None = None) -> Iterator[Exhibit]:
    """In the order in which it happened. `bill`: which of a subscription's is disputed."""
    buyer = order.buyer
    for consent in Consent.objects.filter(user=buyer).order_by("at"):
        yield Exhibit(_("Agreed: %(what)s") % {"what": consent.get_kind_display()}, consent.at)
    yield Exhibit(_("Ordered, at the price shown"), order.created_at)
    yield Exhibit(_("Paid"), order.paid_at)
    if bill and bill.billing_reason != "subscription_create":
        words = {"amount": in_words(bill.amount_paid or 0, bill.currency), "id": bill.stripe_id}
        yield Exhibit(_("The disputed bill: %(amount)s (%(id)s)") % words, bill.paid_at)
    for grant in Grant.objects.filter(learner=buyer, source_id__in=_sources(order)).select_related(
        "course", "membership"
    ):
        yield Exhibit(
            _("Opened: %(what)s") % {"what": grant.course or grant.membership}, grant.starts_at
        )
    sent = story.mails_of(order).filter(sent_at__isnull=False)
    for mail in sent.order_by("-sent_at")[:MAILS_TOLD][::-1]:
        yield Exhibit(_("Mail sent: “%(subject)s”") % {"subject": mail.subject}, mail.sent_at)
    yield from _studied(order)
    others = Order.objects.filter(buyer=buyer, status=Order.Status.FULFILLED).exclude(pk=order.pk)
    if count := others.count():
        yield Exhibit(_("Other orders that stand"), count)


def _studied(order: Order) -> Iterator[Exhibit]:
    """What of it was studied since it was paid: in a course, or anywhere by a membership."""
    if order.is_for_others:
        yield from _claimed(order)
        return  # what the buyer studied says nothing of it
    courses = None if order.price.offer.membership_id else entitlement.covered(order)
    yield from _studied_by(order.buyer_id, courses, since=order.paid_at)


def _claimed(order: Order) -> Iterator[Exhibit]:
    """Who took what was bought for others, when, and what they studied of it since."""
    gifts: list[Gift | RedeemCode] = list(Gift.objects.filter(order=order))
    seats = RedeemCode.objects.filter(batch__order=order).select_related("redeemed_by")
    claims = [*gifts, *seats.order_by("redeemed_at", "pk")]
    used = [each for each in claims if each.redeemed_by]
    words = {"used": len(used), "all": len(claims)}
    yield Exhibit(_("Claimed"), _("%(used)d of %(all)d") % words)
    for claim in used[:CLAIMS_TOLD]:
        assert claim.redeemed_by is not None  # noqa: S101 — chosen so
        yield Exhibit(_("Claimed by %(who)s") % {"who": claim.redeemed_by.email}, claim.redeemed_at)
        sellable = claim.sellable
        courses = [sellable] if isinstance(sellable, CoursePage) else None
        yield from _studied_by(claim.redeemed_by.pk, courses, since=claim.redeemed_at)


def _studied_by(
    learner_id: int, courses: Iterable[Any] | None, *, since: datetime | None
) -> Iterator[Exhibit]:
    """In these courses, or anywhere."""
    found = LessonProgress.objects.filter(learner_id=learner_id, studied_at__isnull=False)
    if courses is not None:
        found = found.filter(course_id__in=[each.pk for each in courses])
    if since:
        found = found.filter(studied_at__gte=since)
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
