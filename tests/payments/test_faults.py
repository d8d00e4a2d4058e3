"""Stripe down, slow, confused; our own process killed: never a second payment, never a lost one."""

import contextlib
import logging
from datetime import timedelta

import pytest
from django.apps import apps
from django.db import connection

from accounts.models import OutboxMessage
from courses import access, grants
from courses.models import Grant
from operations import clock as site_clock
from payments import books, checkout, fulfilment, gateway, letters, reconciliation
from payments.models import MoneyEntry, Order
from payments.sandbox import faults
from payments.sandbox.models import StripeObject
from tests.factories import course
from tests.payments.conftest import GOOD
from tests.payments.factories import course_price, membership_prices

pytestmark = pytest.mark.django_db
ALL_FAULTS = [kind.value for kind in (*faults.BEFORE, *faults.AFTER)]
MORE_THAN_RETRIES = 3


def try_until_it_works(shop, buyer, price):
    """As a patient person does. The SDK repeats some failures itself, others not."""
    for _ in range(MORE_THAN_RETRIES):
        with contextlib.suppress(checkout.StripeUnavailable):
            return shop.begin(buyer, price)
    raise AssertionError("it never worked")


class Killed(BaseException):
    """What a kill -9 looks like from inside: nothing catches it, nothing is committed."""


@pytest.mark.parametrize("fault", ALL_FAULTS)
def test_whatever_stripe_does_the_buyer_can_try_again_and_pays_once(shop, buyer, fault):
    page = course(lessons=1)
    price = course_price(page)
    gateway.account_id()
    faults.plan(fault, times=MORE_THAN_RETRIES, match="POST /v1/checkout/sessions")
    with pytest.raises(checkout.StripeUnavailable) as problem:
        shop.begin(buyer, price)
    assert str(problem.value.message)
    order = try_until_it_works(shop, buyer, price)
    assert Order.objects.count() == 1
    assert StripeObject.objects.filter(kind="checkout.session").count() == 1
    shop.pay(order)
    shop.deliver()
    assert access.to_course(buyer, page).has_grant
    assert MoneyEntry.objects.count() == 1


# The SDK tries these again by itself.
@pytest.mark.parametrize("fault", ["server_error", "no_connection", "answer_lost", "timeout"])
def test_a_short_disturbance_is_not_even_noticed(shop, buyer, fault):
    price = course_price(course())
    faults.plan(fault, times=1, match="POST /v1/checkout/sessions")
    assert shop.begin(buyer, price).session_id


def test_pages_stay_up_and_say_it_plainly_while_stripe_is_down(shop, buyer, client):
    price = course_price(course())
    client.force_login(buyer)
    faults.plan("no_connection", times=100)
    answer = client.post("/payments/checkout/", {"price": str(price.key)})
    assert answer.status_code == 503
    assert client.get("/membership/").status_code == 200
    assert client.get("/account/orders/").status_code == 200
    faults.clear()
    answer = client.post("/payments/checkout/", {"price": str(price.key)})
    assert answer.status_code == 303
    assert Order.objects.count() == 1


def test_back_from_paying_while_stripe_is_down_the_page_waits_and_the_sweep_opens(
    shop, buyer, client, clock
):
    page = course(lessons=1)
    order = shop.begin(buyer, course_price(page))
    shop.pay(order)
    client.force_login(buyer)
    faults.plan("no_connection", times=100)
    answer = client.get(f"/payments/return/?order={order.key.hex}")
    assert answer.status_code == 200
    faults.clear()
    clock.move(timedelta(minutes=3))
    reconciliation.sweep_open(now=clock.now())
    assert access.to_course(buyer, page).has_grant


def test_stripe_is_never_called_inside_a_transaction_of_ours(db):
    from django.db import transaction

    with transaction.atomic(), pytest.raises(gateway.InsideTransaction):
        gateway.retrieve_account()


STEPS = {
    "before anything is entered": (books, "record_charge"),
    "between the books and the grant": (fulfilment.entitlement, "settle"),
    "while granting": (grants, "sync"),
    "before the mail": (letters, "order_paid"),
}


@pytest.mark.parametrize("step", STEPS)
def test_killed_at_any_step_after_the_charge_it_opens_after_the_sweep(
    shop, buyer, clock, monkeypatch, step
):
    page = course(lessons=1)
    order = shop.begin(buyer, course_price(page))
    shop.pay(order)

    def die(*args, **kwargs):
        raise Killed

    module, name = STEPS[step]
    with monkeypatch.context() as patch:
        patch.setattr(module, name, die)
        with pytest.raises(Killed):
            fulfilment.confirm(order, now=site_clock.now())
    order.refresh_from_db()
    assert order.status == Order.Status.OPEN
    assert (Grant.objects.count(), MoneyEntry.objects.count()) == (0, 0)
    clock.move(timedelta(minutes=3))
    reconciliation.sweep_open(now=clock.now())
    order.refresh_from_db()
    assert order.status == Order.Status.FULFILLED
    assert (Grant.objects.count(), MoneyEntry.objects.count()) == (1, 1)
    assert OutboxMessage.objects.filter(key=f"order-paid-{order.pk}").count() == 1


def test_killed_between_the_order_and_stripe_the_next_try_goes_on_with_the_same_order(
    shop, buyer, monkeypatch
):
    price = course_price(course())

    def die(*args, **kwargs):
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(gateway, "create_session", die)
        with pytest.raises(Killed):
            shop.begin(buyer, price)
    killed = Order.objects.get()
    assert killed.session_id is None
    assert shop.begin(buyer, price) == killed


def test_killed_after_stripe_answered_the_next_try_gets_the_same_page(shop, buyer, monkeypatch):
    price = course_price(course())
    real = gateway.create_session

    def answer_and_die(*args, **kwargs):
        real(*args, **kwargs)
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(gateway, "create_session", answer_and_die)
        with pytest.raises(Killed):
            shop.begin(buyer, price)
    order = shop.begin(buyer, price)
    sessions = StripeObject.objects.filter(kind="checkout.session")
    assert [session.stripe_id for session in sessions] == [order.session_id]


def test_no_card_number_reaches_our_tables_or_logs(shop, buyer, caplog):
    caplog.set_level(logging.DEBUG)
    shop.buy(buyer, course_price(course(lessons=1)))
    shop.buy(buyer, membership_prices()["month"])
    shop.advance(days=32)
    needles = (GOOD, GOOD[:6] + " ", "4242 4242")
    with connection.cursor() as cursor:
        for model in apps.get_models(include_auto_created=True):
            if model._meta.app_label == "sandbox" or not model._meta.managed:
                continue
            cursor.execute(f'SELECT * FROM "{model._meta.db_table}"')
            for row in cursor.fetchall():
                text = repr(row)
                assert not any(needle in text for needle in needles), model
    assert not any(needle in caplog.text for needle in needles)
    assert gateway.__name__ not in caplog.text or "sk_test" not in caplog.text
