"""A learner goes over to the yearly plan, mends a renewal that failed, pauses and cancels."""

from datetime import timedelta

import pytest

from operations import clock as site_clock
from payments.models import Cancellation, Pause, PlanChange, Subscription
from payments.periodic import change_subscriptions
from payments.sandbox import time
from tests.journeys import first_day as day

CANNOT_BE_CHARGED = "4000 0000 0000 0341"


def subscribe(page, plan, card):
    """Signed in by a code, on the membership's page, by the month or the year."""
    day.sign_in_by_code(page, "learner@example.com", lands_on="/membership/")
    page.locator(".plans label", has_text=plan).first.click()
    day.click(page, ".plans .button-primary", "/sandbox/checkout")
    day.pay(page, card)


def days_pass(run_jobs, **by):
    """Stripe tells what happens meanwhile, and the site does what is due."""

    def step(now):
        day.deliver(run_jobs)
        change_subscriptions(now)

    time.advance(by=timedelta(**by), each_step=step)
    day.deliver(run_jobs)


def own_page(page):
    page.goto("/account/orders/")
    day.click(page, "#main a:text('管理订阅')", "/account/subscriptions")


@pytest.mark.usefixtures("demo_site")
def test_going_over_to_the_year_shows_first_what_is_charged(open_page, look, run_jobs):
    page = open_page("/account/login/?next=/membership/")
    subscribe(page, "¥39", day.GOOD_CARD)
    day.deliver(run_jobs)
    row = Subscription.objects.get(learner__email="learner@example.com")
    if row.status == "trialing":
        days_pass(run_jobs, days=8)
    own_page(page)
    look(page, "subscription")
    day.click(page, "#main a[href$='/switch/']", f"/account/subscriptions/{row.pk}/switch/")
    look(page, "subscription-plans")
    chosen = page.locator("#main .order-line").first
    day.click(page, "#main .order-line", str(chosen.get_attribute("href")))
    look(page, "subscription-switch")
    shown = page.locator("#main dd strong").inner_text()
    assert shown in page.locator("#main form .button-primary").inner_text()
    day.click(page, "#main form .button-primary", f"/account/subscriptions/{row.pk}/")
    look(page, "subscription-switched")
    change = PlanChange.objects.get()
    assert change.status == PlanChange.Status.DONE
    assert f"{change.due_today / 100:g}" in shown.replace(",", "")
    assert shown in page.locator(".timeline").last.inner_text()


@pytest.mark.usefixtures("demo_site")
def test_a_renewal_that_failed_is_mended_by_another_card_and_paid(open_page, look, run_jobs):
    page = open_page("/account/login/?next=/membership/")
    subscribe(page, "¥365", CANNOT_BE_CHARGED)
    day.deliver(run_jobs)
    days_pass(run_jobs, days=8)
    own_page(page)
    look(page, "subscription-failing")
    pay = "#main a[href$='/pay/'].button-primary"
    day.click(page, pay, "/sandbox/invoice")
    page.click("#main .button-primary")
    page.wait_for_selector("#main .callout-error")
    own_page(page)
    day.click(page, "#main a[href$='/card/']", "/sandbox/portal")
    day.click(page, "#main a[href$='/card/']", "/sandbox/portal")
    for name, typed in (("number", day.GOOD_CARD), ("expiry", "12 / 34"), ("cvc", "123")):
        page.fill(f"[name={name}]", typed)
    page.fill("[name=name]", "林岚")
    page.click("#main .button-primary")
    page.wait_for_selector("text=4242")
    own_page(page)
    day.click(page, pay, "/sandbox/invoice")
    page.click("#main .button-primary")
    page.wait_for_selector("#main .button-primary", state="detached")
    day.deliver(run_jobs)
    own_page(page)
    assert not page.locator(pay).count()
    assert Subscription.objects.get(learner__email="learner@example.com").status == "active"
    look(page, "subscription-mended")


@pytest.mark.usefixtures("demo_site")
def test_a_pause_begins_ends_early_and_cancelling_takes_two_taps(open_page, look, run_jobs):
    page = open_page("/account/login/?next=/membership/")
    subscribe(page, "¥39", day.GOOD_CARD)
    day.deliver(run_jobs)
    row = Subscription.objects.get(learner__email="learner@example.com")
    if row.status == "trialing":
        days_pass(run_jobs, days=8)
        row.refresh_from_db()
    own_page(page)
    day.click(page, "#main a[href$='/pause/']", f"/account/subscriptions/{row.pk}/pause/")
    look(page, "subscription-pause")
    day.click(page, "#main form .button-primary", f"/account/subscriptions/{row.pk}/")
    look(page, "subscription-paused")
    assert row.period_end
    days_pass(run_jobs, seconds=(row.period_end - site_clock.now()).total_seconds() + 86400)
    page.goto(day.PAID)
    assert page.is_visible(".paywall")
    own_page(page)
    look(page, "subscription-in-pause")
    day.click(page, "#main form[action$='/pause/end/'] button", "/account/subscriptions")
    page.goto(day.PAID)
    assert page.is_visible("rz-lesson")
    assert Pause.objects.get().resumed_at
    page.goto("/account/orders/")
    day.click(page, "#main a[href$='/cancel/']", "/account/subscriptions")
    look(page, "subscription-cancel")
    day.click(page, "#main form button", "/account/subscriptions")
    look(page, "subscription-cancelled")
    assert Cancellation.objects.get().resumed_at is None
