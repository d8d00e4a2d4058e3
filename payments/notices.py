"""What a learner should know of what they have, where it would otherwise surprise them."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Max, Q, Sum
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import User
from courses.models import CoursePage, Grant, Membership, MembershipCourse
from pages import dates
from payments import money, presale, queries, standing
from payments.models import Dispute, Order, Refund, Subscription

# So long one is told that a membership ended.
LAPSED_OF_LATE = timedelta(days=30)


@dataclass(frozen=True)
class Notice:
    """What a learner should know of their membership, and where something can be done."""

    sentence: str
    kind: str  # of a callout: info, warn
    label: str = ""
    url: str = ""


def of_memberships(learner: User, *, now: datetime) -> Notice | None:
    """Of a renewal that failed, a pause, or a membership that ended of late. Two queries at most
    where nothing is paused."""
    if found := of_subscription(learner, now=now):
        return found
    of_memberships = Grant.objects.filter(
        learner=learner, membership__isnull=False, withdrawn_at=None
    )
    ends = [grant.ends_at for grant in of_memberships]
    if not ends or None in ends:
        return None
    last = max(end for end in ends if end is not None)
    if not now - LAPSED_OF_LATE < last <= now:
        return None
    day = dates.day(last - timedelta(seconds=1), now=now)
    return Notice(
        _("Your membership ended on %(day)s. What you have studied is kept.") % {"day": day},
        "info",
        _("See the membership"),
        reverse("membership"),
    )


def of_subscription(learner: User, *, now: datetime) -> Notice | None:
    """Of a subscription that goes on, and by which nothing is open or soon will not be."""
    halted = Q(status="past_due") | Q(status__in=Subscription.LIVE, collection_paused=True)
    rows = queries.subscriptions_of(learner).filter(halted).order_by("-status")  # a failure first
    for row in rows:
        if row.status == "past_due":
            page, label = "subscription_card", _("Change the card")
            if standing.open_bills(row):
                page, label = "subscription_pay", _("Pay now")
            return Notice(standing.failing(row, now), "warn", label, reverse(page, args=[row.pk]))
        if row.period_is_unpaid:
            page = reverse("subscription", args=[row.pk])
            return Notice(standing.state_of(row, now)[0], "info", _("See the subscription"), page)
    return None


def of_refund(learner: User, course: CoursePage, *, now: datetime) -> Notice | None:
    """Of a course whose payment went back, the last one. One query."""
    order = (
        Order.objects.filter(
            Q(price__offer__course=course) | Q(contents__course=course),
            buyer=learner,
            purpose=Order.Purpose.OWN,
            status=Order.Status.REFUNDED,
        )
        .filter(refunds__status__in=Refund.STANDING)
        .annotate(
            refunded_at=Max("refunds__created_at"),
            went_back=Sum("refunds__amount"),
            arrived=Sum("refunds__amount", filter=Q(refunds__status="succeeded"), default=0),
        )
        .order_by("-refunded_at")
        .first()
    )
    if order is None:
        return None
    words = {
        "amount": money.in_words(order.went_back, order.currency),
        "day": dates.day(order.refunded_at, now=now),
    }
    if order.arrived < order.went_back:
        told = _("%(amount)s is on its way back. What you have studied is kept.") % words
    else:
        told = _("%(amount)s went back on %(day)s. What you have studied is kept.") % words
    return Notice(
        standing.given_up(order) or told,
        "info",
        _("See the order"),
        reverse("order", args=[order.key]),
    )


def of_dispute(learner: User, course: CoursePage) -> Notice | None:
    """Of a course whose payment the learner's bank disputes or has taken back. One query."""
    memberships = MembershipCourse.objects.filter(course=course).values("membership")
    opening = (
        Q(order__price__offer__course=course)
        | Q(order__gift__course_instead=course)
        | Q(order__contents__course=course)
        | Q(order__price__offer__membership__in=memberships)
    )
    return _disputed_notice(learner, opening)


def of_membership_dispute(learner: User, membership: Membership) -> Notice | None:
    """Of a membership whose payment the learner's bank disputes or has taken back. One query."""
    return _disputed_notice(learner, Q(order__price__offer__membership=membership))


def _disputed_notice(learner: User, opening: Q) -> Notice | None:
    row = (
        Dispute.objects.withdrawing()
        .filter(
            opening,
            Q(order__subscription=None) | Q(order__subscription__status__in=Subscription.LIVE),
            Q(order__buyer=learner, order__purpose=Order.Purpose.OWN)
            | Q(order__gift__redeemed_by=learner),
        )
        .select_related("order")
        .first()
    )
    if row is None or row.order is None:
        return None
    if row.order.purpose == Order.Purpose.GIFT:
        return Notice(_of_a_gifts_dispute(row), "warn")
    address = reverse("order", args=[row.order.key])
    return Notice(standing.of_dispute(row), "warn", _("See the order"), address)


def _of_a_gifts_dispute(row: Dispute) -> str:
    if row.status == "lost":
        return _(
            "The bank took the payment of your gift back; it opens nothing more. Your progress is "
            "kept."
        )
    return _(
        "The bank is looking into the payment of your gift; until it decides, what it opened is "
        "closed. Your progress is kept."
    )


def of_waiting(learner: User, course: CoursePage) -> Notice | None:
    """Of a planned course that was bought or redeemed in advance. Two queries at most."""
    bought = presale.waiting().filter(buyer=learner, price__offer__course=course)
    order = bought.select_related("price__offer__presale_end").first()
    if order is None or order.starts_at is None:
        return _redeemed_notice(learner, course)
    if hasattr(order.price.offer, "presale_end"):
        address = reverse("order", args=[order.key])
        return Notice(standing.given_up(order), "info", _("See the order"), address)
    return Notice(
        _("Bought in advance. It opens on %(day)s; we write to you then.")
        % {"day": dates.day(order.starts_at)},
        "ok",
        _("See the order"),
        reverse("order", args=[order.key]),
    )


def _redeemed_notice(learner: User, course: CoursePage) -> Notice | None:
    codes = presale.waiting_codes().filter(redeemed_by=learner, batch__course=course)
    code = codes.filter(withdrawn_at=None, batch__withdrawn_at=None).first()
    if code is None or code.starts_at is None:
        return None
    words = {"day": dates.day(code.starts_at)}
    return Notice(_("Redeemed. It opens on %(day)s; we write to you then.") % words, "ok")
