"""A year of membership by Alipay, which cannot renew; WeChat's browser says where to go on."""

import pytest

from courses.models import Grant
from payments.models import Order, Subscription
from tests.journeys import first_day as day
from tests.journeys.test_ten_moments import WECHAT, sign_in_at_the_desk

pytestmark = pytest.mark.usefixtures("demo_site")
YEAR = "label:has-text('不自动续费')"


def test_a_year_is_bought_by_alipay_and_renews_nothing(open_page, look, run_jobs):
    page = open_page("/demo/")
    sign_in_at_the_desk(page)
    page.goto("/membership/")
    page.click(YEAR)
    shown = page.inner_text(f"{YEAR} .nowrap")
    day.click(page, ".plans .button-primary", "/sandbox/checkout")
    day.click(page, "a[href$='/alipay/']", "/sandbox/checkout")
    look(page, "alipay")
    assert shown in page.inner_text("#main")  # shown = charged
    page.click("button[value=paid]")
    day.arrive(page, "/payments/return/")
    look(page, "bought-by-alipay")
    assert not Subscription.objects.filter(learner__email="learner@example.com").exists()
    order = Order.objects.get(buyer__email="learner@example.com")
    assert order.status == Order.Status.FULFILLED
    assert Grant.objects.get(source_id=order.source_id).ends_at == order.ends_at
    page.goto(day.PAID)
    assert page.is_visible("rz-lesson")
    day.deliver(run_jobs)
    page.goto(f"/account/orders/{order.key}/")
    look(page, "order-year")
    assert "不自动续费" in page.inner_text("#main") or "12 个月" in page.inner_text("#main")


def test_refused_on_the_phone_nothing_is_charged_and_one_may_begin_again(open_page):
    page = open_page("/demo/")
    sign_in_at_the_desk(page)
    page.goto("/membership/")
    page.click(YEAR)
    day.click(page, ".plans .button-primary", "/sandbox/checkout")
    day.click(page, "a[href$='/alipay/']", "/sandbox/checkout")
    page.click("button[value=refused]")
    page.wait_for_load_state()
    page.goto(day.PAID)
    assert page.is_visible(".paywall")


def test_in_wechat_one_is_told_to_open_the_browser(open_page, look):
    page = open_page("/membership/", user_agent=WECHAT)
    assert page.is_visible("text=请在浏览器中打开")
    look(page, "membership-in-wechat")
