"""Days of the site's calendar, from one to another, both whole."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings

LONGEST_DAYS = 3 * 366


def zone() -> ZoneInfo:
    """The books' time zone: the site's, wherever their reader is."""
    return ZoneInfo(settings.TIME_ZONE)


def midnight(day: date) -> datetime:
    """When a day of the site's calendar begins."""
    return datetime.combine(day, time.min, zone())


def month_of(day: date, *, later: int = 0) -> date:
    """The first of its month, or of one so many months later (or earlier, below zero)."""
    year, month = divmod(day.year * 12 + day.month - 1 + later, 12)
    return date(year, month + 1, 1)


@dataclass(frozen=True)
class Span:
    first: date
    last: date

    @classmethod
    def of_month(cls, day: date) -> "Span":
        return cls(month_of(day), month_of(day, later=1) - timedelta(days=1))

    @property
    def start(self) -> datetime:
        return midnight(self.first)

    @property
    def end(self) -> datetime:
        """The first instant that is no longer in it."""
        return midnight(self.last + timedelta(days=1))

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    def before(self) -> "Span":
        """As many days, just before."""
        return Span(self.first - timedelta(days=self.days), self.first - timedelta(days=1))

    def months(self) -> Iterator["Span"]:
        """Its calendar months; the first and the last may be parts of one."""
        begin = self.first
        while begin <= self.last:
            end = min(month_of(begin, later=1) - timedelta(days=1), self.last)
            yield Span(begin, end)
            begin = end + timedelta(days=1)
