"""A subscription changed from many tabs at once, on PostgreSQL; each claim with its control."""

import contextlib
import threading
import uuid
from datetime import timedelta
from typing import Any

import pytest

from operations import clock as site_clock
from payments import pausing, subscriptions, switching
from payments.models import Invoice, Pause, PlanChange, Subscription
from payments.sandbox.models import StripeObject
from tests.payments.factories import OfferFactory, PriceFactory
from tests.payments.test_concurrency import at_once

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]
TABS = 8


@pytest.fixture
def month():
    return PriceFactory(offer=OfferFactory(interval="month"), amount=3900)


@pytest.fixture
def year(month):
    offer = OfferFactory(interval="year", membership=month.offer.membership)
    return PriceFactory(offer=offer, amount=36500)


@pytest.fixture
def larger(month):
    """Two other memberships by the month, each larger than the first."""
    return [PriceFactory(offer=OfferFactory(), amount=amount) for amount in (5900, 7900)]


@pytest.fixture
def row(shop, buyer, month):
    return shop.buy(buyer, month).subscription


def token(row, price):
    return switching.sign(row, switching.show(row, price, now=site_clock.now()))


def confirm(row, price, shown):
    fresh = Subscription.objects.get(pk=row.pk)
    return switching.confirm(fresh, price, shown, now=site_clock.now())


def bills_of_changes():
    return StripeObject.objects.filter(
        kind="invoice", data__billing_reason="subscription_update"
    ).count()


def test_one_confirmation_from_many_taps_is_charged_once(row, year):
    shown = token(row, year)
    at_once(lambda number: confirm(row, year, shown), times=TABS)
    assert bills_of_changes() == 1
    change = PlanChange.objects.get()
    assert change.status == PlanChange.Status.DONE
    assert Subscription.objects.get(pk=row.pk).amount == 36500


def test_of_two_confirmations_at_once_one_is_carried_out(row, larger):
    wanted = [(price, token(row, price)) for price in larger]
    results = at_once(lambda number: confirm(row, *wanted[number]), times=2)
    refused = [each for each in results if isinstance(each, switching.CannotSwitch)]
    assert len(refused) == 1, results
    assert bills_of_changes() == 1
    assert PlanChange.objects.get().status == PlanChange.Status.DONE


def test_without_the_claim_both_would_be_charged(row, larger):
    now = site_clock.now().replace(microsecond=0)

    def make(number: int) -> None:
        key, price = uuid.uuid4(), larger[number]
        switching._make(PlanChange(key=key, subscription=row, price=price, prorated_at=now))

    at_once(make, times=2)
    assert bills_of_changes() == 2


@pytest.fixture
def paused(shop, row):
    """In a pause, the paid period over."""
    pausing.pause(row, months=2, now=site_clock.now())
    shop.advance(seconds=(row.period_end - site_clock.now()).total_seconds() + 86400)
    return Subscription.objects.get(pk=row.pk)


def resume(row: Subscription) -> Any:
    return pausing.resume(Subscription.objects.get(pk=row.pk), now=site_clock.now())


def test_a_pause_ended_from_many_tabs_begins_one_period(paused):
    results = at_once(lambda number: resume(paused), times=TABS)
    assert results.count(None) == 1, results
    assert Pause.objects.get().resumed_at
    assert Invoice.objects.filter(amount_paid__gt=0).count() == 2


def test_without_taking_it_first_two_periods_would_begin(paused, monkeypatch):
    real, meeting = subscriptions.refresh, threading.Barrier(2)

    def slow(stripe_id: str, **more: Any) -> None:
        real(stripe_id, **more)
        with contextlib.suppress(threading.BrokenBarrierError):
            meeting.wait(timeout=2)

    monkeypatch.setattr(subscriptions, "refresh", slow)
    monkeypatch.setattr(pausing, "_take", lambda row, *, now: Pause.objects.get(subscription=row))
    at_once(lambda number: resume(paused), times=2)
    monkeypatch.undo()
    charged = StripeObject.objects.filter(kind="invoice", data__amount_paid__gt=0)
    assert charged.count() == 3


def test_only_one_pause_is_begun(row):
    def pause(number: int) -> Any:
        fresh = Subscription.objects.get(pk=row.pk)
        return pausing.pause(fresh, months=1 + number % 3, now=site_clock.now())

    results = at_once(pause, times=TABS)
    made = Pause.objects.get()
    assert sum(isinstance(each, Pause) for each in results) == 1, results
    assert made.resumes_at - made.begins_at < timedelta(days=93)
