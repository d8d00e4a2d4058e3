"""A gift from beginning to end; and seats for colleagues."""

import pytest

from payments.models import Gift
from tests.accounts.browser import latest_mail
from tests.journeys import first_day as day
from tests.journeys.first_day import PASSWORD

pytestmark = pytest.mark.usefixtures("demo_site")


def sign_in_at_the_desk(page) -> None:
    page.goto("/demo/")
    day.click(page, "form[action='/demo/sign-in/learner/'] button", "/study/")


def prove(page, shows: str) -> None:
    """That it is still oneself: the demo's desk signs in without a password."""
    page.fill("[name=password]", PASSWORD)
    page.click("#main .button-primary[type=submit]")
    page.wait_for_selector(shows)


def test_a_course_is_given_and_claimed_once_and_both_see_it(open_page, run_jobs, look):
    page = open_page("/demo/")
    sign_in_at_the_desk(page)
    page.goto(day.COURSE)
    day.click(page, "text=送给朋友", "/payments/gift")
    page.fill("[name=to_email]", "friend@example.com")
    page.fill("[name=message]", "学到第四讲时想到了你。")
    look(page, "give")
    day.click(page, "#main form .button-primary", "/sandbox/checkout")
    day.pay(page, day.GOOD_CARD)
    look(page, "gift-paid")
    day.deliver(run_jobs)
    day.click(page, "#main .button-primary", "/account/orders")
    assert page.is_visible("text=还没领取")
    page.click("summary:has-text('赠礼卡图片')")
    page.wait_for_function(
        "() => document.querySelector('.gift-card').complete"
        " && document.querySelector('.gift-card').naturalWidth === 1080"
    )
    look(page, "order-gift")

    letter = latest_mail("friend@example.com")
    link = next(line for line in letter.text.splitlines() if "/redeem/" in line)
    friend = open_page(link)
    assert friend.is_visible("text=学到第四讲时想到了你。")
    look(friend, "gift")
    day.click(friend, "#main .button-primary", "/account/signup/")
    day.sign_up(friend, "friend@example.com", lands_on="/redeem")
    friend.click("#main form .button-primary")
    friend.wait_for_selector("h1:has-text('已经开通')")
    look(friend, "gift-claimed")
    friend.goto(day.PAID)
    assert friend.is_visible("rz-lesson")

    page.reload()
    assert page.is_visible("text=朋友在")
    assert Gift.objects.filter(redeemed_by__email="friend@example.com").exists()
    stranger = open_page(link)
    assert stranger.is_visible("text=已经用过了")


def test_a_gift_is_taken_back_and_its_link_opens_nothing(open_page, run_jobs, look):
    page = open_page("/demo/")
    sign_in_at_the_desk(page)
    page.goto(day.COURSE)
    day.click(page, "text=送给朋友", "/payments/gift")
    day.click(page, "#main form .button-primary", "/sandbox/checkout")
    day.pay(page, day.GOOD_CARD)
    day.click(page, "#main .button-primary", "/account/orders")
    link = page.input_value("#gift-address")
    day.click(page, "#main .button:has-text('收回')", "/account/reauthenticate")
    prove(page, "h1:has-text('收回赠礼')")
    look(page, "gift-take-back")
    day.click(page, "#main form .button-primary", "/account/orders")
    page.wait_for_selector("text=赠礼已收回")
    run_jobs()
    day.deliver(run_jobs)
    stranger = open_page(link)
    assert stranger.is_visible("text=这个兑换码已收回")


def test_seats_are_counted_paid_and_mailed(open_page, look):
    page = open_page("/demo/", permissions=["clipboard-read", "clipboard-write"])
    sign_in_at_the_desk(page)
    page.goto(day.COURSE)
    day.click(page, "text=买多个名额", "/payments/seats")
    page.fill("[name=seats]", "3")
    day.click(page, "#main form .button-primary", "/payments/seats")
    page.wait_for_selector("text=3 ×")
    look(page, "buy-seats")
    day.click(page, "#main form[method=post] .button-primary", "/sandbox/checkout")
    day.pay(page, day.GOOD_CARD)
    day.click(page, "#main .button-primary", "/account/orders")
    look(page, "order-seats")
    page.click("[data-copy] >> nth=1")
    page.wait_for_selector("text=已复制")
    assert page.evaluate("navigator.clipboard.readText()") == (
        page.get_attribute(".order-lines rz-share >> nth=1", "data-url")
    )
    day.click(page, "text=用邮件寄给同事", "/account/reauthenticate")
    prove(page, "[name=addresses]")
    page.fill("[name=addresses]", "a@example.com\nb@example.com")
    look(page, "seats-send")
    day.click(page, "#main form .button-primary", "/account/orders")
    page.wait_for_selector("text=2 封邮件正在寄出")
    assert "/redeem/" in latest_mail("b@example.com").text
