"""static/js/study/ranges.js, in the browser that runs it."""

import pytest
from playwright.sync_api import Page


@pytest.fixture
def page(open_page) -> Page:
    return open_page("/styleguide/course/")


def call(page: Page, name: str, *arguments: object) -> object:
    return page.evaluate(
        "([name, args]) => import('/static/js/study/ranges.js').then(m => m[name](...args))",
        [name, list(arguments)],
    )


def test_ranges_are_united_sorted_and_kept_apart(page):
    cases: list[tuple[list[list[float]], list[float], list[list[float]]]] = [
        ([], [0, 4.256], [[0, 4.26]]),
        ([[0, 4]], [4, 8], [[0, 8]]),
        ([[0, 4]], [4.25, 8], [[0, 8]]),
        ([[0, 4]], [6, 8], [[0, 4], [6, 8]]),
        ([[6, 8]], [0, 4], [[0, 4], [6, 8]]),
        ([[0, 4], [6, 8]], [3, 7], [[0, 8]]),
        ([[0, 10]], [2, 3], [[0, 10]]),
        ([[0, 1], [4, 5], [8, 9]], [4.5, 6], [[0, 1], [4, 6], [8, 9]]),
    ]
    for ranges, added, expected in cases:
        assert call(page, "add", ranges, *added) == expected


def test_the_order_of_hearing_does_not_matter(page):
    heard = [[30, 35], [0, 5], [4, 9], [31, 33], [9, 12]]
    ways = [heard, heard[::-1], sorted(heard)]
    results = []
    for way in ways:
        ranges: object = []
        for start, end in way:
            ranges = call(page, "add", ranges, start, end)
        results.append(ranges)
    assert results == [[[0, 12], [30, 35]]] * 3
    assert call(page, "total", results[0]) == 17


def test_a_jump_or_a_step_back_is_not_hearing(page):
    assert call(page, "isPlayed", 10, 10.25, 0.25, 1)
    assert call(page, "isPlayed", 10, 13, 1, 3)
    assert call(page, "isPlayed", 10, 40, 30, 1)  # a page in the background reports rarely
    assert not call(page, "isPlayed", 10, 25, 0.25, 1)
    assert not call(page, "isPlayed", 10, 9, 0.25, 1)
    assert not call(page, "isPlayed", 10, 10, 0.25, 1)


def test_what_was_read_is_a_share_between_none_and_all(page):
    assert call(page, "shareRead", 900, 3000, 800) == 0
    assert call(page, "shareRead", -200, 1800, 800) == 0.5
    assert call(page, "shareRead", -3000, 500, 800) == 1
    assert call(page, "shareRead", 100, 100, 800) == 0
