"""How many study days follow each other, with rest days earned."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

EARNED_BY = 7
MOST_IN_HAND = 2


@dataclass(frozen=True)
class Streak:
    """`days` studied in a row, the rest days still in hand, and the dates rested on the way."""

    days: int = 0
    rests: int = 0
    rested: tuple[date, ...] = ()

    def rested_in(self, week: Iterable[date]) -> int:
        return len(set(week) & set(self.rested))


def of(studied: Iterable[date], *, today: date) -> Streak:
    """The streak that stands on `today`.

    The rule: every seven study days of a streak earn one rest day, and at most two are kept in
    hand. A date without study takes one of them, and the streak goes on without counting it; with
    none in hand the streak is over, and the next study day begins another. Today is not missed
    before it is over. Dates are those of the zone the learner was in: each counts once, also one
    that lies ahead of today for who travelled west since.
    """
    streak = Streak()
    last: date | None = None
    for day in sorted(set(studied)):
        if last is not None:
            streak = _after_missing(streak, last, before=day)
        days = streak.days + 1
        earned = 1 if days % EARNED_BY == 0 else 0
        streak = Streak(days, min(streak.rests + earned, MOST_IN_HAND), streak.rested)
        last = day
    return _after_missing(streak, last, before=today) if last else streak


def longest(studied: Iterable[date]) -> int:
    """The most dates that follow each other with none missing."""
    most, run = 0, 0
    last: date | None = None
    for day in sorted(set(studied)):
        run = run + 1 if last == day - timedelta(days=1) else 1
        most, last = max(most, run), day
    return most


def _after_missing(streak: Streak, last: date, *, before: date) -> Streak:
    missed = [last + timedelta(days=number) for number in range(1, (before - last).days)]
    if len(missed) > streak.rests:
        return Streak()
    return Streak(streak.days, streak.rests - len(missed), (*streak.rested, *missed))
