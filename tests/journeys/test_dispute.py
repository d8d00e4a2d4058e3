"""A bank disputes a payment: the course closes and says why, finance sees it, it is won."""

import pytest

from courses import access
from courses.models import CoursePage
from payments.models import Dispute
from tests.journeys import first_day as day

pytestmark = pytest.mark.usefixtures("demo_site")


def at_the_bank(page, action: str) -> None:
    """A button of the sandbox's console."""
    page.goto("/sandbox/")
    page.locator(f"form[action$='/{action}/'] button:not([disabled])").first.click()
    page.wait_for_load_state()


def test_a_disputed_course_closes_says_why_and_opens_once_it_is_won(open_page, run_jobs, look):
    order = day.buy_course("learner@example.com", "yiqun-ren")
    learner = open_page("/demo/")
    day.click(learner, "form[action='/demo/sign-in/learner/'] button", "/study/")
    learner.goto(day.PAID)
    day.click(learner, ".lesson-end form button[name=done]", day.PAID)

    bank = open_page("/sandbox/", width=1280)
    at_the_bank(bank, "dispute")
    day.deliver(run_jobs)
    learner.goto(day.PAID)
    assert learner.is_visible(".paywall")
    assert "银行正在核查这笔付款" in learner.inner_text(".callout-warn")
    look(learner, "paywall-disputed")
    day.click(learner, ".callout-warn a", f"/account/orders/{order.key}/")
    assert "付款有争议" in learner.inner_text("#main")
    look(learner, "order-disputed")

    finance = open_page("/admin/", width=1280)
    day.sign_in_as_staff(finance, "finance", lands_on="/admin/")
    day.click(finance, "#main a:has-text('待答复的争议')", "/admin/money/disputes/")
    day.click(finance, "#main td.title a", "/admin/money/disputes/inspect")
    told = finance.inner_text("#main")
    for words in ("等待我方答复", "答复期限", "买家称不是本人付款", "1 讲，其中学完 1 讲"):
        assert words in told, words
    look(finance, "admin-dispute")

    at_the_bank(bank, "close-dispute")
    day.deliver(run_jobs)
    assert Dispute.objects.get().status == "won"
    learner.goto(day.PAID)
    assert learner.is_visible("rz-lesson")
    learner.goto(f"/account/orders/{order.key}/")
    assert "争议" not in learner.inner_text("#main")
    assert access.to_course(order.buyer, CoursePage.objects.get(slug="yiqun-ren")).has_grant
    finance.reload()
    assert "胜诉" in finance.inner_text("#main")
