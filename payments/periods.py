"""Months, as people count them."""

import calendar
from datetime import datetime
from zoneinfo import ZoneInfo

from django.conf import settings


def add_months(start: datetime, months: int) -> datetime:
    """The same day so many months on, or the month's last where there is no such day."""
    year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
    day = min(start.day, calendar.monthrange(year, month + 1)[1])
    return start.replace(year=year, month=month + 1, day=day)


def add_months_here(start: datetime, months: int) -> datetime:
    """The same by the site's calendar: from the 31st of December, which is the 30th in UTC, two
    months lead to the last of February. Stripe counts its periods in UTC; what we count is read."""
    return add_months(start.astimezone(ZoneInfo(settings.TIME_ZONE)), months)
