"""The language of words, told to what reads them aloud."""

import pytest
from django.template import Context, Template
from django.utils import translation

from pages import languages


@pytest.mark.parametrize(
    ("language", "tag"), [("zh-hans", "zh-Hans"), ("en", "en"), ("pt-br", "pt-br")]
)
def test_a_language_is_written_as_html_writes_it(language: str, tag: str) -> None:
    assert languages.tag_of(language) == tag


@pytest.mark.parametrize(
    ("html", "marked"),
    [
        ("<p>叫作 repeated game，重复博弈。</p>", ["repeated game"]),
        ("<p>读 <b>The Wealth of Nations</b> 第三章</p>", ["The Wealth of Nations"]),
        (
            "<p>Johnson &amp; Johnson 的人，和 Adam Smith</p>",
            ["Johnson &amp; Johnson", "Adam Smith"],
        ),
        ("<p>一个 App，用 Excel 打开</p>", []),
        ("<p>空格&nbsp;and more&nbsp;都在</p>", ["and more"]),
        ('<p>见 <a href="/a b/c d/" title="not this one">这里</a></p>', []),
        ("<p>运行 <code>make run now</code> 即可</p>", []),
        (
            '<p><span lang="de">das <i>ganze Haus</i> hier</span>，the whole house</p>',
            ["the whole house"],
        ),
        ('<p lang="en">a <br> whole line</p><p>then two words</p>', ["then two words"]),
    ],
)
def test_runs_of_latin_words_are_marked(html: str, marked: list[str]) -> None:
    told = languages.mark_latin(html)
    for run in marked:
        assert f'<span lang="en">{run}</span>' in told
    assert told.count('<span lang="en">') == len(marked)
    assert told.replace('<span lang="en">', "").replace("</span>", "") == html.replace(
        "</span>", ""
    )


def test_content_is_marked_only_where_the_interface_speaks_another_language() -> None:
    page = Template("{% load shell %}<h1{% content_lang %}>慢慢变强</h1>")
    with translation.override("zh-hans"):
        assert page.render(Context()) == "<h1>慢慢变强</h1>"
    with translation.override("en"):
        assert page.render(Context()) == '<h1 lang="zh-Hans">慢慢变强</h1>'
