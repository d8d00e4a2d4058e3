"""While a lesson plays one goes about the whole site, and it never stops."""

import pytest

from tests.journeys import first_day as day

WATCH = f"""() => {{
  window.silences = [];
  for (const name of ["pause", "emptied", "ended", "seeking", "waiting"])
    {day.AUDIO}.addEventListener(name, () => silences.push(name));
}}"""
TOUR = [
    (".lesson-bar-course", day.COURSE),
    (".site-name", "/"),
    ("[data-nav] a[href='/courses/']", "/courses/"),
    (f"#main a[href='{day.OTHER_COURSE}']", day.OTHER_COURSE),
    (f".lesson-row[href='{day.OTHER_PAID}']", day.OTHER_PAID),
    (".paywall a[href^='/membership/']", "/membership/"),
    ("[data-nav] a[href='/study/']", "/study/"),
    ("[data-nav] a[href='/account/']", "/account/"),
    ("#main a[href='/account/orders/']", "/account/orders/"),
    ("[data-nav] a[href='/']", "/"),
    ("#main a[href='/articles/yi-kou-guo/']", "/articles/yi-kou-guo/"),
    (".site-footer a[href='/terms/']", "/terms/"),
]


@pytest.mark.usefixtures("demo_site")
def test_the_sound_goes_on_over_ten_pages_and_back(open_page, look):
    page = open_page("/demo/")
    day.click(page, "form[action='/demo/sign-in/learner/'] button", "/study/")
    page.goto(day.PREFACE)
    day.play(page)
    page.evaluate(WATCH)
    element = page.evaluate_handle(day.AUDIO)
    before = day.position(page)
    for selector, path in TOUR:
        day.click(page, selector, path)
        day.sounds(page, after=before)
        before = day.position(page)
        if path in {"/courses/", "/account/", "/articles/yi-kou-guo/", "/terms/"}:
            look(page, path.strip("/").replace("/", "-"))
    page.go_back()
    day.arrive(page, "/articles/yi-kou-guo/")
    day.sounds(page, after=before)
    day.click(page, ".player-mini a.player-title", day.PREFACE)
    page.wait_for_selector(".player-dock:visible")
    assert page.evaluate("silences") == []
    assert element.evaluate(f"e => e === {day.AUDIO}")
