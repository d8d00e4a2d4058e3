"""The membership's page, as it stands for whoever looks."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from bs4 import BeautifulSoup
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from courses.memberships import sync_included
from courses.models import Grant, Membership, MembershipCourse
from operations import clock as site_clock
from pages import dates
from payments import gateway
from payments.models import Offer, Price, Subscription, Trial, WinBack
from tests.factories import MembershipFactory, course
from tests.payments import shown
from tests.payments.factories import (
    NOW,
    DisputeFactory,
    OfferFactory,
    OrderFactory,
    PriceFactory,
    PromotionFactory,
    SubscriptionFactory,
    course_price,
    membership_prices,
)

pytestmark = pytest.mark.django_db
PAGE = "/membership/"
CHECKOUT = "/payments/checkout/"
INSIDE = {"User-Agent": "Mozilla/5.0 MicroMessenger/8.0.50"}


@pytest.fixture
def main(db: None) -> Membership:
    return MembershipFactory(name="全部课程", sort_order=1)


@pytest.fixture
def prices(main: Membership) -> dict[str, Price]:
    return membership_prices(main)


def choices(answer: Any) -> list[str]:
    """The plans that may be chosen, by the keys of their prices."""
    soup = BeautifulSoup(answer.content, "html.parser")
    return [str(each["value"]) for each in soup.select("input[name=price]")]


def keys(*found: Price) -> list[str]:
    return [str(each.key) for each in found]


def further(answer: Any) -> list[str]:
    """What stands under further memberships."""
    soup = BeautifulSoup(answer.content, "html.parser").select_one('[aria-labelledby="further"]')
    return [" ".join(each.split()) for each in soup.stripped_strings][1:] if soup else []


def holds(person: User, membership: Membership, ends: datetime | None, **more: Any) -> None:
    Grant.objects.create(
        learner=person,
        membership=membership,
        **{
            "source_kind": Grant.Source.STAFF,
            "source_id": f"staff-{Grant.objects.count()}",
            "starts_at": NOW,
            "ends_at": ends,
        }
        | more,
    )


def day(at: datetime) -> str:
    with timezone.override("Asia/Shanghai"):
        return dates.day(at, now=site_clock.now())


def soon(**by: float) -> datetime:
    return site_clock.now() + timedelta(**by)


# --- what is for sale ----------------------------------------------------------------------------


def test_the_first_membership_on_sale_is_offered_and_others_beside_it(client, main, prices):
    late = membership_prices(MembershipFactory(name="乙", sort_order=3))
    early = membership_prices(MembershipFactory(name="甲", sort_order=2))
    gone = membership_prices(MembershipFactory(name="丙", is_for_sale=False, sort_order=0))
    course_price(course(title="一门课"))
    answer = client.get(PAGE)
    assert choices(answer) == keys(prices["year"], prices["month"], prices["term"])
    words = further(answer)
    assert words == [
        *("甲", "年", "¥365/年", "试用 7 天", "月", "¥39/月", words[6], "¥365"),
        *("乙", "年", "¥365/年", "试用 7 天", "月", "¥39/月", words[6], "¥365"),
    ]
    there = [reverse("payments_buy", args=[each["month"].offer.key]) for each in (early, late)]
    assert all(each in answer.text for each in there)
    assert str(gone["month"].offer.key) not in answer.text
    assert client.post(PAGE).status_code == 405


def test_with_nothing_for_sale_the_page_leads_to_the_courses(client, me, buyer, main):
    for browser in (client, me):
        assert shown.lines(browser.get(PAGE))[1] == "目前没有会员出售，每门课可以单独购买。"
    Membership.objects.update(is_for_sale=False)
    holds(buyer, main, None)
    text = shown.lines(me.get(PAGE))
    assert not any("你是会员" in each for each in text)


def test_a_term_may_be_given_to_a_friend(client, main, prices):
    elsewhere = membership_prices(MembershipFactory(sort_order=2))
    text = client.get(PAGE).text
    assert reverse("give", args=[prices["term"].offer.key]) in text
    for other in (prices["year"], prices["month"], elsewhere["term"]):
        assert reverse("give", args=[other.offer.key]) not in text


def test_memberships_are_compared_where_one_is_sold(client, main, prices):
    page = course(lessons=2, free=1)
    course_price(page)
    MembershipCourse.objects.create(membership=main, course=page, added_at=NOW)
    text = shown.lines(client.get(PAGE))
    assert {"并排比较", "¥99起", "¥39起"} & set(text)
    Offer.objects.update(is_active=False)
    assert "目前没有会员出售，每门课可以单独购买。" in " ".join(shown.lines(client.get(PAGE)))


def test_what_led_here_goes_with_the_form(client, prices):
    sent = shown.filled(client.get(f"{PAGE}?from=12&block=abc-1"), CHECKOUT)
    assert sent == {"price": str(prices["year"].key), "from": "12", "block": "abc-1"}


# --- codes ---------------------------------------------------------------------------------------


def test_a_code_is_taken_into_the_form_unless_it_gives_nothing(client, prices):
    PromotionFactory(code="MONTH", offers=[prices["month"].offer])
    answer = client.get(f"{PAGE}?code=month")
    assert shown.filled(answer, CHECKOUT)["code"] == "MONTH"
    assert "这个优惠码不能用在这里。" not in shown.lines(answer)
    PromotionFactory(code="OTHER", offers=[course_price(course()).offer])
    answer = client.get(f"{PAGE}?code=OTHER")
    assert "这个优惠码不能用在这里。" in shown.lines(answer)
    assert "code" not in shown.filled(answer, CHECKOUT)
    answer = client.get(f"{PAGE}?code=nothing")
    assert "没有这个优惠码。请再看看字母和数字。" in shown.lines(answer)


def test_codes_are_not_tried_without_end(client, prices, settings):
    settings.RATE_LIMITS = settings.RATE_LIMITS | {"promotion_code": "1/h/ip"}
    assert [client.get(f"{PAGE}?code=x").status_code for _ in range(2)] == [200, 429]
    assert client.get(PAGE).status_code == 200


def test_a_code_of_ones_own_is_shown_until_another_is_typed(client, me, buyer, prices):
    promotion = PromotionFactory(code="BACK-1", percent=30, ends_at=soon(days=3))
    row = SubscriptionFactory(status="canceled", offer=prices["month"].offer, learner=buyer)
    WinBack.objects.create(
        learner=buyer, subscription=row, promotion=promotion, made_at=NOW, year=2026
    )
    assert "BACK-1" in me.get(PAGE).text
    assert "BACK-1" not in me.get(f"{PAGE}?code=other").text
    assert "BACK-1" not in client.get(PAGE).text


# --- ways of paying ------------------------------------------------------------------------------


def test_which_plan_wallets_pay_for_is_said_where_it_is_not_all(client, main, prices, settings):
    settings.STRIPE_PAYMENT_METHODS = ["card", "alipay", "wechat_pay"]
    six = OfferFactory(membership=main, kind="term", term_months=6, sort_order=5)
    PriceFactory(offer=six, amount=19900)
    wallets = "支付宝和微信支付只用于"
    both = "买一年，不自动续费、买 6 个月，不自动续费"
    assert f"{wallets}{both}" in client.get(PAGE).text
    settings.STRIPE_PAYMENT_METHODS = ["card", "alipay"]
    assert wallets not in client.get(PAGE).text
    settings.STRIPE_PAYMENT_METHODS = ["card", "alipay", "wechat_pay"]
    Offer.objects.filter(kind="recurring").update(is_active=False)
    assert wallets not in client.get(PAGE).text


def test_in_wechat_what_is_paid_once_is_opened_elsewhere(client, prices):
    words = "微信里打不开支付宝"
    assert words in client.get(PAGE, headers=INSIDE).text
    assert words not in client.get(PAGE).text
    Offer.objects.filter(kind="term").update(is_active=False)
    assert words not in client.get(PAGE, headers=INSIDE).text


# --- for whom it stands otherwise ----------------------------------------------------------------


def test_who_had_their_trial_is_told_that_payment_begins_at_once(client, me, buyer, prices):
    assert "试用过" not in me.get(PAGE).text
    had = OrderFactory(fulfilled=True, price=prices["year"], buyer=buyer)
    Trial.objects.create(learner=buyer, order=had, began_at=NOW, **gateway.ours())
    assert "试用过" in me.get(PAGE).text
    assert "试用 7 天" not in " ".join(further(me.get(PAGE)))
    assert "试用过" not in client.get(PAGE).text
    Offer.objects.update(trial_days=0)
    assert "试用过" not in me.get(PAGE).text


def test_a_member_for_good_is_sold_nothing(me, client, buyer, main, prices):
    holds(buyer, main, None)
    answer = me.get(PAGE)
    assert "你是会员，长期有效。" in "".join(shown.lines(answer))
    assert choices(answer) == []
    assert "并排比较" not in shown.lines(answer)
    assert len(choices(client.get(PAGE))) == 3


def test_a_member_for_a_term_may_prolong_it_in_its_last_days(me, buyer, main, prices):
    first, last = soon(days=20), soon(days=300)
    holds(buyer, main, first)
    answer = me.get(PAGE)
    assert any(f"到 {day(first)}" in each for each in shown.lines(answer))
    assert choices(answer) == keys(prices["term"])
    holds(buyer, main, last, starts_at=first)
    answer = me.get(PAGE)
    assert any(f"到 {day(last)}" in each for each in shown.lines(answer))
    assert choices(answer) == []


def test_a_subscribers_period_is_named_and_not_the_grace_after_it(me, buyer, main, prices):
    ends = soon(days=12)
    holds(buyer, main, soon(days=15))
    row = SubscriptionFactory(learner=buyer, offer=prices["month"].offer, period_end=ends)
    SubscriptionFactory(offer=prices["month"].offer, period_end=soon(days=5))
    told = "".join(shown.lines(me.get(PAGE)))
    assert f"你是会员，{day(ends)}自动续费。" in told
    Subscription.objects.filter(pk=row.pk).update(cancel_at_period_end=True)
    assert f"到 {day(ends)}" in "".join(shown.lines(me.get(PAGE)))
    Subscription.objects.filter(pk=row.pk).update(status="canceled", ended_at=NOW)
    assert f"到 {day(soon(days=15))}" in "".join(shown.lines(me.get(PAGE)))
    other = membership_prices(MembershipFactory(sort_order=2))
    SubscriptionFactory(learner=buyer, offer=other["month"].offer, period_end=soon(days=3))
    assert f"到 {day(soon(days=15))}" in "".join(shown.lines(me.get(PAGE)))


def test_a_failing_renewal_is_told_instead(me, client, buyer, main, prices):
    holds(buyer, main, soon(days=3))
    SubscriptionFactory(learner=buyer, offer=prices["month"].offer, status="past_due")
    answer = me.get(PAGE)
    assert "你是会员" not in "".join(shown.lines(answer))
    assert "更换银行卡" in shown.lines(answer)
    assert choices(answer) == []
    assert not BeautifulSoup(answer.content, "html.parser").select("main .button-primary")
    assert "更换银行卡" not in client.get(PAGE).text
    assert len(choices(client.get(PAGE))) == 3


def test_a_disputed_payment_is_told_and_a_new_one_may_be_made(me, buyer, prices):
    order = OrderFactory(fulfilled=True, price=prices["term"], buyer=buyer)
    DisputeFactory(order=order, payment_intent_id=order.payment_intent_id)
    answer = me.get(PAGE)
    assert any(each.startswith("银行正在核查这笔付款") for each in shown.lines(answer))
    assert len(choices(answer)) == 3
    holds(buyer, prices["term"].offer.membership, None)
    assert not any("银行正在核查" in each for each in shown.lines(me.get(PAGE)))


def test_who_subscribes_to_less_is_asked_to_change(me, client, buyer, main, prices):
    less = OfferFactory(membership=MembershipFactory(name="听书会员", sort_order=2))
    PriceFactory(offer=less, amount=900)
    row = SubscriptionFactory(learner=buyer, offer=less, amount=900, object={"id": "sub_1"})
    switch = reverse("subscription_switch", args=[row.pk])
    assert switch in me.get(PAGE).text
    assert switch not in client.get(PAGE).text
    Subscription.objects.filter(pk=row.pk).update(amount=99900)
    assert switch not in me.get(PAGE).text


def test_what_one_has_of_further_memberships_is_said(me, client, buyer, main, prices):
    more, less = (MembershipFactory(name=name, sort_order=i) for i, name in ((2, "多"), (3, "少")))
    for each in (more, less):
        membership_prices(each)
    inside = course()
    inside.memberships.add(more, less)
    inside.save()
    sync_included(inside, now=site_clock.now())
    visitors = further(client.get(PAGE))
    assert "你有" not in "".join(visitors)
    holds(buyer, more, soon(days=3))
    holds(buyer, less, soon(days=-1))
    words = further(me.get(PAGE))
    assert (words[0], words[3]) == ("多", "少") or (words[0], words[2]) == ("多", "少")
    assert "已包含在你的会员里" in words
    assert "¥39" not in words
    Grant.objects.filter(membership=more).update(withdrawn_at=NOW)
    assert further(me.get(PAGE)) == visitors


def test_a_payment_on_its_way_stands_in_the_place_of_the_plans(me, client, buyer, prices):
    order = OrderFactory(buyer=buyer, price=prices["year"], is_confirming=True)
    answer = me.get(PAGE)
    assert choices(answer) == []
    assert "选一门课" not in shown.lines(answer)
    assert "你付的 ¥365 正在等待确认，不用再付一次。" in shown.lines(answer)
    address = reverse("order", args=[order.key])
    assert f'href="{address}"' in answer.text
    buy = reverse("payments_buy", args=[prices["month"].offer.key])
    assert me.get(buy)["Location"] == address
    assert choices(client.get(PAGE)) != []


def test_a_further_memberships_early_price_stands_beside_its_regular_one(client, prices):
    other = membership_prices(MembershipFactory(name="听书会员", sort_order=2))
    ends = site_clock.now() + timedelta(days=9)
    PriceFactory(offer=other["year"].offer, amount=19900, ends_at=ends)
    soup = BeautifulSoup(client.get(PAGE).content, "html.parser")
    buy = reverse("payments_buy", args=[other["year"].offer.key])
    row = soup.select_one(f'a.order-line[href="{buy}"]')
    assert row is not None
    assert row.s is not None
    assert row.s.text == "¥365"
    assert "早鸟价" in row.text
    others = soup.select('[aria-labelledby="further"] a.order-line')
    assert [each.s is not None for each in others].count(True) == 1
