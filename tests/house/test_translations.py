"""The Chinese of the interface: complete, certain, and set in full-width punctuation."""

import re
from pathlib import Path
from typing import Any

import pytest
from babel.messages.catalog import Message
from babel.messages.pofile import read_po
from django.conf import settings
from django.utils import translation
from django.utils.translation import trans_real

from operations import translations
from tests.house import messages
from tests.house.files import CJK, COMMENTS, find, name_of, templates

CATALOGUES = sorted(
    path for folder in settings.LOCALE_PATHS for path in Path(folder).glob("zh_Hans/**/*.po")
)
CHINESE = re.compile(f"[{CJK}]")
PLACE = re.compile(r"%\((\w+)\)[sd]|\{(\w*)\}")
HALF_WIDTH = re.compile(
    f"[{CJK}][,.:;?!] ?[{CJK}]"  # between two characters
    f"|[{CJK}][,;?!](?=$|\\s|<|」)"  # at an end
    f"|[{CJK}]\\((?=[{CJK}])",
    re.M,
)


def entries(path: Path) -> list[Message]:
    with path.open("rb") as text:
        return [entry for entry in read_po(text, locale="zh_Hans") if entry.id]


def strings(entry: Message) -> list[str]:
    """The translation, or its plural forms."""
    told = entry.string or ""
    return [told] if isinstance(told, str) else list(told)


def asked_for() -> dict[str, str]:
    """Each text to be translated, with one place where it stands."""
    found: dict[str, str] = {}
    for path in find("*.py"):
        if "migrations" not in path.parts:
            found |= {text: name_of(path) for text in messages.in_python(path)}
    for path in find("templates/**/*.html", "templates/**/*.txt"):
        found |= {text: name_of(path) for text in messages.in_template(path)}
    return {text: place for text, place in found.items() if not CHINESE.search(text)}


# A day in Chinese begins with a digit and ends with a character: 会员已于 11 月 20 日到期.
DAY = (
    r"%\((?:day|until|last|last_day|failed_on|starts_on|renews_on|(?:begin|resume|open|end)s(?:_on)?"
    r"|ended(?:_on)?)\)s"
)
CLOSE_DAY = re.compile(f"(?:[{CJK}]|\\)s){DAY}|{DAY} [{CJK}]")
SPACED_SENTENCES = re.compile(
    r"""[.:](?:" %}|{% endblocktranslate %})(?:{% (?:el|end)?(?:if|for|se)[^%]*%})*[ ]"""
    r"""(?:{% (?:el)?(?:if|for|se)[^%]*%})*{[{%] """
)


@pytest.mark.parametrize("path", CATALOGUES, ids=name_of)
def test_no_entry_is_empty_or_uncertain(path: Path) -> None:
    for entry in entries(path):
        told = strings(entry)
        assert all(told), f"no translation: {entry.id}"
        assert not entry.fuzzy, f"uncertain: {entry.id}"


@pytest.mark.parametrize("path", CATALOGUES, ids=name_of)
def test_a_translation_fills_the_same_places(path: Path) -> None:
    for entry in entries(path):
        ids = entry.id if isinstance(entry.id, (tuple, list)) else [entry.id]
        told = strings(entry)
        known = {place for text in ids for place in PLACE.findall(text)}
        for text in told:
            assert set(PLACE.findall(text)) <= known, entry.id


def test_every_text_has_its_chinese() -> None:
    translations.compile_stale(settings.LOCALE_PATHS)
    catalogue: Any = vars(trans_real.DjangoTranslation("zh-hans"))["_catalog"]
    told = dict(catalogue.items())
    plural = {key[0] for key in told if isinstance(key, tuple)}
    missing = [
        f"{place}: {text!r}"
        for text, place in sorted(asked_for().items())
        if not told.get(text) and text not in plural
    ]
    assert missing == []


def test_the_walk_finds_texts_in_code_and_templates() -> None:
    found = asked_for()
    assert found["Parked jobs"] == "platform/operations/parked_jobs.py"
    assert found["There is no such page."] == "platform/templates/errors/404.html"
    assert "Number %(number)s" in found


@pytest.mark.parametrize("path", CATALOGUES, ids=name_of)
def test_translations_are_set_in_full_width(path: Path) -> None:
    for entry in entries(path):
        told = strings(entry)
        for text in told:
            assert not HALF_WIDTH.search(text), text


@pytest.mark.parametrize("path", CATALOGUES, ids=name_of)
def test_chinese_quotes_by_one_kind_of_mark(path: Path) -> None:
    for entry in entries(path):
        for text in strings(entry):
            assert not set("“”") & set(text), text


@pytest.mark.parametrize(
    "path",
    [*templates(), *find("*.md", "*.vtt", "*.txt", "*.json", "*.toml", below=("platform/demo",))],
    ids=name_of,
)
def test_chinese_copy_is_set_in_full_width(path: Path) -> None:
    found = HALF_WIDTH.search(COMMENTS.sub("", path.read_text()))
    assert not found, found


@pytest.mark.parametrize("path", CATALOGUES, ids=name_of)
def test_a_day_stands_in_its_sentence_as_it_is_written(path: Path) -> None:
    for entry in entries(path):
        for text in strings(entry):
            assert not CLOSE_DAY.search(text), text


@pytest.mark.parametrize("text", ["到%(day)s。", "%(title)s%(day)s开课", "%(until)s 前"])
def test_the_guard_sees_a_day_that_is_set_otherwise(text: str) -> None:
    assert CLOSE_DAY.search(text)


@pytest.mark.parametrize(
    "text", ["到 %(day)s。", "%(title)s：%(day)s开课", "到 %(until)s前", "%(at)s 前"]
)
def test_the_guard_lets_other_days_pass(text: str) -> None:
    assert not CLOSE_DAY.search(text)


@pytest.mark.parametrize("path", [*find("templates/**/*.html", "templates/**/*.txt")], ids=name_of)
def test_sentences_are_joined_as_their_language_does(path: Path) -> None:
    """By `{% gap %}`: Chinese has no space after its full stop."""
    found = SPACED_SENTENCES.search(path.read_text())
    assert not found, found


@pytest.mark.parametrize("text", ["里,他", "他说: 好", "真的?", "对;错", "(里(外)", "好, 他"])
def test_the_guard_sees_half_width(text: str) -> None:
    assert HALF_WIDTH.search(text)


@pytest.mark.parametrize(
    "text", ["里，他", "第 2 讲 · 11.5 分", "¥1,200", "看 example.com 吧", "Stripe: 好"]
)
def test_the_guard_lets_the_rest_pass(text: str) -> None:
    assert not HALF_WIDTH.search(text)


def test_a_catalogue_is_compiled_once(tmp_path: Path) -> None:
    source = tmp_path / "zh_Hans" / "LC_MESSAGES" / "django.po"
    source.parent.mkdir(parents=True)
    source.write_text(
        'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n\n'
        'msgid "page"\nmsgstr "页"\n'
    )
    assert translations.compile_stale([tmp_path]) == [source.with_suffix(".mo")]
    assert "页".encode() in source.with_suffix(".mo").read_bytes()
    assert translations.compile_stale([tmp_path]) == []


def test_what_is_compiled_is_spoken_at_once(tmp_path: Path, settings: Any) -> None:
    """The first `make run` compiles and writes the demo's mails in one process."""
    source = tmp_path / "zh_Hans" / "LC_MESSAGES" / "django.po"
    source.parent.mkdir(parents=True)
    settings.LOCALE_PATHS = [*settings.LOCALE_PATHS, tmp_path]
    trans_real._translations = {}
    with translation.override("zh-hans"):
        assert translation.gettext("a page of the test") == "a page of the test"
    source.write_text(
        'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n\n'
        'msgid "a page of the test"\nmsgstr "一页"\n'
    )
    translations.compile_stale([tmp_path])
    with translation.override("zh-hans"):
        assert translation.gettext("a page of the test") == "一页"
    trans_real._translations = {}
