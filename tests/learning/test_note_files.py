"""Notes taken along: Markdown that shows what was written, a book that readers open."""

import io
import re
import uuid
import zipfile
from typing import Any
from xml.etree import ElementTree

import pytest
from bs4 import BeautifulSoup
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from courses.models import CoursePage, Grant, LessonPage
from learning import note_files
from learning.models import Highlight
from operations import clock
from tests.factories import UserFactory
from tests.factories import lesson as make_lesson
from tests.learning.conftest import audio_course_of, buy, lessons_of

pytestmark = pytest.mark.django_db
NASTY = '1. 标题 # 一 <b>&amp;</b> *不是* [链](x) "引" ]]>\x0b'
OPF, XHTML = "{http://www.idpf.org/2007/opf}", "{http://www.w3.org/1999/xhtml}"


@pytest.fixture
def course(learner: Any) -> CoursePage:
    course = audio_course_of(lessons=2, title="一群人 <的> 生意")
    buy(learner, course)
    return course


@pytest.fixture
def notes(learner: Any, course: CoursePage) -> list[Highlight]:
    """Two on two lessons of a course, the later lesson's first; one of an article that is gone;
    one of somebody else."""
    first, second = lessons_of(course)
    return [
        note(learner, second, quote="第二讲的一句\n\n隔一行", tags=" 信任 社_群 "),
        note(learner, first, thought=f"{NASTY}\n第二行\n\n另一段"),
        note(learner, page_id=999_999, quote="文章里的一句"),
        note(UserFactory(), first, quote="别人的一句"),
    ]


def note(learner: Any, lesson: LessonPage | None = None, **fields: Any) -> Highlight:
    now = clock.now()
    where = {"page_id": lesson.pk, "course_id": lesson.get_parent().pk} if lesson else {}
    times = {"created_at": now, "updated_at": now}
    row = {"learner_id": learner.pk, "key": uuid.uuid4(), **where, **times, **fields}
    return Highlight.objects.create(**row)


@pytest.fixture
def client(learner: Any, client: Client) -> Client:
    client.force_login(learner)
    return client


def read(client: Client, query: str = "") -> tuple[str, Any]:
    answer = client.get(f"/study/notes/notes.md{query}")
    assert answer["Content-Disposition"].startswith("attachment")
    text = answer.content.decode()
    return text, BeautifulSoup(MarkdownIt().render(text.split("---\n", 2)[2]), "html.parser")


def test_as_markdown_all_is_there_in_the_course_s_order_with_links_back(client, notes, settings):
    text, soup = read(client)
    assert "notes: 3" in text.split("---")[1]
    assert [each.get_text() for each in soup.find_all("h2")] == ["一群人 <的> 生意", "文章"]
    assert [each.get_text() for each in soup.find_all("h3")] == [
        "第 00 讲",
        "第 01 讲",
        "本站已没有",
    ]
    shown = soup.get_text()
    assert all(each in shown for each in (NASTY.strip("\x0b"), "第二讲的一句", "#社_群"))
    assert "别人的" not in shown
    second = lessons_of(CoursePage.objects.get(title="一群人 <的> 生意"))[1]
    address = f"{settings.BASE_URL}/courses/{second.get_parent().slug}/01/#note-{notes[0].key}"
    assert soup.find("a", href=address)
    quote = soup.find("blockquote")
    assert [each.get_text() for each in quote.find_all("p")] == ["第二讲的一句", "隔一行"]


def test_of_one_course_or_one_lesson_only_its_own(client, notes, course):
    text, soup = read(client, f"?course={course.pk}")
    assert len(soup.find_all("h2")) == 1
    _text, soup = read(client, f"?page={lessons_of(course)[1].pk}")
    assert [each.get_text() for each in soup.find_all("h3")] == ["第 01 讲"]
    text, _soup = read(client, "?course=x&page=²")
    assert "notes: 3" in text
    text, _soup = read(client, "?course=0")
    assert "notes: 1" in text


def test_what_is_not_open_any_more_is_taken_along_without_a_link(client, notes, course):
    course.unpublish()
    Grant.objects.update(withdrawn_at=clock.now())
    text, _soup = read(client)
    assert "第二讲的一句" in text
    assert "#note-" not in text


@given(st.text(alphabet="甲乙 1.-+=#*_`~[]()<>|&;!\\\"'\t:/", min_size=1, max_size=40))
def test_markdown_shows_every_line_as_it_was_written(line):
    shown = BeautifulSoup(MarkdownIt().render(note_files.escaped(line)), "html.parser")
    assert shown.get_text().strip() == line.strip()
    assert {each.name for each in shown.find_all()} <= {"p"}


def test_the_book_is_an_epub_whose_parts_are_all_there(client, notes):
    answer = client.get("/study/notes/notes.epub")
    assert answer["Content-Type"] == "application/epub+zip"
    archive = zipfile.ZipFile(io.BytesIO(answer.content))
    first = archive.infolist()[0]
    assert (first.filename, first.compress_type) == ("mimetype", zipfile.ZIP_STORED)
    assert not first.extra
    assert archive.read("mimetype") == b"application/epub+zip"
    container = ElementTree.fromstring(archive.read("META-INF/container.xml"))
    [root] = [each for each in container.iter() if each.tag.endswith("}rootfile")]
    package = ElementTree.fromstring(archive.read(root.attrib["full-path"]))
    items = {each.attrib["id"]: each.attrib for each in package.iter(f"{OPF}item")}
    names = {f"book/{each['href']}" for each in items.values()}
    names |= {"mimetype", "META-INF/container.xml", "book/package.opf"}
    assert names == set(archive.namelist())
    assert items["nav"]["properties"] == "nav"
    spine = [each.attrib["idref"] for each in package.iter(f"{OPF}itemref")]
    assert spine == ["nav", "part-1", "part-2"]
    told = {each.tag.split("}")[1]: each.text for each in package[0]}
    assert (told["title"], told["language"]) == ("我的笔记", "zh-Hans")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", told["meta"] or "")
    pages = {
        name: ElementTree.fromstring(archive.read(name)) for name in names if name.endswith("xhtml")
    }
    ids = {
        f"{name[5:]}#{each.attrib['id']}"
        for name, page in pages.items()
        for each in page.iter()
        if "id" in each.attrib
    }
    links = [each.attrib["href"] for each in pages["book/nav.xhtml"].iter(f"{XHTML}a")]
    assert {each for each in links if "#" in each} == ids
    text = "".join("".join(page.itertext()) for page in pages.values())
    assert all(each in text for each in (NASTY.strip("\x0b"), "第二讲的一句", "文章里的一句"))
    assert "别人的" not in text


def test_the_empty_book_opens_too(client):
    archive = zipfile.ZipFile(io.BytesIO(client.get("/study/notes/notes.epub").content))
    ElementTree.fromstring(archive.read("book/nav.xhtml"))


def test_more_notes_to_take_along_ask_no_more(
    client, learner, course, django_assert_max_num_queries
):
    def queries() -> int:
        with django_assert_max_num_queries(40) as asked:
            client.get("/study/notes/notes.md")
        return len(asked)

    note(learner, lessons_of(course)[0], quote="一句")
    few = queries()
    for number in range(5):
        other = make_lesson(CoursePage.objects.get(pk=course.pk), slug=f"m{number}")
        note(learner, other, quote="又一句")
    assert queries() == few
