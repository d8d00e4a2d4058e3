"""Without JavaScript one buys, reads and marks a lesson as done."""

import pytest

from tests.journeys import first_day as day

EMAIL = "plain@example.org"


@pytest.mark.usefixtures("demo_site")
def test_without_javascript_one_buys_and_marks_a_lesson_as_done(open_page):
    page = open_page(day.PREFACE, java_script_enabled=False)
    assert page.is_visible(".lesson-listen audio[controls]")
    page.goto(day.PAID)
    day.click(page, ".paywall .button-primary", "/payments/buy")
    bought = day.address_of(page.url)
    day.click(page, "#main .button-primary", "/account/login/")
    day.click(page, "#main a[href^='/account/signup/']", "/account/signup/")
    day.sign_up(page, EMAIL, lands_on=bought)
    day.click(page, "#main .button-primary", "/sandbox/checkout")
    day.pay(page, day.DECLINED_CARD, lands_on="/sandbox/checkout")
    page.wait_for_selector(".callout-error")
    day.pay(page, day.GOOD_CARD)
    day.click(page, "#main .button-primary", day.FIRST)
    day.click(page, ".lesson-turn [rel=next]", day.PAID)
    assert page.is_visible(".lesson-listen audio[controls]")
    assert page.locator(".sentence").count() > 20
    day.click(page, ".lesson-end button[name=done]", day.PAID)
    page.wait_for_selector(".lesson-end .badge-ok")
    page.goto("/study/")
    assert page.get_attribute(".study-courses progress", "value") == "1"
    day.click(page, ".study-courses a", day.COURSE)
    assert page.locator(".lesson-row[data-state=done]").count() == 1
