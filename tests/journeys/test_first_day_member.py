"""A learner tries the membership, studies, cancels; the period ends; what was studied stays."""

import pytest

from payments.models import Subscription
from tests.journeys import first_day as day


@pytest.mark.usefixtures("demo_site")
def test_a_membership_opens_every_course_until_the_period_ends(open_page, look, run_jobs):
    page = open_page("/demo/")
    look(page, "demo-desk")
    day.click(page, "form[action='/demo/sign-in/learner/'] button", "/study/")
    look(page, "study-empty")

    page.goto(day.OTHER_PAID)
    day.click(page, ".paywall a[href^='/membership/']", "/membership/")
    look(page, "membership")
    day.click(page, ".plans .button-primary", "/sandbox/checkout")
    look(page, "checkout-trial")
    day.pay(page, day.GOOD_CARD)
    look(page, "bought-trial")
    day.click(page, "#main .button-primary", f"{day.OTHER_COURSE}01/")
    page.goto(day.OTHER_PAID)
    day.play(page)
    day.hear_until(page, 60)
    page.goto(day.PAID)
    day.play(page)
    day.hear_until(page, 90)

    day.click(page, ".lesson-bar-course", day.COURSE)
    look(page, "course-learner")
    page.goto("/account/orders/")
    look(page, "orders-trial")
    day.click(page, "#main a[href$='/cancel/']", "/account/subscriptions")
    look(page, "cancel")
    row = Subscription.objects.get(learner__email="learner@example.com")
    day.click(page, "#main form .button", f"/account/subscriptions/{row.pk}/")
    assert page.locator("#main form[action$='/resume/']").count()
    look(page, "subscription-cancelled")
    page.goto(day.PAID)
    assert page.is_visible("rz-lesson")

    page.goto("/sandbox/")
    day.click(page, "#main button[value=week]", "/sandbox/")
    page.wait_for_selector("#messages .toast")
    look(page, "sandbox")
    day.deliver(run_jobs)
    assert Subscription.objects.filter(learner__email="learner@example.com", status="canceled")

    page.goto(day.PAID)
    assert page.is_visible(".paywall")
    assert not page.locator("rz-lesson").count()
    page.goto("/study/")
    titles = page.locator(".study-courses a").all_inner_texts()
    assert {"一群人的生意", "慢慢变强"} <= set(titles)
    look(page, "study-lapsed")
    page.goto("/account/orders/")
    look(page, "orders-ended")
    page.goto("/membership/")
    look(page, "membership-again")
    day.click(page, ".plans .button-primary", "/sandbox/checkout")
