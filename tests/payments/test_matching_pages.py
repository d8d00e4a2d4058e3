"""What is compared, and what is left alone: pages as Stripe gives them, no Stripe behind them."""

from datetime import timedelta

import pytest

from payments import gateway, matching, webhooks
from payments.models import Difference, Matching, MoneyEntry
from tests.payments.factories import (
    NOW,
    InvoiceFactory,
    OrderFactory,
    RefundFactory,
    SubscriptionFactory,
)

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
MADE = NOW - 3 * DAY
OTHER = {"account": "acct_other"}


class Stripe:
    """Lists by kind, the newest first; what was asked beside them."""

    def __init__(self):
        self.lists, self.asked, self.followed, self.spans = {}, [], [], set()

    def page_of(self, kind, *, since, until, after=""):
        self.spans.add((since, until))
        listed = self.lists.get(kind, [])
        ids = [each["id"] for each in listed]
        begin = ids.index(after) + 1 if after else 0
        return listed[begin : begin + gateway.PAGE]

    def object_of(self, kind, stripe_id):
        self.asked.append(stripe_id)
        for each in self.lists.get(kind, []):
            if each["id"] == stripe_id:
                return each
        raise gateway.NotFound

    def follow(self, about, now):
        self.followed.append(about["id"])
        return True


@pytest.fixture
def stripe(monkeypatch):
    gateway.ours()  # asked of Stripe once, outside every transaction
    made = Stripe()
    monkeypatch.setattr(gateway, "page_of", made.page_of)
    monkeypatch.setattr(gateway, "object_of", made.object_of)
    monkeypatch.setattr(webhooks, "follow", made.follow)
    return made


def run(since=None, **more):
    return matching.run(now=NOW, since=since, **more)


def seconds(moment):
    return int(moment.timestamp())


def session(order, **fields):
    return {
        "id": order.session_id,
        "mode": "payment",
        "payment_status": "paid",
        "metadata": {"order": str(order.key)},
        "created": seconds(MADE),
    } | fields


def bill(row, **fields):
    return {
        "id": row.stripe_id,
        "status": row.status,
        "amount_due": row.amount_due,
        "amount_paid": row.amount_paid,
        "currency": "cny",
        "created": seconds(MADE),
        "parent": {"subscription_details": {"subscription": "sub_1"}},
    } | fields


def refund(row, **fields):
    return {
        "id": row.stripe_id,
        "status": row.status,
        "amount": row.amount,
        "currency": "cny",
        "created": seconds(row.created_at),
    } | fields


def booked(number=1, **fields):
    return {
        "id": f"txn_{number}",
        "amount": 9900,
        "fee": 100,
        "net": 9800,
        "currency": "cny",
        "created": seconds(MADE),
        "source": {"id": "ch_1", "object": "charge", "payment_intent": "pi_1"},
    } | fields


def entry(number=1, **fields):
    settled = {"settled_amount": 9900, "settled_fee": 100, "settled_net": 9800}
    usual = {"account": "acct_sandbox", "kind": "charge", "source": "ch_1", "amount": 9900}
    usual |= {"currency": "CNY", "settled_currency": "CNY", "recorded_at": NOW}
    MoneyEntry.objects.create(
        **{"stripe_id": f"txn_{number}", "booked_at": MADE} | usual | settled | fields
    )


def paid_order(**fields):
    return OrderFactory(**{"fulfilled": True, "created_at": MADE} | fields)


def test_what_is_equal_on_both_sides_is_asked_for_no_further(stripe):
    order, row = paid_order(), InvoiceFactory(created_at=MADE)
    back = RefundFactory(order=order, created_at=MADE)
    entry()
    stripe.lists = {
        "checkout.session": [session(order)],
        "invoice": [bill(row)],
        "refund": [refund(back)],
        "balance_transaction": [booked()],
    }
    SubscriptionFactory(**OTHER, started_at=MADE)
    paid_order(**OTHER)
    InvoiceFactory(**OTHER, created_at=MADE)
    progress = []
    found = run(progress=lambda what, done: progress.append((what, done)))
    assert stripe.asked == stripe.followed == []
    assert (found.looked_at, found.mended, found.differing) == (4, 0, 0)
    assert ("checkout.session", 1) in progress
    assert ("dispute", 0) in progress
    assert found.ended_at == NOW
    assert stripe.spans == {(None, seconds(NOW - timedelta(minutes=2)))}


@pytest.mark.parametrize(
    "fields",
    [
        {"metadata": {}},
        {"metadata": None},
        {"mode": "setup"},
    ],
)
def test_a_session_that_paid_no_order_of_ours_is_none(stripe, fields):
    order = OrderFactory(created_at=MADE)
    stripe.lists = {"checkout.session": [session(order, **fields)]}
    assert run().differing == 0
    assert stripe.followed == []


def test_a_session_that_paid_what_we_have_as_unpaid_is_followed_and_named(stripe):
    order = OrderFactory(created_at=MADE)
    stripe.lists = {"checkout.session": [session(order)]}
    assert run().differing == 1
    assert stripe.followed == [order.session_id]
    assert Difference.objects.get().what == "values"


@pytest.mark.parametrize(
    "fields",
    [
        {"status": "draft"},
        {"parent": None},
        {"parent": {}},
        {"parent": {"subscription_details": {"subscription": None}}},
    ],
)
def test_a_bill_that_is_a_draft_or_of_no_subscription_is_none(stripe, fields):
    row = InvoiceFactory.build(subscription=None, stripe_id="in_1")
    stripe.lists = {"invoice": [bill(row, **fields)]}
    assert run().differing == 0
    assert stripe.followed == []


@pytest.mark.parametrize(
    ("source", "ours"),
    [
        ({"id": "po_1", "object": "payout"}, False),
        ("ch_1", False),
        (None, False),
        ({"id": "ch_1", "object": "charge", "payment_intent": "pi_1"}, True),
        ({"id": "re_1", "object": "refund", "payment_intent": "pi_1"}, True),
        ({"id": "dp_1", "object": "dispute", "payment_intent": "pi_1"}, True),
    ],
)
@pytest.mark.parametrize("by_bill", [False, True])
def test_a_movement_of_the_balance_is_ours_by_its_payment(stripe, source, ours, by_bill):
    if by_bill:
        InvoiceFactory(
            payment_intent_id="pi_1", created_at=NOW, **{"subscription__started_at": NOW}
        )
    else:
        paid_order(payment_intent_id="pi_1", created_at=NOW)
    stripe.lists = {"balance_transaction": [booked(source=source)]}
    assert run().differing == (1 if ours else 0)
    assert stripe.followed == ([source["id"]] if ours else [])


def test_what_following_it_makes_right_is_mended(stripe, monkeypatch):
    monkeypatch.setattr(webhooks, "follow", lambda about, now: entry())
    paid_order(payment_intent_id="pi_1", created_at=NOW)
    stripe.lists = {"balance_transaction": [booked()]}
    found = run()
    assert (found.mended, found.differing) == (1, 0)
    assert Difference.objects.get().ending == Difference.Ending.MENDED


@pytest.mark.parametrize(
    ("since", "made", "asked"),
    [
        (None, MADE, True),
        (None, NOW - timedelta(minutes=2), True),
        (None, NOW - timedelta(minutes=1), False),
        (NOW - 2 * DAY, MADE, False),
        (NOW - 3 * DAY, MADE, True),
    ],
)
def test_what_stripe_does_not_list_is_asked_for_where_it_is_of_these_days(
    stripe, since, made, asked
):
    entry(booked_at=made)
    entry(2, booked_at=made, **OTHER)
    assert run(since).differing == (1 if asked else 0)
    assert stripe.asked == (["txn_1"] if asked else [])


def test_orders_that_are_not_paid_or_had_no_page_are_not_looked_for(stripe):
    OrderFactory(created_at=MADE)
    paid_order(session_id=None)
    run()
    assert stripe.asked == []


def test_over_many_pages_each_is_compared_once(stripe, monkeypatch):
    monkeypatch.setattr(gateway, "PAGE", 2)
    days = [MADE - number * DAY for number in range(5)]
    for number, day in enumerate(days):
        entry(number, booked_at=day)
    entry(9, booked_at=days[2] + timedelta(hours=1))  # which Stripe has not
    stripe.lists = {
        "balance_transaction": [
            booked(number, created=seconds(day)) for number, day in enumerate(days)
        ]
    }
    progress = []
    found = run(progress=lambda what, done: progress.append(done))
    assert (found.looked_at, found.differing) == (5, 1)
    assert progress[-3:] == [2, 4, 5]
    assert "txn_9" in stripe.asked
    assert len(stripe.asked) <= 3  # what was made in a page's last second, beside it


def test_broken_off_it_goes_on_where_it_was(stripe):
    for number, day in enumerate([MADE, MADE - DAY]):
        entry(number, booked_at=day)
    stripe.lists = {"balance_transaction": [booked(0), booked(1, created=seconds(MADE - DAY))]}
    Matching.objects.create(
        account="acct_sandbox",
        made_until=NOW,
        began_at=NOW,
        kind="balance_transaction",
        cursor="txn_0",
        cursor_at=MADE,
    )
    Matching.objects.create(made_until=NOW, began_at=NOW, **OTHER)
    found = run()
    assert (found.looked_at, found.differing) == (1, 0)
    assert Matching.objects.filter(ended_at=None).count() == 1
