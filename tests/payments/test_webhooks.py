"""What each kind of news leads to being fetched anew, and what it does not."""

from datetime import timedelta

import pytest

from payments import fulfilment, gateway, refunds, subscriptions, webhooks
from payments.models import WebhookEvent
from tests.payments.factories import (
    NOW,
    InvoiceFactory,
    OrderFactory,
    SubscriptionFactory,
    WebhookEventFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def done(monkeypatch):
    """What was fetched, as (what, of what)."""
    found = []

    def listen(module, name, what):
        def fetched(first, **rest):
            found.append((what, getattr(first, "key", None) or first))

        monkeypatch.setattr(module, name, fetched)

    listen(fulfilment, "confirm", "order")
    listen(fulfilment, "confirm_payment", "payment")
    listen(fulfilment, "apply_session", "session")
    listen(subscriptions, "refresh", "subscription")
    listen(subscriptions, "refresh_invoice", "invoice")
    listen(refunds, "refresh_refund", "refund")
    listen(refunds, "refresh_dispute", "dispute")
    monkeypatch.setattr(gateway, "retrieve_session", lambda id: id)
    monkeypatch.setattr(gateway, "refunds_of", lambda payment: [{"id": "re_1"}, {"id": "re_2"}])
    return found


def follow(**about):
    return webhooks.follow(about, now=NOW)


@pytest.mark.parametrize(
    ("kind", "what"),
    [
        ("subscription", "subscription"),
        ("invoice", "invoice"),
        ("refund", "refund"),
        ("dispute", "dispute"),
    ],
)
def test_an_objects_news_fetches_it(done, kind, what):
    assert follow(object=kind, id="x_1")
    assert done == [(what, "x_1")]


@pytest.mark.parametrize("about", [{"object": "payout", "id": "po_1"}, {"id": "x_1"}, {}])
def test_what_we_do_not_keep_fetches_nothing(done, about):
    assert not webhooks.follow(about, now=NOW)
    assert done == []


@pytest.mark.parametrize(
    ("metadata", "fetched"), [({"order": "k"}, [("session", "cs_1")]), ({}, []), (None, [])]
)
def test_a_session_is_fetched_if_it_is_of_an_order(done, metadata, fetched):
    assert follow(object="checkout.session", id="cs_1", metadata=metadata)
    assert done == fetched


@pytest.mark.parametrize("status", ["succeeded", "requires_payment_method", "canceled"])
def test_a_payments_end_is_followed(done, status):
    order = OrderFactory(payment_intent_id="pi_1")
    follow(object="payment_intent", id="pi_1", status=status)
    assert done == [("order", order.key)]


@pytest.mark.parametrize("status", ["processing", "requires_action", "requires_confirmation", None])
def test_a_payment_on_its_way_is_not(done, status):
    OrderFactory(payment_intent_id="pi_1")
    follow(object="payment_intent", id="pi_1", status=status)
    assert done == []


def test_the_payment_of_a_bill_fetches_the_bill(done):
    bill = InvoiceFactory(payment_intent_id="pi_1", status="open")
    follow(object="payment_intent", id="pi_1", status="succeeded")
    assert done == [("invoice", bill.stripe_id)]


def test_what_no_page_stands_behind_is_looked_at_by_its_payment(done):
    OrderFactory(payment_intent_id="pi_1", session_id=None)
    follow(object="payment_intent", id="pi_1", status="succeeded")
    assert done == [("payment", "pi_1")]


@pytest.mark.parametrize(
    ("fields", "refunds"),
    [
        ({}, []),
        ({"refunded": True}, [("refund", "re_1"), ("refund", "re_2")]),
        ({"amount_refunded": 100}, [("refund", "re_1"), ("refund", "re_2")]),
        ({"refunded": False, "amount_refunded": 0}, []),
    ],
)
def test_a_charges_news_fetches_its_payment_and_what_went_back(done, fields, refunds):
    order = OrderFactory(payment_intent_id="pi_1")
    follow(object="charge", id="ch_1", payment_intent={"id": "pi_1"}, **fields)
    assert done == [("order", order.key), *refunds]


def test_a_charge_without_a_payment_is_nothing_of_ours(done):
    assert follow(object="charge", id="ch_1", payment_intent=None, refunded=True)
    assert done == []


@pytest.mark.parametrize(
    ("fields", "metadata", "fetched"),
    [
        ({}, True, True),
        ({}, False, False),
        ({"session_id": None}, True, False),
        ({"fulfilled": True}, True, False),
        ({"account": "acct_other"}, True, False),
    ],
)
def test_a_card_that_was_kept_is_of_an_open_order(done, fields, metadata, fetched):
    order = OrderFactory(**fields)
    OrderFactory()
    told = {"order": str(order.key)} if metadata else None
    assert follow(object="setup_intent", id="seti_1", metadata=told)
    assert done == ([("order", order.key)] if fetched else [])


@pytest.mark.parametrize(
    "about",
    [
        {"object": "customer", "id": "cus_1"},
        {"object": "payment_method", "id": "pm_1", "customer": "cus_1"},
        {"object": "payment_method", "id": "pm_1", "customer": {"id": "cus_1"}},
    ],
)
def test_another_card_is_of_what_the_customer_subscribes_to(done, about):
    running = SubscriptionFactory(customer_id="cus_1", status="past_due")
    SubscriptionFactory(customer_id="cus_1", account="acct_other")
    SubscriptionFactory(customer_id="cus_2")
    assert webhooks.follow(about, now=NOW)
    assert done == [("subscription", running.stripe_id)]


def test_a_card_of_nobody_is_of_no_subscription(done):
    SubscriptionFactory(customer_id="")
    assert follow(object="payment_method", id="pm_1", customer=None)
    assert done == []


# --- one event -----------------------------------------------------------------------------------


def event(**fields):
    body = '{"data": {"object": {"object": "refund", "id": "re_9"}}}'
    return WebhookEventFactory(**{"type": "refund.updated", "body": body} | fields)


def worked(row):
    webhooks.process.func(event=row.pk)
    row.refresh_from_db()
    return row


def test_it_is_worked_through_once(done):
    row = worked(event())
    assert (row.outcome, row.attempts, row.error) == (WebhookEvent.Outcome.DONE, 1, "")
    assert row.processed_at
    assert worked(row).attempts == 1
    assert done == [("refund", "re_9")]


@pytest.mark.parametrize(
    "fields",
    [{"type": "invoice.upcoming"}, {"livemode": True}, {"body": '{"data": {"object": {}}}'}],
)
def test_what_does_not_concern_us_is_put_aside(done, fields):
    row = worked(event(**fields))
    assert (row.outcome, row.attempts) == (WebhookEvent.Outcome.IGNORED, 1)
    assert done == []
    assert worked(row).attempts == 1


def test_what_is_not_there_at_stripe_is_put_aside(done, monkeypatch):
    def gone(*_, **__):
        raise gateway.NotFound

    monkeypatch.setattr(refunds, "refresh_refund", gone)
    assert worked(event()).outcome == WebhookEvent.Outcome.IGNORED


@pytest.mark.parametrize(("before", "outcome"), [(0, "failed"), (-2, "failed"), (-1, "parked")])
def test_it_is_parked_with_the_last_attempt(done, monkeypatch, before, outcome):
    def away(*_, **__):
        raise gateway.Unreachable("S" * 400)

    monkeypatch.setattr(refunds, "refresh_refund", away)
    row = event(attempts=before if before >= 0 else webhooks.ATTEMPTS + before)
    attempts = row.attempts
    with pytest.raises(gateway.Unreachable):
        worked(row)
    row.refresh_from_db()
    assert (row.outcome, row.attempts) == (outcome, attempts + 1)
    assert row.error.startswith("Unreachable: SSS")
    assert len(row.error) == 300


def test_replayed_it_begins_anew_and_no_other_does(done, run_jobs):
    row = event(outcome="parked", attempts=9, error="was")
    other = event(outcome="parked", attempts=9, error="was")
    webhooks.replay(row)
    run_jobs()
    row.refresh_from_db()
    other.refresh_from_db()
    assert (row.outcome, row.attempts, row.error) == ("done", 1, "")
    assert (other.outcome, other.attempts, other.error) == ("parked", 9, "was")


def test_replayed_twice_it_is_tried_no_oftener(done, monkeypatch):
    def away(*_, **__):
        raise gateway.Unreachable

    monkeypatch.setattr(refunds, "refresh_refund", away)
    row = event(attempts=webhooks.ATTEMPTS - 1)
    with pytest.raises(gateway.Unreachable):
        worked(row)
    row.refresh_from_db()
    row = worked(row)
    assert (row.outcome, row.attempts) == ("parked", webhooks.ATTEMPTS)


def test_stored_again_it_changes_nothing(done):
    told = {
        "id": "evt_1",
        "type": "t" * 100,
        "livemode": False,
        "created": int(NOW.timestamp()),
        "data": {"object": {"id": "o" * 300}},
    }
    for later in (0, 1):
        webhooks.store(told, body="{}", now=NOW + timedelta(days=later))
    row = WebhookEvent.objects.get()
    assert (row.type, row.object_id) == ("t" * 80, "o" * 255)
    assert (row.received_at, row.sent_at, row.outcome) == (NOW, NOW, "received")
