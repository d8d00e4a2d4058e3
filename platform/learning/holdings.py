"""What learning holds about a person. Its tables name the learner without a database key."""

from datetime import datetime

from accounts.models import User
from accounts.privacy import Rows, hold, hold_more
from courses.models import TrackPage
from learning.models import LessonProgress, ListeningSpeed, PlaySession, StudyDay, TrackEnrolment
from learning.states import FIELDS


def _progress(user: User) -> Rows:
    rows = LessonProgress.objects.filter(learner_id=user.pk).order_by("lesson_id")
    return [*map(dict, rows.values("course_id", "lesson_id", "heard", *FIELDS))]


def _days(user: User) -> Rows:
    rows = StudyDay.objects.filter(learner_id=user.pk).order_by("day")
    return [*map(dict, rows.values("day", "seconds", "goal_reached"))]


def _sessions(user: User) -> Rows:
    rows = PlaySession.objects.filter(learner_id=user.pk).order_by("started_at")
    names = (
        "lesson_id",
        "day",
        "started_at",
        "updated_at",
        "ranges",
        "position",
        "wall",
        "read_to",
    )
    return [*map(dict, rows.values(*names))]


def _tracks(user: User) -> Rows:
    """With the titles, for a number says nothing about what was answered."""
    rows = TrackEnrolment.objects.filter(learner_id=user.pk).order_by("enrolled_at")
    names = ("track_id", "enrolled_at", "left_at", "task_done_at", "task_text")
    found = [*map(dict, rows.values(*names))]
    pages = TrackPage.objects.in_bulk([row["track_id"] for row in found])
    for row in found:
        page = pages.get(row["track_id"])
        row["track"], row["task"] = (page.title, page.last_task_title) if page else ("", "")
    return found


def _speeds(user: User) -> Rows:
    """Course 0 is every course without one of its own."""
    rows = ListeningSpeed.objects.filter(learner_id=user.pk).order_by("course_id")
    return [*map(dict, rows.values("course_id", "rate"))]


def _erase_progress(user: User, now: datetime) -> int:
    return LessonProgress.objects.filter(learner_id=user.pk).delete()[0]


def _erase_days(user: User, now: datetime) -> int:
    return StudyDay.objects.filter(learner_id=user.pk).delete()[0]


def _erase_sessions(user: User, now: datetime) -> int:
    return PlaySession.objects.filter(learner_id=user.pk).delete()[0]


def _erase_speeds(user: User, now: datetime) -> int:
    return ListeningSpeed.objects.filter(learner_id=user.pk).delete()[0]


def _erase_tracks(user: User, now: datetime) -> int:
    return TrackEnrolment.objects.filter(learner_id=user.pk).delete()[0]


hold("learning.LearnerGoals", "learner", erase="delete", export=("minutes", "days"))
hold_more("learning.lessonprogress", export=_progress, erase=_erase_progress)
hold_more("learning.studyday", export=_days, erase=_erase_days)
hold_more("learning.playsession", export=_sessions, erase=_erase_sessions)
hold_more("learning.trackenrolment", export=_tracks, erase=_erase_tracks)
hold_more("learning.listeningspeed", export=_speeds, erase=_erase_speeds)
