"""What Stripe's shapes, as they were fetched, say of a subscription, a bill, a dispute."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from payments.models import Dispute, Invoice, Subscription
from tests.payments.factories import NOW, DisputeFactory, InvoiceFactory, SubscriptionFactory

END = datetime(2026, 12, 23, 4, tzinfo=UTC)
STAMP = int(END.timestamp())


def row(**fields: Any) -> Subscription:
    return Subscription(
        **{"status": "active", "amount": 3900, "currency": "CNY", "period_end": END} | fields
    )


def discount(end: int | None = None, **coupon: Any) -> dict[str, Any]:
    return {"end": end, "source": {"coupon": {"percent_off": None, "amount_off": None} | coupon}}


def discounted(*discounts: Any, product: Any = "prod_1", **fields: Any) -> Subscription:
    items = {"data": [{"id": "si_1", "price": {"id": "price_1", "product": product}}]}
    return row(object={"discounts": list(discounts), "items": items}, **fields)


# --- what is charged next -----------------------------------------------------------------------


def test_without_a_discount_the_price_is_charged() -> None:
    assert row().next_amount == 3900
    assert row(amount=None).next_amount == 0
    assert row(period_end=None).next_amount == 3900
    assert row(period_end=None, amount=None).next_amount == 0
    assert row(object={"discounts": None}).next_amount == 3900


def test_every_discount_is_taken_off_in_turn() -> None:
    first, second = discount(percent_off=50), discount(amount_off=1000)
    assert discounted(first, second).next_amount == 950
    assert discounted("di_1", second).next_amount == 2900


def test_without_a_period_no_discount_is_reckoned() -> None:
    assert discounted(discount(percent_off=50), period_end=None).next_amount == 3900


@pytest.mark.parametrize(("end", "amount"), [(STAMP, 3900), (STAMP + 1, 2900), (None, 2900)])
def test_a_discount_runs_until_its_end(end: int | None, amount: int) -> None:
    assert discounted(discount(end, amount_off=1000)).next_amount == amount


def test_a_discount_that_is_over_leaves_the_next_one() -> None:
    over, runs = discount(STAMP, amount_off=1000), discount(amount_off=500)
    assert discounted(over, runs).next_amount == 3400


def test_a_discount_may_be_for_some_products() -> None:
    only = discount(amount_off=1000, applies_to={"products": ["prod_1", "prod_3"]})
    assert discounted(only).next_amount == 2900
    assert discounted(only, product={"id": "prod_1"}).next_amount == 2900
    assert discounted(only, product="prod_2").next_amount == 3900
    assert discounted(only, product="prod_2").reduced(5000, at=END, product="prod_3") == 4000
    assert discounted(only).reduced(5000, at=END, product="prod_2") == 5000
    every = discount(amount_off=1000, applies_to=None)
    assert discounted(every, product="prod_2").next_amount == 2900


@pytest.mark.parametrize(
    ("customer", "credit"),
    [
        (None, 0),
        ("cus_1", 0),
        ({"balance": None}, 0),
        ({"balance": -500}, 500),
        ({"balance": -1}, 1),
        ({"balance": 500}, 0),
        ({}, 0),
    ],
)
def test_a_negative_balance_is_the_payers_credit(customer: Any, credit: int) -> None:
    assert row(object={"customer": customer}).credit == credit


# --- what it is for -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "shape",
    [
        {},
        {"items": None},
        {"items": {"data": []}},
        {"items": {"data": [{"price": None}]}},
        {"items": {"data": [{"price": {"product": None}}]}},
    ],
)
def test_a_product_that_is_not_told_is_empty(shape: dict[str, Any]) -> None:
    assert row(object=shape).product_id == ""


def test_the_first_item_says_what_it_is_for() -> None:
    items = [
        {"id": "si_1", "price": {"id": "price_1", "product": "prod_1"}},
        {"id": "si_2", "price": {"id": "price_2", "product": "prod_2"}},
    ]
    both = row(object={"items": {"data": items}})
    assert (both.item_id, both.price_id, both.product_id) == ("si_1", "price_1", "prod_1")


@pytest.mark.parametrize("bill", [None, "in_1", {"status": "paid"}])
def test_the_latest_bill_is_the_one_that_was_fetched_whole(bill: Any) -> None:
    assert row(object={"latest_invoice": bill}).latest_bill == (
        bill if isinstance(bill, dict) else {}
    )


@pytest.mark.parametrize(
    ("reason", "status", "paused", "unpaid"),
    [
        ("subscription_cycle", "void", False, True),
        ("subscription_cycle", "void", True, True),
        ("subscription_cycle", "draft", True, True),
        ("subscription_cycle", "draft", False, False),
        ("subscription_cycle", "paid", True, False),
        ("subscription_cycle", "open", False, False),
        ("subscription_create", "void", True, False),
        ("subscription_update", "draft", True, False),
    ],
)
def test_a_period_that_began_in_a_pause_is_unpaid(
    reason: str, status: str, paused: bool, unpaid: bool
) -> None:
    bill = {"billing_reason": reason, "status": status}
    assert row(collection_paused=paused, object={"latest_invoice": bill}).period_is_unpaid is unpaid


def test_a_period_without_a_bill_is_not_called_unpaid() -> None:
    assert row(collection_paused=True).period_is_unpaid is False


def test_a_pause_a_schedule_and_a_waiting_change_are_read() -> None:
    shape = {
        "pause_collection": {"resumes_at": STAMP},
        "schedule": "sub_sched_1",
        "pending_update": {"expires_at": STAMP},
    }
    led = row(object=shape)
    assert (led.resumes_at, led.schedule_id, led.change_waits_for_bank) == (
        END,
        "sub_sched_1",
        True,
    )
    for empty in ({}, {"pause_collection": None, "schedule": None, "pending_update": None}):
        free = row(object=empty)
        assert (free.resumes_at, free.schedule_id, free.change_waits_for_bank) == (None, "", False)
    assert row(object={"pause_collection": {"resumes_at": None}}).resumes_at is None


# --- whether it goes on -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        # live, ends by itself, renews
        ({"status": "active"}, (True, False, True)),
        ({"status": "trialing"}, (True, False, True)),
        ({"status": "past_due"}, (True, False, False)),
        ({"status": "canceled"}, (False, False, False)),
        ({"status": "canceled", "cancel_at_period_end": True}, (False, False, False)),
        ({"status": "canceled", "cancel_at": END}, (False, False, False)),
        ({"cancel_at_period_end": True}, (True, True, False)),
        ({"cancel_at": END}, (True, True, False)),
        ({"status": "past_due", "cancel_at": END}, (True, True, False)),
        ({"collection_paused": True}, (True, False, False)),
    ],
)
def test_it_renews_while_it_runs_and_nobody_stopped_it(
    fields: dict[str, Any], told: tuple[bool, bool, bool]
) -> None:
    each = row(**fields)
    assert (each.is_live, each.ends_by_itself, each.renews) == told


@pytest.mark.django_db
def test_the_last_paid_bill_is_the_newest_that_took_money() -> None:
    mine = SubscriptionFactory()
    assert mine.last_paid_invoice() is None
    InvoiceFactory(subscription=mine, created_at=NOW - timedelta(days=2))
    last = InvoiceFactory(subscription=mine, created_at=NOW - timedelta(days=1), amount_paid=1)
    InvoiceFactory(subscription=mine, amount_paid=0)
    InvoiceFactory(subscription=mine, status="open")
    InvoiceFactory()
    assert mine.last_paid_invoice() == last


# --- bills, disputes ----------------------------------------------------------------------------


def test_the_tax_of_a_bill_is_the_sum_of_its_taxes() -> None:
    assert Invoice(object={"total_taxes": [{"amount": 3}, {"amount": 4}]}).tax == 7
    assert Invoice(object={"total_taxes": None}).tax == 0
    assert Invoice().page_url == ""
    assert Invoice(object={"hosted_invoice_url": "https://x/"}).page_url == "https://x/"


@pytest.mark.django_db
def test_a_dispute_withholds_access_unless_won_or_only_asked() -> None:
    told = {
        "": False,
        "won": False,
        "prevented": False,
        "warning_needs_response": False,
        "warning_closed": False,
        "needs_response": True,
        "under_review": True,
        "lost": True,
    }
    rows = {status: DisputeFactory(status=status) for status in told}
    assert {status: each.withdraws for status, each in rows.items()} == told
    found = Dispute.objects.withdrawing().values_list("status", flat=True)
    assert set(found) == {status for status, withdraws in told.items() if withdraws}
