"""Somebody abroad sees dollars, says where they are, and finds the tax on their order."""

import pytest

from operations import clock
from payments.models import Offer, Order, Price
from tests.journeys import first_day as day

EMAIL = "abroad@example.org"


@pytest.mark.usefixtures("demo_site")
def test_a_course_in_dollars_with_the_tax_in_it(open_page, look, settings):
    settings.CURRENCIES = ["CNY", "USD", "JPY"]
    settings.STRIPE_TAX = True
    offer = Offer.objects.get(course__slug=day.COURSE.strip("/").split("/")[-1])
    Price.objects.create(offer=offer, currency="USD", amount=1490, created_at=clock.now())
    page = open_page(day.COURSE)
    page.click(".site-footer button[value=USD]")
    page.wait_for_load_state()
    assert "US$14.90" in page.inner_text("#main")
    look(page, "course-in-dollars")
    page.click("#main a.button-primary[href*='/payments/buy/']")
    page.wait_for_url("**/payments/buy/**")
    assert page.inner_text(".price-amount") == "US$14.90"
    assert "价格已含税" in page.inner_text("#main")
    look(page, "buy-in-dollars")
    page.click("#main .button-primary")
    page.wait_for_url("**/account/login/**")
    day.click(page, "#main a[href^='/account/signup/']", "/account/signup/")
    day.sign_up(page, EMAIL, lands_on=f"/payments/buy/{offer.key}/")
    day.click(page, "#main .button-primary", "/sandbox/checkout")
    page.select_option("#id_country", "DE")
    look(page, "checkout-with-country")
    day.pay(page, day.GOOD_CARD)
    order = Order.objects.get(buyer__email=EMAIL)
    assert (order.amount, order.currency, order.tax, order.status) == (
        1490,
        "USD",
        238,
        "fulfilled",
    )
    page.goto(page.url.split("/payments/")[0] + f"/account/orders/{order.key}/")
    assert "含 US$2.38" in page.inner_text("#main dl")
    look(page, "order-with-tax")
