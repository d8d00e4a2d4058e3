"""The access that an order paid once gives, computed from facts: paid, given back, disputed."""

from datetime import datetime, timedelta

from accounts.models import User
from courses import grants
from courses.models import Bundle, CoursePage, Grant, Membership
from payments import for_others
from payments.models import Dispute, Invoice, Offer, Order, Refund

# A term may be prolonged in its last days.
EXTENDABLE_WITHIN = timedelta(days=30)
# What was bought, by oneself or by another, as opposed to what staff gave.
BOUGHT_ONCE = (Grant.Source.PURCHASE, Grant.Source.GIFT, Grant.Source.REDEEM_CODE)
# Why access is withdrawn, as the log of changes keeps it.
GIVEN_BACK, DISPUTED, ENDED = "given back", "disputed", "ended by staff"
PAID = (Order.Status.PAID, Order.Status.FULFILLED, Order.Status.PARKED)


def lock(order_id: int) -> Order:
    """The order, locked after its buyer: all that concerns one buyer's money stands in line."""
    buyer_id = Order.objects.values_list("buyer_id", flat=True).get(pk=order_id)
    User.objects.select_for_update(no_key=True).get(pk=buyer_id)
    return (
        Order.objects.select_for_update(of=["self"])
        .select_related(
            "buyer",
            "price__offer__course",
            "price__offer__bundle",
            "price__offer__membership",
        )
        .get(pk=order_id)
    )


def settle(order: Order, *, now: datetime) -> None:
    """Declare the access that follows from an order paid once, with what was given back or is
    disputed. Before fulfilment a refund leaves a tombstone. In a transaction, the order locked."""
    if order.price.offer.is_recurring:
        return
    withdrawn_at = withdrawn(order)
    if withdrawn_at and order.status in PAID:
        if given_back(order):
            order.status = Order.Status.REFUNDED
            order.save(update_fields=["status"])
    elif order.status == Order.Status.REFUNDED and order.fulfilled_at and not withdrawn_at:
        order.status = Order.Status.FULFILLED  # a refund failed at the bank
        order.save(update_fields=["status"])
    if order.is_for_others:
        for_others.settle(order, withdrawn_at=withdrawn_at, reason=reason(order), now=now)
        return
    if order.fulfilled_at is None and withdrawn_at is None:
        return
    if order.fulfilled_at is None and order.note:
        return  # parked or bought twice: it never opened anything
    grants.sync(
        learner=order.buyer,
        source_kind=Grant.Source.PURCHASE,
        source_id=order.source_id,
        covers=covered(order),
        starts_at=order.starts_at or order.created_at,
        ends_at=order.ends_at,
        withdrawn_at=withdrawn_at,
        now=now,
        reason=reason(order),
    )


def reason(order: Order) -> str:
    """Why its access is as it is, for the log of changes: what withholds it, else its number."""
    if order.ended_at:
        return ENDED
    if withdrawn(order) is None:
        return order.number
    return GIVEN_BACK if given_back(order) else DISPUTED


def covered(order: Order) -> list[CoursePage | Membership]:
    """What it opens; of a bundle, the courses that were in it when the buyer saw it."""
    sellable = order.price.offer.sellable
    if not isinstance(sellable, Bundle):
        return [sellable]
    return [each.course for each in order.contents.select_related("course")]


def withdrawn(order: Order) -> datetime | None:
    """Since when a refund or a dispute withholds what was bought; None: it does not."""
    if since := given_back(order):
        return since
    disputes: list[Dispute] = [each for each in order.disputes.all() if each.withdraws]
    return min((each.created_at for each in disputes if each.created_at), default=None)


def given_back(paid: Order | Invoice) -> datetime | None:
    """Since when a payment is given back in full, or in part together with the access; or what
    cost nothing was ended."""
    if isinstance(paid, Order) and paid.ended_at:
        return paid.ended_at
    total = 0
    amount = paid.amount if isinstance(paid, Order) else paid.amount_paid or 0
    standing = paid.refunds.filter(status__in=Refund.STANDING).select_related("request")
    for refund in standing.order_by("created_at", "pk"):
        total += refund.amount or 0
        if total >= amount or (refund.request and refund.request.ends_access):
            return refund.created_at
    return None


def is_ownerless(order: Order) -> bool:
    """Whether the buyer's account was deleted while Stripe's page stood open."""
    return order.buyer.is_deleted


def has_already(order: Order) -> bool:
    """Whether the buyer paid for the same thing by another order that still holds, or enrolled
    while Stripe's page stood open. Also one whose payment came a moment later, but whose news came
    first. A bundle: for every course in it."""
    if order.is_for_others:
        return False
    offer = order.price.offer
    own = {order.source_id, order.subscription.source_id if order.subscription else ""}
    paid = Grant.objects.filter(
        learner_id=order.buyer_id,
        source_kind__in=[*BOUGHT_ONCE, Grant.Source.SUBSCRIPTION, Grant.Source.ENROLMENT],
    ).lasting(order.paid_at or order.created_at)
    if offer.bundle is not None:
        had = paid.exclude(source_id__in=own).values_list("course_id", flat=True)
        return {course.pk for course in covered(order)} <= set(had)
    paid = paid.filter(course=offer.course, membership=offer.membership)
    others = [grant for grant in paid if grant.source_id not in own]
    if offer.kind != Offer.Kind.TERM:
        return bool(others)
    return any(not _can_follow(grant, order) for grant in others)


def _can_follow(grant: Grant, order: Order) -> bool:
    """Whether a term was bought in the last days of what it prolongs."""
    return (
        grant.source_kind in BOUGHT_ONCE
        and grant.ends_at is not None
        and order.paid_at is not None
        and grant.ends_at - order.paid_at <= EXTENDABLE_WITHIN
    )


def end_of_standing_term(buyer: User, offer: Offer, *, at: datetime) -> datetime | None:
    """Where a term begins that is bought before the last one is over."""
    standing = Grant.objects.filter(
        learner=buyer,
        membership=offer.membership,
        course=offer.course,
        source_kind__in=BOUGHT_ONCE,
        withdrawn_at=None,
        ends_at__gt=at,
    )
    return max((grant.ends_at for grant in standing if grant.ends_at), default=None)
