"""Billing periods: months counted from an anchor, so that 31 January leads to 28 February and on
to 31 March."""

import calendar
from datetime import UTC, datetime, timedelta

from payments.sandbox.store import Shape


def add_months(anchor: datetime, months: int) -> datetime:
    """The anchor's day and time so many months on, or the month's last day."""
    total = anchor.year * 12 + anchor.month - 1 + months
    year, month = divmod(total, 12)
    last = calendar.monthrange(year, month + 1)[1]
    return anchor.replace(year=year, month=month + 1, day=min(anchor.day, last))


def step(anchor: datetime, recurring: Shape, count: int) -> datetime:
    """The anchor, `count` periods on."""
    length = recurring["interval_count"] * count
    match recurring["interval"]:
        case "day":
            return anchor + timedelta(days=length)
        case "week":
            return anchor + timedelta(weeks=length)
        case "month":
            return add_months(anchor, length)
        case "year":
            return add_months(anchor, 12 * length)
    raise ValueError(recurring["interval"])


def end_after(anchor: int, start: int, recurring: Shape) -> int:
    """Where the period ends that begins at `start`: the first step from the anchor behind it."""
    first = datetime.fromtimestamp(anchor, UTC)
    count = 0
    while (end := int(step(first, recurring, count).timestamp())) <= start:
        count += 1
    return end
