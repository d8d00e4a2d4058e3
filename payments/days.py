"""Days, as sentences about money name them: exact, in the reader's time zone."""

from datetime import datetime

from django.utils.dateformat import format as format_date
from django.utils.timezone import localtime
from django.utils.translation import pgettext


def in_words(at: datetime, *, now: datetime) -> str:
    """11 月 30 日; with the year where it is not this one's."""
    day, today = localtime(at), localtime(now)
    if day.year == today.year:
        # Translators: a day of this year, in Django's date format
        return format_date(day, pgettext("date format", "j F"))
    # Translators: a day of another year, in Django's date format
    return format_date(day, pgettext("date format", "j F Y"))
