"""A track from the shared link to its last task: joined, walked, paid for, changed under way."""

import pytest

from courses.models import CoursePage, LessonPage, TrackPage
from learning.models import TrackEnrolment
from tests import factories
from tests.journeys import first_day as day
from tests.payments.factories import course_price

EMAIL = "walker@example.org"
TRACK = "/tracks/ren/"
FREE, PAID, OTHER = "/courses/self/00/", "/courses/self/01/", "/courses/city/00/"
PROGRESS = ".track-go progress"


@pytest.fixture
def way(live_server, settings, run_jobs, clock):
    """Two courses, the first one sold; Checkout leads back to the live server."""
    from pages.setup import setup_site

    settings.BASE_URL = settings.WAGTAILADMIN_BASE_URL = live_server.url
    setup_site()
    myself = factories.course(lessons=2, slug="self", title="慢慢变强")
    factories.course(lessons=2, free=2, slug="city", title="城市的暗线")
    course_price(myself, 7900)
    return factories.track(
        [myself], [lesson("city", "00")], slug="ren", title="从一个人到一群人", aim="看得懂一群人。"
    )


def lesson(course, slug):
    page = CoursePage.objects.get(slug=course)
    return LessonPage.objects.child_of(page).get(slug=slug)


def mark_done(page, address):
    day.click(page, ".lesson-end button[name=done]", address)
    page.wait_for_selector(".lesson-end .badge-ok")


def progress(page):
    line = page.locator(PROGRESS)
    return line.get_attribute("value"), line.get_attribute("max")


def steps(page):
    """The stages on the study page, with the sign of each."""
    return [
        item.get_attribute("class") or item.get_attribute("aria-current") or "ahead"
        for item in page.locator(".study-tracks .steps li").all()
    ]


def test_a_track_is_joined_walked_paid_for_and_finished(open_page, look, way):
    page = open_page(TRACK)
    look(page, "track-visitor")
    day.click(page, ".track-go .button-primary", "/account/login/")
    day.click(page, "#main a[href^='/account/signup/']", "/account/signup/")
    day.sign_up(page, EMAIL, lands_on=TRACK)
    day.click(page, ".track-go .button-primary", TRACK)
    page.wait_for_selector(f".track-go .button-primary[href='{FREE}']")

    day.click(page, ".track-go .button-primary", FREE)
    mark_done(page, FREE)
    page.goto("/study/")
    assert steps(page) == ["step", "ahead"]
    look(page, "study-track")
    day.click(page, ".study-tracks h3 a", TRACK)
    assert progress(page) == ("1", "3")
    look(page, "track-shut")

    # The next in order is shut: it says what it needs, and goes on with what is open meanwhile.
    assert page.locator(f".track-go .button-primary[href='{OTHER}']").is_visible()
    assert "慢慢变强" in page.inner_text(".track-shut")
    day.click(page, ".track-shut .button", "/payments/buy")
    day.click(page, "#main .button-primary", "/sandbox/checkout")
    day.pay(page, day.GOOD_CARD)
    day.click(page, "#main .button-primary", TRACK)
    assert page.locator(".track-needs .button").count() == 0
    assert "已拥有" in page.inner_text(".track-needs")
    day.click(page, f".track-go .button-primary[href='{PAID}']", PAID)
    mark_done(page, PAID)
    page.goto("/study/")
    assert steps(page) == ["is-done", "step"]

    # An editor takes a lesson that was done away and puts another one in.
    changed = TrackPage.objects.get(pk=way.pk)
    changed.stages = [
        factories.stage("自己", [lesson("self", "01")]),
        factories.stage("世界", [lesson("city", "00"), lesson("city", "01")]),
    ]
    changed.save_revision().publish()
    page.goto(TRACK)
    assert progress(page) == ("1", "3")
    assert page.locator(".track-stage .lesson-row[data-state=done]").count() == 1

    for address in (OTHER, "/courses/city/01/"):
        day.click(page, f".track-go .button-primary[href='{address}']", address)
        mark_done(page, address)
        page.goto(TRACK)
    day.click(page, ".track-go .button-primary", TRACK)
    page.fill("#last-task textarea", "因为每周五八点，有人把这一周问过的整理成一页纸。")
    look(page, "track-task")
    day.click(page, "#last-task [type=submit]", TRACK)
    page.wait_for_function("() => document.activeElement.matches('#last-task summary')")
    assert page.locator(".track-answer").bounding_box()["y"] >= 0
    assert page.locator("#last-task").bounding_box()["y"] < 400
    page.wait_for_selector(".track-go .callout-ok")
    assert "每周五八点" in page.inner_text(".track-answer")
    look(page, "track-finished")
    page.goto("/study/")
    assert page.locator(".study-tracks .steps").count() == 0
    assert "从一个人到一群人" in page.inner_text(".study-finished")


def test_without_javascript_one_joins_answers_and_leaves(open_page, way):
    page = open_page(TRACK, java_script_enabled=False)
    day.click(page, ".track-go .button-primary", "/account/login/")
    day.click(page, "#main a[href^='/account/signup/']", "/account/signup/")
    day.sign_up(page, EMAIL, lands_on=TRACK)
    day.click(page, ".track-go .button-primary", TRACK)
    page.click("#last-task summary")
    page.fill("#last-task textarea", "写给自己。")
    day.click(page, "#last-task [type=submit]", TRACK)
    assert TrackEnrolment.objects.get().task_text == "写给自己。"
    day.click(page, ".track-leave [type=submit]", TRACK)
    assert not TrackEnrolment.objects.get().is_going


def test_a_plan_is_made_changed_and_goes_into_the_calendar(open_page, look, problems, way):
    page = open_page(TRACK)
    day.click(page, ".track-go .button-primary", "/account/login/")
    day.click(page, "#main a[href^='/account/signup/']", "/account/signup/")
    day.sign_up(page, EMAIL, lands_on=TRACK)
    if page.locator("form[action$='/join/']").count():
        day.click(page, "form[action$='/join/'] button", TRACK)
    plan = f"/study/tracks/{way.pk}/plan/"
    day.click(page, f"a[href='{plan}']", plan)
    look(page, "plan-empty")
    page.fill("#id_minutes", "3")
    page.evaluate("document.querySelector('#id_minutes').form.noValidate = true")
    page.click("form:has(#id_minutes) .button-primary")
    page.wait_for_selector("#id_minutes[aria-invalid]")
    assert page.input_value("#id_minutes") == "3"
    page.fill("#id_minutes", "5")
    page.click(".plan-weekdays label >> nth=6")
    page.click("form:has(#id_minutes) .button-primary")
    page.wait_for_selector(".plan-month .is-planned")
    look(page, "plan")
    page.click("form[action='/study/calendar/'] button")
    page.wait_for_selector(".plan-address")
    address = page.inner_text(".plan-address code")
    assert "BEGIN:VEVENT" in page.request.get(address).text()
    problems.clear()  # the browser reports the refused plan itself
