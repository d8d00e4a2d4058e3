"""Many at once, on PostgreSQL with real threads; each claim with the race shown unlocked."""

import contextlib
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connections
from django.db.models import QuerySet

from accounts.models import OutboxMessage, User
from courses.models import Grant
from operations import clock as site_clock
from payments import checkout, entitlement, fulfilment, presale, refund_requests, webhooks
from payments.models import MoneyEntry, Order, PresaleEnd, Refund, RefundRequest, WebhookEvent
from payments.sandbox import outbox
from payments.sandbox.endpoints import SIGNING_SECRET
from payments.sandbox.models import StripeObject
from tests.factories import UserFactory, bundle, course
from tests.payments.conftest import post_webhook
from tests.payments.factories import bundle_price, course_price, sold_in_advance

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]
THREADS = 20


def at_once(action: Callable[[int], Any], times: int = THREADS) -> list[Any]:
    """Runs it in so many threads that all begin together; gives results or exceptions."""
    gate = threading.Barrier(times)

    def run(number: int) -> Any:
        try:
            gate.wait(timeout=20)
            return action(number)
        except Exception as error:
            return error
        finally:
            connections.close_all()

    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(run, range(times)))


def without_lock(order_id: int) -> Order:
    """What `entitlement.lock` would be if it did not lock."""
    return Order.objects.select_related(
        "buyer", "price__offer__course", "price__offer__membership"
    ).get(pk=order_id)


@pytest.fixture
def slow_look(monkeypatch):
    """Between looking and writing, time passes: what a lock must bridge."""
    real = entitlement.has_already
    meeting = threading.Barrier(2)

    def look(order: Order) -> bool:
        found = real(order)
        with contextlib.suppress(threading.BrokenBarrierError):
            meeting.wait(timeout=1)
        return found

    monkeypatch.setattr(entitlement, "has_already", look)


@pytest.fixture
def opened(monkeypatch):
    """How often a purchase was opened."""
    calls: list[int] = []
    real = fulfilment._open

    def count(order: Order, *, now: Any) -> None:
        calls.append(order.pk)
        real(order, now=now)

    monkeypatch.setattr(fulfilment, "_open", count)
    return calls


@pytest.fixture
def paid(shop, buyer):
    order = shop.begin(buyer, course_price(course(lessons=1)))
    shop.pay(order)
    return order


def deliver_and_process(body: bytes) -> None:
    status = post_webhook(body, outbox.headers_for(body, SIGNING_SECRET))
    assert status == 204, status
    webhooks.process.func(event=WebhookEvent.objects.get().pk)


def test_twenty_deliveries_at_once_open_it_once(paid, opened):
    event = StripeObject.objects.get(kind="event", data__type="checkout.session.completed")
    body = outbox.body_of(event)
    results = at_once(lambda number: deliver_and_process(body))
    assert results == [None] * THREADS
    paid.refresh_from_db()
    assert paid.status == Order.Status.FULFILLED
    assert WebhookEvent.objects.count() == 1
    assert MoneyEntry.objects.count() == 1
    assert Grant.objects.count() == 1
    assert Grant.objects.get().changes.count() == 1
    assert OutboxMessage.objects.filter(key=f"order-paid-{paid.pk}").count() == 1
    assert opened == [paid.pk]


def test_without_the_lock_it_would_be_opened_more_than_once(paid, opened, slow_look, monkeypatch):
    monkeypatch.setattr(entitlement, "lock", without_lock)
    at_once(lambda number: fulfilment.confirm(paid, now=site_clock.now()), times=2)
    assert len(opened) > 1


@pytest.fixture
def two_payments(shop, buyer):
    """Two pages of one course were open, and both were paid."""
    page = course(lessons=1)
    first = shop.begin(buyer, course_price(page))
    Order.objects.filter(pk=first.pk).update(status=Order.Status.EXPIRED)
    second = shop.begin(buyer, course_price(page, amount=8900))
    shop.pay(first)
    shop.pay(second)
    return [first, second]


def test_two_payments_at_once_for_one_course_keep_one_and_give_one_back(
    shop, two_payments, slow_look
):
    at_once(lambda number: fulfilment.confirm(two_payments[number], now=site_clock.now()), times=2)
    statuses = sorted(Order.objects.values_list("status", flat=True))
    assert statuses == ["fulfilled", "paid"]
    assert RefundRequest.objects.count() == 1
    shop.run_jobs()
    assert sorted(Order.objects.values_list("status", flat=True)) == ["fulfilled", "refunded"]


def test_many_hands_confirm_one_refund_once(shop, buyer):
    order = shop.buy(buyer, course_price(course(lessons=1), amount=99900))
    proposed = refund_requests.approve(
        order=order, reason="x", actor=shop.person(), now=site_clock.now()
    )
    second = shop.person()
    found = at_once(
        lambda _: refund_requests.confirm(request=proposed, actor=second, now=site_clock.now())
    )
    assert sum(isinstance(each, RefundRequest) for each in found) == 1
    assert all(isinstance(each, RefundRequest | refund_requests.CannotRefund) for each in found)
    shop.run_jobs()
    assert Refund.objects.get().amount == 99900


def test_without_the_lock_several_would_confirm_it(shop, buyer, monkeypatch):
    order = shop.buy(buyer, course_price(course(lessons=1), amount=99900))
    proposed = refund_requests.approve(
        order=order, reason="x", actor=shop.person(), now=site_clock.now()
    )
    second, meeting = shop.person(), threading.Barrier(2)

    def look(request, actor, *, now):
        meeting.wait(timeout=20)
        return True

    monkeypatch.setattr(refund_requests, "may_confirm", look)
    monkeypatch.setattr(QuerySet, "select_for_update", lambda self, **_: self)
    found = at_once(
        lambda _: refund_requests.confirm(request=proposed, actor=second, now=site_clock.now()),
        times=2,
    )
    assert [type(each) for each in found] == [RefundRequest, RefundRequest]


def test_without_the_lock_both_would_be_kept(two_payments, slow_look, monkeypatch):
    monkeypatch.setattr(entitlement, "lock", without_lock)
    at_once(lambda number: fulfilment.confirm(two_payments[number], now=site_clock.now()), times=2)
    assert list(Order.objects.values_list("status", flat=True)) == ["fulfilled", "fulfilled"]


def test_twenty_tabs_at_once_share_one_order(buyer):
    price = course_price(course())
    results = at_once(
        lambda number: (
            checkout.start(
                buyer=User.objects.get(pk=buyer.pk), price=price, now=site_clock.now()
            ).url
        )
    )
    (url,) = {url for url in results if isinstance(url, str)}
    # Whoever met Stripe still busy with the first is told to try again, and then gets its page.
    told = [each for each in results if not isinstance(each, str)]
    assert all(isinstance(each, checkout.StripeUnavailable) for each in told), told
    assert checkout.start(buyer=buyer, price=price, now=site_clock.now()).url == url
    assert Order.objects.count() == 1
    assert StripeObject.objects.filter(kind="checkout.session").count() == 1


def test_four_rounds_at_once_give_a_presale_back_once(shop, buyer):
    price = sold_in_advance()
    order = shop.buy(buyer, price)
    now = site_clock.now()
    end = PresaleEnd.objects.create(
        offer=price.offer, reason="不开了", decided_by=UserFactory(), decided_at=now
    )
    results = at_once(lambda number: presale.follow_all(now=now), times=4)
    assert results == [None] * 4
    request = RefundRequest.objects.get(order=order)
    assert (request.status, request.reason) == (RefundRequest.Status.APPROVED, end.reason)
    assert OutboxMessage.objects.filter(key=f"presale-given-up-{order.pk}").count() == 1


def test_of_a_bundle_and_a_course_of_it_paid_at_once_nothing_is_lost(shop, buyer):
    pages = [course(lessons=1), course(lessons=1)]
    orders = [
        shop.begin(buyer, bundle_price(bundle(*pages))),
        shop.begin(buyer, course_price(pages[0])),
    ]
    for order in orders:
        shop.pay(order)
    at_once(lambda number: fulfilment.confirm(orders[number], now=site_clock.now()), times=2)
    for order in orders:
        order.refresh_from_db()
    whole, alone = orders
    # The bundle opens the other course in any case; the course that comes second goes back.
    assert whole.status == Order.Status.FULFILLED
    opened = Grant.objects.filter(learner=buyer).values_list("course_id", flat=True)
    assert set(opened) == {page.pk for page in pages}
    kept_before = alone.fulfilled_at is not None
    assert kept_before or alone.note == Order.Note.BOUGHT_TWICE
