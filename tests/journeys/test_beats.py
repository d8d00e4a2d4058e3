"""Heartbeats, as they leave the browser: /study/beat/ is answered here by the test."""

import json
import re
import time
import uuid
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Response, Route

from tests.journeys.test_player import go

AUDIO = "document.querySelector('rz-player audio')"
SOUNDS = "() => { const a = document.querySelector('rz-player audio'); return !a.paused && a.readyState > 2 && a.currentTime > %s; }"  # noqa: E501
STORED = "(lesson) => JSON.parse(localStorage.getItem('rz:study:' + lesson))"
# … and is kept: on a slow machine a beat may have gone before.
STOPPED = f"""() => {{
  const [kept] = JSON.parse(localStorage['rz:study:2'] ?? '[]');
  return Boolean(kept) && Math.abs(kept.position - {AUDIO}.currentTime) < 0.01;
}}"""
Beats = list[dict]


@pytest.fixture
def beats() -> Beats:
    """What has arrived at /study/beat/, in order."""
    return []


@pytest.fixture
def study(open_page, beats: Beats) -> Callable[..., Page]:
    """Opens a sample lesson with /study/beat/ listening."""

    def opened(
        path: str = "lesson/2/?token=first", *, clock: int | None = None, answer=None
    ) -> Page:
        def receive(route: Route) -> None:
            beats.append(json.loads(route.request.post_data or ""))
            route.fulfill(**((answer and answer(beats[-1])) or {"status": 204}))

        def before(page: Page) -> None:
            page.context.route("**/study/beat/", receive)
            speed = {"rate": None, "of_course": False}
            page.context.route("**/study/speed/", lambda route: route.fulfill(json=speed))
            if clock is not None:
                page.clock.install(time=clock)

        page = open_page(f"/styleguide/{path}", before=before)
        page.wait_for_function("() => !!customElements.get('rz-lesson')")
        return page

    return opened


def play(page: Page, until: float) -> None:
    page.evaluate("document.querySelector('rz-player').play()")
    page.wait_for_function(SOUNDS % until)


def pause(page: Page) -> None:
    with page.expect_response("**/study/beat/"):
        page.evaluate(f"{AUDIO}.pause()")


def read(page: Page, seconds: int, until: Callable[[dict], bool] = bool) -> None:
    """Lets that many seconds of reading pass; a beat must come of it, one that is as awaited."""

    def is_awaited(answer: Response) -> bool:
        posted = answer.request.post_data if answer.url.endswith("/study/beat/") else None
        return posted is not None and until(json.loads(posted))

    page.mouse.move(100, 300)
    with page.expect_response(is_awaited):
        page.clock.run_for(seconds * 1000)


def seconds(beat: dict) -> float:
    return sum(end - start for start, end in beat["ranges"])


def test_a_pause_sends_what_was_heard(study, beats):
    page = study()
    play(page, 2)
    pause(page)
    (beat,) = beats
    assert set(beat) == {"token", "session", "seq", "position", "ranges", "wall", "read_to", "ago"}
    assert (beat["token"], beat["seq"]) == ("first", 1)
    assert uuid.UUID(beat["session"]).version == 4
    assert beat["ranges"][0][0] < 0.5
    assert beat["position"] == pytest.approx(page.evaluate(f"{AUDIO}.currentTime"), abs=0.3)
    assert seconds(beat) == pytest.approx(beat["position"], abs=0.5)
    assert beat["wall"] == pytest.approx(seconds(beat), abs=1)


def test_beats_of_a_session_are_cumulative_and_a_seek_is_not_hearing(study, beats):
    page = study()
    play(page, 1)
    pause(page)
    page.evaluate("document.querySelector('rz-player').seek(300)")
    play(page, 301)
    pause(page)
    first, last = beats[0], beats[-1]
    assert last["session"] == first["session"]
    assert last["seq"] > first["seq"]
    assert len(last["ranges"]) == 2
    assert last["ranges"][1][0] == pytest.approx(300, abs=0.5)
    assert seconds(last) < 5
    assert last["position"] > 300


def test_speed_counts_content_and_wall_apart(study, beats):
    page = study()
    page.evaluate("document.querySelector('rz-player').setRate(3)")
    play(page, 6)
    pause(page)
    assert seconds(beats[-1]) == pytest.approx(beats[-1]["wall"] * 3, rel=0.35)


def test_a_beat_goes_every_fifteen_seconds_of_reading(study, beats):
    page = study("lesson/3/?token=first", clock=0)
    read(page, 16)
    read(page, 16)
    assert [beat["seq"] for beat in beats] == [1, 2]
    assert beats[-1]["wall"] == pytest.approx(30, abs=2)
    assert beats[-1]["ranges"] == []
    assert 0 < beats[-1]["read_to"] < 1


def test_a_minute_without_a_hand_is_no_longer_reading(study, beats):
    page = study("lesson/3/?token=first", clock=0)
    page.mouse.move(100, 300)
    page.clock.run_for(100_000)
    page.clock.run_for(100_000)
    read(page, 16)  # a hand again
    assert 60 <= beats[-1]["wall"] <= 60 + 17  # of 216


def test_reading_to_the_end_is_told(study, beats):
    page = study("lesson/3/?token=first", clock=0)
    page.evaluate("document.querySelector('.lesson-end').scrollIntoView()")
    read(page, 16)
    assert beats[-1]["read_to"] == 1


def test_reading_after_listening_leaves_the_place_its_time(study, beats):
    """Another device may have sounded since: what was played last is where one goes on."""
    page = study(clock=0)
    page.evaluate("document.querySelector('rz-player').play()")
    page.wait_for_function(SOUNDS % 1, polling=50)
    pause(page)
    heard = beats[-1]
    page.mouse.move(100, 310)
    page.clock.fast_forward(10_000)
    read(page, 32, lambda beat: beat["session"] != heard["session"])
    assert (beats[-1]["ranges"], beats[-1]["position"]) == ([], heard["position"])
    assert beats[-1]["wall"] > 0


def test_a_new_session_begins_at_the_learner_s_midnight(study, beats):
    page = study("lesson/3/?token=first&day_ends=40000", clock=0)
    read(page, 16)
    read(page, 40)
    read(page, 16, until=lambda beat: beat["session"] != beats[0]["session"] and beat["wall"] > 15)
    sessions = list(dict.fromkeys(beat["session"] for beat in beats))
    assert len(sessions) == 2
    before, after = ([b for b in beats if b["session"] == session][-1] for session in sessions)
    assert before["wall"] == pytest.approx(40, abs=3)
    assert after["wall"] <= 33  # as of its last beat
    assert after["position"] == before["position"]


def test_each_lesson_has_its_own_session(study, beats):
    page = study()
    play(page, 1)
    page.locator(".lesson-turn [rel=prev]").evaluate("e => e.click()")
    page.wait_for_selector("[data-listen]:visible")
    with page.expect_response("**/study/beat/"):
        page.click("[data-listen]")
    page.wait_for_function("() => document.querySelector('rz-player').track.lesson === '1'")
    assert {beat["token"] for beat in beats} == {"first"}
    assert len({beat["session"] for beat in beats}) == 1


def test_leaving_sends_a_beacon(study, beats):
    page = study()
    play(page, 1)
    with page.expect_request("**/study/beat/") as sent:
        page.evaluate("dispatchEvent(new Event('pagehide'))")
    assert sent.value.resource_type == "ping"
    assert seconds(sent.value.post_data_json) > 0.5


@pytest.mark.parametrize(
    "leave", ["document.querySelector('[name=language]').click()", "location.reload()"]
)
def test_a_whole_load_loses_no_beat(study, beats, leave):
    page = study()
    play(page, 1)
    with page.expect_navigation():
        page.evaluate(leave)
    for _each in range(100):  # which of the two arrives first is the browser's business
        if beats:
            break
        page.wait_for_timeout(100)
    assert beats[0]["position"] > 0.5


def test_a_visitor_s_session_is_kept_here_and_resumes(study, beats):
    page = study("lesson/2/")
    play(page, 2)
    page.evaluate(f"{AUDIO}.pause()")
    page.wait_for_function(STOPPED)
    (kept,) = page.evaluate(STORED, "2")
    assert seconds(kept) > 1
    assert beats == []
    page.reload()
    page.wait_for_function("() => !!document.querySelector('rz-player').at")
    at = page.evaluate("document.querySelector('rz-player').at")
    assert at == pytest.approx(kept["position"], abs=0.01)


def test_a_visitor_s_sessions_are_sent_once_there_is_a_token(study, beats):
    page = study("lesson/2/")
    play(page, 1)
    page.evaluate(f"{AUDIO}.pause()")
    page.wait_for_function(STOPPED)
    (kept,) = page.evaluate(STORED, "2")
    page.evaluate(
        "(beat) => localStorage.setItem('rz:study:1', JSON.stringify([beat]))",
        {**kept, "session": str(uuid.uuid4()), "at": kept["at"] - 60_000},
    )
    page.route(
        re.compile("/study/token/1/$"),
        lambda route: route.fulfill(json={"token": "of lesson 1", "day_ends": 4102444800000}),
    )
    page.goto("/styleguide/lesson/2/?token=mine")
    page.wait_for_function("() => !Object.keys(localStorage).some(k => k.startsWith('rz:study'))")
    assert [(beat["token"], beat["position"]) for beat in beats] == [
        ("mine", kept["position"]),
        ("of lesson 1", kept["position"]),
    ]
    assert beats[0]["session"] == kept["session"]
    assert beats[1]["ago"] == pytest.approx(beats[0]["ago"] + 60, abs=2)
    assert "learner" not in beats[0]
    at = page.evaluate("document.querySelector('rz-player').at")
    assert at == pytest.approx(kept["position"], abs=0.01)


@pytest.mark.parametrize(
    ("minutes", "placed", "place"), [(-5, 0, 99), (5, 0, 42), (-5, -9 * 60_000, 42)]
)
def test_what_was_heard_last_is_where_one_goes_on(study, beats, minutes, placed, place):
    """A session waits here, read until now; the page says what another device told the server."""
    page = study("lesson/2/")
    waits = {"session": str(uuid.uuid4()), "position": 99, "ranges": [], "learner": ""}
    page.evaluate(
        """([beat, placed]) => localStorage.setItem('rz:study:2',
            JSON.stringify([{ ...beat, at: Date.now(), placed: Date.now() + placed }]))""",
        [waits, placed],
    )

    def told(route: Route) -> None:
        answer = route.fetch()
        at = f'data-position="42" data-position-at="{int(time.time() * 1000) + minutes * 60_000}"'
        route.fulfill(response=answer, body=re.sub('data-position="[^"]*"', at, answer.text()))

    page.route("**/styleguide/lesson/2/?token=mine", told)
    page.goto("/styleguide/lesson/2/?token=mine")
    page.wait_for_function("() => !!document.querySelector('rz-player').at")
    assert page.evaluate("document.querySelector('rz-player').at") == place


def as_told(page: Page, **changes: str) -> None:
    """From now on the lesson's page says other data, as asked for by its learner."""

    def told(route: Route) -> None:
        answer = route.fetch(url=f"{route.request.url.partition('?')[0]}?token=mine")
        body = answer.text()
        for name, value in changes.items():
            data = f'data-{name.replace("_", "-")}="{value}"'
            body = re.sub(f'{data.partition("=")[0]}="[^"]*"', "", body)
            body = body.replace("<rz-lesson ", f"<rz-lesson {data} ", 1)
        route.fulfill(response=answer, body=body)

    page.route(re.compile(r"/styleguide/lesson/2/(\?.*)?$"), told)


def in_a_minute() -> str:
    return str(int(time.time() * 1000) + 60_000)


@pytest.mark.parametrize("is_loaded", [True, False])
def test_who_paused_here_goes_on_where_another_device_played_since(study, beats, is_loaded):
    page = study("lesson/2/?token=mine")
    play(page, 1)
    pause(page)
    as_told(page, position="42", position_at=in_a_minute())
    if is_loaded:
        page.reload()
    else:
        go(page, ".lesson-bar-course", "/styleguide/course/")
        go(page, ".lesson-row >> nth=1", "/styleguide/lesson/2/")
    page.wait_for_function("() => document.querySelector('rz-player').at === 42")
    play(page, 42.5)
    pause(page)
    assert beats[-1]["ranges"][-1][0] >= 42


def test_a_tab_that_is_looked_at_again_goes_on_where_another_device_played(study, beats):
    page = study("lesson/2/?token=mine")
    play(page, 1)
    pause(page)
    go(page, ".lesson-bar-course", "/styleguide/course/")
    as_told(page, position="42", position_at=in_a_minute())
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    page.wait_for_function("() => document.querySelector('rz-player').at === 42")
    as_told(page, learner="8")
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    page.wait_for_selector("rz-player", state="hidden")


def test_a_place_chosen_here_is_not_left_for_another_device_s(study, beats):
    """A sheet was opened first: what only a sound needs is there before anything sounds."""
    page = study("lesson/2/?token=mine")
    as_told(page, position="42", position_at=in_a_minute())
    page.reload()
    page.evaluate("() => document.querySelector('rz-player').more().then(() => {})")
    page.wait_for_function("() => document.querySelector('rz-player').at === 42")
    page.evaluate("document.querySelector('rz-player').seek(10)")
    play(page, 10.2)
    assert page.evaluate("document.querySelector('rz-player').at") < 40


def test_a_place_chosen_by_hand_in_a_pause_outlives_a_reload_and_another_tab(study, beats):
    page = study("lesson/2/?token=mine")
    play(page, 1)
    pause(page)
    as_told(page, position="1", position_at=str(int(time.time() * 1000) + 1))
    page.wait_for_timeout(5)
    page.evaluate("document.querySelector('rz-player').seek(40)")
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    page.reload()
    page.wait_for_function("() => document.querySelector('rz-player').at === 40")


def test_a_page_that_comes_after_midnight_begins_a_session(study, beats):
    page = study("lesson/3/?token=first&day_ends=40000", clock=0)
    read(page, 16)
    page.locator(".lesson-bar-course").evaluate("e => e.click()")
    page.wait_for_selector("rz-lesson", state="detached")
    page.clock.fast_forward(60_000)

    def told(route: Route) -> None:
        fresh = route.request.url.replace("first&day_ends=40000", "second&day_ends=86440000")
        route.fulfill(response=route.fetch(url=fresh))

    page.route("**/styleguide/lesson/3/?token=first*", told)
    page.go_back()
    page.wait_for_selector("rz-lesson[data-token=second]", state="attached")
    read(page, 16, until=lambda beat: beat["token"] == "second")
    assert beats[-1]["session"] != beats[0]["session"]
    assert beats[-1]["wall"] < 30


def test_what_a_visitor_heard_goes_on_as_the_learners_once_they_signed_in(study, beats):
    page = study("lesson/2/")
    play(page, 1)
    page.evaluate(f"{AUDIO}.pause()")
    as_told(page)
    page.goto("/styleguide/course/")
    page.wait_for_selector(".player-mini .player-title")
    assert page.evaluate("document.querySelector('rz-player').at") > 1
    play(page, 2)
    pause(page)
    assert beats[-1]["token"] == "mine"
    assert beats[-1]["wall"] > 0


def test_nothing_of_one_learner_s_is_told_as_another_s(study, beats):
    page = study("lesson/2/?token=mine")
    play(page, 1)
    pause(page)
    first = beats[-1]["session"]
    as_told(page, learner="8", token="other")
    go(page, ".lesson-bar-course", "/styleguide/course/")
    go(page, ".lesson-row >> nth=1", "/styleguide/lesson/2/")
    page.wait_for_function("() => document.querySelector('rz-player').at === 0")
    play(page, 0.5)
    pause(page)
    last = beats[-1]
    assert (last["token"], last["session"] == first) == ("other", False)
    assert last["position"] < 1.5
    assert {beat["token"] for beat in beats if beat["session"] == first} == {"mine"}


def test_another_learner_s_waiting_session_is_left_alone(study, beats):
    page = study("lesson/2/")
    foreign = {"session": str(uuid.uuid4()), "position": 99, "ranges": [], "learner": "8"}
    page.evaluate("(b) => localStorage.setItem('rz:study:2', JSON.stringify([b]))", foreign)
    page.goto("/styleguide/lesson/2/?token=mine")
    page.wait_for_function("() => !!customElements.get('rz-lesson')")
    assert page.evaluate("document.querySelector('rz-player').at") == 0
    play(page, 1)
    pause(page)
    assert foreign["session"] not in {beat["session"] for beat in beats}
    assert page.evaluate(STORED, "2") == [foreign]


def test_without_a_network_the_session_waits_and_goes_later(study, beats, problems):
    page = study()
    play(page, 1)
    page.context.set_offline(True)
    page.evaluate(f"{AUDIO}.pause()")
    page.wait_for_function(STOPPED)
    assert beats == []
    with page.expect_response("**/study/beat/"):
        page.context.set_offline(False)
    page.wait_for_function("() => !localStorage.getItem('rz:study:2')")
    assert seconds(beats[-1]) > 0.5
    problems.clear()


def test_a_refused_service_is_tried_again(study, beats, problems):
    page = study(answer=lambda beat: {"status": 503} if beat["seq"] == 1 else None)
    play(page, 1)
    pause(page)
    page.wait_for_function("() => localStorage.getItem('rz:study:2')")
    play(page, 1.5)
    pause(page)
    page.wait_for_function("() => !localStorage.getItem('rz:study:2')")
    assert beats[-1]["session"] == beats[0]["session"]
    problems.clear()


def test_a_busy_service_is_left_alone_as_long_as_it_asks(study, beats, problems):
    busy = {"status": 503, "headers": {"Retry-After": "100"}}
    page = study(
        "lesson/3/?token=first", clock=0, answer=lambda beat: busy if beat["seq"] == 1 else None
    )
    read(page, 16)
    for _minute in range(3):  # half a minute each: six beats would go
        page.mouse.move(100, 310)
        page.clock.run_for(30_000)
    assert len(beats) == 1
    read(page, 90, until=lambda beat: beat["wall"] > 60)
    assert beats[-1]["session"] == beats[0]["session"]
    problems.clear()


def test_the_server_says_how_often_beats_go(study, beats):
    page = study(
        "lesson/3/?token=first",
        clock=0,
        answer=lambda beat: {"status": 204, "headers": {"Beat-Every": "60"}},
    )
    read(page, 16)
    page.mouse.move(100, 310)
    page.clock.run_for(50_000)
    assert len(beats) == 1
    read(page, 16)
    assert len(beats) == 2


def test_an_old_token_is_renewed_and_a_new_session_begins(study, beats, problems):
    def answer(beat: dict) -> dict | None:
        if beat["token"] == "first":
            return {"status": 401, "json": {"renew": "/study/token/2/"}}
        return None

    page = study(answer=answer)
    page.route(
        "**/study/token/2/",
        lambda route: route.fulfill(json={"token": "second", "day_ends": 4102444800000}),
    )
    play(page, 1)
    pause(page)
    page.wait_for_function(
        "() => performance.getEntriesByType('resource').filter(e => e.name.includes('/beat/'))"
        ".length >= 2"
    )
    play(page, 2)
    pause(page)
    old, again, new = beats[0], beats[1], beats[-1]
    assert (again["session"], again["token"]) == (old["session"], "second")
    assert again["seq"] == old["seq"] + 1
    assert new["session"] != old["session"]
    assert new["token"] == "second"
    assert new["ranges"][0][0] >= old["ranges"][-1][1] - 0.5
    problems.clear()  # the browser reports the 401 itself


def test_what_a_refused_token_could_not_send_waits(study, beats, problems):
    page = study(answer=lambda beat: {"status": 401, "json": {}})
    play(page, 1)
    pause(page)
    page.wait_for_function(STORED, arg="2")
    play(page, 1.5)
    page.evaluate(f"{AUDIO}.pause()")
    page.wait_for_function(f"() => ({STORED})('2')[0].seq === 2")
    assert len(beats) == 1
    problems.clear()  # the browser reports the 401 itself
