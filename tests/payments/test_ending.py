"""Finance ends what a code of 100 % opened: there is no payment to give back."""

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse
from wagtail.models import ModelLogEntry

from accounts import roles
from accounts.models import OutboxMessage
from courses import access
from operations import clock as site_clock
from payments import ending, fulfilment
from payments.models import Order
from tests.factories import UserFactory, course
from tests.payments.factories import (
    NOW,
    OfferFactory,
    OrderFactory,
    PriceFactory,
    PromotionFactory,
    course_price,
)
from tests.payments.staff import at_desk

pytestmark = pytest.mark.django_db


def free_order(shop, buyer, price):
    order = shop.begin(buyer, price, PromotionFactory(percent=100))
    shop.pay(order)
    shop.deliver()
    return order


def end_order(desk, order, reason="录错了人"):
    return desk.post(reverse("money-orders:end", args=[order.pk]), {"reason": reason}, follow=True)


def test_finance_ends_what_a_code_paid_whole_once_with_a_reason(shop, buyer, desk):
    page = course(lessons=1)
    order = free_order(shop, buyer, course_price(page))
    assert access.to_course(buyer, page, now=site_clock.now()).has_grant
    detail = reverse("money-orders:inspect", args=[order.pk])
    assert reverse("money-orders:end", args=[order.pk]) in desk.get(detail).text
    assert end_order(desk, order, "").status_code == 200
    order.refresh_from_db()
    assert order.ended_at is None
    for _ in range(2):
        end_order(desk, order)
    order.refresh_from_db()
    assert order.status == Order.Status.REFUNDED
    assert order.ended_at is not None
    assert not access.to_course(buyer, page, now=site_clock.now()).has_grant
    letter = OutboxMessage.objects.get(key=f"order-ended-{order.pk}")
    assert "录错了人" in letter.text
    assert ModelLogEntry.objects.filter(action="payments.end_order").count() == 1
    shop.deliver()
    fulfilment.confirm(order, now=site_clock.now())  # nothing opens it again
    assert not access.to_course(buyer, page, now=site_clock.now()).has_grant


def test_what_was_paid_is_refunded_not_ended(shop, buyer, desk):
    order = shop.buy(buyer, course_price(course(lessons=1)))
    detail = reverse("money-orders:inspect", args=[order.pk])
    assert reverse("money-orders:end", args=[order.pk]) not in desk.get(detail).text
    end_order(desk, order)
    order.refresh_from_db()
    assert order.status == Order.Status.FULFILLED
    with pytest.raises(IntegrityError), transaction.atomic():
        Order.objects.filter(pk=order.pk).update(ended_at=site_clock.now())


@pytest.mark.parametrize("role", [roles.EDITOR, roles.OPERATOR])
def test_only_finance_ends_orders(shop, buyer, role):
    order = free_order(shop, buyer, course_price(course(lessons=1)))
    end_order(at_desk(role), order)
    order.refresh_from_db()
    assert order.ended_at is None


@pytest.mark.parametrize(
    ("fields", "may"),
    [
        ({}, True),
        ({"amount": 1}, False),
        ({"status": "refunded"}, False),
        ({"status": "paid"}, False),
    ],
)
def test_what_cost_nothing_and_is_open_may_be_ended(fields, may):
    price = course_price(course())
    free = {"amount": 0, "discount": 9900, "promotion": PromotionFactory(percent=100)}
    order = OrderFactory(fulfilled=True, price=price, **free | fields)
    assert ending.may_end(order) == may
    if not may:
        with pytest.raises(ending.CannotEnd):
            ending.end(order=order, reason="录错了人", actor=UserFactory(), now=NOW)
        order.refresh_from_db()
        assert order.ended_at is None


def test_what_renews_itself_is_not_ended_so():
    free = {"amount": 0, "discount": 3900, "promotion": PromotionFactory(percent=100)}
    order = OrderFactory(fulfilled=True, price=PriceFactory(offer=OfferFactory()), **free)
    assert not ending.may_end(order)
