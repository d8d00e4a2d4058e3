"""Months, as people count them."""

import calendar
from datetime import datetime


def add_months(start: datetime, months: int) -> datetime:
    """The same day so many months on, or the month's last where there is no such day."""
    year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
    day = min(start.day, calendar.monthrange(year, month + 1)[1])
    return start.replace(year=year, month=month + 1, day=day)
