"""How wanting money back stands, as the buyer reads it."""

from datetime import timedelta
from typing import Any

import pytest

from accounts.models import User
from payments import refund_standing
from payments.models import Order, RefundRequest
from tests.factories import UserFactory
from tests.payments.factories import (
    NOW,
    DisputeFactory,
    InvoiceFactory,
    OrderFactory,
    PromotionFactory,
    RefundFactory,
    SubscriptionFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def order(db: None) -> Order:
    made: Order = OrderFactory(fulfilled=True)
    return made


@pytest.fixture
def staff(db: None) -> User:
    made: User = UserFactory()
    return made


def request(order: Order, **fields: Any) -> RefundRequest:
    status = fields.get("status", "asked")
    if status == "proposed":
        fields |= {"needs_second": True, "decided_by": fields.get("decided_by") or UserFactory()}
    made: RefundRequest = order.refund_requests.create(
        **{"asked_by": order.buyer, "created_at": NOW} | fields
    )
    return made


def told(order: Order) -> list[tuple[bool, str]]:
    return [(each.is_wish, each.words) for each in refund_standing.of_order(order)]


ASKED, ON_ITS_WAY = "已申请退款，会用邮件答复", "退款处理中"
DONE, DECLINED, LATE = "已退款", "未同意退款", "退款延迟，我们正在查看"


@pytest.mark.parametrize(
    ("status", "asked", "begun", "owed"),
    [
        ("asked", (True, ASKED), (False, ASKED), (True, ASKED)),
        ("proposed", (True, ASKED), None, (True, ASKED)),
        ("approved", (True, ON_ITS_WAY), (False, ON_ITS_WAY), (False, ON_ITS_WAY)),
        ("done", (True, DONE), None, None),
        ("declined", (True, DECLINED), None, (True, DECLINED)),
        ("failed", (True, LATE), (False, LATE), (False, LATE)),
    ],
)
def test_a_buyer_reads_of_what_they_asked_and_of_what_is_on_its_way(
    staff: User, status: str, asked: Any, begun: Any, owed: Any
) -> None:
    """Asked by the buyer and decided by finance; begun by finance; decided by nobody."""
    for by_buyer, decided_by, expected in (
        (True, staff, asked),
        (False, staff, begun),
        (True, None, owed),
    ):
        order = OrderFactory(fulfilled=True)
        RefundFactory(order=order)
        by = order.buyer if by_buyer else staff
        request(order, status=status, asked_by=by, decided_by=decided_by)
        assert told(order) == ([expected] if expected else [])


def test_requests_stand_newest_first(order: Order) -> None:
    old = request(order, status="declined", created_at=NOW - timedelta(days=1))
    new = request(order)
    assert [each.request for each in refund_standing.of_order(order)] == [new, old]


@pytest.mark.parametrize(
    ("amount", "status", "partly"),
    [(9899, "succeeded", True), (9900, "succeeded", False), (9900, "failed", True)],
)
def test_what_went_back_in_part_says_how_much(
    staff: User, amount: int, status: str, partly: bool
) -> None:
    order = OrderFactory(fulfilled=True, price__amount=9900)
    RefundFactory(order=order, amount=amount, status=status)
    RefundFactory(order=order, amount=None)
    RefundFactory(order=order, amount=9900, invoice=InvoiceFactory())
    request(order, status="done", decided_by=staff, amount=amount)
    [(_wish, words)] = told(order)
    assert (words != "已退款") is partly
    assert ("¥9" in words) is partly


@pytest.mark.parametrize("amount", [5000, 9900])
def test_what_a_wallet_has_not_brought_yet_is_on_its_way(staff: User, amount: int) -> None:
    order = OrderFactory(fulfilled=True, price__amount=9900)
    RefundFactory(order=order, amount=9900, invoice=InvoiceFactory(), status="pending")
    refund = RefundFactory(order=order, amount=amount, status="pending")
    request(order, status="done", decided_by=staff, amount=amount)
    assert told(order) == [(True, ON_ITS_WAY)]
    order.refunds.filter(pk=refund.pk).update(status="succeeded")
    assert told(Order.objects.get(pk=order.pk)) != [(True, ON_ITS_WAY)]


def test_a_bills_refund_is_measured_by_the_bill(staff: User) -> None:
    row = SubscriptionFactory()
    order = OrderFactory(fulfilled=True, subscription=row)
    bill = InvoiceFactory(subscription=row, amount_paid=2000, currency="USD")
    RefundFactory(order=order, invoice=bill, amount=1500, currency="USD")
    RefundFactory(order=order, amount=3900)
    request(order, status="done", decided_by=staff, amount=1500, invoice=bill)
    [(_wish, words)] = told(order)
    assert "US$15" in words
    RefundFactory(order=order, invoice=bill, amount=500, currency="USD")
    assert told(order) == [(True, "已退款")]


def test_a_bill_of_an_unknown_amount_left_nothing(staff: User) -> None:
    row = SubscriptionFactory()
    order = OrderFactory(fulfilled=True, subscription=row)
    bill = InvoiceFactory(subscription=row, amount_paid=None)
    request(order, status="done", decided_by=staff, invoice=bill)
    assert told(order) == [(True, "已退款")]


# --- what may be asked back ---------------------------------------------------------------------


def test_a_paid_order_may_be_asked_back(order: Order) -> None:
    for status in ("declined", "done"):
        request(order, status=status, created_at=NOW)
    assert refund_standing.payment_to_refund(order) == (True, None)


def test_neither_what_is_unpaid_nor_what_went_back_may_be_asked_back(order: Order) -> None:
    assert refund_standing.payment_to_refund(OrderFactory()) == (False, None)
    order.status = Order.Status.REFUNDED
    assert refund_standing.payment_to_refund(order) == (False, None)


@pytest.mark.parametrize("status", ["asked", "proposed", "approved", "failed"])
def test_what_is_asked_back_already_is_not_asked_again(order: Order, status: str) -> None:
    request(order, status=status)
    assert refund_standing.payment_to_refund(order) == (False, None)


def test_neither_what_left_nothing_nor_what_is_disputed_is_asked_back(order: Order) -> None:
    payment = order.payment_intent_id
    RefundFactory(order=order, amount=order.amount - 1, payment_intent_id=payment)
    assert refund_standing.payment_to_refund(order)[0]
    RefundFactory(order=order, amount=1, payment_intent_id=payment)
    assert not refund_standing.payment_to_refund(order)[0]
    disputed = OrderFactory(fulfilled=True)
    DisputeFactory(order=disputed, payment_intent_id=disputed.payment_intent_id)
    assert not refund_standing.payment_to_refund(disputed)[0]
    free = OrderFactory(
        fulfilled=True, amount=0, discount=9900, promotion=PromotionFactory(percent=100)
    )
    assert not refund_standing.payment_to_refund(free)[0]


def test_of_a_subscription_its_last_payment_is_asked_back() -> None:
    row = SubscriptionFactory()
    order = OrderFactory(fulfilled=True, subscription=row)
    assert refund_standing.payment_to_refund(order) == (False, None)
    old = InvoiceFactory(subscription=row, created_at=NOW - timedelta(days=30))
    request(order, invoice=old)
    bill = InvoiceFactory(subscription=row)
    assert refund_standing.payment_to_refund(order) == (True, bill)
    request(order, invoice=bill)
    assert refund_standing.payment_to_refund(order) == (False, bill)
