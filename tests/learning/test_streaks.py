"""A streak over dates, whatever clocks and zones do."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from learning import days, streaks
from learning.streaks import EARNED_BY, MOST_IN_HAND

FIRST = date(2026, 1, 1)
ZONES = sorted(available_timezones())
dates = st.sets(st.integers(0, 90)).map(lambda some: {FIRST + timedelta(days=n) for n in some})


def told_day_by_day(studied: set[date], today: date) -> tuple[int, int]:
    """The rule as a learner would tell it, one date after the other."""
    count = rests = 0
    for number in range((today - FIRST).days + 1):
        day = FIRST + timedelta(days=number)
        if day in studied:
            count += 1
            rests = min(rests + (count % EARNED_BY == 0), MOST_IN_HAND)
        elif day != today and count:
            if rests:
                rests -= 1
            else:
                count = 0
    return count, rests


@given(dates, st.integers(0, 100))
def test_a_streak_is_as_the_rule_tells_it(studied: set[date], number: int) -> None:
    today = FIRST + timedelta(days=number)
    past = {day for day in studied if day <= today}
    found = streaks.of(past, today=today)
    assert (found.days, found.rests) == told_day_by_day(past, today)
    assert not set(found.rested) & studied
    assert streaks.longest(past) <= len(past)


@given(dates, st.integers(-20_000, 20_000))
def test_it_does_not_matter_when_it_was(studied: set[date], by: int) -> None:
    shift = timedelta(days=by)
    today = FIRST + timedelta(days=91)
    here = streaks.of(studied, today=today)
    there = streaks.of({day + shift for day in studied}, today=today + shift)
    assert (here.days, here.rests) == (there.days, there.rests)


@pytest.mark.parametrize(
    ("studied", "today", "days", "rests", "rested"),
    [
        ([*range(7)], 7, 7, 1, 0),  # today may still come
        ([*range(7)], 8, 7, 0, 1),
        ([*range(7)], 9, 0, 0, 0),
        ([*range(6), 7], 7, 1, 0, 0),  # none was earned yet
        ([*range(7), 8], 8, 8, 0, 1),
        ([*range(30)], 29, 30, 2, 0),
        ([*range(14), 16], 16, 15, 0, 2),
        ([*range(14), 17], 17, 1, 0, 0),
    ],
)
def test_seven_days_earn_a_rest_and_two_are_kept(
    studied: list[int], today: int, days: int, rests: int, rested: int
) -> None:
    found = streaks.of(
        [FIRST + timedelta(days=number) for number in studied],
        today=FIRST + timedelta(days=today),
    )
    assert (found.days, found.rests, len(found.rested)) == (days, rests, rested)


@given(
    st.sampled_from(ZONES),
    st.datetimes(datetime(2013, 1, 1), datetime(2037, 1, 1)),  # noqa: DTZ001 - of a wall clock
    st.integers(2, 400),
)
def test_who_studies_daily_by_their_clock_loses_and_doubles_no_day(
    name: str, start: datetime, count: int
) -> None:
    """Through every change of the clocks, also those at midnight."""
    zone = ZoneInfo(name)
    local = [(start + timedelta(days=n)).replace(tzinfo=zone) for n in range(count)]
    found = [days.day_of(moment.astimezone(UTC), zone) for moment in local]
    assert found[0] + timedelta(days=count - 1) == found[-1]
    assert streaks.of(found, today=found[-1]).days == count


@given(st.lists(st.sampled_from(ZONES), min_size=1, max_size=40))
def test_travel_counts_each_date_once_and_none_that_was_not(zones: list[str]) -> None:
    """Every twelve hours somewhere else: each date somebody was in counts once. A date jumped over
    eastwards takes a rest day at most; it ends no streak that has one."""
    start = datetime(2026, 3, 1, 12, tzinfo=UTC)
    moments = [start + timedelta(hours=12 * number) for number in range(len(zones))]
    found = [days.day_of(at, ZoneInfo(zone)) for at, zone in zip(moments, zones, strict=True)]
    week = [min(found) - timedelta(days=number) for number in range(1, 15)]
    today = found[-1]
    streak = streaks.of([*found, *week], today=today)
    assert streak.days == len({*found, *week})


def test_who_flew_west_keeps_the_day_that_lies_ahead() -> None:
    studied = [FIRST + timedelta(days=number) for number in range(5)]
    assert streaks.of(studied, today=studied[-2]).days == 5
