"""What is left of a track, laid onto the days of a plan.

It is counted anew from today whenever somebody looks: who missed days finds the rest laid out
again, and nothing that is late.
"""

import calendar
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from math import ceil

from django.db import transaction
from django.utils.crypto import get_random_string

from accounts.models import User
from courses.models import TrackPage
from courses.tracks import PathLesson
from learning import days, tracks
from learning.models import StudyCalendar, TrackPlan
from learning.track_progress import TrackProgress

LONGEST = 366  # days laid out
MONTHS_SHOWN = 3
SHORTEST = 60  # seconds a lesson counts at least


@dataclass(frozen=True)
class Part:
    """A lesson, or what a day takes of it."""

    lesson: PathLesson
    seconds: int
    goes_on: bool  # it was begun on an earlier day of the plan


@dataclass
class PlannedDay:
    day: date
    parts: list[Part] = field(default_factory=list)

    @property
    def seconds(self) -> int:
        return sum(part.seconds for part in self.parts)

    @property
    def minutes(self) -> int:
        return ceil(self.seconds / 60)


@dataclass(frozen=True)
class Layout:
    """A plan's days, from today on, and what comes of the wish to be done by a day."""

    plan: TrackPlan
    days: list[PlannedDay]
    is_whole: bool  # it does not take longer than LONGEST days
    minutes_needed: int | None = None  # a day, where the wish needs more than the plan has

    @property
    def ends_on(self) -> date | None:
        return self.days[-1].day if self.days and self.is_whole else None


def lay_out(progress: TrackProgress, plan: TrackPlan, *, today: date) -> Layout:
    """What is not done yet, in the track's order, whatever is open: a plan may reach further than
    what one has. A lesson begun counts for what is left of it."""
    left = [(each, _seconds_left(progress, each)) for each in _to_do(progress)]
    found, is_whole = _fill(left, plan, today)
    return Layout(plan, found, is_whole, _needed(left, plan, found, is_whole, today))


def _fill(
    left: list[tuple[PathLesson, int]], plan: TrackPlan, today: date
) -> tuple[list[PlannedDay], bool]:
    found: list[PlannedDay] = []
    upcoming = _days_of(plan, today)
    room = 0
    for lesson, seconds in left:
        goes_on = False
        while seconds > 0:
            if room <= 0:
                day = next(upcoming, None)
                if day is None:
                    return found, False
                found.append(PlannedDay(day))
                room = plan.minutes * 60
            # A day takes a little more rather than leave a crumb of a lesson for the next one.
            taken = seconds if seconds <= room * 1.25 else room
            found[-1].parts.append(Part(lesson, taken, goes_on))
            seconds, room, goes_on = seconds - taken, room - taken, True
    return found, True


def _days_of(plan: TrackPlan, today: date) -> Iterator[date]:
    every = (today + timedelta(days=number) for number in range(LONGEST))
    return (day for day in every if plan.is_on(day))


def _needed(
    left: list[tuple[PathLesson, int]],
    plan: TrackPlan,
    found: list[PlannedDay],
    is_whole: bool,
    today: date,
) -> int | None:
    """Minutes a day to be done by the wished day; None where the plan is, or no day is left."""
    if plan.until is None or not found or (is_whole and found[-1].day <= plan.until):
        return None
    there = sum(day <= plan.until for day in _days_of(plan, today))
    return ceil(sum(seconds for _lesson, seconds in left) / 60 / there) if there else None


def _to_do(progress: TrackProgress) -> list[PathLesson]:
    return [each for each in progress.path.lessons if not progress.is_done(each)]


def _seconds_left(progress: TrackProgress, each: PathLesson) -> int:
    state = progress.lessons.get(each.lesson.pk)
    whole = max(each.lesson.seconds, SHORTEST)
    return max(round(whole * (1 - state.part)), SHORTEST) if state else whole


@transaction.atomic
def keep(*, learner: User, track: TrackPage, now: datetime, **fields: object) -> TrackPlan:
    """The learner's plan for a track, made or changed; whoever plans a track goes it."""
    tracks.enrol(learner=learner, track=track, now=now)
    plan, _made = TrackPlan.objects.update_or_create(
        learner_id=learner.pk, track_id=track.pk, defaults=fields
    )
    return plan


def drop(*, learner: User, track: TrackPage) -> None:
    TrackPlan.objects.filter(learner_id=learner.pk, track_id=track.pk).delete()


def of(learner_id: int) -> dict[int, TrackPlan]:
    """A learner's plans by track. One query."""
    return {plan.track_id: plan for plan in TrackPlan.objects.filter(learner_id=learner_id)}


def today_of(learner: User, going: list[TrackProgress], *, now: datetime) -> dict[int, PlannedDay]:
    """What the plans have for today, by track; nothing where today is no day of theirs. One
    query."""
    today = days.day_of(now, days.zone_of(learner))
    found = of(learner.pk)
    laid = {
        each.track.pk: lay_out(each, found[each.track.pk], today=today).days
        for each in going
        if each.track.pk in found
    }
    return {pk: first[0] for pk, first in laid.items() if first and first[0].day == today}


def calendar_of(learner: User, *, now: datetime, anew: bool = False) -> StudyCalendar:
    """The address of a learner's calendar, made when first asked for; `anew`, another one."""
    fields = {"token": get_random_string(43), "made_at": now}
    if anew:
        return StudyCalendar.objects.update_or_create(learner_id=learner.pk, defaults=fields)[0]
    return StudyCalendar.objects.get_or_create(learner_id=learner.pk, defaults=fields)[0]


def begins(learner: User, day: date, at: time | None) -> datetime | None:
    """When a planned day begins by the learner's clock; None where the plan has no time."""
    return datetime.combine(day, at, days.zone_of(learner)) if at else None


@dataclass(frozen=True)
class CalendarDay:
    day: date
    planned: PlannedDay | None
    is_today: bool
    is_here: bool  # of this month


@dataclass(frozen=True)
class Month:
    first: date
    weeks: list[list[CalendarDay]]


def months(layout: Layout, *, today: date) -> list[Month]:
    """The months from today to the last planned day, at most a quarter of a year, as calendars."""
    by_day = {planned.day: planned for planned in layout.days}
    last = layout.days[-1].day if layout.days else today
    found: list[Month] = []
    first = today.replace(day=1)
    while first <= last and len(found) < MONTHS_SHOWN:
        weeks = calendar.Calendar().monthdatescalendar(first.year, first.month)
        found.append(
            Month(
                first,
                [
                    [
                        CalendarDay(
                            day,
                            by_day.get(day) if day.month == first.month else None,
                            day == today,
                            day.month == first.month,
                        )
                        for day in week
                    ]
                    for week in weeks
                ],
            )
        )
        first = (first + timedelta(days=32)).replace(day=1)
    return found
