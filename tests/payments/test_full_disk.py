"""A database without room: an event that is not kept is not acknowledged, and Stripe sends it
again."""

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from courses.models import Grant
from operations import clock as site_clock
from payments.models import MoneyEntry, Order, WebhookEvent
from payments.sandbox import outbox
from tests.factories import course
from tests.payments.conftest import Shop
from tests.payments.factories import course_price

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.sqlite]


def post(body: bytes, headers: dict[str, str]) -> int:
    client = Client(raise_request_exception=False)
    signature = {"Stripe-Signature": headers["Stripe-Signature"]}
    answer = client.post(
        reverse("payments_webhook"), body, content_type="application/json", headers=signature
    )
    return int(answer.status_code)


def test_what_was_paid_is_opened_once_there_is_room(
    shop: Shop, buyer: User, no_room: Callable[[], AbstractContextManager[None]]
) -> None:
    order = shop.begin(buyer, course_price(course(lessons=1)))
    shop.pay(order)
    with no_room():
        attempts = outbox.deliver_due(post, site_clock.now())
    kept = {attempt.event_id for attempt in attempts if attempt.status == 204}
    assert {attempt.status for attempt in attempts} >= {503}
    assert set(WebhookEvent.objects.values_list("stripe_id", flat=True)) == kept
    assert Order.objects.get().status == Order.Status.OPEN

    shop.advance(hours=2)
    assert Order.objects.get().status == Order.Status.FULFILLED
    assert Grant.objects.count() == MoneyEntry.objects.count() == 1
