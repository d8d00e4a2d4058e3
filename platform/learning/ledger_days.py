"""Entering the time studied: what a day has more than was entered, divided among its courses.

A day's seconds are those of its StudyDay, which never shrink; so entries only ever add, and
together they make the day. A day that is over is entered once, and again only if a device that
was offline reports late.
"""

from collections import defaultdict
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta

from django.db import transaction
from django.db.models import F, Sum

from accounts.models import User
from learning import days, ledger
from learning.models import LedgerEntry, LessonProgress, PlaySession, StudyDay
from learning.wall_time import Span, seconds_studied

MINUTE = 60  # seconds; a day that goes on is entered by whole ones
# After which a date is over in every zone there is.
OVER_EVERYWHERE = timedelta(hours=12)

type ByCourse = dict[int, int]  # 0: nobody knows any more which


def enter(learner: User, *, now: datetime) -> int:
    """Enter what this learner's days have more; gives how many entries. One query for nothing."""
    today = days.day_of(now, days.zone_of(learner))
    more = StudyDay.objects.filter(learner_id=learner.pk, seconds__gt=F("entered"))
    with transaction.atomic():
        rows = [
            row
            for row in more.select_for_update().order_by("day")
            if row.day < today or row.seconds // MINUTE > row.entered // MINUTE
        ]
        if not rows:
            return 0
        entries = _entries(learner, rows, now=now)
        LedgerEntry.objects.bulk_create(entries)
        for row in rows:
            row.entered = row.seconds
        StudyDay.objects.bulk_update(rows, ["entered"])
    return len(entries)


def enter_past_days(*, now: datetime) -> int:
    """Enter everybody's days that are over everywhere; gives how many learners had some.

    With them the marks that nobody entered, so that a book begins with what was kept until then.
    One learner's failure holds up nobody else's; it is raised at the end.
    """
    over_before = (now.astimezone(UTC) - OVER_EVERYWHERE).date()
    waiting = StudyDay.objects.filter(seconds__gt=F("entered"), day__lt=over_before)
    ids = list(waiting.order_by().values_list("learner_id", flat=True).distinct())
    failures: list[Exception] = []
    for learner_id in ids:
        try:
            if learner := User.objects.filter(pk=learner_id, is_active=True).first():
                catch_up(learner, now=now)
        except Exception as failure:
            failures.append(failure)
    if failures:
        raise ExceptionGroup("days that could not be entered", failures)
    return len(ids)


def catch_up(learner: User, *, now: datetime) -> None:
    """Enter all that was folded."""
    ledger.enter_marks(learner, is_afterwards=True)
    enter(learner, now=now)


def divide(seconds: int, weights: Mapping[int, float]) -> ByCourse:
    """Whole seconds by weight, none lost; all to 0 where there is no weight."""
    total = sum(weights.values())
    if total <= 0:
        return {0: seconds}
    exact = {course: seconds * weight / total for course, weight in weights.items()}
    shares = {course: int(part) for course, part in exact.items()}
    left = seconds - sum(shares.values())
    for course in sorted(exact, key=lambda each: (shares[each] - exact[each], each))[:left]:
        shares[course] += 1
    return shares


def increase(more: int, weights: Mapping[int, float], entered: Mapping[int, int]) -> ByCourse:
    """`more` seconds divided so that all of the day comes as near as it can to the weights; what
    was entered stays."""
    whole = divide(more + sum(entered.values()), weights)
    missing = {course: max(part - entered.get(course, 0), 0) for course, part in whole.items()}
    return {course: part for course, part in divide(more, missing).items() if part}


def _entries(learner: User, rows: list[StudyDay], *, now: datetime) -> list[LedgerEntry]:
    weights, entered = _weights(learner, rows), _entered(learner, rows)
    entries = [
        ledger.study_entry(
            learner,
            row.day,
            now,
            before=row.entered,
            seconds=seconds,
            course_id=course_id or None,
        )
        for row in rows
        for course_id, seconds in increase(
            row.seconds - row.entered, weights[row.day], entered[row.day]
        ).items()
    ]
    titles = ledger.named({entry.course_id for entry in entries if entry.course_id})
    for entry in entries:
        course = titles.get(entry.course_id or 0, ledger.Named())
        entry.course, entry.disciplines = course.title, course.disciplines
    return entries


def _weights(learner: User, rows: list[StudyDay]) -> dict[date, dict[int, float]]:
    """Seconds in each course of these days, each course as if it were alone."""
    sessions = PlaySession.objects.filter(learner_id=learner.pk, day__in=[row.day for row in rows])
    found = list(sessions.values_list("day", "lesson_id", *Span._fields))
    lessons = {lesson_id for _day, lesson_id, *_span in found}
    progress = LessonProgress.objects.filter(learner_id=learner.pk, lesson_id__in=lessons)
    course_of = dict(progress.values_list("lesson_id", "course_id"))
    spans: dict[tuple[date, int], list[Span]] = defaultdict(list)
    for day, lesson_id, *span in found:
        spans[day, course_of.get(lesson_id, 0)].append(Span(*span))
    weights: dict[date, dict[int, float]] = defaultdict(dict)
    for (day, course_id), several in spans.items():
        weights[day][course_id] = seconds_studied(several)
    return weights


def _entered(learner: User, rows: list[StudyDay]) -> dict[date, dict[int, int]]:
    sums = (
        LedgerEntry.objects.filter(
            learner_id=learner.pk,
            site_address="",
            kind=LedgerEntry.Kind.STUDY,
            day__in=[row.day for row in rows if row.entered],
        )
        .order_by()
        .values_list("day", "course_id")
        .annotate(seconds=Sum("seconds"))
    )
    entered: dict[date, dict[int, int]] = defaultdict(dict)
    for day, course_id, seconds in sums:
        entered[day][course_id or 0] = seconds
    return entered
