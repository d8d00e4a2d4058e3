"""The sweep: what nobody told is found, mended, and written down."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from operations import periodic
from payments import reconciliation
from payments.models import Difference, Order, Subscription, WebhookEvent
from payments.sandbox import faults
from payments.sandbox.models import StripeObject
from tests.factories import course
from tests.payments.factories import SubscriptionFactory, course_price, membership_prices

pytestmark = pytest.mark.django_db


def reconcile():
    said = StringIO()
    call_command("reconcile", stdout=said)
    return said.getvalue()


def test_with_nothing_wrong_it_says_so(shop, buyer):
    shop.buy(buyer, course_price(course()))
    shop.buy(buyer, membership_prices()["month"])
    said = reconcile()
    assert "mended 0, took in 0 missed events" in said
    assert "No difference is open." in said


def test_a_renewal_that_nobody_told_is_mended_once_with_both_sides(shop, buyer, clock):
    shop.buy(buyer, membership_prices()["month"])
    from payments.sandbox import time

    time.advance(by=timedelta(days=32))
    said = reconcile()
    row = Subscription.objects.get()
    assert row.invoices.filter(status="paid").count() == 2
    assert "mended 0" not in said
    found = Difference.objects.filter(object_kind="subscription").get()
    assert found.ending == Difference.Ending.MENDED
    assert found.ours != found.theirs
    assert "mended 0" in reconcile()


@pytest.mark.parametrize("is_latest", [True, False])
def test_an_amount_changed_at_stripe_is_taken_over_and_written_down(shop, buyer, clock, is_latest):
    """The latest bill comes with its subscription, an earlier one by itself."""
    subscription = shop.buy(buyer, membership_prices()["month"]).subscription
    if not is_latest:
        shop.advance(days=32)
    bill = subscription.invoices.order_by("created_at").first()
    shape = StripeObject.objects.get(stripe_id=bill.stripe_id)
    shape.data |= {"amount_due": 4200, "amount_paid": 4200}
    shape.save()
    assert "mended 1," in reconcile()
    bill.refresh_from_db()
    assert (bill.amount_due, bill.amount_paid) == (4200, 4200)
    found = Difference.objects.get(object_kind="invoice", object_id=bill.stripe_id)
    assert found.ending == Difference.Ending.MENDED
    assert "amount_due=3900; amount_paid=3900" in found.ours
    assert "amount_due=4200; amount_paid=4200" in found.theirs
    assert "mended 0," in reconcile()


def test_missed_events_are_taken_in(shop, buyer, clock):
    order = shop.begin(buyer, course_price(course()))
    shop.pay(order)
    faults.plan("drop", times=1000)
    shop.deliver()
    assert not WebhookEvent.objects.exists()
    faults.clear()
    said = reconcile()
    assert "took in 0 missed events" not in said
    shop.run_jobs()
    order.refresh_from_db()
    assert order.status == Order.Status.FULFILLED
    assert WebhookEvent.objects.filter(type="checkout.session.completed", outcome="done").exists()


def test_what_is_not_at_stripe_is_named(shop, buyer):
    SubscriptionFactory(stripe_id="sub_lost")
    assert "subscription sub_lost: not at Stripe" in reconcile()
    assert "subscription sub_lost: not at Stripe" in reconcile()
    assert Difference.objects.count() == 1


def test_an_order_whose_page_was_never_made_is_given_up_after_a_day(shop, buyer, clock):
    order = shop.begin(buyer, course_price(course()))
    Order.objects.filter(pk=order.pk).update(session_id=None)
    clock.move(timedelta(hours=25))
    reconciliation.sweep_open(now=clock.now())
    order.refresh_from_db()
    assert order.status == Order.Status.EXPIRED


def test_with_stripe_away_it_fails_and_says_so(shop, buyer):
    faults.plan("no_connection", times=1000)
    with pytest.raises(CommandError, match="could not be asked"):
        reconcile()


def test_without_any_stripe_it_says_what_to_do(db, settings):
    settings.STRIPE_SANDBOX = False
    with pytest.raises(CommandError, match="STRIPE_SECRET_KEY"):
        reconcile()


def test_tick_sweeps_and_reminds(shop, buyer, clock):
    order = shop.begin(buyer, course_price(course()))
    shop.pay(order)
    clock.move(timedelta(minutes=6))
    names = periodic.tick(now=clock.now())
    assert {"payments.periodic.sweep_open", "payments.periodic.remind"} <= set(names)
    shop.run_jobs()
    order.refresh_from_db()
    assert order.status == Order.Status.FULFILLED


def test_a_payment_whose_balance_transaction_comes_later_is_entered_later(shop, buyer, clock):
    order = shop.begin(buyer, course_price(course()))
    shop.pay(order)
    charge = StripeObject.objects.get(kind="charge")
    booked = charge.data["balance_transaction"]
    charge.data["balance_transaction"] = None
    charge.save()
    shop.deliver()
    order.refresh_from_db()
    assert order.status == Order.Status.FULFILLED
    assert not order.money_entries.exists()
    charge.data["balance_transaction"] = booked
    charge.save()
    reconcile()
    assert order.money_entries.get().stripe_id == booked
