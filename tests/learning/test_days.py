"""Days begin at the learner's midnight, wherever that is."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import User
from courses.models import LessonPage
from learning import days, progress, study_time, tokens
from learning.models import PlaySession, StudyDay
from tests.factories import UserFactory
from tests.learning.conftest import Player

ZONES = [
    "Asia/Shanghai",
    "UTC",
    "America/New_York",
    "Europe/Berlin",
    "America/Havana",  # clocks change at midnight
    "America/Santiago",  # at midnight, the other way round
    "Africa/Cairo",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",  # by half an hour
    "Pacific/Kiritimati",
    "Pacific/Pago_Pago",
]


@pytest.mark.parametrize("name", ZONES)
@given(minutes=st.integers(0, 3 * 366 * 24 * 60))
def test_a_day_ends_where_the_next_one_begins(name: str, minutes: int) -> None:
    zone = ZoneInfo(name)
    now = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
    end = days.end_of_day(now, zone)
    assert timedelta() < end - now <= timedelta(hours=25)
    today = days.day_of(now, zone)
    assert days.day_of(end, zone) == today + timedelta(days=1)
    assert days.day_of(end.astimezone(UTC) - timedelta(microseconds=1), zone) == today


@pytest.mark.parametrize(
    ("day", "monday"),
    [("2026-11-23", "2026-11-23"), ("2026-11-29", "2026-11-23"), ("2028-03-01", "2028-02-28")],
)
def test_a_week_goes_from_monday_to_sunday(day: str, monday: str) -> None:
    week = days.week_of(date.fromisoformat(day))
    assert str(week[0]) == monday
    assert [each.weekday() for each in week] == list(range(7))


def test_29_february_has_its_place() -> None:
    assert date(2028, 2, 29) in days.week_of(date(2028, 3, 1))


@pytest.mark.django_db
def test_an_unknown_zone_is_the_sites() -> None:
    for name in ("Mars/Olympus", "", "../../etc/passwd", "/etc/localtime"):
        assert days.zone_of(UserFactory(time_zone=name)) == ZoneInfo("Asia/Shanghai")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("zone", "moment", "ends"),
    [
        ("Asia/Shanghai", "2026-11-23T23:59+08:00", "2026-11-24T00:00+08:00"),
        ("America/New_York", "2026-11-01T00:30-04:00", "2026-11-02T00:00-05:00"),  # 25 hours
        ("America/New_York", "2026-03-08T00:30-05:00", "2026-03-09T00:00-04:00"),  # 23 hours
        ("America/Havana", "2026-03-07T12:00-05:00", "2026-03-08T01:00-04:00"),  # no midnight
    ],
)
def test_the_player_is_told_the_learners_midnight(
    first: LessonPage, at: Callable[[str], datetime], zone: str, moment: str, ends: str
) -> None:
    now = at(moment)
    issued = tokens.issue(learner=UserFactory(time_zone=zone), lesson=first, now=now)
    assert issued.day_ends == datetime.fromisoformat(ends).timestamp() * 1000


@pytest.mark.django_db
def test_the_players_midnight_is_in_real_time_when_the_sites_clock_is_ahead(
    first: LessonPage, clock: Any, at: Callable[[str], datetime]
) -> None:
    real = at("2026-11-23T12:00+08:00")
    clock.move(timedelta(hours=3))
    issued = tokens.issue(learner=UserFactory(), lesson=first, now=clock.now())
    assert issued.day_ends == (real + timedelta(hours=9)).timestamp() * 1000


# --- sessions around midnight ------------------------------------------------------------------


def session_days() -> list[str]:
    return [str(each.day) for each in PlaySession.objects.order_by("started_at")]


@pytest.mark.django_db
def test_a_session_belongs_to_the_learners_day(
    first: LessonPage, at: Callable[[str], datetime]
) -> None:
    at("2026-11-23T20:00+00:00")
    Player(UserFactory(time_zone="Asia/Shanghai"), first).hear(15)
    Player(UserFactory(time_zone="America/New_York"), first).hear(15)
    assert sorted(session_days()) == ["2026-11-23", "2026-11-24"]


@pytest.mark.django_db
def test_a_new_session_after_midnight_is_the_new_days(
    learner: User, first: LessonPage, at: Callable[[str], datetime]
) -> None:
    at("2026-11-23T23:50:00+08:00")
    before = Player(learner, first)
    at("2026-11-23T23:59:59+08:00")
    before.send(wall=599)
    at("2026-11-24T00:00:01+08:00")
    before.send(wall=600)  # the last word of yesterday's session
    after = Player(learner, first)
    after.token = before.token
    at("2026-11-24T00:00:16+08:00")
    after.send(wall=15)
    assert session_days() == ["2026-11-23", "2026-11-24"]
    progress.fold()
    seconds = dict(StudyDay.objects.values_list("day", "seconds"))
    assert seconds == {date(2026, 11, 23): 600, date(2026, 11, 24): 15}


@pytest.mark.django_db
def test_what_was_studied_before_midnight_and_arrives_after_it_is_yesterdays(
    learner: User, first: LessonPage, at: Callable[[str], datetime]
) -> None:
    at("2026-11-23T23:30:00+08:00")
    player = Player(learner, first)
    at("2026-11-24T00:05:00+08:00")
    player.send(wall=1200)
    assert session_days() == ["2026-11-23"]


# --- streaks -----------------------------------------------------------------------------------


def study_on(learner: User, *dates: str, seconds: int = 60) -> None:
    StudyDay.objects.bulk_create(
        StudyDay(learner_id=learner.pk, day=date.fromisoformat(day), seconds=seconds)
        for day in dates
    )


def time_on(learner: User, moment: str) -> study_time.Time:
    return study_time.of(learner, now=datetime.fromisoformat(moment))


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("studied", "streak"),
    [
        ([], 0),
        (["2026-11-23"], 1),
        (["2026-11-22"], 1),  # today may still come
        (["2026-11-21"], 0),
        (["2026-11-23", "2026-11-22", "2026-11-21"], 3),
        (["2026-11-23", "2026-11-21", "2026-11-20"], 1),
        (["2026-11-22", "2026-11-21", "2026-11-19"], 2),
    ],
)
def test_a_streak_is_days_without_a_gap_up_to_today_or_yesterday(
    learner: User, studied: list[str], streak: int
) -> None:
    study_on(learner, *studied)
    assert time_on(learner, "2026-11-23T12:00+08:00").streak == streak


@pytest.mark.django_db
def test_less_than_a_minute_makes_no_study_day(learner: User) -> None:
    study_on(learner, "2026-11-23", seconds=59)
    study_on(learner, "2026-11-22")
    time = time_on(learner, "2026-11-23T12:00+08:00")
    assert (time.streak, time.days_this_week) == (1, 0)


@pytest.mark.django_db
def test_29_february_does_not_break_a_streak(learner: User) -> None:
    study_on(learner, "2028-02-28", "2028-02-29", "2028-03-01")
    assert time_on(learner, "2028-03-01T12:00+08:00").streak == 3


@pytest.mark.django_db
@pytest.mark.parametrize("zone", ["America/New_York", "Europe/Berlin", "America/Havana"])
def test_changing_clocks_neither_break_a_streak_nor_double_a_day(
    first: LessonPage, at: Callable[[str], datetime], zone: str
) -> None:
    """Half an hour each evening and just after midnight, around both changes of the year."""
    learner = UserFactory(time_zone=zone)
    dates = [date(2026, 3, 6) + timedelta(days=number) for number in range(5)]
    dates += [date(2026, 10, 23) + timedelta(days=number) for number in range(12)]
    for day in dates:
        evening = datetime(day.year, day.month, day.day, 23, 15, tzinfo=ZoneInfo(zone))
        at(evening.isoformat())
        player = Player(learner, first)
        at((evening.astimezone(UTC) + timedelta(minutes=30)).isoformat())
        player.send(wall=1800)
    progress.fold()
    rows = StudyDay.objects.filter(learner_id=learner.pk).order_by("day")
    assert [(row.day, row.seconds) for row in rows] == [(day, 1800) for day in dates]
    last = datetime(2026, 11, 3, 23, 59, tzinfo=ZoneInfo(zone))
    assert study_time.of(learner, now=last).streak == 12


@pytest.mark.django_db
def test_the_week_is_the_learners(learner: User) -> None:
    """Sunday evening in New York is Monday in Shanghai."""
    study_on(learner, "2026-11-22", "2026-11-23", seconds=1260)
    shanghai = time_on(learner, "2026-11-22T20:00-05:00")
    assert [day.is_studied for day in shanghai.week] == [True] + [False] * 6
    assert (shanghai.minutes_today, shanghai.days_this_week) == (21, 1)
    learner.time_zone = "America/New_York"
    new_york = time_on(learner, "2026-11-22T20:00-05:00")
    assert [day.is_studied for day in new_york.week] == [False] * 6 + [True]
    assert [day.is_today for day in new_york.week] == [False] * 6 + [True]


@pytest.mark.django_db
def test_a_streak_of_years_costs_two_queries(
    learner: User, django_assert_num_queries: Callable[..., Any]
) -> None:
    first_day = date(2024, 1, 1)
    study_on(learner, *(str(first_day + timedelta(days=number)) for number in range(1000)))
    now = datetime(2026, 9, 26, 12, tzinfo=UTC)
    with django_assert_num_queries(2):
        assert study_time.of(learner, now=now).streak == 1000
