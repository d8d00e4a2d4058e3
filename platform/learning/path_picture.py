"""A track drawn as rising steps, one for each stage and the last for the last task.

Whole numbers in a field 340 wide, which components/path.html draws as it stands.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

WIDTH = 340
GAP = 6
ABOVE = 34  # for the mark and the numbers over a step
LOWEST, HIGHEST = 20, 120
EM, LINE = 13, 17
BELOW = 8
LATIN = 0.56  # of an em, about
WORDS = re.compile(r"[\u3000-\u9fff\uff00-\uffef]|[^\s\u3000-\u9fff\uff00-\uffef]+")


class Drawable(Protocol):
    @property
    def label(self) -> str: ...
    @property
    def done(self) -> int: ...
    @property
    def of(self) -> int: ...
    @property
    def state(self) -> str: ...


@dataclass(frozen=True)
class Step:
    """`filled` is the height of what is done, from below; `lines` are the words under it."""

    label: str
    done: int
    of: int
    state: str  # done, now, ahead
    x: int
    y: int
    width: int
    height: int
    filled: int
    lines: list[tuple[int, str]]  # where, what

    @property
    def middle(self) -> int:
        return self.x + self.width // 2

    @property
    def fill_y(self) -> int:
        return self.y + self.height - self.filled


@dataclass(frozen=True)
class Picture:
    stages: list[Step]
    task: Step
    floor: int
    height: int
    width: int = WIDTH

    @property
    def here(self) -> Step | None:
        return next((step for step in [*self.stages, self.task] if step.state == "now"), None)


def draw(stages: Sequence[Drawable], *, task: str, task_state: str) -> Picture:
    count = len(stages) + 1
    width = (WIDTH - GAP * (count - 1)) // count
    rise = (HIGHEST - LOWEST) / max(count - 1, 1)
    floor = ABOVE + HIGHEST

    def step(number: int, label: str, done: int, of: int, state: str) -> Step:
        height = round(LOWEST + rise * number) if count > 1 else HIGHEST
        filled = height if state == "done" else round(height * done / of) if of else 0
        lines = [
            (floor + BELOW + EM + LINE * place, words)
            for place, words in enumerate(wrap(label, width / EM))
        ]
        x = number * (width + GAP)
        return Step(label, done, of, state, x, floor - height, width, height, filled, lines)

    steps = [
        step(number, stage.label, stage.done, stage.of, stage.state)
        for number, stage in enumerate(stages)
    ]
    last = step(count - 1, task, 0, 0, task_state)
    deepest = max(place for each in [*steps, last] for place, _words in each.lines)
    return Picture(steps, last, floor, deepest + LINE - EM)


def wrap(text: str, ems: float) -> list[str]:
    """The text in lines so many ems wide: between any two Chinese characters, else at spaces."""
    lines = [""]
    for word in WORDS.findall(text):
        space = " " if lines[-1] and word.isascii() and lines[-1][-1].isascii() else ""
        if lines[-1] and _ems(lines[-1] + space + word) > ems:
            lines.append(word)
        else:
            lines[-1] += space + word
    return lines


def _ems(text: str) -> float:
    return sum(LATIN if character.isascii() else 1 for character in text)
