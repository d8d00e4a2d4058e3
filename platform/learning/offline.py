"""Lessons kept on a device for study without a network: who may keep which, and until when.

The device asks anew whenever there is a network. Where there is none for long, what it keeps stays
readable until the access is over that it was kept by, and for a month at the longest.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from accounts.models import User
from courses import access, outline
from courses.models import CoursePage, Grant, LessonPage
from learning import tokens

LONGEST = timedelta(seconds=tokens.LIFETIME_KEPT)
MOST = 200  # lessons asked about at once


@dataclass(frozen=True)
class Leave:
    """To keep a lesson: until when, and with which token beats are sent later."""

    token: str
    day_ends: int  # as tokens.Issued
    until: datetime


def leaves(learner: User, lesson_ids: Iterable[int], *, now: datetime) -> dict[int, Leave]:
    """For those of these lessons that are open to the learner; one query and two a course."""
    asked = list(lesson_ids)[:MOST]
    lessons = access.open_lessons(learner, now=now).filter(pk__in=asked)
    found: dict[int, Leave] = {}
    courses: dict[str, tuple[CoursePage, datetime]] = {}
    for lesson in lessons.select_related("audio", "video").defer(*outline.HEAVY):
        path = lesson.path[: -LessonPage.steplen]
        if path not in courses:
            course = access.course_of(lesson)
            courses[path] = course, _until(learner, course.pk, now)
        course, until = courses[path]
        is_free = lesson.free_preview and course.live
        issued = tokens.issue(learner=learner, lesson=lesson, now=now, kept=True)
        found[lesson.pk] = Leave(issued.token, issued.day_ends, now + LONGEST if is_free else until)
    return found


def _until(learner: User, course_id: int, now: datetime) -> datetime:
    """When the last grant ends that opens the course now, a month on at the latest."""
    grants = Grant.objects.filter(learner=learner).covering(course_id).active(now)
    ends = list(grants.values_list("ends_at", flat=True))
    longest = now + LONGEST
    return min([longest, max((end or longest for end in ends), default=longest)])
