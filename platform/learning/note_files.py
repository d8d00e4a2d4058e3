"""One's notes to take along: as one Markdown file, or as a book (EPUB 3)."""

import io
import json
import re
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any
from uuid import NAMESPACE_URL, uuid5
from zoneinfo import ZoneInfo

from django.conf import settings
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from learning.days import day_of
from learning.note_queries import ShownNote
from pages import languages

NO_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
MARKS = re.compile(r"[\\`*_\[\]<>#|~&]")
LINE_BEGINS = re.compile(r"^(\d*)([-+=.)])")  # a list, a rule, a heading's underline


@dataclass(frozen=True)
class Entry:
    """A note. Its texts are lines, empty ones between paragraphs; `url` leads to the sentence."""

    quote: list[str]
    thought: list[str]
    tags: list[str]
    colour: int
    day: date
    url: str


@dataclass
class Section:
    """A lesson or an article; `url` is empty where it is not open."""

    title: str
    url: str
    entries: list[Entry] = field(default_factory=list)


@dataclass
class Part:
    """A course, or all articles."""

    title: str
    sections: list[Section] = field(default_factory=list)


@dataclass(frozen=True)
class Collection:
    title: str
    author: str
    parts: list[Part]
    made_at: datetime
    learner_id: int

    @property
    def count(self) -> int:
        return sum(len(section.entries) for part in self.parts for section in part.sections)


def arranged(rows: Iterable[ShownNote], zone: ZoneInfo) -> list[Part]:
    """By course, then by lesson in the course's order, then as they were written."""

    def order(row: ShownNote) -> tuple[Any, ...]:
        path = row.place.page.path if row.place else "~"  # after all
        return row.note.course_id == 0, path, row.note.page_id, row.note.created_at

    gone = _("No longer on this site")
    parts: dict[int, Part] = {}
    sections: dict[int, Section] = {}
    for row in sorted(rows, key=order):
        note = row.note
        usual = gone if note.course_id else _("Articles")
        part = parts.setdefault(note.course_id, Part(_clean(row.course_title or usual)))
        if note.page_id not in sections:
            url = settings.BASE_URL + row.place.url if row.place and row.place.is_open else ""
            sections[note.page_id] = Section(_clean(row.page_title or gone), url)
            part.sections.append(sections[note.page_id])
        sections[note.page_id].entries.append(_entry(row, zone))
    return list(parts.values())


def _entry(row: ShownNote, zone: ZoneInfo) -> Entry:
    note = row.note
    return Entry(
        quote=_lines(note.quote),
        thought=_lines(note.thought),
        tags=[_clean(tag) for tag in note.tag_list],
        colour=note.colour,
        day=day_of(note.created_at, zone),
        url=settings.BASE_URL + row.url if row.url else "",
    )


def _clean(text: str) -> str:
    """Without what no XML may hold."""
    return NO_XML.sub("", text)


def _lines(text: str) -> list[str]:
    return [line.strip() for line in _clean(text).splitlines()] if text else []


# --- Markdown -----------------------------------------------------------------------------------


def markdown(collection: Collection) -> str:
    """With the facts before it as YAML (which JSON is)."""
    facts = {
        "title": collection.title,
        "author": collection.author,
        "exported": collection.made_at.isoformat(timespec="seconds"),
        "notes": collection.count,
    }
    head = [f"{name}: {json.dumps(value, ensure_ascii=False)}" for name, value in facts.items()]
    blocks = ["\n".join(["---", *head, "---"]), f"# {escaped(collection.title)}"]
    for part in collection.parts:
        blocks.append(f"## {escaped(part.title)}")
        for section in part.sections:
            title = escaped(section.title)
            blocks.append(f"### [{title}](<{section.url}>)" if section.url else f"### {title}")
            for entry in section.entries:
                blocks += _blocks(entry)
    return "\n\n".join(blocks) + "\n"


def _blocks(entry: Entry) -> Iterator[str]:
    if entry.quote:
        yield "\n".join(f"> {line}".rstrip() for line in _text(entry.quote).split("\n"))
    if entry.thought:
        yield _text(entry.thought)
    back = [f"[{_('To the sentence')}](<{entry.url}>)"] if entry.url else []
    yield " · ".join([str(entry.day), *(escaped(f"#{tag}") for tag in entry.tags), *back])


def _text(lines: list[str]) -> str:
    """A line's end inside a paragraph stays one."""
    text = "\n".join(escaped(line) for line in lines)
    return re.sub(r"(?<=[^\n])\n(?=[^\n])", r"\\\n", text)


def escaped(line: str) -> str:
    """A line that Markdown shows as it is."""
    line = MARKS.sub(r"\\\g<0>", line.strip())
    return LINE_BEGINS.sub(r"\1\\\2", line)


# --- the book -----------------------------------------------------------------------------------


def book(collection: Collection) -> bytes:
    """EPUB 3.3 (https://www.w3.org/TR/epub-33/): a chapter for each course."""
    name = f"{settings.BASE_URL}/study/notes/{collection.learner_id}"
    context = {
        "collection": collection,
        "language": languages.tag_of(settings.LANGUAGE_CODE),
        "modified": collection.made_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "identifier": uuid5(NAMESPACE_URL, name).urn,
    }
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        # First, and as it is: by it a reader knows the file.
        archive.writestr("mimetype", "application/epub+zip", zipfile.ZIP_STORED)
        for path, template in [
            ("META-INF/container.xml", "container.xml"),
            ("book/package.opf", "package.opf"),
            ("book/nav.xhtml", "nav.xhtml"),
            ("book/book.css", "book.css"),
        ]:
            archive.writestr(path, _set(template, context))
        for number, part in enumerate(collection.parts, 1):
            page = _set("part.xhtml", context | {"part": part})
            archive.writestr(f"book/part-{number}.xhtml", page)
    return out.getvalue()


def _set(template: str, context: dict[str, Any]) -> str:
    return render_to_string(f"learning/book/{template}", context)
