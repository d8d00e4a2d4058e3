"""Found words, marked in what is shown."""

import re
from collections.abc import Iterable, Iterator

from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe

from courses.search import segments
from courses.search.matching import Query, is_begun

SNIPPET = 90  # characters
BEFORE = 24  # of them before the first found word


def marked(text: str, query: Query) -> SafeString:
    """The text, escaped, each found word in a <mark>."""
    return _with_marks(text, list(_places(text, query)))


def has(text: str, query: Query) -> bool:
    """Whether anything of it would be marked."""
    return any(_places(text, query))


def snippet(texts: Iterable[str], query: Query) -> SafeString:
    """The neighbourhood of what is found first in these texts, else how the first begins."""
    given = [text for text in texts if text]
    for text in given:
        if places := list(_places(text, query)):
            start = max(0, places[0][0] - BEFORE) if len(text) > SNIPPET else 0
            break
    else:
        text, start, places = (given or [""])[0], 0, []
    cut = text[start : start + SNIPPET]
    within = [(a - start, min(b - start, len(cut))) for a, b in places if a - start < len(cut)]
    before, after = "…" if start else "", "…" if start + SNIPPET < len(text) else ""
    return format_html("{}{}{}", before, _with_marks(cut, within), after)


def _with_marks(text: str, places: list[tuple[int, int]]) -> SafeString:
    pieces, done = [], 0
    for start, end in places:
        pieces += [escape(text[done:start]), "<mark>", escape(text[start:end]), "</mark>"]
        done = end
    return mark_safe("".join([*pieces, escape(text[done:])]))  # noqa: S308 (escaped above)


def _places(text: str, query: Query) -> Iterator[tuple[int, int]]:
    """Where the text has what was asked for: start and end, in order, none touching another."""
    folded, origins = segments.fold(text)
    found = sorted(place for run in query.runs for place in _places_of(run, folded))
    start, end = 0, 0
    for a, b in [(origins[a], origins[b - 1] + 1) for a, b in found]:
        if a > end or not end:
            if end:
                yield start, end
            start = a
        end = max(end, b)
    if end:
        yield start, end


def _places_of(run: str, folded: str) -> Iterator[tuple[int, int]]:
    if segments.is_han(run):
        # The run itself; where it stands nowhere whole, the pairs by which it was found.
        for word in [run] if run in folded else segments.asked(run):
            yield from (match.span() for match in re.finditer(re.escape(word), folded))
        return
    for match in segments.RUN.finditer(folded):
        word = match.group()
        if word == run or (is_begun(run) and word.startswith(run)):
            yield match.start(), match.start() + len(run)
