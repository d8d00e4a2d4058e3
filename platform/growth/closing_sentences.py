"""One sentence of a lesson to mark: what several learners marked, else the last one before its
question."""

import html
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from courses import plain_text
from courses.models import LessonPage
from learning.anchors import squeezed
from learning.models import Highlight
from learning.models.notes import AROUND

MARKED_BY = 3  # people: what fewer marked is theirs alone
NEWEST = 2000  # highlights of a lesson that are counted
SHORTEST, LONGEST = 6, 120  # characters, without white space
SENTENCE = re.compile(r"[^\n]+?(?:[。！？!?…]+|\.(?=\s|$))[”’」』）\"]*")
LINE_END = re.compile(r"</(?:p|h[1-6]|li)>|<br\s*/?>")
TAG = re.compile(r"<[^<>]*>")


@dataclass(frozen=True)
class Sentence:
    """As the notes keep it; `people`: how many marked it, 0 where nobody was asked."""

    quote: str
    prefix: str
    suffix: str
    people: int = 0


def of(lesson: LessonPage) -> Sentence | None:
    """One query."""
    text = squeezed(plain_text.of(lesson))
    rows = Highlight.objects.filter(page_id=lesson.pk).exclude(quote="")
    marked = rows.order_by("-created_at").values_list("quote", "learner_id")[:NEWEST]
    quote, people = _most_marked(marked, text)
    quote = quote or _last(lesson, text)
    return _placed(quote, text, people) if quote else None


def is_marked(sentence: Sentence, learner_id: int, lesson_id: int) -> bool:
    """Alone, or as a part of more. One query."""
    mine = Highlight.objects.filter(learner_id=learner_id, page_id=lesson_id).exclude(quote="")
    wanted = squeezed(sentence.quote)
    return any(wanted in squeezed(each) for each in mine.values_list("quote", flat=True))


def _most_marked(marked: Iterable[tuple[str, int]], text: str) -> tuple[str, int]:
    """With by how many. It must stand in the text: a highlight is what somebody sent."""
    people: dict[str, set[int]] = defaultdict(set)
    shown: dict[str, str] = {}
    for quote, learner_id in marked:
        key = squeezed(quote)
        if SHORTEST <= len(key) <= LONGEST:
            people[key].add(learner_id)
            shown[key] = " ".join(quote.split())
    counted = [
        (len(who), text.find(key), key)
        for key, who in people.items()
        if len(who) >= MARKED_BY and key in text
    ]
    if not counted:
        return "", 0
    number, _place, key = max(counted)
    return shown[key], number


def _last(lesson: LessonPage, text: str) -> str:
    found = [each.strip() for line in _lines(lesson) for each in SENTENCE.findall(line)]
    fitting = (each for each in reversed(found) if SHORTEST <= len(squeezed(each)) <= LONGEST)
    return next((each for each in fitting if squeezed(each) in text), "")


def _lines(lesson: LessonPage) -> Iterator[str]:
    """Its paragraphs up to its last question; of a lesson without a body its transcript's."""
    if not lesson.body:
        yield from plain_text.of(lesson).splitlines()
        return
    blocks = list(lesson.body.raw_data)
    asked = [place for place, block in enumerate(blocks) if block["type"] == "question"]
    for block in blocks[: asked[-1] if asked else None]:
        if block["type"] == "text":
            lines = LINE_END.sub("\n", block["value"])
            yield from html.unescape(TAG.sub("", lines)).splitlines()


def _placed(quote: str, text: str, people: int) -> Sentence:
    key = squeezed(quote)
    start = text.rfind(key)
    end = start + len(key)
    return Sentence(quote, text[max(start - AROUND, 0) : start], text[end : end + AROUND], people)
