"""A free course: a visitor taps, signs up, taps once more, and studies."""

import pytest

from courses.models import Grant
from operations import clock
from payments import offers
from payments.models import Offer, Order
from tests.journeys import first_day as day
from tests.journeys.test_ten_moments import sign_in_at_the_desk

EMAIL = "someone@example.org"


def make_free(slug: str) -> None:
    offer = Offer.objects.get(course__slug=slug)
    offers.set_price(offer=offer, currency="CNY", amount=0, now=clock.now())


@pytest.mark.usefixtures("demo_site")
@pytest.mark.parametrize("scripts", [True, False])
def test_a_visitor_enrols_for_free_and_opens_the_second_lesson(open_page, look, scripts):
    make_free("yiqun-ren")
    page = open_page(day.PAID, java_script_enabled=scripts)
    if scripts:
        look(page, "paywall-free")
    page.click(".paywall .button-primary")
    page.wait_for_url("**/payments/buy/**")
    if scripts:
        look(page, "enrol-visitor")
    page.click("#main form[action='/payments/enrol/'] button")
    page.wait_for_url("**/account/login/**")
    page.click("#main a[href^='/account/signup/']")
    page.wait_for_url("**/account/signup/**")
    _sign_up(page)
    page.wait_for_url("**/payments/buy/**")
    page.click("#main form[action='/payments/enrol/'] button")
    page.wait_for_url(f"**{day.PAID}")
    page.wait_for_selector("rz-lesson")
    if scripts:
        look(page, "enrolled-lesson")
    page.goto(day.COURSE)
    assert page.locator(".buy-bar").count() == 0
    assert [each.source_kind for each in Grant.objects.filter(learner__email=EMAIL)] == [
        "enrolment"
    ]
    assert not Order.objects.filter(buyer__email=EMAIL).exists()


def _sign_up(page):
    page.fill("#main [name=email]", EMAIL)
    page.click("#main form [type=submit]")
    page.wait_for_url("**/account/confirm-email/**")
    page.fill("#main [name=code]", day.code_in(day.latest_mail(EMAIL)))
    page.click("#main .button-primary[type=submit]")


@pytest.mark.usefixtures("demo_site")
def test_a_learner_enrols_on_the_course_page_by_one_tap(open_page, look):
    make_free("yiqun-ren")
    page = open_page(day.COURSE)
    look(page, "course-free")
    page.goto("/demo/")
    sign_in_at_the_desk(page)
    page.goto(day.COURSE)
    look(page, "course-free-signed-in")
    day.click(page, ".buy-bar button", day.COURSE)
    page.wait_for_selector(".toasts :text('已加入')")
    assert page.locator(".buy-bar").count() == 0
    look(page, "course-enrolled")
