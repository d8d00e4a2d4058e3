"""Lengths and states in words, as pages and search tell them."""

from typing import Any

from babel.numbers import format_decimal
from django.utils import timezone
from django.utils.translation import get_language, ngettext, to_locale
from django.utils.translation import gettext as _

from courses.models import CoursePage
from courses.outline import OutlineRow
from operations import clock
from pages import dates


def course_state(course: CoursePage, lessons: int, comes: bool | None = None) -> str:
    """已更新 6/8 讲, 共 8 讲, 还没有更新, or when a planned course opens.

    `comes` is False where its presale was given up.
    """
    planned = course.is_planned(timezone.localdate(clock.now()))
    if planned and comes is False:
        return _("The presale was called off")
    if planned and course.opens_on:
        return _("Opens on %(day)s") % {"day": dates.day(course.opens_on, now=clock.now())}
    if course.lessons_in_all > lessons:
        return _("%(out)d of %(planned)d lessons are out") % {
            "out": lessons,
            "planned": course.lessons_in_all,
        }
    if not lessons:
        return _("No lesson yet")
    return ngettext("%(number)d lesson", "%(number)d lessons", lessons) % {"number": lessons}


def row_state(row: OutlineRow, study: Any) -> str:
    """The state a row of the outline shows; `study` has `is_done` (learning)."""
    if getattr(study, "is_done", False):
        return "done"
    if not row.opens:
        return "locked"
    return "free" if row.lesson.free_preview else "open"


def minutes(seconds: float) -> int:
    """How long something is, and how much of it is left: to the nearest minute, at least one."""
    return max(1, round(seconds / 60))


def hours(seconds: int) -> str:
    """About how long something long takes: 约 40 分钟, 约 2 小时 10 分."""
    whole = 5 * max(1, round(seconds / 300))
    if whole < 60:
        return _("about %(minutes)d min") % {"minutes": whole}
    if not whole % 60:
        return ngettext("about %(hours)d hour", "about %(hours)d hours", whole // 60) % {
            "hours": whole // 60
        }
    return _("about %(hours)d h %(minutes)d min") % {"hours": whole // 60, "minutes": whole % 60}


def clock_words(seconds: int) -> str:
    """11 分 20 秒."""
    return _("%(minutes)d min %(seconds)d s") % {
        "minutes": seconds // 60,
        "seconds": seconds % 60,
    }


def clock_time(seconds: float) -> str:
    """4:18, 1:04:18."""
    minutes, rest = divmod(int(seconds), 60)
    hour, minute = divmod(minutes, 60)
    return f"{hour}:{minute:02d}:{rest:02d}" if hour else f"{minute}:{rest:02d}"


def round_number(number: int) -> str:
    """2,600: to two places, for what is only about so much."""
    digits = max(len(str(number)) - 2, 0)
    return format_decimal(round(number, -digits), locale=to_locale(get_language() or "en"))
