"""The words of a lesson or an article as its page shows them, in order, without loading what its
pictures and cards need. A test holds it against the pages."""

import html
import re
from collections.abc import Iterator
from typing import Any

from courses import transcripts
from courses.models import ArticlePage, LessonPage
from courses.transcripts import BrokenTranscript

TAG = re.compile(r"<[^<>]*>")


def of(page: LessonPage | ArticlePage) -> str:
    """Of a lesson without a body its transcript's. What only labels it (思考题) is left out."""
    if page.body or isinstance(page, ArticlePage):
        return "\n".join(text for block in page.body.raw_data for text in _of_block(block))
    try:
        return "\n".join(cue.text for cue in transcripts.parse(page.transcript))
    except BrokenTranscript:
        return ""


def _of_block(block: dict[str, Any]) -> Iterator[str]:
    value = block["value"]
    match block["type"]:
        case "text":
            yield _read(value)
        case "callout":
            yield from (value.get("heading") or "", _read(value["text"]))
        case "quote":
            yield from (value["text"], value.get("source") or "")
        case "picture":
            yield value.get("caption") or ""
        case "code":
            yield value["code"]
        case "question":
            yield value["text"]
        case "table":
            yield value.get("table_caption") or ""
            yield from (str(cell) for row in value["data"] for cell in row if cell is not None)


def _read(rich_text: str) -> str:
    return html.unescape(TAG.sub("", rich_text))
