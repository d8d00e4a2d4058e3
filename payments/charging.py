"""Charging what was reserved, on the day its course opens: once, however often it is begun; or not
at all, where its buyer gave it up.

Claimed in a transaction, asked of Stripe under a key that is the order's own, written down in
another one. Killed in between, the next round finds the payment by that key; and once Stripe has
forgotten the key, by the order's number in the payment.
"""

import logging
from datetime import datetime

from courses.models import CoursePage
from payments import fulfilment, gateway, reserving
from payments.mirror import Shape
from payments.models import Order

logger = logging.getLogger("payments")
# What Stripe may still be deciding.
UNDECIDED = ("processing",)


def charge_due(*, now: datetime) -> None:
    """Every reservation whose course is open. Raises GatewayError where Stripe does not answer."""
    if not reserving.standing().exists():
        return
    waiting = reserving.to_be_charged()
    for course in CoursePage.objects.filter(offers__prices__orders__in=waiting).distinct():
        due = waiting.filter(price__offer__course=course)
        if not reserving.is_open(course, now=now):
            due = due.filter(reservation__charging_at__isnull=False)  # begun, then it moved
        for order_id in list(due.values_list("pk", flat=True)):
            charge(order_id=order_id, now=now)


def charge(*, order_id: int, now: datetime, at_once: bool = False) -> None:
    """One of them. Again it changes nothing. `at_once`: before its day, because its buyer wants to
    begin. Raises GatewayError where Stripe does not answer."""
    claimed = reserving.begin_charge(order_id=order_id, at_once=at_once, now=now)
    if claimed is None:
        return
    order, begun_before = claimed
    try:
        payment = (begun_before and _found(order)) or gateway.charge_kept_card(
            _params(order), key=f"order-{order.key}-charge"
        )
    except gateway.Refused as refusal:
        logger.info("order %s was refused: %s", order.number, refusal)
        asks = isinstance(refusal, gateway.NeedsAction)
        reserving.refused(order_id=order_id, needs_action=asks, now=now)
        return
    if payment["status"] == "succeeded":
        fulfilment.apply_payment(gateway.retrieve_payment_intent(payment["id"]), now=now)
    elif payment["status"] not in UNDECIDED:
        reserving.refused(order_id=order_id, needs_action=_needs_action(payment), now=now)


def give_up(order: Order, *, now: datetime) -> None:
    """Its buyer does not want it any more. Raises reserving.TooLate; and GatewayError where it was
    refused, so that its buyer may have paid it just now, and Stripe does not answer."""
    if order.is_reserved and order.reservation.refused_at:
        fulfilment.confirm(order, now=now)
    reserving.give_up(order=order, now=now)


def _needs_action(payment: Shape) -> bool:
    """Whether a payment that did not succeed waits for its payer alone."""
    error = payment.get("last_payment_error") or {}
    return payment["status"] == "requires_action" or error.get("code") in gateway.NEEDING_ACTION


def _found(order: Order) -> Shape | None:
    """The payment that was begun before, if Stripe has made it."""
    begun_at = order.reservation.charging_at
    assert begun_at is not None  # noqa: S101 — the caller looked
    since = int(begun_at.timestamp()) - 1
    for payment in gateway.payments_of(order.reservation.customer_id, since=since):
        if (payment.get("metadata") or {}).get("order") == str(order.key):
            return payment
    return None


def _params(order: Order) -> Shape:
    """The same for the same order, whenever it is asked."""
    return {
        "amount": order.amount,
        "currency": order.currency.lower(),
        "customer": order.reservation.customer_id,
        "payment_method": order.reservation.payment_method_id,
        "allowed_payment_method_types": ["card"],
        "metadata": {"order": str(order.key)},
    }
