"""A code of one's own, some days after a subscription ended."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import OutboxMessage
from operations import clock as site_clock
from payments import refund_requests, win_back
from payments.models import Order, PromotionCode, WinBack
from tests.factories import UserFactory
from tests.payments.factories import SubscriptionFactory
from tests.payments.plans import fresh, page_of, text_of
from tests.payments.staff import somebody
from tests.payments.test_concurrency import at_once
from tests.payments.test_subscriptions import break_card

OFFERED = "If you come back"


@pytest.fixture(autouse=True)
def switched_on(settings):
    settings.WIN_BACK_PERCENT = 30
    settings.LANGUAGE_CODE = "en"


@pytest.fixture
def me(buyer, me):
    buyer.language = "en"
    buyer.save()
    return me


def leave(shop, me, buyer, library):
    """A month is paid, the renewal cancelled, the month over."""
    row = shop.buy(buyer, library["month"]).subscription
    me.post(page_of(row, name="subscription_cancel"))
    shop.advance(days=32)
    assert fresh(row).status == "canceled"
    return row


@pytest.mark.django_db
def test_who_left_is_shown_a_code_of_their_own_and_comes_back_with_it(shop, me, buyer, library):
    row = leave(shop, me, buyer, library)
    assert OFFERED not in me.get(page_of(row)).text, "not yet: fourteen days after the end"
    shop.advance(days=15)
    made = WinBack.objects.get()
    code = made.promotion.code
    for page in (page_of(row), reverse("membership")):
        assert OFFERED in me.get(page).text
        assert code in me.get(page).text
    told = me.get(reverse("membership") + f"?code={code}").text
    assert "¥27.30" in told
    assert not OutboxMessage.objects.filter(html__contains=code).exists(), "nobody agreed to mails"
    order = shop.buy(buyer, library["month"], made.promotion)
    assert (order.status, order.amount) == (Order.Status.FULFILLED, 2730)
    assert OFFERED not in me.get(page_of(row)).text
    assert OFFERED not in me.get(reverse("membership")).text


@pytest.mark.django_db
def test_nobody_else_can_use_it(shop, me, buyer, library):
    leave(shop, me, buyer, library)
    shop.advance(days=15)
    other = Client()
    other.force_login(UserFactory(language="en"))
    answer = other.get(reverse("membership") + f"?code={PromotionCode.objects.get().code}")
    assert "made for somebody else" in text_of(answer)
    assert "¥27.30" not in answer.text


@pytest.mark.django_db
def test_a_membership_that_lapsed_for_want_of_payment_counts_too(shop, buyer, library):
    row = shop.buy(buyer, library["month"]).subscription
    break_card(row)
    shop.advance(days=80)
    assert not fresh(row).is_live
    assert WinBack.objects.get().subscription == row


@pytest.mark.django_db
def test_it_is_off_by_default_and_ends_on_its_day(shop, me, buyer, library, settings):
    settings.WIN_BACK_PERCENT = 0
    row = leave(shop, me, buyer, library)
    shop.advance(days=15)
    assert not WinBack.objects.exists()
    settings.WIN_BACK_PERCENT = 30
    shop.advance(days=1)
    assert OFFERED in me.get(page_of(row)).text
    shop.advance(days=31)
    assert OFFERED not in me.get(page_of(row)).text


@pytest.mark.django_db
def test_who_came_back_gets_none(shop, me, buyer, library):
    leave(shop, me, buyer, library)
    shop.buy(buyer, library["month"])
    shop.advance(days=15)
    assert not WinBack.objects.exists()


@pytest.mark.django_db
def test_who_got_the_money_back_gets_none(shop, me, buyer, library, desk):
    row = leave(shop, me, buyer, library)
    refund_requests.approve(
        order=row.order, reason="录音有杂音", actor=somebody(desk), now=site_clock.now()
    )
    shop.run_jobs()
    shop.deliver()
    shop.advance(days=15)
    assert not WinBack.objects.exists()


@pytest.mark.django_db
def test_once_a_year_at_most(shop, me, buyer, library):
    leave(shop, me, buyer, library)
    shop.advance(days=15)
    first = WinBack.objects.get()
    leave(shop, me, buyer, library)
    shop.advance(days=15)
    assert WinBack.objects.get() == first
    WinBack.objects.update(made_at=first.made_at - timedelta(days=366), year=first.year - 1)
    assert win_back.make_due(now=site_clock.now()) == 1


def lapsed_twice(shop, buyer, me, library):
    row = leave(shop, me, buyer, library)
    return [row, SubscriptionFactory(learner=buyer, status="canceled")]


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_ten_at_once_make_one_code(shop, me, buyer, library):
    rows = lapsed_twice(shop, buyer, me, library)
    now = site_clock.now()
    made = at_once(lambda number: win_back._make(rows[number % 2].pk, now=now), 10)
    assert sorted(made) == [False] * 9 + [True]
    assert (WinBack.objects.count(), PromotionCode.objects.count()) == (1, 1)


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_without_the_lock_only_the_database_holds_it(shop, me, buyer, library, monkeypatch):
    monkeypatch.setattr(win_back, "_lock", lambda pk: type(buyer).objects.get(pk=pk))
    rows = lapsed_twice(shop, buyer, me, library)
    now = site_clock.now()
    made = at_once(lambda number: win_back._make(rows[number % 2].pk, now=now), 10)
    assert any(isinstance(each, Exception) for each in made), made
    assert (WinBack.objects.count(), PromotionCode.objects.count()) == (1, 1)
