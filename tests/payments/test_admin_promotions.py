"""Finance makes promotion codes and early prices without code; what was used keeps its terms."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from wagtail.models import ModelLogEntry

from accounts import roles
from operations import clock as site_clock
from payments import checkout, offers, queries
from payments.models import Offer, Order, PromotionCode, WinBack
from tests.accounts.browser import text_of
from tests.factories import UserFactory, course
from tests.payments import shown
from tests.payments.factories import (
    NOW,
    OrderFactory,
    PriceFactory,
    PromotionFactory,
    SubscriptionFactory,
    course_price,
    membership_prices,
)
from tests.payments.staff import at_desk, csv_rows

pytestmark = pytest.mark.django_db
ADD = "money-promotions:add"
LISTING = "/admin/money/promotions/"
SOON, LATER = (f"{timezone.now() + timedelta(days=days):%Y-%m-%d %H:%M}" for days in (2, 3))


def form(**fields: Any) -> dict[str, Any]:
    blank = {"remark": "", "percent": "", "amount": "", "months": "", "starts_at": ""}
    blank |= {"ends_at": "", "max_uses": "", "per_person": "1", "duration": "once"}
    return blank | {"code": "spring", "is_active": "on"} | fields


def test_a_code_is_made_without_code_and_works(desk, shop, buyer):
    price = course_price(course(lessons=1))
    sent = form(amount="20.00", offers=[price.offer.pk], max_uses="10", remark="开学季")
    assert desk.post(reverse(ADD), sent).status_code == 302
    made = PromotionCode.objects.get()
    assert (made.code, made.amount, made.currency, made.max_uses) == ("SPRING", 2000, "CNY", 10)
    assert ModelLogEntry.objects.filter(action="payments.promotion").exists()
    order = shop.buy(buyer, price, made)
    assert order.amount == 7900
    page = desk.get(reverse("money-promotions:inspect", args=[made.pk])).text
    for words in ("SPRING", "¥20", order.number, "?code=SPRING"):
        assert words in page
    (row,) = csv_rows(desk, reverse("money-promotions:index"))
    assert list(row.values())[4] == "1"
    assert "20.00" in row.values()
    assert "79.00" in row.values()


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({}, "选一个"),
        ({"percent": "20", "amount": "5"}, "选一个"),
        ({"percent": "101"}, "100"),
        ({"percent": "20", "code": "春天"}, "英文字母"),
        ({"percent": "20", "code": "ab"}, "至少 3 个"),
        ({"amount": "0.001"}, "小数点后有 2 位"),
        ({"percent": "20", "duration": "repeating"}, "写明几个月"),
        ({"percent": "20", "months": "3"}, "写明几个月"),
        ({"percent": "20", "code": "taken"}, "已经有这个优惠码"),
        ({"percent": "20", "starts_at": LATER, "ends_at": SOON}, "早于"),
    ],
)
def test_terms_that_make_no_sense_are_refused_by_the_field(desk, fields, message):
    PromotionFactory(code="TAKEN")
    answer = desk.post(reverse(ADD), form(remark="开学季") | fields)
    assert answer.status_code == 200
    assert message in answer.text
    assert 'value="开学季"' in answer.text
    assert PromotionCode.objects.count() == 1


def test_more_than_one_payment_is_only_of_what_renews(desk):
    price = course_price(course())
    sent = form(percent="20", duration="forever", offers=[price.offer.pk])
    assert "自动续费" in desk.post(reverse(ADD), sent).text
    assert not PromotionCode.objects.exists()


def test_terms_stay_once_used_and_the_form_says_so(desk, shop, buyer):
    made = PromotionFactory(code="SPRING")
    shop.begin(buyer, course_price(course()), made)
    address = reverse("money-promotions:edit", args=[made.pk])
    assert "另建一个优惠码" in desk.get(address).text
    sent = form(percent="90", code="other", remark="停用")
    del sent["is_active"]
    assert desk.post(address, sent).status_code == 302
    made.refresh_from_db()
    assert (made.code, made.percent, made.remark, made.is_active) == ("SPRING", 25, "停用", False)


def test_more_codes_add_no_queries(desk, django_assert_num_queries):
    address = reverse("money-promotions:index")
    PromotionFactory()
    desk.get(address)
    with CaptureQueriesContext(connection) as few:
        desk.get(address)
    for _ in range(5):
        PromotionFactory()
    with django_assert_num_queries(len(few)):
        desk.get(address)


def test_a_code_that_is_over_before_it_begins_is_refused(desk):
    sent = form(percent="10", ends_at="2020-01-01 00:00")
    assert "这个时间已过" in desk.post(reverse(ADD), sent).text


# --- listing and details -------------------------------------------------------------------------


def used_by(promotion: PromotionCode, amount: int, discount: int, **fields: Any) -> Order:
    """An order that was paid with it."""
    terms = {"fulfilled": True, "promotion": promotion, "amount": amount, "discount": discount}
    made: Order = OrderFactory(**terms | fields)
    return made


def test_the_listing_tells_what_each_code_gave_and_brought(desk):
    """In its own currency: orders of others count as uses, not as money."""
    older = PromotionFactory(code="OLD", remark="开学季", max_uses=10)
    PromotionFactory(
        code="NEW", amount=2000, is_active=False, ends_at=NOW, created_at=NOW + timedelta(days=1)
    )
    price = course_price(course())
    used_by(older, 7900, 2000, price=price)
    used_by(older, 100, 50, price=PriceFactory(offer=price.offer, currency="USD"))
    used_by(older, 3000, 1000, price=membership_prices()["year"], trial_days=7)
    OrderFactory(promotion=older, amount=7900, discount=2000, price=price)
    listed = shown.listed(desk.get(LISTING))
    assert listed == [
        ["NEW", "", "¥20", "0", "¥0", "¥0", "2026 年 11 月 23 日 12:00", ""],
        ["OLD", "开学季", "25%", "3 / 10", "¥30", "¥79", "", "是"],
    ]
    assert shown.listed(desk.get(LISTING, {"is_active": "true"})) == listed[1:]
    first, second = (list(row.values()) for row in csv_rows(desk, LISTING))
    assert first[:9] == ["NEW", "", "¥20", "首次付款", "0", "", "0.00", "0.00", "CNY"]
    assert second[:9] == ["OLD", "开学季", "25%", "首次付款", "3", "10", "30.00", "79.00", "CNY"]
    assert (first[10], second[10]) == ("否", "是")


def test_a_code_is_written_out_with_its_latest_orders(desk, buyer):
    price = course_price(course(title="城市的暗线"))
    row = PromotionFactory(
        code="SPRING",
        remark="开学季",
        duration="repeating",
        months=3,
        offers=[price.offer],
        starts_at=NOW,
        ends_at=NOW + timedelta(days=1),
        first_purchase_only=True,
    )
    first = used_by(row, 7425, 2475, price=price, buyer=buyer, paid_at=NOW)
    second = used_by(row, 7425, 2475, price=price, buyer=buyer, paid_at=NOW + timedelta(days=1))
    held = OrderFactory(promotion=row, amount=7425, discount=2475, price=price, buyer=buyer)
    for number, (order, state) in enumerate(
        ((first, {"used_at": NOW}), (held, {}), (second, {"released_at": NOW})), 1
    ):
        row.uses.create(
            learner=buyer, order=order, nth=number, per_person=3, reserved_at=NOW, **state
        )
    answer = desk.get(reverse("money-promotions:inspect", args=[row.pk]))
    assert shown.facts(answer) == {
        "优惠码": "SPRING",
        "用途": "开学季",
        "减免": "25%",
        "优惠哪些付款": "若干个月内的每次付款",
        "几个月": "3",
        "适用于": "城市的暗线 · 一次买断",
        "生效时间": "2026 年 11 月 23 日 12:00",
        "失效时间": "2026 年 11 月 24 日 12:00",
        "总共可用次数": "不限",
        "每人可用次数": "1",
        "仅限首次购买": "是",
        "有效": "是",
        "已用": "1",
        "付款页占用中": "1",
        "带优惠码的链接": "http://localhost:8000/membership/?code=SPRING",
    }
    orders = shown.tables(answer)["最近五十笔订单"]
    assert [line[0] for line in orders] == [second.number, first.number]
    assert orders[1][1:] == [
        buyer.email,
        "城市的暗线 · 一次买断",
        "¥74.25",
        "¥24.75",
        "2026 年 11 月 23 日 12:00",
    ]
    assert shown.acts(answer) == ["修改"]
    operator = at_desk(roles.OPERATOR)
    bare = PromotionFactory(is_active=False)
    answer = operator.get(reverse("money-promotions:inspect", args=[bare.pk]))
    assert shown.acts(answer) == []
    facts = shown.facts(answer)
    assert (facts["适用于"], facts["有效"], facts["仅限首次购买"]) == ("全部", "否", "否")
    assert "给谁" not in facts


def test_a_code_of_somebodys_own_says_whose(desk):
    row = SubscriptionFactory(learner__email="amy@example.org", status="canceled")
    code = PromotionFactory()
    WinBack.objects.create(
        learner=row.learner, subscription=row, promotion=code, made_at=NOW, year=2026
    )
    answer = desk.get(reverse("money-promotions:inspect", args=[code.pk]))
    assert shown.facts(answer)["给谁"] == "amy@example.org"


# --- the form ------------------------------------------------------------------------------------


def refusals(desk: Client, address: str = "", **fields: Any) -> dict[str, list[str]]:
    answer = desk.post(address or reverse(ADD), form(**fields))
    assert answer.status_code == 200
    return {name: list(told) for name, told in answer.context["form"].errors.items()}


def test_an_amount_is_of_the_currency_that_is_chosen(desk, settings):
    assert refusals(desk, amount="0") == {"amount": ["金额要大于零。"]}
    only = desk.get(reverse(ADD)).context["form"]
    assert "amount_in" not in only.fields
    assert only.fields["amount"].label == "减多少钱（CNY）"
    settings.CURRENCIES = ["CNY", "JPY"]
    both = desk.get(reverse(ADD)).context["form"]
    assert list(both.fields)[:5] == ["code", "remark", "percent", "amount", "amount_in"]
    assert both.fields["amount_in"].initial == "CNY"
    assert refusals(desk, amount="0.5", amount_in="JPY") == {"amount": ["JPY 没有小数。"]}
    desk.post(reverse(ADD), form(amount="500", amount_in="JPY"))
    made = PromotionCode.objects.get()
    assert (made.amount, made.currency) == (500, "JPY")
    edit = reverse("money-promotions:edit", args=[made.pk])
    assert desk.get(edit).context["form"].initial["amount"] == 500
    assert desk.get(edit).context["form"].fields["amount_in"].initial == "JPY"
    desk.post(edit, form(percent="10"))
    made.refresh_from_db()
    assert (made.amount, made.percent, made.currency) == (None, 10, "")


def test_a_code_that_was_used_keeps_every_term(desk, shop, buyer, settings):
    settings.CURRENCIES = ["CNY", "JPY"]
    price = course_price(course())
    made = PromotionFactory(code="SPRING", amount=2000)
    shop.begin(buyer, price, made)
    address = reverse("money-promotions:edit", args=[made.pk])
    fields = desk.get(address).context["form"].fields
    assert {name for name, field in fields.items() if not field.disabled} == {
        "remark",
        "is_active",
    }
    changed = form(amount="5", amount_in="JPY", offers=[price.offer.pk], max_uses="1")
    assert desk.post(address, changed).status_code == 302
    made.refresh_from_db()
    assert (made.amount, made.currency, made.max_uses) == (2000, "CNY", None)
    assert not made.offers.exists()


def test_offers_off_sale_stay_with_a_code_and_are_not_chosen_anew(desk):
    on, off = course_price(course()).offer, course_price(course()).offer
    Offer.objects.filter(pk=off.pk).update(is_active=False)
    new = desk.get(reverse(ADD)).context["form"].fields["offers"].queryset
    assert list(new) == [on]
    made = PromotionFactory(offers=[off])
    edit = desk.get(reverse("money-promotions:edit", args=[made.pk])).context["form"]
    assert set(edit.fields["offers"].queryset) == {on, off}


def test_an_end_that_has_passed_may_stay_but_not_be_chosen(desk):
    made = PromotionFactory(code="SPRING", ends_at=NOW)
    address = reverse("money-promotions:edit", args=[made.pk])
    stays = form(percent="25", ends_at="2026-11-23 12:00", remark="留着")
    assert desk.post(address, stays).status_code == 302
    moved = {"percent": "25", "ends_at": "2026-11-23 13:00"}
    assert set(refusals(desk, address, **moved)) == {"ends_at"}
    soon = timezone.localtime(site_clock.now() + timedelta(hours=1))
    later = form(percent="25", ends_at=f"{soon:%Y-%m-%d %H:%M}")
    assert desk.post(address, later).status_code == 302


def test_only_what_renews_takes_more_than_one_payment(desk):
    month, once = membership_prices()["month"].offer, course_price(course()).offer
    terms = {"percent": "20", "duration": "forever"}
    words = {"offers": ["只有自动续费的才有多次付款：请去掉其他方案。"]}
    assert refusals(desk, **terms, offers=[month.pk, once.pk]) == words
    assert desk.post(reverse(ADD), form(**terms, offers=[month.pk])).status_code == 302
    both = form(percent="20", code="once", offers=[month.pk, once.pk])
    assert desk.post(reverse(ADD), both).status_code == 302


def test_the_log_says_what_a_code_gives(desk):
    desk.post(reverse(ADD), form(percent="20"))
    made = PromotionCode.objects.get()
    off = form(percent="30")
    del off["is_active"]
    made_at = made.created_at
    desk.post(reverse("money-promotions:edit", args=[made.pk]), off)
    logged = ModelLogEntry.objects.filter(action="payments.promotion").order_by("pk")
    assert [entry.data for entry in logged] == [
        {"code": "SPRING", "gives": "20%", "on": True},
        {"code": "SPRING", "gives": "30%", "on": False},
    ]
    made.refresh_from_db()
    assert made.created_at == made_at


# Early prices


def early(price: Any, amount: int = 7900, **until: float) -> Any:
    now = site_clock.now()
    return offers.set_early_price(
        offer=price.offer, currency="CNY", amount=amount, ends_at=now + timedelta(**until), now=now
    )


def in_force(price: Any) -> int:
    return queries.prices_in_force(now=site_clock.now()).get(offer=price.offer).amount


def test_an_early_price_is_in_force_until_it_ends(shop, buyer):
    price = course_price(course(lessons=1))
    early(price, days=2)
    assert in_force(price) == 7900
    shop.advance(days=1, hours=23)
    assert in_force(price) == 7900
    shop.advance(hours=1)
    assert in_force(price) == 9900


def test_wherever_it_is_offered_the_regular_price_stands_struck_beside_it(client):
    page = course(lessons=2, free=1)
    early(course_price(page), days=2)
    lesson = reverse("lesson", args=[page.slug, page.get_children().last().slug])
    for address in (page.get_absolute_url(), lesson, reverse("catalogue")):
        shown = client.get(address)
        assert '<s class="price-was">¥99</s>' in shown.text, address
        assert "¥79" in text_of(shown), address
    for address in (page.get_absolute_url(), lesson):
        assert "早鸟价" in text_of(client.get(address)), address


def test_who_opened_the_payment_page_in_time_pays_what_was_shown(shop, buyer):
    cheap = early(course_price(course(lessons=1)), hours=2)
    order = shop.begin(buyer, cheap)
    shop.advance(hours=3)
    assert shop.pay(order).kind == "complete"
    shop.deliver()
    order.refresh_from_db()
    assert (order.status, order.amount) == (Order.Status.FULFILLED, 7900)
    with pytest.raises(checkout.PriceChanged):
        shop.begin(UserFactory(), cheap)


def test_the_early_price_stays_for_who_subscribed_at_it(shop, buyer):
    cheap = early(membership_prices()["month"], amount=2900, days=3)
    order = shop.buy(buyer, cheap)
    shop.advance(days=32)
    paid = order.subscription.invoices.values_list("amount_paid", flat=True)
    assert list(paid) == [2900, 2900]


def test_the_page_says_until_when_and_what_then(client):
    price = course_price(course())
    early(price, days=2)
    page = client.get(reverse("payments_buy", args=[price.offer.key])).text
    for words in ("¥79", '<s class="price-was">¥99</s>', "早鸟价"):
        assert words in page


def test_a_code_takes_its_part_off_the_early_price(shop, buyer):
    cheap = early(course_price(course(lessons=1)), amount=8000, days=2)
    assert shop.begin(buyer, cheap, PromotionFactory()).amount == 6000


def test_finance_sets_and_takes_away_an_early_price(desk):
    price = course_price(course())
    address = reverse("money-offers:edit", args=[price.offer.pk])
    last = timezone.localdate(site_clock.now()) + timedelta(days=3)
    sent = {"sort_order": "0", "is_active": "on", "amount": "99.00", "trial_days": "0"}
    asked = sent | {"early_amount": "79", "early_until": str(last)}
    assert desk.post(address, asked).status_code == 302
    assert in_force(price) == 7900
    shown = desk.get(address).text
    assert 'value="79.00"' in shown
    assert f'value="{last}"' in shown
    made = price.offer.prices.get(ends_at__isnull=False)
    assert desk.post(address, asked).status_code == 302
    assert price.offer.prices.filter(ends_at__isnull=False).get() == made, "the same stays"
    assert desk.post(address, sent).status_code == 302
    assert in_force(price) == 9900


@pytest.mark.parametrize(
    ("amount", "days", "message"),
    [("99", 3, "低于正常价"), ("79", None, "一起填写"), ("79", -1, "已经过去")],
)
def test_an_early_price_that_makes_no_sense_is_refused(desk, amount, days, message):
    price = course_price(course())
    until = timezone.localdate(site_clock.now()) + timedelta(days=days) if days else ""
    sent = {"sort_order": "0", "is_active": "on", "amount": "99.00", "trial_days": "0"}
    answer = desk.post(
        reverse("money-offers:edit", args=[price.offer.pk]),
        sent | {"early_amount": amount, "early_until": str(until)},
    )
    assert message in answer.text
    assert in_force(price) == 9900


@pytest.mark.parametrize("ends_at", [None, NOW])
def test_the_database_holds_one_price_of_a_kind(ends_at):
    first = PriceFactory(ends_at=ends_at)
    with pytest.raises(IntegrityError), transaction.atomic():
        PriceFactory(offer=first.offer, ends_at=ends_at)
    PriceFactory(offer=first.offer, ends_at=NOW if ends_at is None else None)
