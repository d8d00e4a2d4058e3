"""By keyboard alone, on the demo's site: a course is found, bought and studied.

Only Tab, Shift+Tab, Enter, Space, Escape and arrows are pressed, and text is typed. Wherever focus
goes it can be seen: it has a ring, and nothing lies over it (WCAG 2.4.7, 2.4.11, 2.1.2).
"""

import pytest
from playwright.sync_api import Page

from tests.journeys import first_day as day

EMAIL = "keys@example.org"
# What has focus: whether one sees so, and what lies over its middle and its edges.
SEEN = """() => {
  const focused = document.activeElement;
  if (!focused || focused === document.body) return "nothing has focus";
  const words = focused.textContent.trim().slice(0, 20);
  const name = `${focused.tagName.toLowerCase()}.${focused.className} «${words}»`;

  let ringed = focused;  // a card's ring is around the whole card
  const hasRing = ({ outlineStyle, outlineWidth }) =>
    outlineStyle !== "none" && parseFloat(outlineWidth) >= 2;
  while (ringed && !hasRing(getComputedStyle(ringed))) ringed = ringed.parentElement;
  if (!ringed) return `${name} has no ring`;

  const isShown = (x, y) => {
    const found = document.elementFromPoint(x, y);  // none outside the window
    return found && (focused.contains(found) || found.contains(focused)
      || found.closest("label")?.contains(focused));
  };
  const parts = [[.5, .5], [.1, .5], [.9, .5], [.5, .1], [.5, .9]];
  const shows = ({ left, top, width, height }) =>
    parts.some(([x, y]) => isShown(left + width * x, top + height * y));
  const boxes = [...focused.getClientRects()].filter((box) => box.width && box.height);
  return boxes.some(shows) ? "" : `${name} cannot be seen`;
}"""
IS_ON = "(selector) => document.activeElement.matches(selector)"
FAR = 120  # stops from the top of a page to its end, at most


def tab(page: Page, key: str = "Tab") -> None:
    page.keyboard.press(key)
    if page.evaluate("document.activeElement === document.body"):
        page.keyboard.press(key)  # past the last stop it is the browser's own turn
    page.evaluate(day.STILL)
    assert not (problem := page.evaluate(SEEN)), f"{problem} on {page.url}"


def go_to(page: Page, selector: str, key: str = "Tab") -> None:
    """Tabs on until it has focus."""
    stops: list[str] = []
    for _ in range(FAR):
        if page.evaluate(IS_ON, selector):
            return
        tab(page, key)
        stops.append(page.evaluate("document.activeElement.className"))
    pytest.fail(f"{selector} is not reached on {page.url}: {stops[-12:]}")


def press(page: Page, selector: str, path: str, key: str = "Enter") -> None:
    go_to(page, selector)
    page.keyboard.press(key)
    day.arrive(page, path)


def write(page: Page, selector: str, text: str) -> None:
    go_to(page, selector)
    page.keyboard.type(text)


@pytest.mark.usefixtures("demo_site")
@pytest.mark.parametrize("width", [375, 1280])
def test_by_keyboard_alone_one_buys_and_studies(open_page, width):
    page = open_page("/", width=width)
    skip_to_the_content(page)
    press(page, f"#main a[href='{day.COURSE}']", day.COURSE)
    assert page.evaluate("document.activeElement.tagName") == "H1"
    press(page, f"#main a[href='{day.PAID}']", day.PAID)
    buy(page)
    press(page, f"#main a.button[href='{day.FIRST}']", day.FIRST)
    listen(page)
    choose_in_sheets(page)
    go_to(page, ".lesson-end button[name=done]")
    page.keyboard.press("Space")
    page.wait_for_selector(".lesson-end .badge-ok")
    press(page, ".lesson-turn [rel=next]", day.PAID)
    assert page.is_visible("rz-lesson")


def skip_to_the_content(page: Page) -> None:
    """The first stop leads past the head."""
    tab(page)
    assert page.evaluate("document.activeElement.className").startswith("skip-link")
    page.keyboard.press("Enter")
    tab(page)
    assert page.evaluate("!!document.activeElement.closest('#main')")


def buy(page: Page) -> None:
    press(page, ".paywall .button-primary", "/payments/buy")
    bought = day.address_of(page.url)
    press(page, "#main .button-primary", "/account/login/")
    press(page, "#main a[href^='/account/signup/']", "/account/signup/")
    write(page, "#main [name=email]", EMAIL)
    page.keyboard.press("Enter")
    day.arrive(page, "/account/confirm-email/")
    write(page, "#main [name=code]", day.code_in(day.latest_mail(EMAIL)))
    page.keyboard.press("Enter")
    day.arrive(page, bought)
    press(page, "#main .button-primary", "/sandbox/checkout")
    for field, text in {"number": day.GOOD_CARD, "expiry": "12 / 34", "cvc": "123"}.items():
        write(page, f"[name={field}]", text)
    write(page, "[name=name]", "林岚")
    page.keyboard.press("Enter")
    day.arrive(page, "/payments/return/")


def listen(page: Page) -> None:
    """Plays, pauses, goes on and back, by the buttons and by the bar."""
    go_to(page, f"{day.PLAY}")
    page.keyboard.press("Space")
    day.sounds(page)
    page.keyboard.press("Space")
    page.wait_for_function(f"() => {day.AUDIO}.paused")
    go_to(page, "[data-do=forward]")
    page.keyboard.press("Enter")
    assert day.position(page) >= 15
    go_to(page, "[data-do=back]", "Shift+Tab")
    page.keyboard.press("Enter")
    before = day.position(page)
    assert before < 15
    go_to(page, ".player-seek input", "Shift+Tab")
    for _ in range(5):
        page.keyboard.press("ArrowRight")
    assert day.position(page) == pytest.approx(before + 5, abs=1.5)


def choose_in_sheets(page: Page) -> None:
    """A sheet keeps focus while it is open, and gives it back."""
    for opener, sheet, choice in (
        (".player-rate", "#rates", "[data-rate='1.5']"),
        (".player-sleep", "#sleep", "[data-sleep='30']"),
    ):
        go_to(page, opener)
        page.keyboard.press("Enter")
        page.wait_for_selector(f"{sheet}[open]")
        stays_inside(page, sheet)
        page.keyboard.press("Escape")
        page.wait_for_selector(sheet, state="hidden")
        assert page.evaluate(IS_ON, opener)
        page.keyboard.press("Enter")
        go_to(page, f"{sheet} {choice}")
        page.keyboard.press("Enter")
        page.wait_for_selector(sheet, state="hidden")
        assert page.evaluate(IS_ON, opener)
    assert page.evaluate(f"{day.AUDIO}.playbackRate") == 1.5


def stays_inside(page: Page, sheet: str) -> None:
    """Once around: never on the page behind (the browser's own controls may have a turn)."""
    stops = page.locator(f"{sheet} :is(button, input)").count()
    for _ in range(stops + 2):
        page.keyboard.press("Tab")
        assert page.evaluate(IS_ON, f"body, {sheet} *")
