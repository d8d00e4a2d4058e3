"""Whoever marks a lesson as done stays where they are: at its end, beside what is next."""

import pytest

from tests.journeys import first_day as day


@pytest.mark.usefixtures("demo_site")
def test_marking_a_lesson_as_done_keeps_the_place(open_page):
    page = open_page("/demo/")
    day.click(page, "form[action='/demo/sign-in/learner/'] button", "/study/")
    page.goto(day.FIRST)
    # From where it was pressed: on the way there the player may have come up beneath.
    page.evaluate("addEventListener('submit', () => { window.pressedAt = scrollY; }, true)")
    for mark in ("1", "0"):
        day.click(page, f".lesson-end button[name=done][value='{mark}']", day.FIRST)
        other = "0" if mark == "1" else "1"
        page.wait_for_selector(f".lesson-end button[name=done][value='{other}']:focus")
        pressed_at = page.evaluate("pressedAt")
        assert pressed_at > 500
        assert abs(page.evaluate("scrollY") - pressed_at) < 100
        assert page.is_visible(".lesson-turn")
