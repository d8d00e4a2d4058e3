"""A course that opens in ten days: reserved with a card, given up, reserved again, charged."""

from datetime import timedelta

import pytest
from django.utils import timezone

from courses.models import CoursePage
from operations import clock
from payments.models import Offer, Order
from payments.sandbox import time
from tests.journeys import first_day as day
from tests.journeys.test_ten_moments import sign_in_at_the_desk


@pytest.mark.usefixtures("demo_site")
def test_a_course_is_reserved_given_up_and_charged_on_its_day(open_page, look, run_jobs):
    course = CoursePage.objects.get(slug="yiqun-ren")
    course.opens_on = timezone.localdate(clock.now()) + timedelta(days=10)
    course.save_revision().publish()
    Offer.objects.filter(course=course).update(presale=Offer.Presale.AT_RELEASE)
    page = open_page("/demo/")
    sign_in_at_the_desk(page)
    reserve(page, look)
    day.click(page, "#main .button-primary", "/account/orders")
    look(page, "order-reserved")
    page.click("#main form[action$='/give-up/'] button")
    page.wait_for_selector("#main :text('没有扣款')")
    look(page, "order-given-up")

    reserve(page, look)
    page.goto(day.COURSE)
    assert "开课时扣 ¥99" in page.inner_text("#main")
    look(page, "course-reserved")
    time.advance(by=timedelta(days=11), each_step=lambda now: day.deliver(run_jobs))
    order = Order.objects.get(status="fulfilled", price__offer__course=course)
    assert order.buyer.email == "learner@example.com"
    page.goto(day.PAID)
    assert page.is_visible("rz-lesson")


def reserve(page, look):
    page.goto(day.COURSE)
    look(page, "course-to-reserve")
    day.click(page, ".buy-bar .button-primary", "/payments/buy")
    look(page, "buy-reserve")
    day.click(page, "#main .button-primary", "/sandbox/checkout")
    assert "今天不扣款" in page.inner_text("#main")
    look(page, "checkout-reserve")
    day.pay(page, day.GOOD_CARD)
    look(page, "return-reserved")
