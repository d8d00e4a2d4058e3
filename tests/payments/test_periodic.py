"""What is done about money again and again, how often, and what of it needs a Stripe."""

from datetime import timedelta
from typing import Any

import pytest

from accounts.models import OutboxMessage
from courses.models import Grant
from operations import periodic as clockwork
from payments import gateway, periodic
from payments.models import Difference, Gift, Matching, Order, Pause, WinBack
from tests.factories import course
from tests.payments.factories import (
    NOW,
    GiftFactory,
    InvoiceFactory,
    OrderFactory,
    PriceFactory,
    SubscriptionFactory,
    sold_in_advance,
)

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


def sent(kind: str) -> bool:
    return OutboxMessage.objects.filter(key__startswith=f"{kind}-").exists()


def gift_to_send() -> Gift:
    made: Gift = GiftFactory(to_email="a@example.com", send_at=NOW, send_on=NOW.date())
    return made


def gift_that_runs_out() -> Gift:
    made: Gift = GiftFactory(
        to_email="b@example.com",
        send_at=NOW - DAY,
        sent_at=NOW - DAY,
        send_on=NOW.date(),
        claimable_until=NOW + 29 * DAY,
    )
    return made


def order_that_opens() -> Order:
    """Bought in advance, of a course that is open since."""
    price = sold_in_advance(course(lessons=1, opens_on=NOW.date() - DAY))
    made: Order = OrderFactory(
        price=price, fulfilled=True, advance=Order.Advance.WAITING, starts_at=NOW - DAY
    )
    return made


def pause_that_is_over() -> Pause:
    row = SubscriptionFactory(status="canceled", collection_paused=True)
    made: Pause = Pause.objects.create(
        subscription=row,
        months=1,
        asked_at=NOW - 30 * DAY,
        begins_at=NOW - 30 * DAY,
        resumes_at=NOW - DAY,
    )
    return made


def test_each_does_its_own_work() -> None:
    gateway.ours()
    gift, order, pause = gift_to_send(), order_that_opens(), pause_that_is_over()
    gift_that_runs_out()
    SubscriptionFactory(period_end=NOW + 4 * DAY)

    periodic.send_gifts(NOW)
    gift.refresh_from_db()
    assert gift.sent_at == NOW
    assert not sent("gift-runs-out")

    periodic.remind(NOW)
    assert sent("gift-runs-out")
    assert sent("renewal-notice")

    periodic.follow_what_was_sold_in_advance(NOW)
    order.refresh_from_db()
    assert order.advance == Order.Advance.OPENED

    periodic.change_subscriptions(NOW)
    pause.refresh_from_db()
    assert pause.resumed_at == NOW


def test_on_the_way_all_of_it_is_done() -> None:
    gateway.ours()
    gift, order, pause = gift_to_send(), order_that_opens(), pause_that_is_over()
    gift_that_runs_out()
    SubscriptionFactory(period_end=NOW + 4 * DAY)
    periodic.remind_on_the_way(NOW)
    for each in (gift, order, pause):
        each.refresh_from_db()
    assert (gift.sent_at, order.advance, pause.resumed_at) == (NOW, "opened", NOW)
    assert sent("gift-runs-out")
    assert sent("renewal-notice")


def test_the_words_of_gifts_that_nobody_paid_are_forgotten() -> None:
    order = OrderFactory(purpose=Order.Purpose.GIFT, status=Order.Status.EXPIRED)
    Order.objects.filter(pk=order.pk).update(created_at=NOW - 400 * DAY)
    gift = GiftFactory(order=order, digest=None, minted=0, claimable_until=None)
    periodic.forget_gifts_never_paid(NOW)
    gift.refresh_from_db()
    assert gift.giver_name == ""


@pytest.mark.parametrize("job", [periodic.win_back_the_lapsed, periodic.remind_on_the_way])
def test_who_left_is_won_back(settings: Any, job: Any) -> None:
    settings.WIN_BACK_PERCENT = 30
    gateway.ours()
    row = SubscriptionFactory(status="canceled", ended_at=NOW - 14 * DAY)
    PriceFactory(offer=row.offer)
    Grant.objects.create(
        learner=row.learner,
        membership=row.offer.membership,
        source_kind=Grant.Source.SUBSCRIPTION,
        source_id=row.source_id,
        starts_at=NOW - 44 * DAY,
        ends_at=NOW - 14 * DAY,
    )
    InvoiceFactory(subscription=row)
    job(NOW)
    assert WinBack.objects.get().subscription == row
