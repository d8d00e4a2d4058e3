"""Finance gives the money back; the learner's access ends, their work stays."""

import pytest
from playwright.sync_api import Page

from courses.models import CoursePage
from payments.models import Order, Price
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
    assert finance.input_value("[name=amount]") == "99.00"
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


@pytest.mark.usefixtures("demo_site")
def test_above_the_limit_a_second_person_confirms(open_page, look, run_jobs):
    year = Price.objects.get(offer__term_months=12, is_active=True)
    order = day.buy("learner@example.com", year)
    learner = open_page("/demo/")
    day.click(learner, "form[action='/demo/sign-in/learner/'] button", "/study/")
    learner.goto(f"/account/orders/{order.key}/refund/")
    learner.fill("[name=note]", "这一年要出国，听不了了。")
    day.click(learner, "#main .button-primary[type=submit]", f"/account/orders/{order.key}/")

    first = open_page("/admin/", width=1280)
    day.sign_in_as_staff(first, "finance", lands_on="/admin/")
    request = order.refund_requests.get()
    first.goto(f"/admin/money/requests/approve/{request.pk}/")
    look(first, "admin-refund-above-limit")
    first.fill("[name=reason]", "买后第二天申请。")
    day.click(first, "#main form button.serious", "/admin/money/requests/inspect")
    assert not first.locator("#main a[href*='/confirm/']").count()
    look(first, "admin-refund-waits")

    second = open_page("/admin/", width=1280)
    day.sign_in_as_staff(second, "finance2", lands_on="/admin/")
    day.click(second, "#main a[href*='status=proposed']", "/admin/money/requests/")
    day.click(second, f"#main a:has-text('{order.number}')", "/admin/money/requests/inspect")
    day.click(second, "#main a[href*='/confirm/']", "/admin/money/requests/confirm")
    look(second, "admin-refund-confirm")
    day.click(second, "#main form button.serious", "/admin/money/requests/inspect")
    run_jobs()
    order.refresh_from_db()
    assert order.status == Order.Status.REFUNDED
    learner.goto(f"/account/orders/{order.key}/")
    assert "¥365" in learner.inner_text("#main")
    look(learner, "order-refunded-by-two")


def assert_edits_no_pages(page: Page) -> None:
    course = CoursePage.objects.get(slug="yiqun-ren")
    page.goto(f"/admin/pages/{course.pk}/edit/")
    assert day.address_of(page.url) == "/admin/"
    assert not page.locator("#page-edit-form").count()
