"""Where a marked passage stands in a text that may have changed since.

static/js/notes/anchors.js does the same in the browser; a test holds one against the other.
White space counts for nothing: a page and its source break lines in different places.
"""

import re
from itertools import takewhile

from learning.models.notes import AROUND

SPACE = re.compile(r"\s+")
TOLERATED = 5  # one character in so many may differ, …
MOST_DIFFERING = 24  # … and no more than this in all


def squeezed(text: str) -> str:
    return SPACE.sub("", text)


def find(text: str, quote: str, prefix: str, suffix: str) -> tuple[int, int] | None:
    """From and to in the squeezed text: the quote itself, of several the one whose neighbours are
    most alike; else what differs least from it, within bounds; None when it is lost."""
    text, quote = squeezed(text), squeezed(quote)
    prefix, suffix = squeezed(prefix), squeezed(suffix)
    if not quote:
        return None

    def alike(start: int, end: int) -> int:
        before = _common(text[max(0, start - AROUND) : start][::-1], prefix[::-1])
        return before + _common(text[end : end + AROUND], suffix)

    places = [
        (found.start(), found.start() + len(quote))
        for found in re.finditer(f"(?={re.escape(quote)})", text)
    ]
    if not places:
        places = _near(text, quote)
    return max(places, key=lambda place: alike(*place), default=None)


def _common(one: str, other: str) -> int:
    """How many of the first characters are the same."""
    pairs = zip(one, other, strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


def _near(text: str, quote: str) -> list[tuple[int, int]]:
    """All that differs least from the quote."""
    most = min(len(quote) // TOLERATED, MOST_DIFFERING)
    if not most:
        return []
    ends, errors = _least(text, quote, most)
    found = []
    for end in ends:
        first = max(0, end - len(quote) - errors)
        starts, _errors = _least(text[first:end][::-1], quote[::-1], errors)
        # Of the starts that do, the one that makes it as long as the quote.
        lengths = sorted(starts, key=lambda length: abs(length - len(quote)))
        found += [(end - length, end) for length in lengths[:1]]
    return found


def _least(text: str, pattern: str, most: int) -> tuple[list[int], int]:
    """Where something ends that comes nearest to the pattern, and by how many characters it
    differs (Myers' bit vectors, J. ACM 46 (1999) 395); nothing beyond `most`."""
    length = len(pattern)
    whole, last = (1 << length) - 1, 1 << (length - 1)
    bits: dict[str, int] = {}
    for place, character in enumerate(pattern):
        bits[character] = bits.get(character, 0) | 1 << place
    plus, minus, score = whole, 0, length
    ends: list[int] = []
    for place, character in enumerate(text, 1):
        same = bits.get(character, 0)
        across = (((same & plus) + plus) ^ plus) | same
        up = minus | ~(across | plus) & whole
        down = plus & across
        score += bool(up & last) - bool(down & last)
        same |= minus
        up = (up << 1) & whole
        down = (down << 1) & whole
        plus = down | ~(same | up) & whole
        minus = up & same
        if score < most:
            most, ends = score, [place]
        elif score == most:
            ends.append(place)
    return ends, most
