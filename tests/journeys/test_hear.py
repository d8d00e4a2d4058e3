"""A lesson that is only listed sounds at once; its page need not be opened."""

from tests.journeys.test_player import AUDIO, SOUNDS

ROW = ".lesson-rows .hear >> nth=0"


def test_a_listed_lesson_sounds_and_pauses_where_it_stands(open_page):
    page = open_page("/styleguide/")
    page.click(ROW)
    page.wait_for_function(SOUNDS % 0.2)
    assert page.get_attribute(ROW, "aria-pressed") == "true"
    assert page.is_visible(".player-mini")
    assert page.inner_text(".player-mini .player-title") == "先有人，后有货"
    page.click(ROW)
    page.wait_for_function(f"() => {AUDIO}.paused")
    page.wait_for_selector(f"{ROW.split(' >>')[0]}[aria-pressed=false] >> nth=0")
    page.click(ROW)
    page.wait_for_function(f"() => !{AUDIO}.paused")
    page.click(".player-mini .player-close")
    page.wait_for_selector(".player", state="hidden")
    assert page.locator("[data-hear][aria-pressed=true]").count() == 0


def test_what_a_learner_hears_so_is_reported_with_a_token_asked_for(open_page):
    page = open_page("/styleguide/")
    beats = []

    def keep(route):
        beats.append(route.request.post_data_json)
        route.fulfill(status=204)

    page.route("**/study/token/1/", lambda route: route.fulfill(json={"token": "t", "day_ends": 0}))
    page.route("**/study/beat/", keep)
    speed = {"rate": 1.5, "of_course": False}
    page.route("**/study/speed/", lambda route: route.fulfill(json=speed))
    page.evaluate(
        "() => document.querySelectorAll('[data-hear]').forEach((e) => e.dataset.learner = '7')"
    )
    with page.expect_response("**/study/token/1/"):
        page.click(ROW)
    page.wait_for_function(SOUNDS % 0.5)
    page.wait_for_function("() => document.querySelector('rz-player').rate === 1.5")
    with page.expect_response("**/study/beat/"):
        page.click(ROW)
    assert beats[-1]["token"] == "t"
    assert beats[-1]["ranges"]


def test_without_a_script_nothing_promises_to_play(open_page):
    page = open_page("/styleguide/", java_script_enabled=False)
    assert page.locator(".hear:visible").count() == 0
