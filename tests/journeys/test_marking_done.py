"""Whoever marks a lesson as done stays where they are: at its end, beside what is next."""

import pytest

from tests.journeys import first_day as day


@pytest.mark.usefixtures("demo_site")
def test_marking_a_lesson_as_done_keeps_the_place(open_page):
    page = open_page("/demo/")
    day.click(page, "form[action='/demo/sign-in/learner/'] button", "/study/")
    page.goto(day.FIRST)
    page.locator(".lesson-end button[name=done]").scroll_into_view_if_needed()
    place = page.evaluate("scrollY")
    assert place > 500
    for mark in ("1", "0"):
        day.click(page, f".lesson-end button[name=done][value='{mark}']", day.FIRST)
        other = "0" if mark == "1" else "1"
        page.wait_for_selector(f".lesson-end button[name=done][value='{other}']:focus")
        assert abs(page.evaluate("scrollY") - place) < 100
        assert page.is_visible(".lesson-turn")
