"""What is left of a track, laid onto the days of a plan.

It is counted anew from today whenever somebody looks: who missed days finds the rest laid out
again, and nothing that is late.
"""

import calendar
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from math import ceil
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils.crypto import get_random_string

from accounts.models import User
from courses.models import TrackPage
from courses.tracks import PathLesson
from learning import days, tracks
from learning.models import StudyCalendar, StudyDay, TrackPlan
from learning.progress import fold_learner
from learning.track_progress import TrackProgress

LONGEST = 366  # days laid out
MONTHS_SHOWN = 3
SHORTEST = 60  # seconds a lesson counts at least


@dataclass(frozen=True)
class Today:
    """The learner's date, and the seconds they studied on it so far."""

    day: date
    zone: ZoneInfo
    seconds: int

    def done_of(self, progress: TrackProgress) -> int:
        """Seconds of a track that this day has had: what was done is whole, of what was begun as
        much as the day had study. The learner may have begun it before."""
        done, begun = 0, 0.0
        for each in progress.path.lessons:
            state = progress.lessons.get(each.lesson.pk)
            if state is None:
                continue
            if state.done_at and days.day_of(state.done_at, self.zone) == self.day:
                done += max(each.lesson.seconds, SHORTEST)
            elif state.studied_at and days.day_of(state.studied_at, self.zone) == self.day:
                begun += state.part * each.lesson.seconds
        return done + min(round(begun), max(self.seconds - done, 0))


def today_for(learner: User, *, now: datetime) -> Today:
    """With what was recorded until now. Two queries."""
    fold_learner(learner.pk)
    zone = days.zone_of(learner)
    day = days.day_of(now, zone)
    studied = StudyDay.objects.filter(learner_id=learner.pk, day=day)
    return Today(day, zone, studied.values_list("seconds", flat=True).first() or 0)


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
    is_enough: bool  # today has had what was planned for it
    minutes_needed: int | None = None  # a day, where the wish needs more than the plan has

    @property
    def ends_on(self) -> date | None:
        return self.days[-1].day if self.days and self.is_whole else None


def lay_out(progress: TrackProgress, plan: TrackPlan, *, today: Today) -> Layout:
    """What is not done yet, in the track's order, whatever is open: a plan may reach further than
    what one has. A lesson begun counts for what is left of it, and today for what it still has
    room for."""
    left = [(each, _seconds_left(progress, each)) for each in _to_do(progress)]
    done = today.done_of(progress)
    is_enough = plan.is_on(today.day) and plan.minutes * 60 - done < SHORTEST
    first = today.day + timedelta(days=is_enough)
    begun = done if plan.is_on(today.day) and not is_enough else 0
    found, is_whole = _fill(left, plan, first, begun)
    needed = _needed(left, plan, found, is_whole, first, begun)
    return Layout(plan, found, is_whole, is_enough, needed)


def _fill(
    left: list[tuple[PathLesson, int]], plan: TrackPlan, first: date, begun: int
) -> tuple[list[PlannedDay], bool]:
    """From the `first` day on, which has had `begun` seconds."""
    found: list[PlannedDay] = []
    upcoming = _days_of(plan, first)
    room = 0
    for lesson, seconds in left:
        goes_on = False
        while seconds > 0:
            if room <= 0:
                day = next(upcoming, None)
                if day is None:
                    return found, False
                found.append(PlannedDay(day))
                room = plan.minutes * 60 - (begun if day == first else 0)
            # A day takes a little more rather than leave a crumb of a lesson for the next one.
            taken = seconds if seconds <= room * 1.25 else room
            found[-1].parts.append(Part(lesson, taken, goes_on))
            seconds, room, goes_on = seconds - taken, room - taken, True
    return found, True


def _days_of(plan: TrackPlan, first: date) -> Iterator[date]:
    every = (first + timedelta(days=number) for number in range(LONGEST))
    return (day for day in every if plan.is_on(day))


def _needed(
    left: list[tuple[PathLesson, int]],
    plan: TrackPlan,
    found: list[PlannedDay],
    is_whole: bool,
    first: date,
    begun: int,
) -> int | None:
    """Minutes a day to be done by the wished day; None where the plan is, or no day is left."""
    if plan.until is None or not found or (is_whole and found[-1].day <= plan.until):
        return None
    there = sum(day <= plan.until for day in _days_of(plan, first))
    whole = sum(seconds for _lesson, seconds in left) + begun  # what the first day has had
    return ceil(whole / 60 / there) if there else None


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
    """What the plans have for today, by track: no parts where it is done; nothing where today is no
    day of theirs. Three queries, one where there is no plan."""
    found = of(learner.pk)
    if not found:
        return {}
    today = today_for(learner, now=now)
    planned: dict[int, PlannedDay] = {}
    for each in going:
        if each.track.pk in found:
            layout = lay_out(each, found[each.track.pk], today=today)
            if layout.is_enough and layout.days:
                planned[each.track.pk] = PlannedDay(today.day)
            elif layout.days and layout.days[0].day == today.day:
                planned[each.track.pk] = layout.days[0]
    return planned


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
