"""A year of study as a field of small squares: a column for each week, Monday on top.

Two halves, so that a phone shows them one over the other. Whole numbers, which
components/heat_map.html draws as they stand.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

STEP, SIDE = 12, 10
ABOVE = 14  # for the names of the months


@dataclass(frozen=True)
class Square:
    x: int
    y: int
    level: int


@dataclass(frozen=True)
class Half:
    squares: list[Square]
    months: list[tuple[int, date]]  # where a month begins
    width: int
    height: int = ABOVE + 7 * STEP


def draw(year: int, minutes: Mapping[date, int], *, goal: int) -> list[Half]:
    """`goal` minutes a day are the third of four levels."""
    return [
        _half(date(year, 1, 1), date(year, 6, 30), minutes, goal),
        _half(date(year, 7, 1), date(year, 12, 31), minutes, goal),
    ]


def level(minutes: int, *, goal: int) -> int:
    """0 nothing, 1 less than half of the goal, 2 less than all of it, 3 that much, 4 twice."""
    if minutes <= 0:
        return 0
    return 1 if minutes * 2 < goal else 2 if minutes < goal else 3 if minutes < goal * 2 else 4


def _half(first: date, last: date, minutes: Mapping[date, int], goal: int) -> Half:
    monday = first - timedelta(days=first.weekday())
    squares, months = [], []
    for number in range((last - first).days + 1):
        day = first + timedelta(days=number)
        week = (day - monday).days // 7
        told = level(minutes.get(day, 0), goal=goal)
        squares.append(Square(week * STEP, ABOVE + day.weekday() * STEP, told))
        if day.day == 1:
            months.append((week * STEP, day))
    return Half(squares, months, ((last - monday).days // 7 + 1) * STEP)
