"""明天几点继续？ A time that a learner chooses, and the one mail that comes then."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta

from django.conf import settings
from django.db import transaction
from django.urls import reverse

from accounts import mail
from accounts.models import User
from courses import access
from courses.models import CoursePage, LessonPage
from courses.outline import HEAVY
from growth.models import ContinueAt
from learning import days
from learning.models import PlaySession, StudyDay

TIMES = (time(7, 30), time(12, 30), time(18, 30), time(21, 30))
TOO_LATE = timedelta(hours=3)  # after which a mail would only disturb
AT_ONCE = 1000

By = ContinueAt.By


@dataclass(frozen=True)
class Reminder:
    """One that is to come."""

    row: ContinueAt
    lesson: LessonPage
    course: CoursePage


def due(learner: User, at: time, *, now: datetime) -> datetime:
    """Tomorrow at this time in the learner's zone."""
    zone = days.zone_of(learner)
    tomorrow = days.day_of(now, zone) + timedelta(days=1)
    return datetime.combine(tomorrow, at, zone)


def usual(learner: User, *, now: datetime) -> time:
    """Of TIMES the one nearest to the time of day it is for the learner."""
    here = now.astimezone(days.zone_of(learner))
    minutes = here.hour * 60 + here.minute
    return min(TIMES, key=lambda each: abs(each.hour * 60 + each.minute - minutes))


@transaction.atomic
def choose(
    *, learner: User, lesson: LessonPage, at: time, by: ContinueAt.By, now: datetime
) -> ContinueAt:
    """In place of what was chosen before."""
    User.objects.select_for_update(no_key=True).get(pk=learner.pk)
    row, _is_new = ContinueAt.objects.update_or_create(
        learner=learner,
        defaults={
            "lesson_id": lesson.pk,
            "by": by,
            "chosen_at": now,
            "due_at": due(learner, at, now=now),
            "sent_at": None,
        },
    )
    return row


def cancel(*, learner: User) -> None:
    ContinueAt.objects.filter(learner=learner).delete()


def of(learner: User, *, now: datetime) -> Reminder | None:
    """What is to come. One query where there is none."""
    row = ContinueAt.objects.filter(learner=learner, due_at__gt=now, sent_at=None).first()
    return _with_lesson(row) if row else None


def _with_lesson(row: ContinueAt) -> Reminder | None:
    lesson = LessonPage.objects.filter(pk=row.lesson_id).defer(*HEAVY).first()
    return Reminder(row, lesson, access.course_of(lesson)) if lesson else None


# --- when the time has come ----------------------------------------------------------------------


def send_due(*, now: datetime) -> int:
    """The mails whose time has come; gives how many."""
    waiting = ContinueAt.objects.filter(by=By.MAIL, sent_at=None, due_at__lte=now)
    told = 0
    while ids := list(waiting.order_by("due_at").values_list("pk", flat=True)[:AT_ONCE]):
        told += sum(_send(pk, now=now) for pk in ids)
    return told


@transaction.atomic
def _send(learner_id: int, *, now: datetime) -> bool:
    """Not to who is at it already, nor hours late, nor for what is closed to them by now: then
    the choice is gone."""
    row = (
        ContinueAt.objects.select_for_update(of=("self",), no_key=True)
        .select_related("learner")
        .filter(pk=learner_id, by=By.MAIL, sent_at=None, due_at__lte=now)
        .first()
    )
    if row is None:
        return False
    reminder = _with_lesson(row)
    if reminder is None or not _is_wanted(reminder, now=now):
        row.delete()
        return False
    row.sent_at = now
    row.save(update_fields=["sent_at"])
    return mail.queue(
        key=f"continue-{row.pk}-{row.due_at.timestamp():.0f}",
        to=row.learner.email,
        template="continue_at",
        context={
            "title": reminder.lesson.title,
            "course": reminder.course.title,
            "seconds": reminder.lesson.seconds,
            "address": settings.BASE_URL + reverse("resume", args=[row.lesson_id]),
        },
        language=row.learner.language,
        now=now,
        user=row.learner,
    )


def _is_wanted(reminder: Reminder, *, now: datetime) -> bool:
    row = reminder.row
    return (
        row.learner.is_active
        and now - row.due_at < TOO_LATE
        and access.may_open(row.learner, reminder.lesson, course=reminder.course, now=now)
        and not _has_studied(row)
    )


def _has_studied(row: ContinueAt) -> bool:
    """On the day it is for: in what was folded, or not yet."""
    day = days.day_of(row.due_at, days.zone_of(row.learner))
    mine = {"learner_id": row.learner_id, "day": day}
    return (
        StudyDay.objects.filter(**mine, seconds__gt=0).exists()
        or PlaySession.objects.filter(**mine, wall__gt=0).exists()
    )
