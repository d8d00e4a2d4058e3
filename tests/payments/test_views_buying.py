"""The page before Stripe's: what is bought, at which price; then the way there."""

import uuid
from datetime import timedelta
from typing import Any

import pytest
from bs4 import BeautifulSoup
from django.urls import reverse
from django.utils import timezone

from courses.models import CoursePage, Grant
from operations import clock as site_clock
from payments import promotions
from payments.models import Order, Price
from payments.sandbox import faults
from tests.accounts.browser import text_of
from tests.factories import bundle, course
from tests.payments import shown
from tests.payments.factories import (
    VOID,
    DisputeFactory,
    InvoiceFactory,
    OfferFactory,
    OrderFactory,
    PriceFactory,
    PromotionFactory,
    ReservationFactory,
    SubscriptionFactory,
    bundle_price,
    course_price,
    held,
    membership_prices,
    paused_until,
    planned_course,
    sold_in_advance,
)

pytestmark = pytest.mark.django_db
CHECKOUT = "/payments/checkout/"


@pytest.fixture
def price(db: None) -> Price:
    return course_price(course(title="慢慢变强"))


def page(price: Price) -> str:
    return reverse("payments_buy", args=[price.offer.key])


def holds(person: Any, page: CoursePage) -> None:
    Grant.objects.create(
        learner=person,
        course=page,
        source_kind=Grant.Source.STAFF,
        source_id=f"staff-{page.pk}",
        starts_at=site_clock.now() - timedelta(days=1),
    )


# --- the page ------------------------------------------------------------------------------------


def test_a_course_is_written_out_with_what_led_here(client, me, price):
    answer = client.get(f"{page(price)}?from=12&block=abc-1")
    assert shown.lines(answer)[:5] == [
        *("慢慢变强", "一次买断", "¥99"),
        *("今天付 ¥99，一次买断，一直可听。", "去付款"),
    ]
    assert shown.filled(answer) == {"price": str(price.key), "from": "12", "block": "abc-1"}
    assert "先登录，然后回到这里继续。" in shown.lines(answer)
    assert "先登录，然后回到这里继续。" not in shown.lines(me.get(page(price)))
    assert client.get(reverse("payments_buy", args=[uuid.uuid4()])).status_code == 404
    assert client.post(page(price)).status_code == 405


def test_who_has_it_is_led_to_it(me, client, buyer, price):
    holds(buyer, price.offer.course)
    answer = me.get(page(price))
    assert shown.lines(answer)[:3] == ["慢慢变强", "你已经拥有它。", "去看这门课"]
    assert shown.filled(answer) == {}
    assert f'href="{price.offer.course.get_absolute_url()}"' in answer.text
    assert shown.filled(client.get(page(price)))["price"] == str(price.key)


def shut_by(kind: str, buyer: Any, price: Price) -> str:
    """A subscription by which nothing is open; where its learner goes on."""
    now = site_clock.now()
    fields: dict[str, Any] = {
        "paused": paused_until(now + timedelta(days=40), **VOID),
        "failing": {"status": "past_due", "past_due_since": now - timedelta(days=20)},
        "disputed": {},
    }[kind]
    row = SubscriptionFactory(learner=buyer, offer=price.offer, **fields)
    if kind != "disputed":
        name = "subscription" if kind == "paused" else "subscription_card"
        return reverse(name, args=[row.pk])
    order = OrderFactory(buyer=buyer, price=price, subscription=row, fulfilled=True)
    DisputeFactory(order=order, invoice=InvoiceFactory(subscription=row))
    return reverse("order", args=[order.key])


@pytest.mark.parametrize("kind", ["paused", "failing", "disputed"])
def test_a_membership_that_is_shut_says_why_and_how_to_go_on(me, buyer, kind):
    price = membership_prices()["month"]
    address = shut_by(kind, buyer, price)
    for answer in (me.get(page(price)), me.get(reverse("membership"))):
        callout = BeautifulSoup(answer.content, "html.parser").select_one("main .callout")
        assert callout is not None
        assert [each["href"] for each in callout.select("a")] == [address]
        assert "你已经拥有它" not in answer.text
        assert "选一门课" not in shown.lines(answer)
    held(buyer, membership=price.offer.membership, source_kind="staff")
    assert {"你已经拥有它。", "选一门课"} <= set(shown.lines(me.get(page(price))))


def test_what_was_bought_in_advance_is_not_called_open(me, buyer):
    price = sold_in_advance()
    opens = {"advance": "waiting", "starts_at": site_clock.now() + timedelta(days=10)}
    order = OrderFactory(fulfilled=True, buyer=buyer, price=price, **opens)
    held(buyer, course=price.offer.course, starts_at=order.starts_at)
    answer = me.get(page(price))
    assert "你已经拥有它。" not in shown.lines(answer)
    assert any(each.startswith("你已提前购买。") for each in shown.lines(answer))
    assert f'href="{reverse("order", args=[order.key])}"' in answer.text


def test_what_a_wallet_is_still_to_confirm_is_not_sold_again(me, client, buyer, price):
    order = OrderFactory(buyer=buyer, price=price, is_confirming=True)
    address = reverse("order", args=[order.key])
    assert me.get(page(price))["Location"] == address
    of_course = me.get(price.offer.course.get_absolute_url())
    assert "你付的 ¥99 正在等待确认，不用再付一次。" in shown.lines(of_course)
    bar = BeautifulSoup(of_course.content, "html.parser").select_one(".buy-bar")
    assert bar is not None
    assert [each["href"] for each in bar.select("a")] == [address]
    assert page(price) in client.get(price.offer.course.get_absolute_url()).text
    order.status = "failed"
    order.save()
    assert shown.filled(me.get(page(price)))["price"] == str(price.key)


def test_what_is_off_sale_or_planned_is_not_sold(client, price):
    planned = course_price(planned_course(title="要来的"))
    assert "目前没有出售。" in shown.lines(client.get(page(planned)))
    assert shown.filled(client.get(page(planned))) == {}
    advance = sold_in_advance()
    assert shown.filled(client.get(page(advance)))["price"] == str(advance.key)
    Price.objects.filter(pk=price.pk).update(is_active=False)
    assert "目前没有出售。" in shown.lines(client.get(page(price)))


def test_what_is_free_is_enrolled_in_until_its_last_day(client, me):
    free = course_price(course(), amount=0)
    answer = client.get(f"{page(free)}?from=12")
    assert shown.filled(answer) == {"price": str(free.key), "from": "12"}
    assert "免费" in shown.lines(answer)
    assert "今天付" not in text_of(answer)
    assert "先登录，然后回到这里继续。" in shown.lines(answer)
    midnight = timezone.localtime(site_clock.now() + timedelta(days=40)).replace(
        hour=0, minute=0, second=0, microsecond=0
    )
    last = midnight - timedelta(days=1)
    course_price_ = course_price(course())
    PriceFactory(offer=course_price_.offer, amount=0, ends_at=midnight)
    told = text_of(me.get(page(course_price_)))
    assert f"{last.month} 月 {last.day} 日" in told
    assert f"{midnight.month} 月 {midnight.day} 日" not in told


def test_a_price_is_shown_in_the_lookers_currency(client, settings, price):
    PriceFactory(offer=price.offer, amount=1500, currency="USD")
    other = course_price(course())
    assert "¥99" in shown.lines(client.get(page(price)))
    assert "¥99" in shown.lines(client.get(page(other)))


def test_a_code_in_hand_takes_off_what_it_takes_off(client, price):
    PromotionFactory(code="SPRING")
    answer = client.get(f"{page(price)}?code=spring")
    assert shown.filled(answer, CHECKOUT) == {"price": str(price.key), "code": "SPRING"}
    assert "¥74.25" in shown.lines(answer)
    assert shown.filled(client.get(page(price)), CHECKOUT)["code"] == "SPRING"
    assert "code" not in shown.filled(client.get(f"{page(price)}?code="), CHECKOUT)
    answer = client.get(f"{page(price)}?code=nothing")
    assert "没有这个优惠码。请再看看字母和数字。" in shown.lines(answer)
    PromotionFactory(code="OTHER", offers=[course_price(course()).offer])
    answer = client.get(f"{page(price)}?code=OTHER")
    assert "这个优惠码不能用在这里。" in shown.lines(answer)
    assert shown.filled(answer, CHECKOUT) == {"price": str(price.key)}


def test_codes_are_not_tried_without_end(client, settings, price):
    settings.RATE_LIMITS = settings.RATE_LIMITS | {"promotion_code": "1/h/ip"}
    found = [client.get(f"{page(price)}?code=x").status_code for _ in range(2)]
    assert found == [200, 429]
    assert client.get(page(price)).status_code == 200


def test_a_reservation_takes_no_code_and_is_shown_once_made(client, me, buyer):
    price = sold_in_advance()
    price.offer.presale = "at_release"
    price.offer.save()
    PromotionFactory(code="SPRING")
    answer = client.get(f"{page(price)}?code=SPRING", headers={"User-Agent": "MicroMessenger"})
    assert "¥99" in shown.lines(answer)
    assert shown.filled(answer, CHECKOUT) == {"price": str(price.key)}
    assert "SPRING" not in text_of(answer)
    assert "微信里打不开支付宝" not in text_of(answer)
    assert me.get(page(price)).status_code == 200
    order = OrderFactory(buyer=buyer, price=price, status=Order.Status.RESERVED)
    ReservationFactory(order=order)
    ReservationFactory(order=OrderFactory(price=price, status=Order.Status.RESERVED))
    assert me.get(page(price))["Location"] == reverse("order", args=[order.key])
    assert client.get(page(price)).status_code == 200
    assert me.get(page(sold_in_advance())).status_code == 200


def test_in_wechat_what_is_paid_once_is_opened_elsewhere(client, price):
    inside = {"User-Agent": "Mozilla/5.0 MicroMessenger/8.0.50"}
    month = membership_prices()["month"]
    assert "微信里打不开支付宝" in text_of(client.get(page(price), headers=inside))
    assert "微信里打不开支付宝" not in text_of(client.get(page(month), headers=inside))
    assert "微信里打不开支付宝" not in text_of(client.get(page(price)))


def test_a_trial_is_shown_to_who_has_not_had_it(client):
    year = membership_prices()["year"]
    answer = client.get(page(year))
    assert "开始试用" in shown.lines(answer)
    assert f'href="{reverse("membership")}"' in answer.text


def test_who_subscribes_is_asked_to_change_rather_than_to_buy_another(me, buyer, client):
    plans = membership_prices()
    dearer = PriceFactory(offer=OfferFactory(interval="year"), amount=99900)
    row = SubscriptionFactory(learner=buyer, offer=plans["month"].offer, object={"id": "sub_1"})
    switch = reverse("subscription_switch_to", args=[row.pk, dearer.offer.key])
    assert switch in me.get(page(dearer)).text
    assert switch not in client.get(page(dearer)).text
    own = me.get(page(plans["month"]))
    assert "你已经拥有它。" in shown.lines(own)
    assert "/switch/" not in own.text


def test_a_bundle_lists_what_is_in_it(client, me, buyer):
    first, second = course(title="第一门"), course(title="第二门")
    for each in (first, second):
        course_price(each)
    price = bundle_price(bundle(first, second, title="两门"))
    answer = client.get(page(price))
    assert shown.filled(answer, CHECKOUT) == {
        "price": str(price.key),
        "inside": f"{first.pk} {second.pk}",
    }
    assert {"第一门", "第二门"} <= set(shown.lines(answer))
    holds(buyer, first)
    assert "这 2 门课，其中 1 门你已经有了" in text_of(me.get(page(price)))
    assert "其中 1 门" not in text_of(client.get(page(price)))
    Price.objects.filter(pk=price.pk).update(is_active=False)
    off = client.get(page(price))
    assert "第一门" not in text_of(off)


# --- the way to Stripe ---------------------------------------------------------------------------


def test_a_visitor_signs_in_and_comes_back_to_what_they_saw(client, price):
    origin = course()
    sent = {"price": price.key, "from": origin.pk, "block": "abc-1", "code": "X" * 120}
    answer = client.post(CHECKOUT, sent)
    query = f"%3Ffrom%3D{origin.pk}%26block%3Dabc-1%26code%3D{'X' * 100}"
    assert answer["Location"] == f"/account/login/?next={page(price)}{query}"
    assert client.get(CHECKOUT).status_code == 405
    assert not Order.objects.exists()


def test_buying_leads_to_stripes_page(me, buyer, price):
    origin = course()
    PromotionFactory(code="SPRING")
    sent = {"price": price.key, "from": origin.pk, "block": "abc-1", "code": "SPRING"}
    answer = me.post(CHECKOUT, sent)
    order = Order.objects.get()
    assert answer.status_code == 303
    assert f"/sandbox/checkout/{order.session_id}" in answer["Location"]
    assert (order.buyer, order.price, order.amount, order.discount) == (buyer, price, 7425, 2475)
    assert (order.from_page_id, order.from_block) == (origin.pk, "abc-1")


def test_no_such_price_is_not_found(me):
    for key in ("x", "", uuid.uuid4()):
        assert me.post(CHECKOUT, {"price": key}).status_code == 404
    assert me.post(CHECKOUT).status_code == 404


def test_checkouts_are_limited(me, settings, price):
    settings.RATE_LIMITS = settings.RATE_LIMITS | {"checkout": "1/h/user"}
    found = [me.post(CHECKOUT, {"price": price.key}).status_code for _ in range(2)]
    assert found == [303, 429]


def test_a_code_that_is_over_is_said_at_the_price_without_it(me, price):
    PromotionFactory(code="PAST", ends_at=site_clock.now())
    origin = course()
    sent = {"price": price.key, "code": "PAST", "from": origin.pk, "block": "abc-1"}
    answer = me.post(CHECKOUT, sent)
    assert answer.status_code == 409
    assert "这个优惠码已经过期。" in shown.lines(answer)
    assert shown.filled(answer, CHECKOUT) == {
        "price": str(price.key),
        "from": str(origin.pk),
        "block": "abc-1",
    }
    assert not Order.objects.exists()


def test_a_code_that_is_used_up_is_left_out_of_the_price(me, price):
    PromotionFactory(code="ONCE", max_uses=1)
    me.get(f"{page(price)}?code=ONCE")
    other = OrderFactory(price=price)

    other.promotion = promotions.find("ONCE", now=site_clock.now())
    other.discount, other.amount = 2475, 7425
    other.save()
    promotions.reserve(order=other, now=site_clock.now())
    answer = me.post(CHECKOUT, {"price": price.key, "code": "ONCE"})
    assert answer.status_code == 409
    assert "¥99" in shown.lines(answer)
    assert "¥74.25" not in shown.lines(answer)
    assert shown.filled(answer, CHECKOUT) == {"price": str(price.key)}


def test_where_stripe_is_away_the_page_says_so(me, price):
    faults.plan("no_connection", times=9)
    answer = me.post(CHECKOUT, {"price": price.key})
    assert answer.status_code == 503
    assert "付款页暂时打不开，未扣款。请稍后再试。" in shown.lines(answer)
    assert shown.filled(answer, CHECKOUT)["price"] == str(price.key)


def test_what_one_has_or_what_changed_leads_back_with_a_word(me, buyer, price):
    back = f"{page(price)}?block=abc-1"
    Price.objects.filter(pk=price.pk).update(is_active=False)
    answer = me.post(CHECKOUT, {"price": price.key, "block": "abc-1"})
    told = ["warning: 价格有变动，请先看一眼新价格。"]
    assert (answer["Location"], shown.said(answer)) == (back, told)
    Price.objects.filter(pk=price.pk).update(is_active=True)
    me.get(page(price))
    holds(buyer, price.offer.course)
    answer = me.post(CHECKOUT, {"price": price.key, "block": "abc-1"})
    assert (answer["Location"], shown.said(answer)) == (back, [])
    assert "你已经拥有它。" in shown.lines(me.get(back))


def test_what_was_paid_in_another_tab_leads_to_its_order(me, shop, buyer, price):
    order = shop.begin(buyer, price)
    shop.pay(order)
    answer = me.post(CHECKOUT, {"price": price.key})
    assert answer["Location"] == f"/payments/return/?order={order.key.hex}"


def test_a_bundle_is_bought_as_it_was_shown(me):
    first, second, third = course(title="第一门"), course(title="第二门"), course(title="第三门")
    price = bundle_price(bundle(first, second))
    stale = {"price": price.key, "inside": f"{first.pk} x {third.pk}"}
    answer = me.post(CHECKOUT, stale)
    assert answer.status_code == 409
    told = " ".join(shown.lines(answer))
    assert "《第二门》" in told
    assert "《第三门》" in told
    assert "《第一门》" not in told.split("¥")[0]
    assert me.post(CHECKOUT, {"price": price.key}).status_code == 409
    fresh = {"price": price.key, "inside": f"{second.pk} {first.pk}"}
    assert me.post(CHECKOUT, fresh).status_code == 303
    assert me.post(CHECKOUT, {"price": course_price(third).key}).status_code == 303


def test_a_bundle_whose_price_changed_leads_back_with_a_word(me):
    first, second = course(), course()
    price = bundle_price(bundle(first, second))
    Price.objects.filter(pk=price.pk).update(is_active=False)
    answer = me.post(CHECKOUT, {"price": price.key, "inside": f"{first.pk} {second.pk}"})
    assert answer["Location"] == page(price)
    assert shown.said(answer) == ["warning: 价格有变动，请先看一眼新价格。"]
