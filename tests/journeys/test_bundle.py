"""Two courses at one price: from the paywall of one of them to both being open; then its fapiao."""

import pytest

from courses.models import CoursePage
from payments.models import Fapiao, Order
from tests.factories import bundle
from tests.journeys import first_day as day
from tests.journeys.test_ten_moments import sign_in_at_the_desk
from tests.payments.factories import bundle_price


@pytest.mark.usefixtures("demo_site")
def test_a_bundle_is_found_at_the_paywall_and_opens_both_courses(open_page, look, run_jobs):
    slugs = ("yiqun-ren", "manman-bianqiang")
    pages = [CoursePage.objects.get(slug=slug) for slug in slugs]
    made = bundle(
        *pages,
        slug="two",
        title="从一个人到一群人",
        promise="先变强，再同行。",
        description="两门课接着学：先看一群人怎样做成生意，再看自己怎样慢慢变强。",
    )
    bundle_price(made, amount=14900)
    for width in (375, 1280):
        page = open_page(day.PAID, width=width)
        look(page, f"paywall-bundle-{width}")
        day.click(page, ".paywall a[href^='/bundles/']", "/bundles/two/")
        look(page, f"bundle-{width}")
        page.goto(day.COURSE)
        look(page, f"course-bundle-{width}")
    page = open_page("/demo/")
    sign_in_at_the_desk(page)
    page.goto("/bundles/two/")
    day.click(page, ".buy-bar .button-primary", "/payments/buy")
    look(page, "buy-bundle")
    day.click(page, "#main .button-primary", "/sandbox/checkout")
    assert "149" in page.inner_text("#main")  # shown = charged
    day.pay(page, day.GOOD_CARD)
    look(page, "bought-bundle")
    for lesson in (day.PAID, day.OTHER_PAID):
        page.goto(lesson)
        assert page.is_visible("rz-lesson")
    page.goto("/bundles/two/")
    look(page, "bundle-held")
    day.deliver(run_jobs)

    order = Order.objects.get(buyer__email="learner@example.com")
    page.goto(f"/account/orders/{order.key}/")
    day.click(page, "#main a[href$='/fapiao/']", f"/account/orders/{order.key}/fapiao/")
    page.check("[name=kind][value=company]", force=True)
    page.fill("[name=title]", "日知书店有限公司")
    page.fill("[name=tax_number]", "91110000802100433A")
    page.click("#main .button-primary")
    page.wait_for_selector(".field-errors")
    look(page, "fapiao-wrong")
    page.fill("[name=tax_number]", "91110000802100433B")
    day.click(page, "#main .button-primary", f"/account/orders/{order.key}/")
    look(page, "order-bundle")
    assert Fapiao.objects.get().order == order
