"""Turning a body into HTML, with the sentences of the transcript marked in it.

The result is the same for everyone who may see it, so it is kept in the cache under a digest of
what it was made from; product cards are not: their price is of the moment.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass

from bs4 import BeautifulSoup, NavigableString, Tag
from django.core.cache import cache
from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language
from wagtail.blocks import StreamValue

from courses import transcripts
from courses.markers import Marker
from courses.models import LessonPage
from courses.transcripts import Cue

SPEAKING = ["p", "li", "h2", "h3", "td", "th"]
HEADINGS = ("h2", "h3")
LOOK_AHEAD = 4
KEEP_SECONDS = 600
PARAGRAPH_PAUSE = 0.9


@dataclass
class Piece:
    """A stretch of HTML, or a product card (then `card` is its block)."""

    html: SafeString | None = None
    card: StreamValue.StreamChild | None = None


@dataclass
class Text:
    """A lesson's text in order, and where its headings are heard."""

    pieces: list[Piece]
    markers: list[Marker]


def lesson_text(lesson: LessonPage, *, staff: bool = False, token: str = "") -> Text:
    """The lesson's body; its transcript alone when it has no body.

    With `staff`, pictures have the addresses that editors may open (a draft's are not yet its);
    with `token`, those that a phone may open which shows the draft.
    """
    cues = transcripts.parse(lesson.transcript) if lesson.transcript else []
    if not lesson.body:
        return Text([Piece(_paragraphs(cues))] if cues else [], [])
    raw = json.dumps(list(lesson.body.raw_data), sort_keys=True, default=str)
    label = f"{lesson.pk}:{get_language()}:{staff}:{token}:{raw}:{lesson.transcript}"
    digest = hashlib.sha256(label.encode()).hexdigest()
    key = f"lesson-text:{digest}"
    kept: tuple[list[str | None], list[Marker]] | None = cache.get(key)
    if kept is None:
        kept = _render(lesson, cues, staff, token)
        cache.set(key, kept, KEEP_SECONDS)
    rendered, markers = kept
    pieces = [
        Piece(card=block) if html is None else Piece(mark_safe(html))  # noqa: S308 (our own)
        for block, html in zip(lesson.body, rendered, strict=True)
    ]
    return Text(pieces, markers)


def _render(
    lesson: LessonPage, cues: list[Cue], staff: bool, token: str
) -> tuple[list[str | None], list[Marker]]:
    marker = SentenceMarker(cues)
    context = {"lesson": None if staff else lesson, "staff": staff, "token": token}
    rendered = [
        None if block.block_type == "product_card" else marker.mark(str(block.render(context)))
        for block in lesson.body
    ]
    return rendered, marker.headings


def _paragraphs(cues: Iterable[Cue]) -> SafeString:
    paragraphs: list[list[Cue]] = []
    for cue in cues:
        if not paragraphs or cue.start - paragraphs[-1][-1].end > PARAGRAPH_PAUSE:
            paragraphs.append([])
        paragraphs[-1].append(cue)
    return render_to_string("components/transcript.html", {"paragraphs": paragraphs})


class SentenceMarker:
    """Wraps each sentence that a cue speaks in a span that knows when it is heard."""

    def __init__(self, cues: list[Cue]) -> None:
        self.cues = cues
        self.next = 0
        self.headings: list[Marker] = []
        self.heading = ""  # the last one, until a sentence of it or after it is found

    def mark(self, html: str) -> str:
        if self.next >= len(self.cues):
            return html
        soup = BeautifulSoup(html, "html.parser")
        for element in soup.find_all(SPEAKING):
            if isinstance(element, Tag) and not element.find(SPEAKING):
                if element.name in HEADINGS:
                    self.heading = element.get_text().strip()
                self._mark_element(soup, element)
        return str(soup)

    def _mark_element(self, soup: BeautifulSoup, element: Tag) -> None:
        text = element.get_text()
        spans: list[tuple[int, int, Cue]] = []
        cursor = 0
        while found := self._find(text, cursor):
            index, position = found
            cursor = position + len(self.cues[index].text)
            spans.append((position, cursor, self.cues[index]))
            self.next = index + 1
        if spans and self.heading:
            self.headings.append(Marker(spans[0][2].start, self.heading))
            self.heading = ""
        offset = 0
        for node in list(element.find_all(string=True)):
            if isinstance(node, NavigableString):
                length = len(node)
                self._split(soup, node, offset, spans)
                offset += length

    def _find(self, text: str, cursor: int) -> tuple[int, int] | None:
        """The next cue heard in `text`, and where; cues not in the body (a title) are passed."""
        for index in range(self.next, min(self.next + LOOK_AHEAD, len(self.cues))):
            if (position := text.find(self.cues[index].text, cursor)) >= 0:
                return index, position
        return None

    def _split(
        self,
        soup: BeautifulSoup,
        node: NavigableString,
        offset: int,
        spans: list[tuple[int, int, Cue]],
    ) -> None:
        text = str(node)
        pieces: list[NavigableString | Tag] = []
        done = 0
        for start, end, cue in spans:
            first, last = max(start - offset, 0), min(end - offset, len(text))
            if first >= last:
                continue
            if first > done:
                pieces.append(NavigableString(text[done:first]))
            span = soup.new_tag("span", attrs={"class": "sentence"})
            span["data-start"], span["data-end"] = str(cue.start), str(cue.end)
            span.string = text[first:last]
            pieces.append(span)
            done = last
        if pieces:
            if done < len(text):
                pieces.append(NavigableString(text[done:]))
            node.replace_with(*pieces)
