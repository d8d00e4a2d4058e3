"""Every component and sample page, on three widths, by day and by night."""

import pytest
from playwright.sync_api import Page

from tests.journeys.test_access import FITS, OVERLAPPED

PAGES = ["", "lesson/2/", "lesson/3/", "paywall/", "course/"]

CONTROLS = (
    "button, .button, .bottom-bar a, .site-nav a, .lesson-row, .tabs a, .site-name, "
    ".segments label, .outline a, input[type=range]"
)
SMALL_TARGETS = """(controls) => [...document.querySelectorAll(controls)]
  .filter((e) => e.checkVisibility({ visibilityProperty: true }))
  .map((e) => [e.outerHTML.slice(0, 80), e.getBoundingClientRect()])
  .filter(([, r]) => r.height > 0 && (r.height < 43.9 || r.width < 40))
  .map(([html, r]) => `${html} ${r.width}×${r.height}`)"""


def broken(page: Page, axe) -> list[str]:
    return [
        *axe(page),
        *page.evaluate(SMALL_TARGETS, CONTROLS),
        *page.evaluate(FITS),
        *page.evaluate(OVERLAPPED),
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [375, 768, 1280])
def test_pages_fit_and_break_no_rule(open_page, axe, width, scheme):
    for path in PAGES:
        page = open_page(f"/styleguide/{path}", width=width, color_scheme=scheme)
        page.wait_for_function("() => !!customElements.get('rz-lesson')")
        assert broken(page, axe) == [], path
        page.context.close()


@pytest.mark.parametrize("width", [375, 1280])
def test_pages_fit_in_english_too(open_page, axe, width):
    page = open_page("/styleguide/course/", width=width)
    origin = page.evaluate("location.origin")
    page.context.add_cookies([{"name": "django_language", "value": "en", "url": origin}])
    for path in PAGES:
        page.goto(f"/styleguide/{path}")
        assert page.get_attribute("html", "lang") == "en"
        assert broken(page, axe) == [], path


def test_the_paywall_fits_a_small_phone(open_page):
    page = open_page("/styleguide/paywall/")
    page.set_viewport_size({"width": 375, "height": 667})
    for part in (".paywall-question", ".price", ".button-primary", ".paywall-foot"):
        box = page.locator(f".paywall {part}").first.bounding_box()
        assert box
        assert box["y"] + box["height"] <= 667, part


def test_at_most_one_filled_red_button_on_a_page(open_page):
    for path in ("lesson/2/", "paywall/", "course/"):
        page = open_page(f"/styleguide/{path}")
        page.wait_for_function("() => !!customElements.get('rz-lesson')")
        filled = page.locator(".button-primary:visible, .player-dock .player-play:visible")
        assert filled.count() == 1, path


def test_the_measure_is_a_whole_number_of_characters(open_page):
    width = "() => document.querySelector('.prose').getBoundingClientRect().width / 18"
    assert open_page("/styleguide/lesson/2/").evaluate(width) == 18
    assert open_page("/styleguide/lesson/2/", width=1280).evaluate(width) == 36


def test_sheets_open_close_and_break_no_rule(open_page, axe):
    page = open_page("/styleguide/lesson/2/", color_scheme="dark")
    for opener, sheet in [
        ("[data-sheet=reader]", "#reader"),
        (".player-rate", "#rates"),
        (".player-sleep", "#sleep"),
    ]:
        page.evaluate("scrollTo(0, 0)")  # axe scrolls, which makes the dock small
        page.wait_for_selector(".player-dock:visible")
        page.click(opener)
        page.wait_for_selector(f"{sheet}[open]")
        page.locator(sheet).evaluate("e => Promise.all(e.getAnimations().map(a => a.finished))")
        assert axe(page) == [], sheet
        page.click(f"{sheet} .sheet-head button")
        page.wait_for_selector(sheet, state="hidden")
        assert page.evaluate(f"document.activeElement.matches('{opener}')")
    page.click("[data-sheet=reader]")
    page.mouse.click(180, 60)  # beside the sheet
    page.wait_for_selector("#reader", state="hidden")


def test_what_is_chosen_in_the_text_sheet_stays(open_page):
    page = open_page("/styleguide/lesson/2/")
    page.click("[data-sheet=reader]")
    page.click("#reader label:has([value=night])")
    page.click("#reader label:has([value='22'])")
    assert page.evaluate("getComputedStyle(document.body).colorScheme") == "dark"
    size = "getComputedStyle(document.querySelector('.sentence')).fontSize"
    assert page.evaluate(size) == "22px"
    page.reload()
    root = page.evaluate("({...document.documentElement.dataset})")
    assert root == {"theme": "night", "text": "22"}
    page.click("[data-sheet=reader]")
    assert page.is_checked("#reader [value=night]")
    page.click("#reader label:has([name=theme][value=''])")
    page.reload()
    assert page.evaluate("document.documentElement.dataset.theme") is None
