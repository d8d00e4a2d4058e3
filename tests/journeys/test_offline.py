"""Lessons kept on the device: heard without a network, told later, gone with the access and the
sign-out."""

import re

import pytest
from django.core.files.base import ContentFile
from playwright.sync_api import Page

from accounts.models import User
from courses import grants
from courses.models import Grant, LessonPage
from demo.styleguide import tone
from learning.models import PlaySession
from operations import clock as site_clock
from tests import factories
from tests.journeys import first_day as day
from tests.journeys.test_player import AUDIO, SOUNDS

EMAIL = "metro@example.org"
FREE, PAID = "/courses/self/00/", "/courses/self/01/"
KEPT = "() => !document.querySelector('rz-keep button:last-child').hidden"
CACHED = (
    "async () => (await (await caches.open('kept')).keys()).map(({ url }) => new URL(url).pathname)"
)
# htmx says of what it could not fetch at the end of a lesson that it could not.
OFFLINE = re.compile("ERR_INTERNET_DISCONNECTED|ERR_FAILED|htmx:(afterRequest|sendError)")


@pytest.fixture
def course(live_server, settings, run_jobs, clock):
    from pages.setup import setup_site

    settings.BASE_URL = settings.WAGTAILADMIN_BASE_URL = live_server.url
    setup_site()
    course = factories.course(slug="self", title="慢慢变强")
    for number in range(2):
        factories.lesson(
            course,
            slug=f"{number:02d}",
            title=f"第{number}讲的题目",
            free_preview=number == 0,
            audio=factories.MediaFactory(
                duration=20.0, file=ContentFile(tone(20), f"kept-{number}.wav")
            ),
        )
    return course


@pytest.fixture
def learner_page(open_page, course) -> Page:
    """Signed in, on the paid lesson, which a scholarship opens."""
    page = open_page(f"/account/signup/?next={FREE}")
    day.sign_up(page, EMAIL, lands_on=FREE)
    _grant(course)
    page.goto(PAID)
    return page


def _grant(course, **state) -> None:
    grants.sync(
        learner=User.objects.get(email=EMAIL),
        source_kind=Grant.Source.SCHOLARSHIP,
        source_id="1",
        covers=[course],
        starts_at=site_clock.now(),
        now=site_clock.now(),
        **state,
    )


def keep(page: Page) -> None:
    page.click("rz-keep button >> nth=0")
    page.wait_for_function(KEPT)


def only_the_network_failed(problems: list[str]) -> None:
    assert not [each for each in problems if not OFFLINE.search(each)]
    problems.clear()


def test_a_kept_lesson_is_heard_without_a_network_and_told_later(learner_page, look, problems):
    page = learner_page
    keep(page)
    look(page, "lesson kept")
    page.goto("/study/kept/")
    page.wait_for_selector(".kept-list li")
    assert "共 1 讲" in page.inner_text(".kept-sum")
    look(page, "kept")
    page.context.set_offline(True)
    page.click(".kept-list a")
    page.wait_for_selector("rz-lesson")
    assert "第1讲的题目" in page.inner_text("h1")
    page.click(".player-dock .player-play")
    page.wait_for_function(SOUNDS % 2)
    page.evaluate("document.querySelector('rz-player').seek(12)")
    page.wait_for_function(SOUNDS % 13)
    page.evaluate(f"{AUDIO}.pause()")
    page.wait_for_function("() => Object.keys(localStorage).some((k) => k.startsWith('rz:study'))")
    page.goto(FREE)  # not kept: the list stands in
    assert page.inner_text("h1") == "离线"
    page.context.set_offline(False)
    page.goto("/study/kept/")
    page.wait_for_function("() => !Object.keys(localStorage).some((k) => k.startsWith('rz:study'))")
    told = PlaySession.objects.get(position__gt=0)
    assert told.position > 12.5
    only_the_network_failed(problems)


def test_what_is_taken_away_is_gone_and_the_rest_stays(learner_page):
    page = learner_page
    keep(page)
    page.goto(FREE)
    keep(page)
    page.click("rz-keep button:last-child")
    page.wait_for_function("() => !document.querySelector('rz-keep button').hidden")
    assert page.inner_text("rz-keep output") == ""
    assert FREE not in page.evaluate(CACHED)
    page.goto("/study/kept/")
    page.wait_for_selector(".kept-list li")
    assert page.locator(".kept-list a span").all_inner_texts() == ["第1讲的题目"]
    page.click(".kept-list button")
    page.wait_for_selector(".kept-none:visible")
    assert page.evaluate(CACHED) == []
    assert page.evaluate("localStorage.getItem('rz:offline')") is None


def test_signing_out_without_a_network_takes_what_lay_here(learner_page, problems):
    page = learner_page
    keep(page)
    page.goto("/account/logout/")
    page.context.set_offline(True)
    page.click("#main form [type=submit]")
    page.wait_for_function("() => document.querySelector('h1').innerText === '离线'")
    assert page.is_visible(".kept-none")
    assert page.evaluate(CACHED) == []
    only_the_network_failed(problems)


def test_what_is_no_longer_open_goes_and_what_is_stays(learner_page, course):
    page = learner_page
    keep(page)
    page.goto(FREE)
    keep(page)
    assert {FREE, PAID} <= set(page.evaluate(CACHED))
    _grant(course, withdrawn_at=site_clock.now())
    with page.expect_response("**/study/kept/leaves/**"):
        page.goto("/")
    page.evaluate(  # a promise would count as true at once in wait_for_function
        f"""async () => {{
          while ((await ({CACHED})()).filter((one) => one.startsWith('/media/')).length !== 1)
            await new Promise((rest) => setTimeout(rest, 50));
        }}"""
    )
    assert FREE in page.evaluate(CACHED)
    assert PAID not in page.evaluate(CACHED)
    kept = page.evaluate("JSON.parse(localStorage.getItem('rz:offline')).map((each) => each.url)")
    assert kept == [FREE]


def test_a_sound_that_an_editor_replaced_is_fetched_anew(learner_page, problems):
    page = learner_page
    keep(page)
    lesson = LessonPage.objects.get(slug="01")
    old = page.get_attribute("rz-lesson", "data-media")
    assert old in page.evaluate(CACHED)
    fresh = factories.MediaFactory(duration=30.0, file=ContentFile(tone(30), "kept-new.wav"))
    LessonPage.objects.filter(pk=lesson.pk).update(audio=fresh)
    page.evaluate(
        """() => localStorage.setItem('rz:offline', JSON.stringify(
            JSON.parse(localStorage.getItem('rz:offline')).map((each) => ({ ...each, at: 0 }))))"""
    )
    page.goto("/study/kept/")
    page.wait_for_function("() => JSON.parse(localStorage['rz:offline'])[0].at")
    kept = [path for path in page.evaluate(CACHED) if path.startswith("/media/")]
    assert (len(kept), old in kept) == (1, False)
    page.context.set_offline(True)
    page.goto(PAID)
    page.click(".player-dock .player-play")
    page.wait_for_function(SOUNDS % 1)
    assert page.evaluate(f"{AUDIO}.duration") == 30
    only_the_network_failed(problems)


def test_signing_out_leaves_nothing_to_read(learner_page, problems):
    page = learner_page
    keep(page)
    page.evaluate("localStorage.setItem('rz:queue', JSON.stringify([{ url: '/x/', title: '题' }]))")
    page.goto("/account/logout/")
    page.click("#main form [type=submit]")
    page.wait_for_function("() => !localStorage.getItem('rz:offline')")
    assert not page.evaluate("localStorage.getItem('rz:queue')")
    assert "kept" not in page.evaluate("caches.keys()")
    stored = page.evaluate(
        "async () => { const all = []; for (const name of await caches.keys()) for (const request of await (await caches.open(name)).keys()) all.push(await (await caches.match(request)).text()); return all.join(''); }"  # noqa: E501
    )
    assert "题目" not in stored
    assert EMAIL not in stored
    page.context.set_offline(True)
    page.goto(PAID)
    assert page.inner_text("h1") == "离线"
    assert page.is_visible(".kept-none")
    only_the_network_failed(problems)


def test_the_list_of_what_plays_next_goes_with_who_signs_out(learner_page):
    page = learner_page
    page.goto("/courses/self/")
    page.click(".lesson-rows .hear >> nth=0")
    page.wait_for_selector(".player-mini")
    page.click(".queue-add >> nth=1")
    page.wait_for_function("() => localStorage['rz:queue'] && localStorage['rz:owner']")
    page.goto("/account/logout/")
    page.click("#main form [type=submit]")
    page.wait_for_function("() => !localStorage['rz:queue'] && !localStorage['rz:owner']")


def test_a_device_without_room_says_so_and_keeps_nothing(learner_page):
    page = learner_page
    page.evaluate(
        "() => { Cache.prototype.put = async () => { throw new DOMException('', 'QuotaExceededError'); }; }"  # noqa: E501
    )
    page.click("rz-keep button >> nth=0")
    page.wait_for_function("() => document.querySelector('rz-keep output').value.includes('空间')")
    assert page.evaluate(CACHED) == []
    assert page.evaluate("localStorage.getItem('rz:offline')") is None
