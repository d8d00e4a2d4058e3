"""Days and moments in words, by Babel: exact, in the reader's language and time zone."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_time
from django.conf import settings
from django.utils.timezone import is_aware, localtime
from django.utils.translation import get_language, pgettext, to_locale


def day(value: date, *, now: datetime | None = None) -> str:
    """2026 年 11 月 30 日; with `now`, a day of the same year without it: 11 月 30 日."""
    local = _local(value)
    if now is not None and local.year == localtime(now).year:
        # Translators: a day of this year, as a date pattern of Unicode CLDR
        pattern = pgettext("date pattern", "d MMMM")
    else:
        # Translators: a day with its year, as a date pattern of Unicode CLDR
        pattern = pgettext("date pattern", "d MMMM y")
    return format_date(local, pattern, locale=_locale())


def span(first: date, last: date, *, now: datetime) -> tuple[str, str]:
    """The two days of a span: both with their year, unless both are of this one."""
    if _local(first).year == _local(last).year:
        return day(first, now=now), day(last, now=now)
    return day(first), day(last)


def moment(value: datetime) -> str:
    """2026 年 11 月 30 日 18:05."""
    return f"{day(value)} {format_time(localtime(value), 'HH:mm', locale=_locale())}"


def last_day(ends_at: datetime) -> date:
    """The last day, by the site's calendar, of what ends then."""
    return (ends_at - timedelta(seconds=1)).astimezone(ZoneInfo(settings.TIME_ZONE)).date()


def end_of_day(day: date) -> datetime:
    """When a day of the site's calendar is over."""
    midnight = datetime.combine(day + timedelta(days=1), time.min, ZoneInfo(settings.TIME_ZONE))
    return midnight.astimezone(UTC)


def _local(value: date) -> date:
    return localtime(value) if isinstance(value, datetime) and is_aware(value) else value


def _locale() -> str:
    return to_locale(get_language() or "zh-hans")
