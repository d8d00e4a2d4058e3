"""The colours of static/css/tokens.css, computed as WCAG 2.2 says."""

import re
from pathlib import Path

import pytest
from django.conf import settings

TOKENS = (Path(settings.STATICFILES_DIRS[0]) / "css/tokens.css").read_text(encoding="utf-8")
RAW = dict(re.findall(r"--([\w-]+): (#[0-9A-Fa-f]{6});", TOKENS))
GROUNDS = ("bg", "surface", "sunken")
TEXT = ("ink", "ink-2", "ink-3", "seal", "seal-hover", "ok", "warn", "error")
THEMES = ("light", "dark", "white")


def colours(theme: str) -> dict[str, str]:
    """Each meaning's colour in a theme."""
    pairs = re.findall(r"--([\w-]+): light-dark\(([^,]+\)?), ([^;]+)\);", TOKENS)

    def resolved(value: str) -> str:
        found = re.fullmatch(r"var\(--([\w-]+)\)", value.strip())
        return RAW[found[1]] if found else value.strip()

    shown = {name: resolved(dark if theme == "dark" else light) for name, light, dark in pairs}
    if theme == "white":
        shown |= {"bg": RAW["c-white"], "surface": RAW["c-white"]}
    return shown


def luminance(colour: str) -> float:
    channels = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    red, green, blue = (
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def test_the_measure_agrees_with_known_pairs():
    assert contrast("#000000", "#FFFFFF") == pytest.approx(21)
    assert contrast("#767676", "#FFFFFF") == pytest.approx(4.54, abs=0.01)


@pytest.mark.parametrize("theme", THEMES)
def test_text_stands_out_from_every_ground(theme):
    shown = colours(theme)
    weak = {
        (text, ground): round(contrast(shown[text], shown[ground]), 2)
        for text in TEXT
        for ground in GROUNDS
        if contrast(shown[text], shown[ground]) < 4.5
    }
    assert not weak


@pytest.mark.parametrize("theme", THEMES)
def test_ink_stands_out_from_what_is_marked_or_heard(theme):
    shown = colours(theme)
    grounds = ("wash", "mark-1", "mark-2", "mark-3", "mark-4")
    assert min(contrast(shown["ink"], shown[ground]) for ground in grounds) >= 4.5


@pytest.mark.parametrize("theme", THEMES)
def test_a_filled_button_can_be_read_and_seen(theme):
    shown = colours(theme)
    assert contrast(shown["on-seal"], shown["seal"]) >= 4.5
    assert contrast(shown["on-seal"], shown["seal-hover"]) >= 4.5
    assert contrast(shown["seal"], shown["surface"]) >= 3


@pytest.mark.parametrize("theme", THEMES)
def test_borders_of_controls_and_the_focus_ring_can_be_seen(theme):
    shown = colours(theme)
    for border in ("line-strong", "focus"):
        for ground in GROUNDS:
            assert contrast(shown[border], shown[ground]) >= 3, (border, ground)


def test_browsers_without_light_dark_get_the_same_light_colours():
    plain = dict(re.findall(r"^  --([\w-]+): (var\(--c-[\w-]+\)|#\w{6});$", TOKENS, re.MULTILINE))
    light = colours("light")
    resolved = {
        name: RAW[found[1]] if (found := re.fullmatch(r"var\(--(.+)\)", value)) else value
        for name, value in plain.items()
    }
    colour_names = [name for name in light if light[name].startswith("#")]
    assert {name: resolved.get(name) for name in colour_names} == {
        name: light[name] for name in colour_names
    }


def test_paper_is_readable_on_every_ground_of_a_cover():
    grounds = [value for name, value in RAW.items() if name.startswith("ground-")]
    paper = RAW["ground-paper"]
    assert min(contrast(paper, ground) for ground in grounds if ground != paper) >= 4.5
