"""One row per balance transaction; what counts as entered."""

from datetime import UTC, datetime

import pytest

from operations import clock as site_clock
from payments import books
from payments.models import MoneyEntry
from tests.payments.factories import NOW, InvoiceFactory, OrderFactory

pytestmark = pytest.mark.django_db


def booked(**fields):
    """A balance transaction as Stripe tells of it: ¥99, kept in dollars."""
    return {
        "id": "txn_1",
        "object": "balance_transaction",
        "type": "charge",
        "source": {"id": "ch_1", "object": "charge"},
        "amount": 1400,
        "fee": 41,
        "net": 1359,
        "currency": "usd",
        "created": int(NOW.timestamp()),
    } | fields


def charge(**fields):
    return {
        "id": "ch_1",
        "object": "charge",
        "status": "succeeded",
        "amount": 9900,
        "currency": "cny",
        "balance_transaction": booked(),
    } | fields


def enter(shape, **fields):
    return books.record_charge(shape, **{"order": None, "now": site_clock.now()} | fields)


def test_a_payment_is_entered_once_as_the_payer_sees_it_and_as_it_is_kept():
    order = OrderFactory()
    assert enter(charge(), order=order)
    assert not enter(charge(), order=order)
    entry = MoneyEntry.objects.get()
    assert (entry.amount, entry.currency) == (9900, "CNY")
    kept = (entry.settled_amount, entry.settled_fee, entry.settled_net, entry.settled_currency)
    assert kept == (1400, 41, 1359, "USD")
    assert (entry.kind, entry.source, entry.booked_at) == ("charge", "ch_1", NOW)
    assert (entry.order, entry.invoice) == (order, None)


def test_of_a_bill_it_says_which():
    bill = InvoiceFactory()
    assert enter(charge(), invoice=bill)
    assert MoneyEntry.objects.get().invoice == bill


@pytest.mark.parametrize(
    "shape",
    [
        "ch_1",  # not fetched
        charge(status="failed"),
        charge(status="pending"),
        charge(balance_transaction="txn_1"),
        charge(balance_transaction=None),  # it comes later
    ],
)
def test_what_did_not_come_or_is_not_known_yet_is_not_entered(shape):
    assert not enter(shape)
    assert not MoneyEntry.objects.exists()


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("charge", "charge"),
        ("payment", "charge"),
        ("refund", "refund"),
        ("payment_refund", "refund"),
        ("refund_failure", "refund"),
        ("payment_failure_refund", "refund"),
        ("adjustment", "dispute"),
        ("stripe_fee", "fee"),
        ("payout", "other"),
    ],
)
def test_stripes_kinds_in_ours(theirs, ours):
    enter(charge(balance_transaction=booked(type=theirs)))
    assert MoneyEntry.objects.get().kind == ours


@pytest.mark.parametrize(
    ("order", "entry", "known"),
    [
        ({}, {}, True),
        ({"payment_intent_id": "pi_2"}, {}, False),
        ({"fulfilled": False}, {}, False),  # the news of its session is still to be worked through
        ({}, {"kind": "refund"}, False),
        ({}, {"account": "acct_other"}, False),
        ({}, {"livemode": True}, False),
    ],
)
def test_an_orders_payment_is_entered_when_its_charge_is_and_it_is_paid(order, entry, known):
    paid = OrderFactory(**{"payment_intent_id": "pi_1", "fulfilled": True} | order)
    entered(**{"order": paid} | entry)
    entered(order=OrderFactory(payment_intent_id="pi_3", fulfilled=True))
    entered(order=None)
    assert books.has_payment("pi_1") is known


@pytest.mark.parametrize(
    ("bill", "known"),
    [({}, True), ({"payment_intent_id": "pi_2"}, False), ({"status": "open"}, False)],
)
def test_a_bills_payment_is_entered_when_its_charge_is_and_it_is_paid(bill, known):
    entered(invoice=InvoiceFactory(**{"payment_intent_id": "pi_1"} | bill))
    entered(invoice=InvoiceFactory(payment_intent_id="pi_3"))
    assert books.has_payment("pi_1") is known


def entered(**fields):
    amounts = {"settled_amount": 9900, "settled_fee": 0, "settled_net": 9900}
    usual = {"account": "acct_sandbox", "kind": "charge", "source": "ch_1", "amount": 9900}
    usual |= {"currency": "CNY", "settled_currency": "CNY"}
    day = datetime(2026, 11, 23, tzinfo=UTC)
    number = MoneyEntry.objects.count()
    MoneyEntry.objects.create(
        stripe_id=f"txn_{number}", booked_at=day, recorded_at=day, **usual | amounts | fields
    )
