"""Setting words: one font, lines across, columns downwards, Latin among Chinese."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

from PIL import ImageFont

from courses.drawing.breaking import break_title
from courses.drawing.characters import can_set

FONT = Path(__file__).resolve().parent.parent / "fonts" / "NotoSerifSC-Bold.otf"
# The same everywhere, whatever libraries a machine has.
LAYOUT = ImageFont.Layout.BASIC

FULL_SIZE = 112
LEADING = 1.26
# At full size a line has five ems; longer ones shrink until they have this width.
FULL_WIDTH = 640


@lru_cache(maxsize=64)
def font(size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(FONT), size, layout_engine=LAYOUT)


@cache
def _ruler() -> ImageFont.FreeTypeFont:
    return font(100)


def ems(text: str) -> float:
    """How wide a text is, in widths of a Chinese character."""
    return _ruler().getlength(text) / 100


@dataclass(frozen=True)
class Setting:
    """Lines and the size they are set in; no lines where nothing can be set."""

    lines: tuple[str, ...]
    size: float
    leading: float = LEADING

    @property
    def pitch(self) -> float:
        return self.size * self.leading

    @property
    def height(self) -> float:
        """From the top of the first line to the foot of the last."""
        return self.pitch * (len(self.lines) - 1) + self.size if self.lines else 0.0

    @property
    def width(self) -> float:
        return max(map(ems, self.lines), default=0.0) * self.size

    def no_larger_than(self, size: float) -> "Setting":
        return Setting(self.lines, min(size, self.size))


NOTHING = Setting((), FULL_SIZE)


def set_title(title: str) -> Setting:
    """A title as a cover has it."""
    if not can_set(title):
        return NOTHING
    lines = tuple(break_title(title, ems))
    return Setting(lines, min(FULL_SIZE, FULL_WIDTH / max(map(ems, lines))))


def wrap(text: str, *, size: float, width: float, most: int) -> Setting:
    """Running words in at most so many lines of this width; what is left over ends in …"""
    if not can_set(text):
        return NOTHING
    whole = " ".join(text.split())
    lines, rest = _fill(whole, width / size, most)
    if rest:
        lines[-1] = lines[-1][:-1].rstrip(NO_START + " ") + "…"
        return Setting(tuple(lines), size)
    # No narrower than it must be for as many lines: none is left with a word or two.
    narrow = ems(whole) / len(lines)
    while (
        len(evener := _fill(whole, narrow, most)[0]) > len(lines) or _fill(whole, narrow, most)[1]
    ):
        narrow += 0.5
    return Setting(tuple(evener), size)


def _fill(text: str, width: float, most: int) -> tuple[list[str], str]:
    """The lines, and what had no place in them."""
    lines: list[str] = []
    while text and len(lines) < most:
        line = _fitting(text, width)
        text = text[len(line) :].lstrip()
        lines.append(line.rstrip())
    return lines, text


NO_START = "，。、；：？！）》」』〉】〕”’…—·%,.;:?!)]}"
NO_END = "（《「『〈【〔“‘([{"


def _fitting(text: str, width: float) -> str:
    """As much of the beginning as a line holds, not broken before a mark or within a word."""
    end = len(text)
    while end > 1 and ems(text[:end].rstrip(NO_START + " ")) > width:
        end -= 1
    full = end
    while end > 1 and end < len(text) and _is_no_break(text[end - 1], text[end]):
        end -= 1
    return text[: end if end > 1 else full]


def _is_no_break(before: str, after: str) -> bool:
    is_within_word = before.isascii() and after.isascii() and before.isalnum() and after.isalnum()
    return is_within_word or after in NO_START or before in NO_END


# --- downwards -----------------------------------------------------------------------------------

TURNED = "「」『』《》〈〉（）【】〔〕—…～–-()[]"  # they lie along the column
HANGING = "，。、"  # they stand at the upper right of their square


@dataclass(frozen=True)
class Run:
    """What stands upright as one piece in a column, or lies along it."""

    text: str
    is_turned: bool = False

    @property
    def length(self) -> float:
        """Ems of the column that it takes."""
        return ems(self.text) + 2 * self.gap if self.is_turned else 1.0

    @property
    def gap(self) -> float:
        """Ems between Chinese and Latin."""
        return 0.15 if self.is_turned and self.text.isascii() else 0.0


def runs(line: str) -> Iterator[Run]:
    """A line as it goes down: Chinese upright, Latin words turned, short numbers side by side."""
    for is_latin, group in itertools.groupby(line, key=lambda each: ord(each) < 0x2000):
        text = "".join(group)
        if not is_latin:
            yield from (Run(each, each in TURNED) for each in text)
        elif text.strip().isdigit() and len(text.strip()) <= 2:
            yield Run(text.strip())
        elif text.strip():
            yield Run(text.strip(), is_turned=True)
