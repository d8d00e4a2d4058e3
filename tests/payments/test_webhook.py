"""The inbox under abuse: what Stripe did not sign leaves no trace, the rest counts once."""

import json
import time

import pytest
from django.db import connection
from django.db.models.signals import pre_save
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from accounts.models import OutboxMessage
from courses.models import Grant
from operations import clock as site_clock
from operations.models import ParkedJob
from payments import gateway, webhooks
from payments.models import MoneyEntry, Order, Refund, WebhookEvent
from payments.sandbox import faults, outbox
from payments.sandbox.endpoints import SIGNING_SECRET
from payments.sandbox.models import StripeObject
from tests.factories import course
from tests.payments.conftest import post_webhook
from tests.payments.factories import course_price

pytestmark = pytest.mark.django_db


def post(body, signature, **extra):
    return (
        Client()
        .post(
            reverse("payments_webhook"),
            data=body,
            content_type="application/json",
            headers={"Stripe-Signature": signature} if signature is not None else {},
            **extra,
        )
        .status_code
    )


def signed(body, *, secret=SIGNING_SECRET, at=None):
    return outbox.sign(body, secret, int(time.time() if at is None else at))


@pytest.fixture
def paid(shop, buyer):
    """An order that was paid, of which nobody has told yet."""
    order = shop.begin(buyer, course_price(course(lessons=1)))
    shop.pay(order)
    return order


@pytest.fixture
def body(paid):
    """The raw body of a real event about it."""
    event = StripeObject.objects.get(kind="event", data__type="checkout.session.completed")
    return outbox.body_of(event)


def assert_nothing_happened(order):
    order.refresh_from_db()
    assert order.status == Order.Status.OPEN
    assert not WebhookEvent.objects.exists()
    assert not Grant.objects.exists()
    assert not MoneyEntry.objects.exists()


def test_a_signed_event_is_stored_before_it_is_acknowledged_and_worked_through_later(
    paid, body, run_jobs
):
    assert post(body, signed(body)) == 204
    row = WebhookEvent.objects.get()
    assert (row.type, row.outcome) == ("checkout.session.completed", "received")
    assert json.loads(row.body)["id"] == row.stripe_id
    run_jobs()
    row.refresh_from_db()
    assert row.outcome == "done"
    paid.refresh_from_db()
    assert paid.status == Order.Status.FULFILLED


@pytest.mark.parametrize(
    "signature",
    [
        lambda body: None,
        lambda body: "",
        lambda body: "t=1,v1=forged",
        lambda body: "nonsense",
        lambda body: "t=,v1=",
        lambda body: "t=²,v1=²",
        lambda body: signed(body, secret="whsec_wrong"),
        lambda body: signed(body, at=time.time() - 301),
        lambda body: signed(body, at=time.time() + 330),
        lambda body: signed(body + b" "),
    ],
    ids=[
        "none",
        "empty",
        "forged",
        "nonsense",
        "hollow",
        "odd digits",
        "wrong secret",
        "old",
        "future",
        "of another body",
    ],
)
def test_what_stripe_did_not_sign_just_now_is_refused(paid, body, signature):
    assert post(body, signature(body)) == 400
    assert_nothing_happened(paid)


def test_an_altered_body_is_refused(paid, body):
    altered = body.replace(b'"complete"', b'"expired" ')
    assert altered != body
    assert post(altered, signed(body)) == 400
    assert_nothing_happened(paid)


@pytest.mark.parametrize(
    "odd",
    [b"\xff\xfe\x00", b"", b"{", b"[]", b"null", b'"event"', b"{}", b'{"object": "event"}'],
    ids=["not UTF-8", "empty", "broken", "list", "null", "text", "no event", "no id"],
)
def test_a_signed_body_that_is_no_event_is_refused(paid, odd):
    assert post(odd, signed(odd)) == 400
    assert_nothing_happened(paid)


def test_a_huge_body_is_refused_unread(paid):
    huge = b'{"a": "' + b"x" * webhooks.LARGEST_BODY + b'"}'
    assert post(huge, signed(huge)) == 413
    assert_nothing_happened(paid)


def test_only_post_is_answered(client):
    assert client.get(reverse("payments_webhook")).status_code == 405


def test_two_secrets_are_accepted_while_they_change(paid, body, settings):
    settings.STRIPE_WEBHOOK_SECRETS = ["whsec_new", "whsec_old"]
    assert post(body, signed(body, secret="whsec_old")) == 204
    assert post(body, signed(body, secret="whsec_new")) == 204
    settings.STRIPE_WEBHOOK_SECRETS = ["whsec_new"]
    assert post(body, signed(body, secret="whsec_old")) == 400


def test_the_same_event_again_and_again_counts_once(paid, body, run_jobs):
    for _ in range(3):
        assert post(body, signed(body)) == 204
        run_jobs()
    assert WebhookEvent.objects.count() == 1
    assert WebhookEvent.objects.get().attempts == 1
    assert MoneyEntry.objects.count() == 1
    assert OutboxMessage.objects.filter(key=f"order-paid-{paid.pk}").count() == 1


@pytest.mark.parametrize("kind", ["duplicate", "reorder", "old_signature"])
def test_deliveries_doubled_reordered_or_replayed_end_the_same(shop, buyer, kind):
    faults.plan(kind, times=50)
    order = shop.buy(buyer, course_price(course(lessons=1)))
    assert order.status == Order.Status.FULFILLED
    assert MoneyEntry.objects.filter(order=order).count() == 1
    assert Grant.objects.filter(learner=buyer).count() == 1


def test_a_delivery_that_is_dropped_comes_again(shop, buyer):
    faults.plan("drop", times=50)
    order = shop.begin(buyer, course_price(course(lessons=1)))
    shop.pay(order)
    shop.deliver()
    assert order.status == Order.Status.OPEN
    faults.clear()
    shop.advance(minutes=6)
    order.refresh_from_db()
    assert order.status == Order.Status.FULFILLED


def test_an_event_that_fails_is_tried_again_and_then_parked_where_staff_see_it(
    paid, body, run_jobs
):
    assert post(body, signed(body)) == 204
    faults.plan("server_error", times=1000)
    for _ in range(8):
        run_jobs()
        DBTaskResult.objects.update(run_after=timezone.now())
    row = WebhookEvent.objects.get()
    assert (row.outcome, row.attempts) == ("parked", 8)
    assert "Unreachable" in row.error
    assert ParkedJob.objects.filter(path="payments.webhooks.process").exists()
    faults.clear()
    webhooks.replay(row)
    run_jobs()
    row.refresh_from_db()
    paid.refresh_from_db()
    assert (row.outcome, row.error) == ("done", "")
    assert paid.status == Order.Status.FULFILLED


def test_replaying_an_event_does_nothing_twice(shop, buyer):
    order = shop.buy(buyer, course_price(course(lessons=1)))
    before = (MoneyEntry.objects.count(), Grant.objects.count(), OutboxMessage.objects.count())
    for row in WebhookEvent.objects.all():
        webhooks.replay(row)
    shop.run_jobs()
    after = (MoneyEntry.objects.count(), Grant.objects.count(), OutboxMessage.objects.count())
    assert before == after
    order.refresh_from_db()
    assert order.status == Order.Status.FULFILLED


def test_events_about_other_things_are_kept_and_left_alone(shop, db):
    from payments import gateway

    gateway.create_product({"name": "elsewhere"}, key="elsewhere")
    shop.deliver()
    assert set(WebhookEvent.objects.values_list("outcome", flat=True)) == {"ignored"}


def test_an_event_is_acknowledged_by_two_statements_and_a_repeated_one_by_one(
    paid, body, django_assert_num_queries
):
    headers = outbox.headers_for(body, SIGNING_SECRET)
    for statements in (2, 1):
        with django_assert_num_queries(statements):
            assert post_webhook(body, headers) == 204
    assert WebhookEvent.objects.count() == DBTaskResult.objects.count() == 1


@pytest.mark.django_db(transaction=True, databases=["default", "sandbox"])
def test_an_event_and_its_work_are_stored_together_or_not_at_all(paid, body):
    headers = outbox.headers_for(body, SIGNING_SECRET)
    with CaptureQueriesContext(connection) as captured:
        assert post_webhook(body, headers) == 204
    said = [each["sql"].split()[0] for each in captured]
    assert said == ["BEGIN", "INSERT", "INSERT", "COMMIT"]
    WebhookEvent.objects.all().delete()
    DBTaskResult.objects.all().delete()

    class Full(Exception):
        pass

    def refuse(**fields):
        raise Full

    # The queue's own table takes no more.
    pre_save.connect(refuse, sender=DBTaskResult)
    try:
        with pytest.raises(Full):
            post_webhook(body, headers)
    finally:
        pre_save.disconnect(refuse, sender=DBTaskResult)
    assert not WebhookEvent.objects.exists()
    assert post_webhook(body, headers) == 204
    assert WebhookEvent.objects.count() == DBTaskResult.objects.count() == 1


def test_where_whose_account_it_is_cannot_be_asked_stripe_comes_again(body, monkeypatch):
    def away():
        raise gateway.Unreachable

    monkeypatch.setattr(gateway, "ours", away)
    assert post(body, signed(body)) == 503
    assert not WebhookEvent.objects.exists()


def test_a_part_that_went_back_at_stripe_is_found_by_the_charges_own_news(paid, shop):
    shop.deliver()
    paid.refresh_from_db()
    gateway.create_refund({"payment_intent": paid.payment_intent_id, "amount": 100}, key="by-hand")
    about = gateway.retrieve_payment_intent(paid.payment_intent_id)["latest_charge"]
    webhooks.FOLLOWED["charge"](about, site_clock.now())
    assert Refund.objects.get().amount == 100
