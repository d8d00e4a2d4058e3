"""Covers, cards and posters as they are drawn."""

from collections import Counter

import pytest
from PIL import Image

from courses.drawing import covers, families, share
from courses.drawing.breaking import break_title
from courses.drawing.characters import can_set, drawable
from courses.drawing.design import Design
from courses.drawing.lettering import ems, font, set_title, wrap
from courses.drawing.palette import EMBER, PAPER, SEAL

BY_FAMILY = {
    "学会学习": families.slip,
    "慢慢变强": families.hills,
    "数字会说谎吗": families.moon,
    "一群人的生意": families.lattice,
    "城市的暗线": families.glyph,
}
LACKING = "䶮𠮷影史"  # the first two are not in GBK


def colours(picture: Image.Image) -> Counter:
    """How many pixels have each colour."""
    return Counter(picture.get_flattened_data())


@pytest.mark.parametrize(("title", "family"), BY_FAMILY.items())
def test_a_title_keeps_its_family_and_its_picture(title, family):
    assert families.family_of(Design(title)) is family
    assert families.family_of(Design(title, is_track=True)) is families.steps
    first, again = (covers.draw(Design(title, "city", "知"), 96, has_title=False) for _ in range(2))
    assert first.size == (96, 128)
    assert first.tobytes() == again.tobytes()


def test_full_width_letters_make_no_other_cover():
    assert Design("Ｐｙｔｈｏｎ").chance == Design("Python").chance


@pytest.mark.parametrize("title", BY_FAMILY)
def test_a_small_cover_has_no_title(title):
    design = Design(title, "business", "知")
    assert covers.lettering(design, has_title=False).lines == ()
    assert "".join(covers.lettering(design, has_title=True).lines) == title


def test_what_the_font_lacks_leaves_the_cover_without_words():
    design = Design(LACKING)
    assert not can_set(LACKING)
    assert covers.lettering(design, has_title=True).lines == ()
    with_title, without = (
        covers.draw(design, 96, has_title=has_title).tobytes() for has_title in (True, False)
    )
    assert with_title == without


def test_a_title_without_any_known_character_is_no_large_one():
    titles = [f"🍳{number}𠮷" for number in range(40)]
    designs = [Design(title) for title in titles]
    assert all(families.family_of(each) is not families.glyph for each in designs if not each.glyph)
    assert not any(each.glyph for each in designs)


def test_the_font_has_every_character_it_is_said_to_have():
    shown = {each for each in drawable() if not each.isspace()}
    assert [each for each in shown if not bytes(font(12).getmask(each))] == []
    assert not bytes(font(12).getmask("䶮"))


def test_the_window_has_one_red_pane_and_the_path_one_lit_step():
    window = colours(covers.draw(Design("一群人的生意", "city"), 300, has_title=False))
    pane = (300 * 0.84 / 6 * 0.936) ** 2
    assert window[SEAL] == pytest.approx(pane, rel=0.1)
    path = colours(covers.draw(Design("从一个人到一群人", is_track=True), 96))
    assert path[EMBER]
    assert path[PAPER]


@pytest.mark.parametrize(
    ("title", "lines"),
    [
        ("慢慢变强", "慢慢变强"),
        ("一群人的生意", "一群人的/生意"),
        ("城市的暗线", "城市的/暗线"),
        ("从一个人到一群人", "从一个人/到一群人"),
        ("先有人，后有货", "先有人/后有货"),
        ("你为什么信一个陌生人推荐的锅", "你为什么信/一个陌生人/推荐的锅"),
        ("地铁为什么在这里拐弯", "地铁为什么/在这里拐弯"),
        ("通勤四十分钟，能读完什么", "通勤四十分钟/能读完什么"),
        ("The Business of Many", "The Business/of Many"),
        ("用 Python 学数学", "用 Python/学数学"),
    ],
)
def test_titles_are_broken_between_words(title, lines):
    assert "/".join(break_title(title, ems)) == lines


@pytest.mark.parametrize("title", ["忘" * 255, "Un" * 120, "，" * 9, "a", "《" * 30, "长 " * 90])
def test_any_title_fits_its_cover(title):
    setting = set_title(title)
    assert len(setting.lines) <= 3
    assert setting.width <= 756


def test_running_words_end_where_there_is_no_more_room():
    setting = wrap("每天二十分钟，把学习做成一件能做一辈子的事。" * 4, size=30, width=600, most=2)
    assert len(setting.lines) == 2
    assert setting.lines[-1].endswith("…")
    assert setting.width <= 640
    assert all(line[0] not in "，。" for line in setting.lines)


def test_a_poster_bears_the_code_of_its_address():
    words = share.Words(
        "慢慢变强", line="一句", site="日知", address="https://example.com/courses/a/"
    )
    poster = share.draw_poster(Design("慢慢变强"), words)
    assert poster.size == (1080, 1440)
    rows = share.matrix(words.address)
    module = share.CODE // len(rows)
    left = 1080 - share.EDGE - module * len(rows)
    top = 1440 - share.EDGE - module * len(rows)
    small = poster.convert("L").crop((left, top, 1080 - share.EDGE, 1440 - share.EDGE))
    pixels = small.reduce(module).tobytes()
    read = [
        [level < 128 for level in pixels[at : at + len(rows)]]
        for at in range(0, len(pixels), len(rows))
    ]
    assert read == rows
