"""Reading the demo content: Markdown with TOML in front, as platform/demo/content holds it.

A body is blocks parted by blank lines: paragraphs, `## ` headings, `> ` quotations (a last line
`> —— …` is the source), `!> ` callouts, `?> ` questions to ponder, and in articles
`[[card course <slug> | line]]` or `[[card membership <slug> | line]]` where a product stands.
"""

import re
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.utils.html import escape

CONTENT = Path(__file__).parent / "content"
CARD = re.compile(r"^\[\[card (course|membership) ([\w-]+) \| (.+)\]\]$")
STRONG = re.compile(r"\*\*(.+?)\*\*")

# Gives the page or snippet that a card names.
type FindSellable = Callable[[str, str], Any]


@dataclass(frozen=True)
class Text:
    """A file's front matter and its blocks."""

    facts: dict[str, Any]
    blocks: list[str]


def read(path: Path) -> Text:
    _, front, body = path.read_text(encoding="utf-8").split("+++\n", 2)
    return Text(tomllib.loads(front), split(body))


def split(text: str) -> list[str]:
    return [block.strip() for block in re.split(r"\n\s*\n", text) if block.strip()]


def read_toml(path: Path) -> dict[str, Any]:
    return tomllib.loads(path.read_text(encoding="utf-8"))


def stream(blocks: list[str], find: FindSellable | None = None) -> list[tuple[str, Any]]:
    """The blocks as a StreamField takes them; paragraphs and headings that follow are one text."""
    found: list[tuple[str, Any]] = []
    for block in blocks:
        kind, value = _read_block(block, find)
        if kind == "text" and found and found[-1][0] == "text":
            found[-1] = ("text", found[-1][1] + value)
        else:
            found.append((kind, value))
    return found


def html(blocks: list[str]) -> str:
    """The blocks as rich text, for fields that hold nothing else."""
    return "".join(str(_read_block(block, None)[1]) for block in blocks)


def quiz(path: Path) -> list[tuple[str, Any]]:
    """The quiz beside a lesson (01.md: 01.quiz.toml), as a StreamField takes it; empty without."""
    file = path.with_suffix(".quiz.toml")
    return [_read_question(row) for row in read_toml(file)["block"]] if file.exists() else []


def _read_question(row: dict[str, Any]) -> tuple[str, Any]:
    match row:
        case {"ask": ask, "questions": questions}:
            return "pool", {"ask": ask, "questions": [_read_question(each) for each in questions]}
        case {"kind": kind, "choices": choices, **rest}:
            read = [
                {"text": each["text"], "is_right": each.get("right", False), "why": each["why"]}
                for each in choices
            ]
            return kind, rest | {"choices": read, "is_shuffled": True}
        case {"kind": "true_false", "right": right, **rest}:
            return "true_false", rest | {"right": "true" if right else "false"}
        case {"kind": kind, **rest}:
            return kind, rest
    raise ValueError(row)


def _read_block(block: str, find: FindSellable | None) -> tuple[str, Any]:
    if card := CARD.match(block):
        kind, slug, line = card.groups()
        sellable = find(kind, slug) if find else None
        value = {"course": None, "membership": None, "line": line} | {kind: sellable}
        return "product_card", value
    if block.startswith("## "):
        return "text", f"<h2>{_inline(block[3:])}</h2>"
    if block.startswith("?> "):
        return "question", {"text": block[3:]}
    if block.startswith("!> "):
        return "callout", {"heading": "", "text": f"<p>{_inline(block[3:])}</p>"}
    if block.startswith("> "):
        lines = [line.removeprefix("> ").strip() for line in block.splitlines()]
        source = lines.pop().removeprefix("——").strip() if lines[-1].startswith("——") else ""
        return "quote", {"text": "\n".join(lines), "source": source}
    return "text", f"<p>{_inline(' '.join(block.splitlines()))}</p>"


def _inline(text: str) -> str:
    return STRONG.sub(r"<b>\1</b>", escape(text))
