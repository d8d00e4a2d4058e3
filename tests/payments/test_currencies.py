"""A site that sells in several currencies: each person sees one, and pays in the one they saw."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.template import Context, Template
from django.test import Client, RequestFactory
from django.urls import reverse

from accounts.models import User
from courses.memberships import sync_included
from operations import clock as site_clock
from payments import checkout, offers, promotions
from payments.models import MoneyEntry, Offer, PromotionCode
from tests.factories import course
from tests.payments.factories import PriceFactory, PromotionFactory, course_price, membership_prices
from tests.payments.staff import at_desk
from tests.payments.test_admin_work import offer_form

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _several(settings):
    settings.CURRENCIES = ["CNY", "USD", "JPY", "KWD"]


@pytest.fixture
def page():
    """A course at ¥99, US$14.90, JP¥2,200; not sold in dinars."""
    page = course(lessons=2)
    price = course_price(page, amount=9900)
    PriceFactory(offer=price.offer, currency="USD", amount=1490)
    PriceFactory(offer=price.offer, currency="JPY", amount=2200)
    return page


def offer_of(page):
    return Offer.objects.get(course=page)


def test_a_visitor_chooses_and_the_choice_stays(client, page):
    assert "¥99" in client.get(page.get_absolute_url()).text
    back = client.post(
        reverse("set_currency"), {"currency": "USD", "next": page.get_absolute_url()}
    )
    assert back.url == page.get_absolute_url()
    seen = client.get(page.get_absolute_url()).text
    assert "US$14.90" in seen
    assert "¥99" not in seen


def test_the_choice_of_a_person_goes_with_them(client, page):
    user = User.objects.create_user("a@example.com")
    client.force_login(user)
    client.post(reverse("set_currency"), {"currency": "JPY"})
    elsewhere = Client()
    elsewhere.force_login(user)
    assert "JP¥2,200" in elsewhere.get(page.get_absolute_url()).text


def test_what_a_visitor_chose_stays_after_they_sign_up(client, page):
    client.post(reverse("set_currency"), {"currency": "USD"})
    client.force_login(User.objects.create_user("a@example.com"))
    assert "US$14.90" in client.get(page.get_absolute_url()).text


def test_a_page_kept_for_visitors_is_kept_for_each_currency(client, page, settings):
    settings.SHARED_SECONDS = 60
    address, other = page.get_absolute_url(), Client()
    other.cookies["rz_currency"] = "USD"
    for _ in range(2):
        assert "¥99" in client.get(address).text
        assert "US$14.90" in other.get(address).text


def test_a_person_chooses_it_among_their_settings(client, page):
    user = User.objects.create_user("a@example.com", name="甲")
    client.force_login(user)
    assert "价格货币" in client.get("/account/").text
    form = {"name": "甲", "language": "zh-hans", "time_zone": "Asia/Shanghai", "currency": "USD"}
    assert client.post("/account/", form).status_code == 302
    assert "US$14.90" in client.get(page.get_absolute_url()).text


@pytest.mark.parametrize("bad", ["", "EUR", "cny", "../../x"])
def test_no_other_currency_is_taken(client, page, bad):
    client.post(reverse("set_currency"), {"currency": bad})
    client.cookies["rz_currency"] = bad
    assert "¥99" in client.get(page.get_absolute_url()).text


def test_what_has_no_price_in_it_is_shown_in_the_sites_own(client, page):
    client.cookies["rz_currency"] = "KWD"
    assert "¥99" in client.get(page.get_absolute_url()).text
    assert "¥99" in client.get(reverse("payments_buy", args=[offer_of(page).key])).text


@pytest.mark.parametrize(("currency", "amount"), [("USD", 1490), ("JPY", 2200), ("CNY", 9900)])
def test_what_was_shown_is_charged_in_that_currency(shop, buyer, client, page, currency, amount):
    client.force_login(buyer)
    client.post(reverse("set_currency"), {"currency": currency})
    seen = client.get(reverse("payments_buy", args=[offer_of(page).key]))
    price = seen.context["plan"].price
    assert (price.amount, price.currency) == (amount, currency)
    order = shop.buy(buyer, price)
    entry = MoneyEntry.objects.get(order=order)
    assert (entry.amount, entry.currency) == (amount, currency)


def test_three_digits_after_the_point_are_charged_exactly(shop, buyer):
    price = PriceFactory(offer=course_price(course()).offer, currency="KWD", amount=4250)
    entry = MoneyEntry.objects.get(order=shop.buy(buyer, price))
    assert (entry.amount, entry.currency) == (4250, "KWD")


def test_an_early_price_is_of_its_currency(client, page, clock):
    offers.set_early_price(
        offer=offer_of(page), currency="USD", amount=990,
        ends_at=site_clock.now() + timedelta(days=3), now=site_clock.now(),
    )  # fmt: skip
    client.cookies["rz_currency"] = "USD"
    assert "US$9.90" in client.get(page.get_absolute_url()).text
    client.cookies["rz_currency"] = "CNY"
    assert "¥99" in client.get(page.get_absolute_url()).text


def test_the_membership_page_is_in_it(client):
    prices = membership_prices()
    PriceFactory(offer=prices["year"].offer, currency="USD", amount=5900)
    client.cookies["rz_currency"] = "USD"
    seen = client.get("/membership/").text
    assert "US$59" in seen
    assert "¥39" in seen  # the month has no price in dollars


def test_where_only_a_later_plan_has_a_price_in_it_that_one_is_named(client):
    prices = membership_prices()  # the year's comes first
    PriceFactory(offer=prices["month"].offer, currency="JPY", amount=800)
    course_price(course(), amount=0)
    client.cookies["rz_currency"] = "JPY"
    compared = client.get("/membership/").text.split('id="compared"')[1]
    assert "JP¥800/月起" in compared
    assert "JP¥0" in compared.split("</td>")[6]  # free is free, and no course's price
    assert "JP¥0起" not in compared
    template = Template("{% load money_pages payments %}{% membership_price as it %}{{ it|money }}")
    request = RequestFactory().get("/")
    request.COOKIES["rz_currency"] = "JPY"
    assert template.render(Context({"request": request})) == "JP¥800/月"


def test_a_second_subscription_is_in_the_firsts_currency(shop, buyer, library, listening, me):
    shop.buy(buyer, library["month"])
    dollars = PriceFactory(offer=listening["month"].offer, currency="USD", amount=300)
    with pytest.raises(checkout.OtherCurrency):
        shop.begin(buyer, dollars)
    told = me.post(reverse("payments_checkout"), {"price": dollars.key}, follow=True)
    assert "另一种货币" in told.text
    assert shop.begin(buyer, listening["month"]).is_open


def test_an_amount_off_is_of_its_currency(page):
    code = PromotionFactory(amount=300, currency="USD")
    price = offer_of(page).prices.get(currency="CNY")
    with pytest.raises(promotions.NotForThis):
        promotions.reduce(code, price, trial_days=0, buyer=None, now=site_clock.now())


# --- finance -------------------------------------------------------------------------------------


def test_finance_prices_an_offer_in_each(desk):
    form = offer_form(
        course=course().pk, kind="one_off", amount="99", amount_USD="14.9", amount_JPY="2200",
        amount_KWD="",
    )  # fmt: skip
    assert desk.post(reverse("money-offers:add"), form).status_code == 302
    offer = Offer.objects.get()
    found = dict(offer.prices.values_list("currency", "amount"))
    assert found == {"CNY": 9900, "USD": 1490, "JPY": 2200}
    shown = desk.get(reverse("money-offers:edit", args=[offer.pk])).text
    assert 'value="14.90"' in shown
    assert 'value="2200"' in shown


def test_finance_stops_selling_in_one(desk, page):
    offer = offer_of(page)
    form = offer_form(amount="99", amount_USD="", amount_JPY="2200")
    assert desk.post(reverse("money-offers:edit", args=[offer.pk]), form).status_code == 302
    in_force = offer.prices.filter(is_active=True).values_list("currency", flat=True)
    assert set(in_force) == {"CNY", "JPY"}


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ({"amount_JPY": "22.5"}, "JPY 没有小数"),
        ({"amount_KWD": "4.255"}, "KWD 以 0.010 为一档"),
        ({"early_amount_USD": "9", "early_until": "2030-01-01"}, "之后的正常价"),
        (
            {"amount_USD": "9", "early_amount_USD": "9", "early_until": "2030-01-01"},
            "早鸟价要低于正常价",
        ),
    ],
)
def test_what_cannot_be_charged_is_refused_by_the_field(desk, typed, message):
    form = offer_form(course=course().pk, kind="one_off", amount="99", **typed)
    answer = desk.post(reverse("money-offers:add"), form)
    assert answer.status_code == 200
    assert message in answer.text
    assert not Offer.objects.exists()


def test_finance_takes_an_amount_off_in_one(desk):
    form = {
        "code": "SPRING", "amount": "3", "amount_in": "USD", "duration": "once",
        "per_person": "1", "is_active": "on",
    }  # fmt: skip
    assert desk.post(reverse("money-promotions:add"), form).status_code == 302
    made = PromotionCode.objects.get()
    assert (made.amount, made.currency) == (300, "USD")


def test_what_a_percentage_leaves_in_dinars_can_be_charged_and_given_back(
    shop, buyer, client, settings
):
    settings.REFUNDS_ALONE = {"KWD": Decimal(100)}
    price = PriceFactory(offer=course_price(course()).offer, currency="KWD", amount=4250)
    promotion = PromotionFactory(percent=33)
    client.force_login(buyer)
    client.post(reverse("set_currency"), {"currency": "KWD"})
    address = reverse("payments_buy", args=[price.offer.key])
    assert "KWD2.850" in client.get(address, {"code": promotion.code}).text
    order = shop.buy(buyer, price, promotion)
    assert MoneyEntry.objects.get(order=order).amount == order.amount == 2850
    gives_back = {"amount": "2.850", "reason": "谈妥了", "seen": 2850}
    at_desk("finance").post(reverse("money-orders:refund", args=[order.pk]), gives_back)
    shop.deliver()
    order.refresh_from_db()
    assert order.status == "refunded"


def test_from_prices_are_reckoned_in_the_currency_that_is_seen(client, page):
    prices = membership_prices()
    PriceFactory(offer=prices["month"].offer, currency="USD", amount=600)
    page.memberships.add(prices["month"].offer.membership)
    page.save()
    sync_included(page, now=site_clock.now())
    client.cookies["rz_currency"] = "USD"
    assert "会员可听，US$6/月起" in client.get(page.get_absolute_url()).text
    client.cookies["rz_currency"] = "KWD"
    assert "会员可听，¥39/月起" in client.get(page.get_absolute_url()).text


def test_a_course_that_only_members_hear_names_a_price_in_the_currency_that_is_seen(client):
    prices = membership_prices()
    PriceFactory(offer=prices["month"].offer, currency="USD", amount=600)
    lone = course()
    lone.memberships.add(prices["month"].offer.membership)
    lone.save()
    sync_included(lone, now=site_clock.now())
    client.cookies["rz_currency"] = "USD"
    seen = client.get(lone.get_absolute_url()).text
    assert "US$6" in seen
    assert "¥365" not in seen
