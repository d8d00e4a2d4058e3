"""The one player: it sounds on while pages change, and does what its controls say."""

import json

import pytest
from playwright.sync_api import Page, Route

# The address changes before the page does: the page's own head tells which one is here.
ARRIVED = """(path) => location.pathname === path && document.activeElement.tagName === 'H1'
  && (document.querySelector('#main').dataset.page === 'page') === path.endsWith('/course/')"""
SOUNDS = "() => { const a = document.querySelector('rz-player audio'); return !a.paused && a.readyState > 2 && a.currentTime > %s; }"  # noqa: E501
RATE = "() => document.querySelector('rz-player').rate === %s"
AUDIO = "document.querySelector('rz-player audio')"
SHUT = "<main>会员可听</main>"  # a lesson's page for who may not hear it


def opened(open_page, number: int = 2, query: str = "", **options) -> Page:
    page = open_page(f"/styleguide/lesson/{number}/{query}", **options)
    page.wait_for_function("() => !!customElements.get('rz-lesson')")
    return page


def playing(open_page, number: int = 2, **options) -> Page:
    page = opened(open_page, number, **options)
    page.click(".player-dock .player-play")
    page.wait_for_function(SOUNDS % 0.2)
    return page


def at(page: Page) -> float:
    return page.evaluate(f"{AUDIO}.currentTime")


def go(page: Page, selector: str, path: str) -> None:
    page.locator(selector).first.evaluate("e => e.click()")
    page.wait_for_function(ARRIVED, arg=path)


def test_the_sound_survives_ten_navigations(open_page):
    page = playing(open_page)
    page.evaluate(f"""() => {{
      window.silences = [];
      for (const name of ["pause", "emptied", "ended", "seeking"])
        {AUDIO}.addEventListener(name, () => silences.push(name));
    }}""")
    element = page.evaluate_handle(AUDIO)
    before = at(page)
    tour = [
        (".lesson-bar-course", "/styleguide/course/"),
        (".lesson-row", "/styleguide/lesson/2/"),
        (".lesson-turn [rel=next]", "/styleguide/lesson/3/"),
        (".lesson-turn [rel=prev]", "/styleguide/lesson/2/"),
        (".lesson-turn [rel=prev]", "/styleguide/lesson/1/"),
        (".lesson-bar-course", "/styleguide/course/"),
        (".buy-bar .button", "/styleguide/paywall/"),
        (".paywall .button-primary", "/styleguide/course/"),
    ]
    for selector, path in tour:
        go(page, selector, path)
    for _ in range(2):
        page.go_back()
    page.wait_for_function(ARRIVED, arg="/styleguide/course/")
    page.wait_for_function(SOUNDS % (before + 0.5))
    assert page.evaluate("silences") == []
    assert element.evaluate(f"e => e === {AUDIO}")
    assert page.is_visible(".player-mini >> text=信任是怎么一天天攒下来的")
    page.click(".player-mini a.player-title")
    page.wait_for_function(ARRIVED, arg="/styleguide/lesson/2/")
    assert page.is_visible(".player-dock")
    assert page.evaluate("silences") == []


def test_another_lesson_takes_over_only_when_play_is_pressed_there(open_page):
    page = playing(open_page, 2)
    go(page, ".lesson-turn [rel=prev]", "/styleguide/lesson/1/")
    assert page.evaluate(f"{AUDIO}.src").endswith("/sound/680/")
    assert page.is_visible(".player-mini >> text=信任是怎么一天天攒下来的")
    page.click("[data-listen]")
    page.wait_for_function(f"() => {AUDIO}.src.endsWith('/sound/120/') && !{AUDIO}.paused")
    assert page.is_visible(".player-dock")
    assert not page.is_visible("[data-listen]")


def test_a_paused_player_gives_the_dock_to_the_lesson_one_reads(open_page):
    page = playing(open_page, 2)
    page.click(".player-dock .player-play")
    go(page, ".lesson-turn [rel=prev]", "/styleguide/lesson/1/")
    page.click(".player-dock .player-play")
    page.wait_for_function(f"() => {AUDIO}.src.endsWith('/sound/120/') && !{AUDIO}.paused")


def test_the_mini_player_can_be_closed(open_page):
    page = playing(open_page)
    go(page, ".lesson-bar-course", "/styleguide/course/")
    page.click(".player-close")
    assert page.is_hidden("rz-player")
    assert page.evaluate(f"{AUDIO}.paused")


def test_what_played_goes_on_after_a_reload(open_page):
    page = playing(open_page)
    page.evaluate("document.querySelector('rz-player').seek(40)")
    page.wait_for_function(SOUNDS % 41)
    page.reload()
    page.wait_for_function(SOUNDS % 41)
    page.goto("/styleguide/")  # a whole load of another page: it waits there
    page.wait_for_selector(".player-mini .player-title")
    assert page.inner_text(".player-mini .player-title") == "信任是怎么一天天攒下来的"
    assert page.evaluate(f"{AUDIO}.paused")
    assert page.evaluate("document.querySelector('rz-player').at") > 41
    page.click(".player-close")
    page.reload()
    page.evaluate("document.querySelector('rz-player').more()")
    assert page.is_hidden("rz-player")


def test_a_learners_lesson_does_not_come_back_for_who_signed_out(open_page):
    page = open_page("/styleguide/")
    track = {"lesson": "9", "learner": "7", "media": "/x/", "url": "/y/", "beatUrl": "/study/beat/"}
    page.evaluate(
        "(track) => sessionStorage.setItem('rz:track', JSON.stringify({ track, at: 9 }))", track
    )
    page.route("**/y/", lambda route: route.fulfill(body=SHUT, content_type="text/html"))
    page.reload()
    page.wait_for_function("() => !sessionStorage.getItem('rz:track')")
    assert page.is_hidden("rz-player")


def test_a_learners_lesson_comes_back_without_a_network_and_is_asked_for_with_one(
    open_page, problems
):
    page = open_page("/styleguide/")
    track = {"lesson": "9", "learner": "7", "media": "/x/", "url": "/y/", "beatUrl": "/study/beat/"}
    page.evaluate(
        "(track) => sessionStorage.setItem('rz:track', JSON.stringify({ track, at: 9 }))",
        {**track, "title": "信任"},
    )
    page.route("**/y/", lambda route: route.abort())
    page.reload()
    page.wait_for_selector(".player-mini .player-title")
    page.unroute("**/y/")
    page.route("**/y/", lambda route: route.fulfill(body=SHUT, content_type="text/html"))
    page.evaluate("dispatchEvent(new Event('online'))")
    page.wait_for_selector("rz-player", state="hidden")
    problems.clear()


def test_speed_is_chosen_by_hand_and_by_key_and_remembered(open_page):
    page = playing(open_page)
    page.click(".player-rate")
    page.click("#rates [data-rate='1.5']")
    page.keyboard.press(">")
    assert page.evaluate(f"{AUDIO}.playbackRate") == 1.75
    page.reload()
    page.wait_for_function(SOUNDS % 0)
    assert page.evaluate(f"{AUDIO}.playbackRate") == 1.75
    assert page.inner_text(".player-rate > span >> nth=0") == "1.75×"


def test_half_speed_keeps_the_voice(open_page):
    page = playing(open_page)
    page.click(".player-rate")
    page.click("#rates [data-rate='0.5']")
    assert page.evaluate(f"[{AUDIO}.playbackRate, {AUDIO}.preservesPitch]") == [0.5, True]
    page.keyboard.press("<")
    assert page.evaluate(f"{AUDIO}.playbackRate") == 0.5


def test_steps_of_thirty_seconds_are_chosen_and_remembered(open_page):
    page = opened(open_page, query="?position=100")
    page.click(".player-rate")
    page.click("#rates button[data-step='30']")
    page.keyboard.press("Escape")
    assert page.get_by_label("前进 30 秒").is_visible()
    page.click("[data-do=forward]")
    assert page.inner_text(".player-at") == "2:10"
    page.reload()
    page.click("[data-do=back]")
    assert page.inner_text(".player-at") == "1:40"
    assert page.is_visible(".icon-back-30")
    assert page.is_hidden(".icon-back-15")


def test_the_volume_is_remembered(open_page):
    page = playing(open_page)
    page.click(".player-rate")
    page.get_by_label("音量").fill("0.35")
    page.wait_for_function(f"() => {AUDIO}.volume === 0.35")
    page.reload()
    assert page.evaluate(f"{AUDIO}.volume") == 0.35
    page.click(".player-rate")
    page.wait_for_function("() => document.querySelector('[data-volume]').value === '0.35'")


def test_keys_play_and_move_but_not_while_typing(open_page):
    page = playing(open_page)
    page.keyboard.press("k")
    assert page.evaluate(f"{AUDIO}.paused")
    page.keyboard.press("l")
    page.keyboard.press("ArrowRight")
    moved = at(page)
    assert moved > 30
    page.keyboard.press("j")
    assert at(page) == pytest.approx(moved - 15, abs=0.1)
    page.keyboard.press("Space")
    page.wait_for_function(SOUNDS % 0)
    page.evaluate("document.querySelector('h1').contentEditable = true")
    page.focus("h1")
    page.keyboard.press("k")
    assert not page.evaluate(f"{AUDIO}.paused")


def test_keys_can_be_turned_off(open_page):
    page = playing(open_page, width=1280)
    page.click(".player-rate")
    page.uncheck("[data-keys]")
    page.keyboard.press("Escape")
    page.locator("h1").focus()
    page.keyboard.press("k")
    assert not page.evaluate(f"{AUDIO}.paused")


def test_it_resumes_where_the_server_says(open_page):
    page = opened(open_page, query="?position=253.1")
    assert page.inner_text(".player-at") == "4:13"
    page.click(".player-dock .player-play")
    page.wait_for_function(SOUNDS % 253)
    assert at(page) < 258


def test_fifteen_seconds_and_the_bar_move_a_lesson_not_yet_loaded(open_page):
    page = opened(open_page, query="?position=100")
    page.click("[data-do=forward]")
    assert page.inner_text(".player-at") == "1:55"
    page.locator(".player-seek input").fill("300")
    assert page.inner_text(".player-at") == "5:00"
    assert page.get_attribute(".player-seek input", "aria-valuetext") == "5:00 / 11:20"
    page.click(".player-dock .player-play")
    page.wait_for_function(SOUNDS % 300)


def test_the_system_is_told_what_plays(open_page):
    page = playing(open_page)
    told = page.evaluate("""() => {
      const { title, artist, album } = navigator.mediaSession.metadata;
      return [title, artist, album];
    }""")
    assert told == ["信任是怎么一天天攒下来的", "周明远", "一群人的生意"]


def test_the_system_is_told_where_it_plays(open_page):
    told = "navigator.mediaSession.setPositionState = (place) => { window.place = place; };"
    page = opened(open_page, before=lambda page: page.add_init_script(told))
    page.evaluate("document.querySelector('rz-player').setRate(1.5)")
    page.click(".player-dock .player-play")
    page.wait_for_function(SOUNDS % 0.2)
    page.evaluate("document.querySelector('rz-player').seek(60)")
    page.wait_for_function("() => window.place?.position >= 60")
    place = page.evaluate("window.place")
    assert place["playbackRate"] == 1.5
    assert 60 <= place["position"] < place["duration"]


@pytest.mark.parametrize("rate", [1.5, 3])
def test_the_sleep_timer_counts_real_time_at_any_speed(open_page, rate):
    page = opened(open_page, before=lambda page: page.clock.install())
    page.evaluate("(rate) => document.querySelector('rz-player').setRate(rate)", rate)
    page.click(".player-dock .player-play")
    page.wait_for_function(SOUNDS % 0.2, polling=50)
    page.click(".player-sleep")
    page.click("#sleep [data-sleep='15']")
    assert page.get_attribute(".player-sleep", "data-left") == "15′"
    page.clock.fast_forward("14:45")
    assert page.evaluate(f"{AUDIO}.volume") == 1
    page.clock.fast_forward("00:11")
    assert 0.2 < page.evaluate(f"{AUDIO}.volume") <= 0.4
    assert not page.evaluate(f"{AUDIO}.paused")
    page.clock.fast_forward("00:05")
    assert page.evaluate(f"[{AUDIO}.paused, {AUDIO}.volume]") == [True, 1]
    assert page.get_attribute(".player-sleep", "data-left") is None


def test_the_sleep_timer_goes_on_after_a_reload(open_page):
    page = playing(open_page)
    page.click(".player-sleep")
    page.click("#sleep [data-sleep='15']")
    page.reload()
    page.wait_for_selector(".player-sleep[data-left='15′']")


def test_the_end_offers_what_is_next_and_does_not_run_on(open_page):
    page = playing(open_page, 1)
    page.click(".player-sleep")
    page.click("#sleep [data-sleep=lesson]")
    page.evaluate("document.querySelector('rz-player').seek(119)")
    page.wait_for_function(f"() => {AUDIO}.ended")
    assert page.get_attribute(".player-sleep", "data-left") is None
    page.click(".player-next >> text=信任是怎么一天天攒下来的")
    page.wait_for_function(ARRIVED, arg="/styleguide/lesson/2/")
    assert page.evaluate(f"{AUDIO}.paused")
    assert page.is_visible(".player-dock")


def test_the_speed_is_the_learners_everywhere_or_in_one_course(open_page):
    told: list[dict] = []

    def answer(route: Route) -> None:
        told.append(json.loads(route.request.post_data or ""))
        usual = {"rate": 1.75, "of_course": False}
        route.fulfill(json={name: told[-1].get(name, value) for name, value in usual.items()})

    def before(page: Page) -> None:
        page.route("**/study/speed/", answer)
        page.route("**/study/beat/", lambda route: route.fulfill(status=204))

    page = opened(open_page, 2, "?token=mine", before=before)
    page.click(".player-dock .player-play")
    page.wait_for_function(RATE % 1.75)
    page.click(".player-rate")
    assert not page.is_checked("[data-rate-of-course]")
    page.click("#rates [data-rate='2']")
    page.wait_for_function(RATE % 2)
    page.click(".player-rate")
    page.check("[data-rate-of-course]")
    page.click("#rates [data-rate='1.25']")
    page.wait_for_function(RATE % 1.25)
    page.click(".player-rate")
    page.uncheck("[data-rate-of-course]")
    page.wait_for_function(RATE % 1.75)
    choices = [{name: each[name] for name in each if name != "token"} for each in told]
    assert choices == [
        {},
        {"rate": 2, "of_course": False},
        {"rate": 2, "of_course": True},
        {"rate": 1.25, "of_course": True},
        {"of_course": False},
    ]
    assert {each["token"] for each in told} == {"mine"}


def test_a_speed_chosen_without_a_network_is_told_later(open_page, problems):
    told: list[dict] = []
    is_down = False

    def answer(route: Route) -> None:
        if is_down:
            route.abort()
            return
        told.append(json.loads(route.request.post_data or ""))
        route.fulfill(json={"rate": told[-1].get("rate", 2.5), "of_course": False})

    def before(page: Page) -> None:
        page.route("**/study/speed/", answer)
        page.route("**/study/beat/", lambda route: route.fulfill(status=204))

    page = opened(open_page, 2, "?token=mine", before=before)
    page.click(".player-dock .player-play")
    page.wait_for_function(RATE % 2.5)
    is_down = True
    page.click(".player-rate")
    with page.expect_event("requestfailed"):
        page.click("#rates [data-rate='1']")
    is_down = False
    with page.expect_response("**/study/speed/"):
        page.evaluate("dispatchEvent(new Event('online'))")
    assert told[-1]["rate"] == 1
    page.wait_for_function(RATE % 1)
    problems.clear()


NEXT_SOUNDS = "() => { const p = document.querySelector('rz-player'); return p.track?.lesson === '2' && !p.audio.paused && p.audio.currentTime > 0; }"  # noqa: E501


def to_its_end(page: Page) -> None:
    page.evaluate("document.querySelector('rz-player').seek(118)")
    page.wait_for_function(f"() => {AUDIO}.ended || {AUDIO}.currentTime < 100")


def test_the_next_lesson_follows_by_choice_and_the_page_stays(open_page):
    page = playing(open_page, 1)
    page.click(".player-rate")
    page.check("[data-autoplay]")
    page.keyboard.press("Escape")
    to_its_end(page)
    page.wait_for_function(NEXT_SOUNDS)
    assert page.url.endswith("/styleguide/lesson/1/")
    assert page.inner_text(".player-mini .player-title") == "信任是怎么一天天攒下来的"
    page.reload()
    page.click(".player-mini .player-title")
    page.wait_for_url("**/lesson/2/")
    page.click(".player-rate")
    assert page.is_checked("[data-autoplay]")


def test_what_is_heard_from_a_list_is_followed_too(open_page):
    page = open_page("/styleguide/")
    page.evaluate("localStorage.setItem('rz:autoplay', 'true')")
    page.click(".lesson-rows .hear >> nth=0")
    page.wait_for_function(SOUNDS % 0.2)
    to_its_end(page)
    page.wait_for_function(NEXT_SOUNDS)


def test_nothing_follows_a_lesson_that_is_closed_or_where_the_network_is_down(open_page, problems):
    page = playing(open_page, 1)
    page.evaluate("localStorage.setItem('rz:autoplay', 'true')")
    page.route("**/styleguide/lesson/2/", lambda route: route.abort())
    to_its_end(page)
    page.wait_for_selector(".player-next:not([hidden])")
    assert page.evaluate(f"{AUDIO}.ended")
    problems.clear()


def test_the_sleep_timer_lets_a_chapter_play_on_to_its_end(open_page):
    page = playing(open_page, 1)
    page.click(".player-sleep")
    page.click("#sleep [data-sleep=chapter]")
    assert page.get_attribute(".player-sleep", "data-left") == "•"
    to_its_end(page)
    page.wait_for_function(NEXT_SOUNDS)
    assert page.get_attribute(".player-sleep", "data-left") == "•"


def test_the_sleep_timer_stops_where_another_chapter_begins(open_page):
    page = playing(open_page, 1, query="?chapter=0")
    page.click(".player-sleep")
    page.click("#sleep [data-sleep=chapter]")
    to_its_end(page)
    page.wait_for_selector(".player-next:not([hidden])")
    assert page.evaluate(f"{AUDIO}.ended")
    assert page.get_attribute(".player-sleep", "data-left") is None


def test_a_sound_that_does_not_open_says_so_and_can_be_tried_again(open_page, problems):
    page = opened(open_page)
    page.route("**/sound/**", lambda route: route.fulfill(status=500))
    page.click(".player-dock .player-play")
    page.wait_for_selector(".player-status:not(:empty)")
    page.unroute("**/sound/**")
    page.click(".player-dock .player-play")
    page.wait_for_function(SOUNDS % 0)
    assert page.inner_text(".player-status") == ""
    problems.clear()  # the browser reports the 500 itself


def test_a_sentence_plays_from_there_and_is_marked_while_heard(open_page):
    page = opened(open_page)
    page.click(".sentence >> nth=3")
    page.wait_for_function(SOUNDS % 36)
    assert page.locator(".is-heard").all_inner_texts() == [
        page.locator(".sentence").nth(3).inner_text()
    ]
    page.evaluate("document.querySelector('rz-player').seek(61)")
    page.wait_for_function("() => document.querySelectorAll('.sentence')[5].matches('.is-heard')")
    assert page.locator(".is-heard").count() == 1


def test_the_text_follows_until_one_scrolls_by_hand(open_page):
    page = playing(open_page, reduced_motion="reduce")
    page.evaluate("document.querySelector('rz-player').seek(193)")
    inside = "() => { const r = document.querySelector('.is-heard').getBoundingClientRect(); return r.top >= innerHeight / 3 - 1 && r.top <= innerHeight * 2 / 3; }"  # noqa: E501
    page.wait_for_function(inside)
    followed = page.evaluate("scrollY")
    assert followed > 100
    assert page.is_hidden("[data-follow]")
    page.mouse.move(180, 400)
    page.mouse.wheel(0, -400)
    page.wait_for_selector("[data-follow]:visible")
    page.evaluate("document.querySelector('rz-player').seek(205)")
    page.wait_for_function("() => document.querySelectorAll('.sentence')[17].matches('.is-heard')")
    assert page.evaluate("scrollY") < followed
    page.click("[data-follow]")
    page.wait_for_function(inside)
    assert page.is_hidden("[data-follow]")


def test_reading_downwards_makes_the_dock_small_and_upwards_large(open_page):
    page = opened(open_page)
    page.mouse.move(180, 400)
    page.wait_for_function("() => performance.now() > 1000")
    page.mouse.wheel(0, 500)
    page.wait_for_selector(".player-mini:visible")
    assert page.is_hidden(".player-dock")
    page.mouse.wheel(0, -200)
    page.wait_for_selector(".player-dock:visible")


def test_the_text_stays_where_it_is_when_the_script_comes(open_page):
    page = open_page("/styleguide/")
    held: list[Route] = []
    page.route("**/js/bundle*.js", lambda route: held.append(route))
    page.goto("/styleguide/lesson/2/", wait_until="commit")
    page.wait_for_selector(".prose > p")
    styled = "[...document.querySelectorAll('link[rel=stylesheet]')].every((each) => each.sheet)"
    page.wait_for_function(f"() => {styled}")
    top = "document.querySelector('.prose > p').getBoundingClientRect().top"
    before = page.evaluate(top)
    held[0].continue_()
    page.wait_for_selector(".player-dock:visible")
    assert page.evaluate(top) == before
