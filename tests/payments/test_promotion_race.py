"""A code with so many uses, and many more who want it at once: on PostgreSQL, with real threads."""

import contextlib
import threading
from typing import Any

import pytest
from django.db import connection

from accounts.models import User
from operations import clock as site_clock
from payments import checkout, gateway, promotions
from payments.models import Order, PromotionCode, PromotionUse
from tests.factories import UserFactory, course
from tests.payments.factories import PromotionFactory, course_price
from tests.payments.test_concurrency import at_once

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]
BUYERS, USES = 50, 7


def begin(buyer: User, price: Any, promotion: PromotionCode) -> Order:
    """An order with its use, as `checkout.start` makes it before it goes to Stripe."""
    seen = checkout._seen(buyer, price, promotion, checkout.Attribution(), now=site_clock.now())
    return checkout._open_order(seen, now=site_clock.now())


@pytest.fixture
def price(shop: Any) -> Any:
    gateway.account_id()  # asked once; what follows needs no second connection per thread
    return course_price(course(lessons=1))


@pytest.fixture
def slow_look(monkeypatch):
    """Between looking for a free use and taking it, time passes: what the lock must bridge."""
    real = promotions._lowest_free
    meeting = threading.Barrier(4)

    def look(held: set[int | None]) -> int:
        found = real(held)
        with contextlib.suppress(threading.BrokenBarrierError):
            meeting.wait(timeout=0.5)
        return found

    monkeypatch.setattr(promotions, "_lowest_free", look)


@pytest.fixture
def without_constraints():
    """The database without what holds the limits, until the test is over."""
    names = {"promotion_slot_taken_once", "promotion_turn_taken_once"}
    taken = [each for each in PromotionUse._meta.constraints if each.name in names]
    with connection.schema_editor() as editor:
        for each in taken:
            editor.remove_constraint(PromotionUse, each)
    yield
    PromotionUse.objects.all().delete()
    with connection.schema_editor() as editor:
        for each in taken:
            editor.add_constraint(PromotionUse, each)


def without_lock(promotion_id: int) -> PromotionCode:
    return PromotionCode.objects.get(pk=promotion_id)


def test_fifty_buyers_at_once_get_as_many_uses_as_there_are(price):
    promotion = PromotionFactory(max_uses=USES)
    buyers = [UserFactory() for _ in range(BUYERS)]
    results = at_once(lambda number: begin(buyers[number], price, promotion), BUYERS)
    got = [each for each in results if isinstance(each, Order)]
    assert len(got) == USES
    refused = [each for each in results if not isinstance(each, Order)]
    assert all(isinstance(each, promotions.UsedUp) for each in refused), refused
    assert PromotionUse.objects.filter(released_at=None).count() == USES
    assert Order.objects.count() == USES, "who got no use has no order at the reduced price"


def test_without_lock_and_constraints_more_would_get_it(
    price, slow_look, without_constraints, monkeypatch
):
    monkeypatch.setattr(promotions, "_lock", without_lock)
    promotion = PromotionFactory(max_uses=1)
    buyers = [UserFactory() for _ in range(4)]
    results = at_once(lambda number: begin(buyers[number], price, promotion), 4)
    assert sum(isinstance(each, Order) for each in results) > 1


def test_without_the_lock_the_database_still_holds_the_limit(price, slow_look, monkeypatch):
    monkeypatch.setattr(promotions, "_lock", without_lock)
    promotion = PromotionFactory(max_uses=1)
    buyers = [UserFactory() for _ in range(4)]
    at_once(lambda number: begin(buyers[number], price, promotion), 4)
    assert PromotionUse.objects.filter(released_at=None).count() == 1


def test_one_person_at_ten_things_at_once_uses_it_once(price, buyer):
    promotion = PromotionFactory()
    prices = [course_price(course(lessons=1)) for _ in range(10)]
    results = at_once(lambda number: begin(buyer, prices[number], promotion), 10)
    assert sum(isinstance(each, Order) for each in results) == 1
    refused = [each for each in results if not isinstance(each, Order)]
    assert all(isinstance(each, promotions.UsedByYou) for each in refused), refused
    assert PromotionUse.objects.get().nth == 1


def test_twenty_buyers_get_as_many_payment_pages_as_there_are_uses(price):
    promotion = PromotionFactory(max_uses=3)
    buyers = [UserFactory() for _ in range(20)]
    results = at_once(
        lambda number: checkout.start(
            buyer=buyers[number], price=price, promotion=promotion, now=site_clock.now()
        )
    )
    assert sum(isinstance(each, checkout.Started) for each in results) <= 3
    assert PromotionUse.objects.filter(released_at=None).count() == 3
