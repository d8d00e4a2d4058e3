"""How much of a payment went back, and how an order stands for it.

An order that a subscription began with is its first payment; what became of a later bill is said
of that bill.
"""

from collections.abc import Iterable

from django.db.models import Q

from payments.models import Invoice, Order, Refund

FIRST = "subscription_create"
PARTLY = "partly"
# Refunds of an order that are of its own payment.
OWN = Q(status__in=Refund.STANDING) & (Q(invoice=None) | Q(invoice__billing_reason=FIRST))


def of_order(order: Order) -> int:
    """Of its own payment, in the currency's smallest unit."""
    return _sum(_own(order))


def of_bill(bill: Invoice) -> int:
    return _sum(bill.refunds.all())


def is_under_way(order: Order) -> bool:
    """Whether some of it has not arrived yet."""
    return any(each.status in Refund.UNDER_WAY for each in _own(order))


def is_bill_under_way(bill: Invoice) -> bool:
    return any(each.status in Refund.UNDER_WAY for each in bill.refunds.all())


def _own(order: Order) -> list[Refund]:
    return [
        refund
        for refund in order.refunds.all()
        if refund.invoice is None or refund.invoice.billing_reason == FIRST
    ]


def _sum(refunds: Iterable[Refund]) -> int:
    return sum(each.amount or 0 for each in refunds if each.status in Refund.STANDING)


def state(order: Order, went_back: int) -> str:
    """An `Order.Status`, or PARTLY; `went_back` is what `of_order` says."""
    done = (Order.Status.FULFILLED, Order.Status.REFUNDED)
    if order.status not in done or not order.fulfilled_at:
        return order.status
    if 0 < went_back < order.amount:
        return PARTLY
    if order.subscription_id:
        return Order.Status.REFUNDED if went_back else Order.Status.FULFILLED
    return order.status


def bill_state(bill: Invoice, went_back: int) -> str:
    """Stripe's word, or `refunded`, or PARTLY."""
    if bill.status != "paid" or not went_back:
        return bill.status
    return PARTLY if went_back < (bill.amount_paid or 0) else "refunded"
