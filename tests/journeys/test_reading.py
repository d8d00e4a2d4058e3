"""Reading a lesson: its parts, words found in it, how the text looks."""

from tests.journeys.test_player import AUDIO, SOUNDS

MARKED = "(name) => CSS.highlights.get(name)?.size ?? 0"


def test_a_part_plays_from_where_it_begins_and_is_marked_while_heard(open_page, axe):
    page = open_page("/styleguide/lesson/2/")
    page.click(".marker >> nth=1")
    page.wait_for_function(SOUNDS % 60)
    assert page.evaluate(f"{AUDIO}.currentTime") < 63
    page.wait_for_selector(".marker[aria-current] >> nth=0")
    assert page.locator(".marker[aria-current]").count() == 1
    page.wait_for_selector(".player-seek i", state="attached")
    assert page.locator(".player-seek i").count() == 1  # the first begins with the lesson
    assert axe(page) == []


def test_words_are_found_one_after_the_other(open_page, axe):
    page = open_page("/styleguide/lesson/2/")
    page.click("[data-find]")
    page.wait_for_selector(".find:not([hidden])")
    page.fill("#find", "信任")
    page.wait_for_function("() => document.querySelector('.find output').value.startsWith('1/')")
    number = page.evaluate(MARKED, "found")
    assert number > 1
    page.press("#find", "Enter")
    assert page.input_value("#find") == "信任"
    assert page.inner_text(".find output") == f"2/{number}"
    assert page.evaluate(MARKED, "found-here") == 1
    page.press("#find", "Shift+Enter")
    page.press("#find", "Shift+Enter")
    assert page.inner_text(".find output") == f"{number}/{number}"
    assert axe(page) == []
    page.fill("#find", "没有这几个字")
    page.wait_for_function("() => document.querySelector('.find output').value === '没有找到'")
    page.press("#find", "Escape")
    page.wait_for_selector(".find", state="hidden")
    assert page.evaluate(MARKED, "found") == 0
    assert page.evaluate("document.activeElement.matches('[data-find]')")


def test_the_face_and_the_width_are_chosen_and_stay(open_page):
    page = open_page("/styleguide/lesson/3/", width=1280)
    before = page.evaluate("document.querySelector('.prose').offsetWidth")
    page.click("[data-sheet=reader]")
    page.click("#reader label:has([value=sans])")
    page.click("#reader label:has([value=narrow])")
    page.reload()
    assert page.evaluate("document.querySelector('.prose').offsetWidth") < before
    face = "getComputedStyle(document.querySelector('.prose')).fontFamily"
    assert "Serif" not in page.evaluate(face)
    html = page.request.get("/styleguide/lesson/3/").text()
    assert 'data-face="sans"' in html  # the next page comes so at once
    assert 'data-width="narrow"' in html
