"""Cancelling and going on after all: what Stripe is asked and what is kept, from its shapes."""

from datetime import timedelta
from typing import Any

import pytest

from payments import cancelling, gateway
from payments.models import Cancellation, Pause, PlanChange, Subscription
from tests.payments.factories import (
    NOW,
    OrderFactory,
    PriceFactory,
    SubscriptionFactory,
    membership_prices,
)
from tests.payments.test_subscriptions_news import ENDS, Stripe, seconds

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


class Cancelled(Stripe):
    """It takes updates and cancellations, too."""

    def __init__(self, order):
        super().__init__(order)
        self.asked = []

    def update(self, stripe_id, params, *, key=""):
        self.asked.append((stripe_id, params))
        self.subscription["cancel_at_period_end"] = params["cancel_at_period_end"]
        if "pause_collection" in params:
            self.subscription["pause_collection"] = None

    def cancel(self, stripe_id):
        self.asked.append((stripe_id, "now"))
        self.subscription |= {"status": "canceled", "ended_at": seconds(NOW)}

    def void(self, bill):
        self.asked.append((bill, "void"))
        raise gateway.Refused("it was paid")

    def release(self, schedule):
        self.asked.append((schedule, "release"))


@pytest.fixture
def stripe(monkeypatch):
    gateway.ours()  # asked of Stripe once, outside every transaction
    made = Cancelled(OrderFactory(price=membership_prices()["month"], session_id="cs_1"))
    monkeypatch.setattr(gateway, "retrieve_subscription", lambda id: made.subscription)
    monkeypatch.setattr(gateway, "retrieve_invoice", lambda id: made.bill)
    monkeypatch.setattr(gateway, "retrieve_payment_intent", lambda id: made.payment)
    monkeypatch.setattr(gateway, "update_subscription", made.update)
    monkeypatch.setattr(gateway, "cancel_subscription", made.cancel)
    monkeypatch.setattr(gateway, "void_invoice", made.void)
    monkeypatch.setattr(gateway, "release_schedule", made.release)
    return made


@pytest.fixture
def row(stripe):
    return stripe.refresh()


def cancelled(row, at, resumed=None, reason="time"):
    return Cancellation.objects.create(
        subscription=row, reason=reason, note="以前", cancelled_at=at, resumed_at=resumed
    )


def kept():
    return list(
        Cancellation.objects.order_by("pk").values_list(
            "subscription__stripe_id", "reason", "note", "cancelled_at", "resumed_at"
        )
    )


def test_what_is_paid_ends_with_its_period(stripe, row):
    cancelling.cancel(row, reason="price", note="太贵了" * 200, now=NOW)
    assert stripe.asked == [("sub_1", {"cancel_at_period_end": True})]
    assert kept() == [("sub_1", "price", ("太贵了" * 200)[:500], NOW, None)]
    assert Subscription.objects.get(pk=row.pk).ends_by_itself


def test_no_reason_has_to_be_given(row):
    cancelling.cancel(row, now=NOW)
    assert kept() == [("sub_1", "", "", NOW, None)]


def test_a_pause_that_has_not_begun_is_ended_with_it(stripe, row):
    stripe.subscription["pause_collection"] = {"resumes_at": seconds(ENDS + 30 * DAY)}
    row = stripe.refresh()
    fields = {"months": 1, "asked_at": NOW, "begins_at": ENDS, "resumes_at": ENDS + 30 * DAY}
    own = Pause.objects.create(subscription=row, **fields)
    another = Pause.objects.create(subscription=SubscriptionFactory(), **fields)
    cancelling.cancel(row, now=NOW)
    assert stripe.asked == [("sub_1", {"cancel_at_period_end": True, "pause_collection": ""})]
    ended = dict(Pause.objects.values_list("pk", "resumed_at"))
    assert ended == {own.pk: NOW, another.pk: None}


@pytest.mark.parametrize("status", ["active", "past_due"])
def test_where_nothing_is_paid_it_ends_now(stripe, row, status):
    stripe.subscription["status"] = status
    stripe.renewed(status="void" if status == "active" else "open", amount_paid=0)
    row = stripe.refresh()
    cancelling.cancel(row, now=NOW)
    assert stripe.asked == [("sub_1", "now")]
    assert Subscription.objects.get(pk=row.pk).ended_at == NOW


def test_a_plan_that_was_chosen_is_let_go_and_forgotten(stripe, row):
    stripe.subscription["schedule"] = "sub_sched_1"
    row = stripe.refresh()
    change = PlanChange.objects.create(
        subscription=row,
        from_offer=row.offer,
        from_amount=3900,
        price=PriceFactory(),
        created_at=NOW,
        at_period_end=True,
        effective_at=ENDS,
    )
    cancelling.cancel(row, now=NOW)
    assert stripe.asked == [
        ("sub_sched_1", "release"),
        ("sub_1", {"cancel_at_period_end": True}),
    ]
    change.refresh_from_db()
    assert (change.status, change.ended_at) == ("withdrawn", NOW)


def test_a_plan_that_was_paid_meanwhile_is_what_is_cancelled(stripe, row):
    stripe.subscription["pending_update"] = {"expires_at": seconds(ENDS)}
    row = stripe.refresh()
    stripe.subscription |= {"pending_update": None, "status": "past_due"}
    cancelling.cancel(row, now=NOW)
    assert stripe.asked == [("in_1", "void"), ("sub_1", "now")]


def test_cancelled_twice_the_later_reason_counts(row):
    another = SubscriptionFactory(stripe_id="sub_2")
    before: list[Any] = [("sub_2", "time", "以前", NOW - DAY, None)]
    cancelled(another, NOW - DAY)
    cancelled(row, NOW - 9 * DAY, resumed=NOW - 8 * DAY)
    before += [("sub_1", "time", "以前", NOW - 9 * DAY, NOW - 8 * DAY)]
    cancelling.cancel(row, reason="price", note="贵", now=NOW)
    cancelling.cancel(row, reason="quality", note="不够好" * 200, now=NOW + DAY)
    assert kept() == [*before, ("sub_1", "quality", ("不够好" * 200)[:500], NOW, None)]


def test_going_on_after_all_ends_the_cancellation_that_stands(stripe, row):
    stripe.subscription["cancel_at_period_end"] = True
    row = stripe.refresh()
    cancelled(SubscriptionFactory(stripe_id="sub_2"), NOW - DAY)
    cancelled(row, NOW - 9 * DAY, resumed=NOW - 8 * DAY)
    cancelled(row, NOW - DAY)
    cancelling.resume(row, now=NOW)
    assert stripe.asked == [("sub_1", {"cancel_at_period_end": False})]
    assert [resumed for *_, resumed in kept()] == [None, NOW - 8 * DAY, NOW]
    assert not Subscription.objects.get(pk=row.pk).ends_by_itself
