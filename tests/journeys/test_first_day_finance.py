"""Finance gives the money back; the learner's access ends, their work stays."""

import pytest
from playwright.sync_api import Page

from courses.models import CoursePage
from payments.models import Order
from tests.journeys import first_day as day


@pytest.mark.usefixtures("demo_site")
def test_a_refund_ends_access_and_leaves_the_progress(open_page, look, run_jobs):
    order = day.buy_course("learner@example.com", "yiqun-ren")
    learner = open_page("/demo/")
    day.click(learner, "form[action='/demo/sign-in/learner/'] button", "/study/")
    learner.goto(day.PAID)
    day.click(learner, ".lesson-end form button[name=done]", day.PAID)
    learner.wait_for_selector(".lesson-end .badge-ok")

    finance = open_page("/admin/", width=1280)
    day.sign_in_as_staff(finance, "finance", lands_on="/admin/")
    finance.goto("/admin/money/orders/")
    look(finance, "admin-orders")
    day.click(finance, f"#main a:has-text('{order.number}')", "/admin/money/orders/inspect")
    look(finance, "admin-order")
    day.click(finance, f"#main a[href$='/refund/{order.pk}/']", "/admin/money/orders/refund")
    look(finance, "admin-refund")
    finance.fill("[name=reason]", "买错了课，当天就说了。")
    day.click(finance, "#main form button.serious", "/admin/money/orders/inspect")
    run_jobs()
    order.refresh_from_db()
    assert order.status == Order.Status.REFUNDED
    assert order.refund_requests.get().reason == "买错了课，当天就说了。"

    day.click(learner, ".lesson-bar-course", day.COURSE)
    day.click(learner, f".lesson-row[href='{day.PAID}']", day.PAID)
    assert learner.is_visible(".paywall")
    learner.goto("/study/")
    assert learner.get_attribute(".study-courses progress", "value") == "1"
    learner.goto(f"/account/orders/{order.key}/")
    look(learner, "order-refunded")
    assert_edits_no_pages(finance)


def assert_edits_no_pages(page: Page) -> None:
    course = CoursePage.objects.get(slug="yiqun-ren")
    page.goto(f"/admin/pages/{course.pk}/edit/")
    assert day.address_of(page.url) == "/admin/"
    assert not page.locator("#page-edit-form").count()
