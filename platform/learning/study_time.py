"""How long a learner studies: today, this week, day after day."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property

from accounts.models import User
from learning import days, goals, streaks
from learning.models import LearnerGoals, StudyDay
from learning.streaks import Streak

STUDY_DAY = 60  # seconds that make a day a study day
RECENT = 28  # days


@dataclass(frozen=True)
class WeekDay:
    day: date
    seconds: int
    is_today: bool
    is_future: bool

    @property
    def is_studied(self) -> bool:
        return self.seconds >= STUDY_DAY

    @property
    def minutes(self) -> int:
        return self.seconds // 60


@dataclass(frozen=True)
class Time:
    """Today, this week and the days before, against what the learner means to do."""

    today: date
    seconds: dict[date, int]  # of the days of this week with study
    run: Streak
    goals: LearnerGoals

    @property
    def streak(self) -> int:
        return self.run.days

    @property
    def minutes_today(self) -> int:
        return self.seconds.get(self.today, 0) // 60

    @property
    def minutes_to_show(self) -> int:
        """Of the line that is full when the day's goal is reached."""
        return min(self.minutes_today, self.goals.minutes)

    @cached_property
    def week(self) -> list[WeekDay]:
        return [
            WeekDay(day, self.seconds.get(day, 0), day == self.today, day > self.today)
            for day in days.week_of(self.today)
        ]

    @property
    def rested_this_week(self) -> int:
        return self.run.rested_in(days.week_of(self.today))

    @property
    def days_this_week(self) -> int:
        return sum(each.is_studied for each in self.week)


def of(user: User, *, now: datetime) -> Time:
    """Two queries. Days are read back to the first gap that no streak outlasts."""
    today = days.day_of(now, days.zone_of(user))
    monday = days.week_of(today)[0]
    seconds: dict[date, int] = {}
    studied: list[date] = []
    after = today
    # Who travelled west has studied tomorrow.
    rows = StudyDay.objects.filter(
        learner_id=user.pk, day__lte=today + timedelta(days=1), seconds__gte=STUDY_DAY
    ).order_by("-day")
    for day, counted in rows.values_list("day", "seconds").iterator(chunk_size=100):
        if monday <= day <= today:
            seconds[day] = counted
        if (after - day).days - 1 <= streaks.MOST_IN_HAND:
            studied.append(day)
            after = day
        elif day < monday:
            break
    return Time(today, seconds, streaks.of(studied, today=today), goals.of(user))


def recent(user: User, *, now: datetime) -> list[tuple[date, int]]:
    """Minutes of each of the last four weeks' days, the oldest first (one query)."""
    today = days.day_of(now, days.zone_of(user))
    first = today - timedelta(days=RECENT - 1)
    rows = StudyDay.objects.filter(learner_id=user.pk, day__range=(first, today))
    seconds = dict(rows.values_list("day", "seconds"))
    every = (first + timedelta(days=number) for number in range(RECENT))
    return [(day, seconds.get(day, 0) // 60) for day in every]
