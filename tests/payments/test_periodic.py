"""What is done about money again and again, how often, and what of it needs a Stripe."""

from datetime import timedelta
from typing import Any

import pytest

from accounts.models import OutboxMessage
from operations import periodic as clockwork
from payments import periodic
from payments.models import Difference, Gift, Matching, Order, Pause
from tests.payments.factories import NOW, GiftFactory, OrderFactory, SubscriptionFactory

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def test_each_has_its_rhythm() -> None:
    ours = {
        name.removeprefix("payments.periodic."): each.minutes
        for name, each in clockwork._registered.items()
        if name.startswith("payments.periodic.")
    }
    assert ours == {
        "sweep_open": 5,
        "sweep_all": 60,
        "match": 1440,
        "follow_what_was_sold_in_advance": 5,
        "charge_what_was_reserved": 5,
        "remind": 15,
        "forget_gifts_never_paid": 60,
        "send_gifts": 15,
        "change_subscriptions": 5,
        "win_back_the_lapsed": 60,
    }


def test_open_orders_are_swept_alone_and_everything_with_the_rest() -> None:
    order = OrderFactory(created_at=NOW - DAY)
    row = SubscriptionFactory()
    periodic.sweep_open(NOW)
    assert [each.object_id for each in Difference.objects.all()] == [str(order.key)]
    periodic.sweep_all(NOW)
    found = Difference.objects.order_by("pk").values_list("object_id", flat=True)
    assert list(found) == [str(order.key), row.stripe_id]
    assert not Matching.objects.exists()


def test_what_is_of_late_is_compared() -> None:
    periodic.match(NOW)
    assert Matching.objects.get().made_from == NOW - 100 * DAY


def test_without_a_stripe_nothing_is_asked_of_it(settings: Any) -> None:
    settings.STRIPE_SECRET_KEY, settings.STRIPE_SANDBOX = "", False
    OrderFactory(created_at=NOW - DAY)
    for each in (
        periodic.sweep_open,
        periodic.sweep_all,
        periodic.match,
        periodic.charge_what_was_reserved,
        periodic.change_subscriptions,
        periodic.win_back_the_lapsed,
    ):
        each(NOW)
    assert not Difference.objects.exists()
    assert not Matching.objects.exists()


def test_gifts_are_sent_on_their_day_and_reminded_of() -> None:
    due = GiftFactory(to_email="a@example.com", send_at=NOW, send_on=NOW.date())
    late = GiftFactory(
        to_email="b@example.com",
        send_at=NOW - DAY,
        sent_at=NOW,
        send_on=NOW.date(),
        claimable_until=NOW + 29 * DAY,
    )
    periodic.send_gifts(NOW)
    due.refresh_from_db()
    assert due.sent_at == NOW
    periodic.remind(NOW)
    assert OutboxMessage.objects.filter(key=f"gift-runs-out-{late.pk}").exists()


def test_gifts_that_nobody_paid_are_forgotten() -> None:
    order = OrderFactory(purpose=Order.Purpose.GIFT, status=Order.Status.EXPIRED)
    Order.objects.filter(pk=order.pk).update(created_at=NOW - 400 * DAY)
    gift = GiftFactory(order=order, digest=None, minted=0, claimable_until=None)
    periodic.forget_gifts_never_paid(NOW)
    gone = Gift.objects.filter(pk=gift.pk).exclude(giver_name="").exists()
    assert not gone


def test_a_pause_is_ended_on_the_way() -> None:
    row = SubscriptionFactory(collection_paused=True)
    Pause.objects.create(
        subscription=row, months=1, asked_at=NOW - DAY, begins_at=NOW - DAY, resumes_at=NOW
    )
    periodic.remind_on_the_way(NOW)
    assert Pause.objects.get().subscription == row
