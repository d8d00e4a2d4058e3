"""Words of texts and queries: no database."""

import pytest

from courses.search import segments
from courses.search.marking import marked, snippet
from courses.search.matching import LONGEST, Query, read
from courses.search.nearest import differences, nearest


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("终身学习", "终 身 学 习 终身 身学 学习"),
        ("锅", "锅"),
        ("Deep Work 深度", "deep work 深 度 深度"),
        ("ＡＩ时代，ＧＤＰ增长", "ai 时 代 时代 gdp 增 长 增长"),
        ("「里」、里。", "里 里"),
        ("café Ｗｅｂ2.0 100%", "cafe web2 0 100"),
        ("它说“不”👩‍🍳_！", "它 说 它说 不"),
        ("𬭎𬭎 二〇二四", "𬭎 𬭎 𬭎𬭎 二 〇 二 四 二〇 〇二 二四"),
        ("", ""),
    ],
)
def test_a_text_is_kept_in_characters_pairs_and_words(text, words):
    assert segments.indexed(text) == words


def test_what_is_very_long_is_cut():
    assert len(segments.indexed("a" * 3000)) == segments.LONGEST_WORD
    assert len(segments.indexed("好" * 99_999).split()) == 2 * segments.LONGEST_TEXT - 1


@pytest.mark.parametrize(
    ("typed", "text", "was_cut"),
    [
        ("  认知\u3000 升级 \n", "认知 升级", False),
        ("认\0知", "认知", False),
        ("好" * 61, "好" * LONGEST, True),
    ],
)
def test_a_query_is_trimmed_and_cut(typed, text, was_cut):
    assert read(typed) == Query(text, was_cut=was_cut)


@pytest.mark.parametrize(
    ("typed", "text", "shown"),
    [
        ("认知", "终身学习与认知升级", "终身学习与<mark>认知</mark>升级"),
        ("ai", "ＡＩ 与 said", "<mark>ＡＩ</mark> 与 said"),
        ("GDP增长", "ｇｄｐ的增长", "<mark>ｇｄｐ</mark>的<mark>增长</mark>"),
        ("des", "Design", "<mark>Des</mark>ign"),
        ("学习法", "学习的方法：习法", "<mark>学习</mark>的方法：<mark>习法</mark>"),
        ("script 好", "<script>&好", "&lt;<mark>script</mark>&gt;&amp;<mark>好</mark>"),
        ("终身 身学", "终身学习", "<mark>终身学</mark>习"),
        ("", "<b>", "&lt;b&gt;"),
    ],
)
def test_found_words_are_marked_and_nothing_else_is_markup(typed, text, shown):
    assert marked(text, read(typed)) == shown


def test_a_snippet_stands_around_the_first_find():
    long = "前" * 200 + "锅" + "后" * 200
    cut = snippet(["没有", long], read("锅"))
    assert cut == "…" + "前" * 24 + "<mark>锅</mark>" + "后" * 65 + "…"
    assert snippet(["", "<b>", "锅"], read("没有")) == "&lt;b&gt;"
    assert snippet([], read("锅")) == ""


NAMES = [(0, "认知"), (0, "文艺"), (1, "周明远"), (2, "认真生活"), (2, "认真听"), (2, "Deep Work")]


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("认之", "认知"),
        ("周名远", "周明远"),
        ("明周远", "周明远"),
        ("认真生话", "认真生活"),
        ("deap", "deep"),
        ("量子力学", ""),
        ("锅", ""),
    ],
)
def test_what_was_meant_is_a_near_word_of_titles_and_names(typed, meant):
    assert nearest(typed, NAMES) == meant


def test_differences_are_counted_up_to_the_limit():
    assert differences("认知", "认知", 1) == 0
    assert differences("work", "wrok", 1) == 1
    assert differences("work", "worked", 1) == 2
    assert differences("abcd", "wxyz", 2) == 3
