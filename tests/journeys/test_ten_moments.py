"""The ten moments that decide whether a learner stays (PRODUCT.md), as far as this breadth goes.

1 First three minutes: here, under WeChat. 2 Sign-up: test_first_day_learner (the place is carried
over). 3 Paywall: test_first_day_learner (within 375×667). 4 First purchase: here. 5 First evening:
here, the question and what is next; a sentence to mark and 「明天几点继续？」 need notes and mails.
10 Failed payment: here; the lapse is in test_first_day_member.

Later, with mail rules, circles and certificates: 6 day 3, absent; 7 first post; 8 first course
done; 9 day 30 (the notice before a renewal is tested in tests/payments).
"""

import pytest

from payments.models import Subscription, WebhookEvent
from tests.journeys import first_day as day

WECHAT = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like "
    "Gecko) Mobile/15E148 MicroMessenger/8.0.50 NetType/WIFI Language/zh_CN"
)
FAILS_WHEN_CHARGED = "4000 0000 0000 0341"

pytestmark = pytest.mark.usefixtures("demo_site")


def sign_in_at_the_desk(page) -> None:
    page.goto("/demo/")
    day.click(page, "form[action='/demo/sign-in/learner/'] button", "/study/")


def test_a_shared_link_sounds_at_one_tap_under_wechat_too(open_page):
    page = open_page(day.PREFACE, user_agent=WECHAT)
    assert page.get_attribute("meta[property='og:title']", "content")
    day.play(page)  # one tap, no dialog, no account
    day.click(page, ".lesson-bar-course", day.COURSE)
    day.click(page, ".buy-bar .button-primary", "/payments/buy")
    assert page.is_visible("text=请在浏览器中打开")  # Alipay is blocked there


def test_three_taps_lead_to_checkout_and_one_button_to_the_lesson(open_page, run_jobs):
    page = open_page("/demo/")
    sign_in_at_the_desk(page)
    page.goto(day.PAID)
    shown = page.inner_text(".paywall .price-amount")
    taps = 0
    for selector, lands_on in (
        (".paywall .button-primary", "/payments/buy"),
        ("#main .button-primary", "/sandbox/checkout"),
    ):
        day.click(page, selector, lands_on)
        taps += 1
    assert taps <= 3
    assert shown in page.inner_text("#main")  # shown = charged
    day.pay(page, day.DECLINED_CARD, lands_on="/sandbox/checkout")
    assert "未扣款" in page.inner_text(".callout-error")
    day.pay(page, day.GOOD_CARD)
    assert not WebhookEvent.objects.exists()  # it comes a minute late
    buttons = page.locator("#main .button:visible")
    assert buttons.count() == 1
    assert buttons.inner_text().strip() == "开始第 1 讲"
    day.click(page, "#main .button-primary", day.FIRST)
    page.goto(day.PAID)
    assert page.is_visible("rz-lesson")

    # The first evening: the lesson ends with its question and what is next.
    assert page.locator(".ponder-question").count() == 1
    assert page.is_visible(".lesson-turn [rel=next]")
    day.deliver(run_jobs)
    page.reload()
    assert page.is_visible("rz-lesson")


def test_a_failed_renewal_says_the_last_day_and_is_mended_by_one_tap(open_page, run_jobs):
    page = open_page("/demo/")
    sign_in_at_the_desk(page)
    page.goto("/membership/")
    day.click(page, ".plans .button-primary", "/sandbox/checkout")
    day.pay(page, FAILS_WHEN_CHARGED)  # the trial costs nothing yet
    for step in ("week", "day"):  # the trial ends; its invoice is charged an hour later
        page.goto("/sandbox/")
        day.click(page, f"#main button[value={step}]", "/sandbox/")
        page.wait_for_selector("#messages .toast")
        day.deliver(run_jobs)
    assert Subscription.objects.filter(status="past_due").exists()
    page.goto("/study/")
    notice = page.locator(".callout-warn")
    assert "为止照常学习" in notice.inner_text()
    page.goto(day.PAID)
    assert page.is_visible("rz-lesson")  # grace
    page.goto("/study/")
    day.click(page, ".callout-warn .button", "/sandbox/invoice")
