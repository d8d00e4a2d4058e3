"""Templates keep to the strict content security policy."""

import re
from pathlib import Path

import pytest

from tests.house.files import COMMENTS, name_of, templates

FORBIDDEN = {
    "an inline style": re.compile(r"\sstyle\s*=|<style\b", re.I),
    "an inline handler": re.compile(r"<[^>{%]*\s(?:on[a-z]+|hx-on[:\w-]*)\s*=", re.I),
    "an inline script": re.compile(
        r"<script\b(?![^>]*\bsrc\s*=)(?![^>]*type\s*=\s*[\"']application/(?:ld\+)?json)", re.I
    ),
    "a javascript: address": re.compile(r"=\s*[\"']\s*javascript:", re.I),
}


def faults(text: str) -> list[str]:
    text = COMMENTS.sub("", text)
    return [what for what, pattern in FORBIDDEN.items() if pattern.search(text)]


@pytest.mark.parametrize("path", templates(), ids=name_of)
def test_a_template_has_nothing_inline(path: Path) -> None:
    assert faults(path.read_text()) == []


@pytest.mark.parametrize(
    "text",
    [
        '<p style="color: red">',
        "<style>p {}</style>",
        '<a href="/" onclick="go()">',
        '<button hx-on:click="go()">',
        "<script>go()</script>",
        '<a href="javascript:go()">',
    ],
)
def test_the_guard_sees_what_is_inline(text: str) -> None:
    assert faults(text)


@pytest.mark.parametrize(
    "text",
    [
        '<script type="module" src="/x.js"></script>',
        '<script type="application/ld+json">{}</script>',
        "<p>{# style= #}</p>",
        '<link rel="stylesheet" href="/x.css">',
    ],
)
def test_the_guard_lets_the_rest_pass(text: str) -> None:
    assert faults(text) == []
