"""What plays next: lessons put on a list by hand, a whole list, their order."""

from playwright.sync_api import Page

from tests.journeys.test_player import AUDIO, SOUNDS, to_its_end

SECOND_SOUNDS = "() => { const p = document.querySelector('rz-player'); return p.track?.lesson === '2' && !p.audio.paused && p.audio.currentTime > 0; }"  # noqa: E501


def listed(page: Page) -> list[str]:
    return page.locator("#queue .queue-title").all_text_contents()


def test_a_lesson_put_on_the_list_plays_next_and_leaves_it(open_page, axe):
    page = open_page("/styleguide/")
    assert page.locator(".queue-add:visible").count() == 0
    page.click(".lesson-rows .hear >> nth=0")
    page.wait_for_function(SOUNDS % 0.2)
    for number in (2, 1):
        page.click(f".queue-add >> nth={number}")
        page.wait_for_selector(f".queue-add[aria-pressed=true] >> nth={2 - number}")
    page.click(".player-mini .player-title")
    page.wait_for_selector("rz-lesson")
    page.click(".player-queue")
    titles = listed(page)
    assert len(titles) == 2
    page.click("#queue [data-to=down] >> nth=0")
    assert listed(page) == titles[::-1]
    assert page.evaluate("document.activeElement.closest('#queue') !== null")
    assert axe(page) == []
    page.keyboard.press("Escape")
    to_its_end(page)
    page.wait_for_function(SECOND_SOUNDS)
    page.click(".player-mini .player-title")
    page.wait_for_url("**/lesson/2/")
    page.click(".player-queue")
    assert listed(page) == titles[:1]
    page.click("#queue [data-to=out]")
    assert page.is_visible(".queue-none")


def test_a_whole_list_plays_and_what_has_no_sound_is_passed_over(open_page):
    page = open_page("/styleguide/")
    page.evaluate("document.querySelectorAll('[data-state=done]').forEach((e) => e.remove())")
    page.click(".play-all")
    page.wait_for_function(SOUNDS % 0.2)
    assert page.evaluate("document.querySelector('rz-player').track.lesson") == "1"
    page.goto("/styleguide/lesson/3/")
    page.evaluate("document.querySelector('rz-player').more()")
    page.wait_for_function("() => document.querySelectorAll('.queue li').length === 2")
    page.goto("/styleguide/lesson/1/")
    page.click(".player-play >> nth=0")
    page.wait_for_function(SOUNDS % 0.2)
    to_its_end(page)
    page.wait_for_function(SECOND_SOUNDS)
    page.evaluate(f"document.querySelector('rz-player').seek({AUDIO}.duration - 1)")
    page.wait_for_function(f"() => {AUDIO}.ended")
    page.wait_for_function("() => !document.querySelector('.queue li')")


def test_what_sounds_already_leaves_the_list_and_does_not_begin_again(open_page):
    page = open_page("/styleguide/")
    page.evaluate("document.querySelectorAll('[data-state=done]').forEach((e) => e.remove())")
    page.click(".lesson-rows .hear >> nth=0")
    page.wait_for_function(SOUNDS % 0.2)
    page.click(".play-all")
    page.wait_for_selector(".queue-add[aria-pressed=true] >> nth=0")
    page.wait_for_selector(".queue-add[data-url$='/1/'][aria-pressed=false]")
    page.click(".queue-add[data-url$='/1/']")  # once more, by hand: next it is no more
    page.click(".queue-add[data-url$='/1/']")
    to_its_end(page)
    page.wait_for_function(SECOND_SOUNDS)


def test_headphones_go_on_to_what_is_next(open_page):
    page = open_page(
        "/styleguide/lesson/1/",
        before=lambda page: page.add_init_script(
            "window.acts = {}; navigator.mediaSession.setActionHandler = (name, act) => { acts[name] = act; };"  # noqa: E501
        ),
    )
    page.wait_for_function("() => !!customElements.get('rz-player')")
    page.click(".player-play >> nth=0")
    page.wait_for_function("() => !!window.acts.nexttrack")
    page.evaluate("acts.nexttrack()")
    page.wait_for_function(SECOND_SOUNDS)
