"""The repository's own files, as the guards look at them."""

import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
CODE = ("platform", "courses", "payments")
# What templates say to their readers only.
COMMENTS = re.compile(r"\{#.*?#\}|\{% comment .*?endcomment %\}|<!--.*?-->", re.S)
CJK = r"\u3400-\u4dbf\u4e00-\u9fff"


def find(*patterns: str, below: tuple[str, ...] = CODE) -> Iterator[Path]:
    """Our files by pattern, below our folders of code."""
    for folder in below:
        for pattern in patterns:
            yield from sorted((ROOT / folder).rglob(pattern))


def templates() -> list[Path]:
    """Every template but those of mails, which know no style sheet."""
    found = find("templates/**/*.html")
    return [path for path in found if "emails" not in path.parts]


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))
