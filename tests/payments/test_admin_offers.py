"""What is for sale, at finance's desk: listed, written out, priced."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client, override_settings
from django.urls import reverse
from django.utils import timezone
from wagtail.models import ModelLogEntry

from accounts import roles
from courses.models import Grant
from operations import clock as site_clock
from pages import dates
from payments.models import Offer, Price, Reservation
from tests.factories import MembershipFactory, course
from tests.payments import shown
from tests.payments.factories import (
    NOW,
    OfferFactory,
    OrderFactory,
    PriceFactory,
    RefundFactory,
    ReservationFactory,
    SubscriptionFactory,
    course_price,
    membership_prices,
    planned_course,
    sold_in_advance,
)
from tests.payments.plans import included_in
from tests.payments.staff import at_desk, csv_rows

pytestmark = pytest.mark.django_db
LISTING = "/admin/money/offers/"


def today_and(days: int) -> Any:
    return timezone.localdate(site_clock.now()) + timedelta(days=days)


def until(days: int) -> Any:
    """The end of a day, so many from today."""
    return dates.end_of_day(today_and(days))


def page(offer: Offer, name: str = "inspect") -> str:
    return reverse(f"money-offers:{name}", args=[offer.pk])


def form(**fields: Any) -> dict[str, Any]:
    blank = {"course": "", "bundle": "", "membership": "", "interval": "", "term_months": ""}
    return blank | {"trial_days": "0", "sort_order": "0", "is_active": "on"} | fields


def refusals(desk: Client, address: str = "", **fields: Any) -> dict[str, list[str]]:
    """What the form says, by field, and that nothing was saved."""
    before = list(Price.objects.values_list("pk", "is_active"))
    answer = desk.post(address or reverse("money-offers:add"), form(**fields))
    assert answer.status_code == 200
    assert list(Price.objects.values_list("pk", "is_active")) == before
    errors: dict[str, list[str]] = answer.context["form"].errors
    return {name: list(told) for name, told in errors.items()}


# --- the listing ---------------------------------------------------------------------------------


def test_the_listing_tells_price_and_sales_of_each(desk):
    early = course_price(course(title="早鸟课"), amount=9900)
    PriceFactory(offer=early.offer, amount=6900, ends_at=until(3))
    PriceFactory(offer=early.offer, amount=7900, currency="USD")
    PriceFactory(offer=early.offer, amount=1900, is_active=False)
    over = course_price(course(title="过了早鸟"), amount=5900)
    PriceFactory(offer=over.offer, amount=3900, ends_at=NOW - timedelta(days=1))
    off = course_price(course(title="不卖了"), amount=1900)
    Offer.objects.filter(pk=off.offer_id).update(is_active=False, sort_order=9)
    membership_prices(MembershipFactory(name="全部课程"))
    OrderFactory(fulfilled=True, price=early)
    OrderFactory(fulfilled=True, price=early)
    OrderFactory(price=early)
    listed = shown.listed(desk.get(LISTING))
    assert listed == [
        ["全部课程", "12 个月，一次付清", "¥365", "0", "0", "是"],
        ["全部课程", "月", "¥39", "0", "0", "是"],
        ["全部课程", "年", "¥365", "7", "0", "是"],
        ["不卖了", "一次买断", "¥19", "0", "0", ""],
        ["过了早鸟", "一次买断", "¥59", "0", "0", "是"],
        ["早鸟课", "一次买断", "¥69，之后 ¥99", "0", "2", "是"],
    ]
    assert shown.listed(desk.get(LISTING, {"ordering": "-sold"}))[0][0] == "早鸟课"
    assert shown.listed(desk.get(LISTING, {"is_active": "false"})) == [listed[3]]
    rows = [list(row.values()) for row in csv_rows(desk, LISTING)]
    assert rows[3] == ["不卖了", "一次买断", "0", "19.00", "CNY", "否", "0"]
    assert rows[5] == ["早鸟课", "一次买断", "0", "99.00", "CNY", "是", "2"]


def test_the_listing_knows_what_has_no_price_in_its_own_currency(desk):
    PriceFactory(offer=course_price(course(title="只有美元"), currency="USD").offer, currency="JPY")
    assert shown.listed(desk.get(LISTING)) == [["只有美元", "一次买断", "", "0", "0", "是"]]


# --- one of them ---------------------------------------------------------------------------------


def test_an_offer_is_written_out_with_each_price_it_had(desk):
    price = course_price(course(title="城市的暗线"))
    PriceFactory(offer=price.offer, amount=6900, ends_at=until(3))
    PriceFactory(offer=price.offer, amount=1900, is_active=False)
    OrderFactory(fulfilled=True, price=price)
    OrderFactory(price=price)
    answer = desk.get(page(price.offer))
    assert shown.facts(answer) == {
        "内容": "城市的暗线",
        "类型": "一次买断",
        "条件": "一次买断",
        "在售": "是",
        "购买网址": f"http://localhost:8000/payments/buy/{price.offer.key}/",
    }
    made = "2026 年 11 月 23 日 12:00"
    assert shown.tables(answer) == {
        "价格": [
            ["¥19", made, "已被替换", "", "0"],
            ["¥69", made, "是", dates.day(today_and(3)), "0"],
            ["¥99", made, "是", "", "1"],
        ]
    }
    assert shown.acts(answer) == ["修改"]


def test_a_plan_off_sale_is_written_out_with_its_trial(desk):
    offer = OfferFactory(membership__name="全部课程", interval="year", trial_days=7)
    Offer.objects.filter(pk=offer.pk).update(is_active=False)
    answer = desk.get(page(offer))
    facts = shown.facts(answer)
    assert facts["条件"] == "年"
    assert (facts["试用天数"], facts["在售"]) == ("7", "否")
    assert shown.tables(answer) == {}


def test_who_enrolled_while_it_was_free_is_counted(desk, buyer):
    free, other = course(), course()
    offer = course_price(free).offer
    for each, source in ((free, "enrolment"), (free, "gift"), (other, "enrolment")):
        Grant.objects.create(
            learner=buyer, course=each, source_kind=source, source_id=source, starts_at=NOW
        )
    assert shown.facts(desk.get(page(offer)))["免费时加入的人数"] == "1"
    assert "免费时加入的人数" not in shown.facts(desk.get(page(OfferFactory())))


def test_what_can_be_done_stands_where_one_may_do_it(desk):
    plan = membership_prices()["month"]
    Price.objects.filter(pk=plan.pk).update(is_active=False)
    PriceFactory(offer=plan.offer, amount=4900)
    ahead = sold_in_advance()
    assert shown.acts(desk.get(page(plan.offer))) == ["修改"]
    SubscriptionFactory(offer=plan.offer, amount=3900)
    assert shown.acts(desk.get(page(plan.offer))) == ["修改", "老订户改价"]
    assert shown.acts(desk.get(page(ahead.offer))) == ["修改", "取消预售"]
    operator = at_desk(roles.OPERATOR)
    assert shown.acts(operator.get(page(plan.offer))) == []
    assert shown.acts(operator.get(page(ahead.offer))) == []


def test_a_change_of_price_is_written_out_with_how_far_it_is(desk, run_jobs):
    plan = membership_prices()["month"]
    Price.objects.filter(pk=plan.pk).update(is_active=False)
    PriceFactory(offer=plan.offer, amount=4900)
    SubscriptionFactory(offer=plan.offer, amount=3900)
    desk.post(page(plan.offer, "price-change"), {"reason": "成本涨了"})
    heading = "老订户改价"
    (row,) = shown.tables(desk.get(page(plan.offer)))[heading]
    assert (row[0], row[2:]) == ("¥49", ["目前 0 个", "0", "0", "成本涨了"])
    run_jobs()
    (row,) = shown.tables(desk.get(page(plan.offer)))[heading]
    assert row[2:] == ["1", "0", "0", "成本涨了"]


# --- giving up a presale -------------------------------------------------------------------------


def test_giving_up_says_what_goes_back_and_the_page_how_far_it_is(desk):
    ahead = sold_in_advance(planned_course(title="预售课"))
    for _ in range(2):
        OrderFactory(fulfilled=True, price=ahead, advance="waiting", starts_at=until(9))
    assert shown.consequences(desk.get(page(ahead.offer, "give-up"))) == [
        "退还 2 个订单里还没退的款：¥198。",
        "每位买家会收到邮件，写着你的理由。以后不能再提前购买。",
    ]
    answer = desk.post(page(ahead.offer, "give-up"), {"reason": "讲师病了"}, follow=True)
    assert "预售已取消" in answer.text
    told = shown.facts(desk.get(page(ahead.offer)))["预售已取消"]
    assert told.endswith("：讲师病了 · 已退 0/2 单")
    assert desk.get(page(ahead.offer, "give-up")).status_code == 302


def test_giving_up_what_was_only_reserved_speaks_of_no_refund(desk):
    ahead = sold_in_advance(planned_course(title="预售课"))
    address, opening = page(ahead.offer, "give-up"), until(9).date()
    orders = [OrderFactory(price=ahead, status="reserved", advance="reserved") for _ in range(2)]
    for order in orders:
        ReservationFactory(order=order, day=opening)
    answer = desk.post(address, {"reason": "讲师病了"}, follow=True)
    assert "预售已取消，预订随之结束，没有扣款。" in answer.text
    assert shown.facts(desk.get(page(ahead.offer)))["预售已取消"].endswith("：讲师病了")
    Reservation.objects.update(ended_at=until(0), ending="called_off")
    told = shown.facts(desk.get(page(ahead.offer)))["预售已取消"]
    assert told.endswith("：讲师病了 · 结束了 2 个预订")


# --- the form ------------------------------------------------------------------------------------


@override_settings(CURRENCIES=["CNY", "USD"])
def test_the_form_shows_what_stands_and_keeps_the_terms(desk):
    price = course_price(course())
    PriceFactory(offer=price.offer, amount=6900, ends_at=until(3))
    PriceFactory(offer=price.offer, amount=1500, currency="JPY")
    PriceFactory(offer=price.offer, amount=900, currency="USD", is_active=False)
    made = desk.get(page(price.offer, "edit")).context["form"]
    kept = {name: str(made.initial.get(name)) for name in [*made.currency_fields(), "early_until"]}
    assert kept == {
        "amount": "99.00",
        "early_amount": "69.00",
        "amount_USD": "None",
        "early_amount_USD": "None",
        "early_until": str(today_and(3)),
    }
    assert {name for name, field in made.fields.items() if field.disabled} == {
        *("course", "bundle", "membership", "kind", "interval", "term_months", "trial_days")
    }
    assert list(made.fields)[-3:] == ["amount_USD", "early_amount_USD", "early_until"]
    unpriced = desk.get(page(OfferFactory(), "edit")).context["form"]
    assert not any(field.disabled for field in unpriced.fields.values())


def test_the_form_offers_courses_by_title(desk):
    second, first = course(title="b"), course(title="a")
    made = desk.get(reverse("money-offers:add")).context["form"]
    assert list(made.fields["course"].queryset) == [first, second]
    assert [made.fields[name].required for name in ("amount", "early_amount")] == [True, False]


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"early_amount": "9"}, {"early_until": ["早鸟价和它的最后一天要一起填写。"]}),
        ({"early_until": "2100-01-01"}, {"early_until": ["早鸟价和它的最后一天要一起填写。"]}),
        (
            {"early_amount": "99", "early_until": "2100-01-01"},
            {"early_amount": ["早鸟价要低于正常价。"]},
        ),
        (
            {"early_amount": "9", "early_until": "2020-01-01"},
            {"early_until": ["这一天已经过去了。"]},
        ),
        (
            {"amount_USD": "9", "early_amount_USD": "9", "early_until": "2100-01-01"},
            {"early_amount_USD": ["早鸟价要低于正常价。"]},
        ),
        (
            {"early_amount_USD": "9", "early_until": "2100-01-01"},
            {"amount_USD": ["早鸟价需要填写之后的正常价。"]},
        ),
        (
            {"amount": "0", "amount_USD": "1"},
            {"amount_USD": ["免费就在每种货币里都免费：这里也填 0。"]},
        ),
        (
            {"amount_USD": "1.001"},
            {"amount_USD": ["USD 的小数点后有 2 位。"]},
        ),
    ],
)
@override_settings(CURRENCIES=["CNY", "USD"])
def test_a_price_that_cannot_be_is_refused_by_its_field(desk, fields, told):
    terms = {"course": course().pk, "kind": "one_off", "amount": "99"}
    assert refusals(desk, **(terms | fields)) == told


def test_todays_early_price_is_still_one(desk):
    terms = {"course": course().pk, "kind": "one_off", "amount": "99", "early_amount": "98.99"}
    assert refusals(desk, **terms, early_until=today_and(-1)) == {
        "early_until": ["这一天已经过去了。"]
    }
    assert desk.post(reverse("money-offers:add"), form(**terms, early_until=today_and(0))).url
    offer = Offer.objects.get()
    assert list(offer.prices.order_by("amount").values_list("amount", "ends_at")) == [
        (9899, until(0)),
        (9900, None),
    ]


@override_settings(CURRENCIES=["CNY", "USD"])
def test_only_an_open_course_for_good_is_free(desk):
    included_in(plan := MembershipFactory())
    of_plan = {"membership": plan.pk, "kind": "term", "term_months": "12"}
    refused = {"amount": ["只有已开课、一次买断的课程可以免费。"]}
    assert refusals(desk, **of_plan, amount="0") == refused
    terms = {"course": course().pk, "kind": "one_off"}
    planned = {"course": planned_course().pk, "kind": "one_off", "presale": "at_once"}
    assert refusals(desk, **planned, amount="0") == refused
    free = form(**terms, amount="0", amount_USD="0")
    assert desk.post(reverse("money-offers:add"), free).status_code == 302
    prices = Offer.objects.get().prices.order_by("currency")
    assert list(prices.values_list("currency", "amount")) == [("CNY", 0), ("USD", 0)]


def test_only_what_is_planned_is_sold_in_advance(desk):
    words = "只有以后才开课的课程能预售：先在课程上设好日期。"
    terms = {"kind": "one_off", "amount": "99", "presale": "at_release"}
    assert refusals(desk, course=course().pk, **terms) == {"presale": [words]}
    planned = planned_course()
    with override_settings(STRIPE_TAX=True):
        assert refusals(desk, course=planned.pk, **terms) == {
            "presale": ["由 Stripe 算税时，只能立即付款。"]
        }
        at_once = form(course=planned.pk, **terms | {"presale": "at_once"})
        assert desk.post(reverse("money-offers:add"), at_once).status_code == 302


def test_a_presale_whose_day_has_come_is_saved_with_another_price(desk):
    ahead = sold_in_advance(planned_course(days=-1))
    changed = form(presale="at_once", amount="88")
    assert desk.post(page(ahead.offer, "edit"), changed).status_code == 302
    assert ahead.offer.prices.get(is_active=True).amount == 8800


def test_a_membership_on_sale_lasts_a_time_and_has_courses(desk):
    plan = MembershipFactory()
    terms = {"membership": plan.pk, "kind": "recurring", "interval": "month", "amount": "39"}
    nothing = "还没有已发布的课程属于它：请先在课程里勾选这个会员。"
    assert refusals(desk, **terms) == {"membership": [nothing]}
    off = form(**terms)
    del off["is_active"]
    assert desk.post(reverse("money-offers:add"), off).status_code == 302
    included_in(plan)
    assert desk.post(reverse("money-offers:add"), form(**terms)).status_code == 302
    assert set(refusals(desk, **terms)) == {"__all__"}
    quarter = form(**terms | {"interval": "quarter"})
    assert desk.post(reverse("money-offers:add"), quarter).status_code == 302


def test_an_early_price_that_is_over_does_not_hold_up_another_change(desk):
    price = course_price(course())
    PriceFactory(offer=price.offer, amount=6900, ends_at=until(-2))
    early = {"amount": "99.00", "early_amount": "69.00", "early_until": today_and(-2)}
    moved = form(**early, sort_order="7")
    assert desk.post(page(price.offer, "edit"), moved).status_code == 302
    assert Offer.objects.get().sort_order == 7
    assert refusals(desk, page(price.offer, "edit"), **early | {"amount": "98"}) == {
        "early_until": ["这一天已经过去了。"]
    }


def test_a_presale_that_was_given_up_stays_so(desk):
    ahead = sold_in_advance()
    desk.post(page(ahead.offer, "give-up"), {"reason": "讲师病了"})
    shown_form = desk.get(page(ahead.offer, "edit")).context["form"]
    assert shown_form.fields["presale"].disabled
    assert "条款不再改" in shown_form.fields["course"].help_text


def test_a_price_is_free_early_only_where_it_may_be(desk):
    ahead = {"course": planned_course().pk, "kind": "one_off", "presale": "at_once"}
    early = {"amount": "99", "early_amount": "0", "early_until": today_and(3)}
    assert refusals(desk, **ahead, **early) == {
        "early_amount": ["只有已开课、一次买断的课程可以免费。"]
    }


# --- what is saved -------------------------------------------------------------------------------


@override_settings(CURRENCIES=["CNY", "USD"])
def test_each_change_of_a_price_is_in_the_log(desk):
    terms = {"course": course().pk, "kind": "one_off", "amount": "99", "amount_USD": "15"}
    desk.post(reverse("money-offers:add"), form(**terms))
    offer = Offer.objects.get()
    early = {"early_amount": "69", "early_until": today_and(3)}
    desk.post(page(offer, "edit"), form(amount="99", amount_USD="15", **early))
    desk.post(page(offer, "edit"), form(amount="109"))
    desk.post(page(offer, "edit"), form(amount="109"))
    logged = ModelLogEntry.objects.filter(action="payments.price").order_by("pk")
    assert [entry.data for entry in logged] == [
        {"price": "¥99"},
        {"price": "US$15"},
        {"price": "¥99", "early": "¥69", "until": str(today_and(3))},
        {"price": "¥109", "before": "¥99"},
        {"ended": "US$15"},
    ]
    in_force = offer.prices.filter(is_active=True)
    assert [(each.currency, each.amount, each.ends_at) for each in in_force] == [
        ("CNY", 10900, None)
    ]


def test_a_price_that_stands_stays_the_same_row(desk):
    price = course_price(course())
    RefundFactory(order=OrderFactory(fulfilled=True, price=price))
    desk.post(page(price.offer, "edit"), form(amount="99"))
    assert list(price.offer.prices.all()) == [price]
