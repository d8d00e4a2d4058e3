"""How an order and a bill stand for the money that went back."""

import pytest

from payments import went_back
from payments.models import Invoice, Order
from tests.payments.factories import (
    NOW,
    InvoiceFactory,
    OrderFactory,
    RefundFactory,
)


def made(status: str = "fulfilled", **fields: object) -> Order:
    return Order(**{"status": status, "amount": 9900, "fulfilled_at": NOW} | fields)


@pytest.mark.parametrize(
    ("order", "back", "state"),
    [
        (made(), 0, "fulfilled"),
        (made(), 1, "partly"),
        (made(), 9899, "partly"),
        (made(), 9900, "fulfilled"),
        (made("refunded"), 9900, "refunded"),
        (made("refunded"), 1, "partly"),
        (made("refunded", fulfilled_at=None), 1, "refunded"),
        (made("paid"), 1, "paid"),
        (made("open", fulfilled_at=None), 0, "open"),
        (made(subscription_id=1), 0, "fulfilled"),
        (made(subscription_id=1), 1, "partly"),
        (made(subscription_id=1), 9900, "refunded"),
        (made("refunded", subscription_id=1), 0, "fulfilled"),
    ],
)
def test_an_order_stands_for_what_went_back_of_it(order: Order, back: int, state: str) -> None:
    assert went_back.state(order, back) == state


@pytest.mark.parametrize(
    ("status", "paid", "back", "state"),
    [
        ("paid", 3900, 0, "paid"),
        ("paid", 3900, 1, "partly"),
        ("paid", 3900, 3899, "partly"),
        ("paid", 3900, 3900, "refunded"),
        ("paid", None, 1, "refunded"),
        ("open", 0, 1, "open"),
    ],
)
def test_a_bill_stands_for_what_went_back_of_it(
    status: str, paid: int | None, back: int, state: str
) -> None:
    assert went_back.bill_state(Invoice(status=status, amount_paid=paid), back) == state


@pytest.mark.django_db
def test_what_went_back_of_an_order_is_what_stands_of_its_first_payment() -> None:
    order = OrderFactory(fulfilled=True)
    first = InvoiceFactory(billing_reason="subscription_create")
    later = InvoiceFactory(billing_reason="subscription_cycle")
    for status, amount, bill in (
        ("succeeded", 1, None),
        ("pending", 2, first),
        ("requires_action", 4, None),
        ("failed", 8, None),
        ("canceled", 16, first),
        ("succeeded", 32, later),
        ("succeeded", None, None),
    ):
        RefundFactory(order=order, status=status, amount=amount, invoice=bill)
    RefundFactory(amount=64)
    assert went_back.of_order(order) == 7
    assert went_back.of_bill(first) == 2
    assert went_back.of_bill(later) == 32
    own = order.refunds.filter(went_back.OWN, amount__isnull=False)
    assert sorted(own.values_list("amount", flat=True)) == [1, 2, 4]
