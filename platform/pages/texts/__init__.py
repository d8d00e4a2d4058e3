"""The texts a new site starts with: short and neutral, to be edited by its publisher.

`load()` reads the few marks of Markdown that they use (## heading, - list, paragraphs).
"""

import re
from html import escape
from pathlib import Path

HERE = Path(__file__).parent


def load(name: str) -> tuple[str, str]:
    """(title, body as HTML) of texts/<name>.md."""
    title, _, rest = (HERE / f"{name}.md").read_text(encoding="utf-8").partition("\n")
    parts = [part for part in re.split(r"\n\s*\n", rest.strip()) if part]
    return title.removeprefix("# ").strip(), "".join(_as_html(part) for part in parts)


def is_untouched(name: str, body: str) -> bool:
    """Whether a page still says what it was delivered with."""
    return _words(body) == _words(load(name)[1])


def _as_html(part: str) -> str:
    if part.startswith("## "):
        return f"<h2>{escape(part[3:])}</h2>"
    lines = part.splitlines()
    if all(line.startswith("- ") for line in lines):
        return "<ul>" + "".join(f"<li>{escape(line[2:])}</li>" for line in lines) + "</ul>"
    return f"<p>{escape(''.join(lines))}</p>"


def _words(html: str) -> str:
    return re.sub(r"<[^>]*>|\s", "", html)
