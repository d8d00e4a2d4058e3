"""A link with a promotion code: sign up, see the lower price, pay it, and find it on the order."""

import pytest
from django.utils import translation

from operations import clock
from payments import promotions
from payments.models import Offer, Order, PromotionCode
from tests.journeys import first_day as day

EMAIL = "someone@example.org"


@pytest.mark.usefixtures("demo_site")
def test_a_code_from_a_link_to_the_order(open_page, look):
    PromotionCode.objects.create(code="SPRING", percent=25, max_uses=5, created_at=clock.now())
    offer = Offer.objects.get(course__slug=day.COURSE.strip("/").split("/")[-1])
    page = open_page(f"{day.COURSE}?code=spring")
    page.click("#main a.button-primary[href*='/payments/buy/']")
    page.wait_for_url("**/payments/buy/**")
    assert page.inner_text(".price-amount") == "¥74.25"
    assert page.inner_text(".price-was") == "¥99"
    assert "¥24.75" in page.inner_text(".code-in-hand")
    look(page, "buy-with-code")

    page.click("#main .button-primary")
    page.wait_for_url("**/account/login/**")
    day.click(page, "#main a[href^='/account/signup/']", "/account/signup/")
    day.sign_up(page, EMAIL, lands_on=f"/payments/buy/{offer.key}/")
    assert page.inner_text(".price-amount") == "¥74.25"
    day.click(page, "#main .button-primary", "/sandbox/checkout")
    due = page.inner_text("#main dl")
    assert "¥74.25" in due
    assert "¥24.75" in due
    look(page, "checkout-with-code")
    day.pay(page, day.GOOD_CARD)
    order = Order.objects.get(buyer__email=EMAIL)
    assert (order.amount, order.status) == (7425, "fulfilled")
    page.goto(page.url.split("/payments/")[0] + f"/account/orders/{order.key}/")
    page.emulate_media(media="print")  # as it is kept on paper
    assert page.locator(".site-name").is_visible()
    assert page.locator("#main .button >> visible=true").count() == 0
    assert page.locator("#fapiao").is_hidden()  # nothing was asked for
    page.emulate_media(media="screen")
    assert page.locator("#main .button >> visible=true").count() > 0
    told = page.inner_text("#main dl")
    for words in ("¥74.25", "¥24.75", "¥99", "SPRING"):
        assert words in told
    look(page, "order-with-code")


@pytest.mark.usefixtures("demo_site")
def test_a_wrong_code_is_told_and_stays_to_be_mended(open_page, look):
    offer = Offer.objects.get(course__slug=day.COURSE.strip("/").split("/")[-1])
    page = open_page(f"/payments/buy/{offer.key}/")
    page.click("summary >> nth=-1")
    page.fill("#id_promotion_code", "sprnig")
    page.press("#id_promotion_code", "Enter")
    page.wait_for_url("**code=sprnig**")
    with translation.override("zh-hans"):
        assert page.inner_text("#promotion_code_error") == str(promotions.Unknown.message)
    assert page.input_value("#id_promotion_code") == "sprnig"
    assert page.inner_text(".price-amount") == "¥99"
    look(page, "wrong-code")

    PromotionCode.objects.create(
        code="QUARTER", percent=50, duration="repeating", months=3, created_at=clock.now()
    )
    page.goto(page.url.split("/payments/")[0] + "/membership/?code=quarter")
    assert "¥19.50" in page.inner_text(".plans")
    assert page.locator(".plans s.price-was").count() == 2, "a year without renewal is full price"
    look(page, "membership-with-code")
