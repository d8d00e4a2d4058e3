"""Days in the learner's zone."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.conf import settings

from accounts.models import User


def zone_of(user: User) -> ZoneInfo:
    """The learner's time zone; the site's where theirs is not known."""
    try:
        return ZoneInfo(user.time_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo(settings.TIME_ZONE)


def day_of(now: datetime, zone: ZoneInfo) -> date:
    return now.astimezone(zone).date()


def end_of_day(now: datetime, zone: ZoneInfo) -> datetime:
    """The first instant of the next date, also where the clocks change at midnight."""
    return datetime.combine(day_of(now, zone) + timedelta(days=1), time(), zone)


def week_of(day: date) -> list[date]:
    """The seven dates from Monday to Sunday around a date."""
    monday = day - timedelta(days=day.weekday())
    return [monday + timedelta(days=number) for number in range(7)]
