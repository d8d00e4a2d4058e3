"""Recording what was studied, and folding it into progress and study days."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from functools import reduce
from itertools import batched
from operator import or_

from django.db import connection, transaction
from django.db.models import OuterRef, Q, Subquery

from accounts.models import User
from courses.models import CoursePage, LessonPage
from courses.queries import COURSE_PATH
from learning import goals, ledger, recordings, states
from learning.beats import Beat
from learning.models import LedgerEntry, LessonProgress, PlaySession, StudyDay
from learning.states import LessonState
from learning.tokens import Token
from learning.wall_time import Span, seconds_studied
from operations.jobs import job

KEPT = timedelta(days=60)
LONGEST_DAY = 25 * 60 * 60

_COLUMNS = [field for field in PlaySession._meta.concrete_fields if field.column]
_KEY = {"learner_id", "lesson_id", "session"}
_STAYING = {*_KEY, "day", "started_at"}


def _upsert_sql() -> str:
    """One statement for both databases: a session is what its latest beat says.

    `started_at` is the earliest that any beat shows; `day` stays.
    """
    names = [str(field.column) for field in _COLUMNS]
    updates = ", ".join(f"{name} = excluded.{name}" for name in names if name not in _STAYING)
    table = PlaySession._meta.db_table
    return (
        f"INSERT INTO {table} ({', '.join(names)}) "  # noqa: S608 - names of our own columns
        f"VALUES ({', '.join(['%s'] * len(names))}) "
        f"ON CONFLICT (learner_id, lesson_id, session) DO UPDATE SET {updates}, "
        f"started_at = CASE WHEN excluded.started_at < {table}.started_at "
        f"THEN excluded.started_at ELSE {table}.started_at END "
        f"WHERE excluded.seq > {table}.seq"
    )


UPSERT = _upsert_sql()


def record(beat: Beat, token: Token, *, now: datetime) -> None:
    """Keep a beat, unless a later one of its session is here. One query.

    Raises Nonsense when the beat does not fit the lesson.
    """
    beat = beat.within(token.duration)
    played_at = now - timedelta(seconds=beat.ago)
    # Time counts from the token's issue only. And no later than the study claimed needs.
    ended_at = now - timedelta(seconds=min(beat.ago, token.age))
    started_at = max(ended_at - timedelta(seconds=beat.wall), now - timedelta(seconds=token.age))
    row = {
        "learner_id": token.learner_id,
        "lesson_id": token.lesson_id,
        "session": beat.session,
        "recording": token.recording,
        "seq": beat.seq,
        "ranges": beat.ranges,
        "duration": token.duration,
        "position": beat.position,
        "wall": beat.wall,
        "read_to": beat.read_to,
        "day": token.day_of(began=beat.ago + beat.wall),
        "started_at": started_at,
        "updated_at": ended_at,
        "played_at": played_at,
        "is_folded": False,
    }
    values = [field.get_db_prep_save(row[field.attname], connection) for field in _COLUMNS]
    with connection.cursor() as cursor:
        cursor.execute(UPSERT, values)


def fold() -> int:
    """Fold what was recorded since, learner by learner; gives how many learners.

    One learner's failure holds up nobody else's; it is raised at the end, so that it is tried
    again and seen.
    """
    waiting = PlaySession.objects.filter(is_folded=False)
    learners = list(waiting.order_by().values_list("learner_id", flat=True).distinct())
    failures: list[Exception] = []
    for learner_id in learners:
        try:
            fold_learner(learner_id)
        except Exception as failure:
            failures.append(failure)
    if failures:
        raise ExceptionGroup("sessions that could not be folded", failures)
    return len(learners)


def fold_learner(learner_id: int) -> None:
    """Make one learner's progress and study days what the sessions say.

    Idempotent, and safe beside other folds and beats: rows are locked before anything is read
    that decides, and a session counts as folded only as far as it was read.
    """
    sessions = list(PlaySession.objects.filter(learner_id=learner_id, is_folded=False))
    if not sessions:
        return
    with transaction.atomic():
        learner = User.objects.filter(pk=learner_id, is_active=True).first()
        if learner is None:  # the account is gone: its last beats go too
            PlaySession.objects.filter(learner_id=learner_id).delete()
            return
        _fold_lessons(learner, sessions)
        _fold_days(learner, sorted({session.day for session in sessions}))
        for some in batched(sessions, 200):
            as_read = reduce(or_, (Q(session=each.session, seq=each.seq) for each in some))
            PlaySession.objects.filter(as_read, learner_id=learner_id).update(is_folded=True)


@job
def carry_over(*, lesson: int) -> None:
    """A lesson's recording was replaced: everybody's place in it goes over, what was told a moment
    before with it. Idempotent."""
    waiting = PlaySession.objects.filter(lesson_id=lesson, is_folded=False)
    for learner_id in waiting.order_by().values_list("learner_id", flat=True).distinct():
        fold_learner(learner_id)
    recordings.carry_over(lesson)


def _fold_lessons(learner: User, sessions: list[PlaySession]) -> None:
    rows = _locked_progress(learner.pk, {session.lesson_id for session in sessions})
    waiting = _awaiting_quiz(learner.pk, rows)
    undone = {lesson_id for lesson_id, row in rows.items() if row.done_at is None}
    for session in sorted(sessions, key=lambda each: each.studied_at):
        if row := rows.get(session.lesson_id):
            waits = row.lesson_id in waiting
            session = recordings.fit(row, session)
            _write(row, states.of_progress(row).after(session, awaits_quiz=waits))
    LessonProgress.objects.bulk_update(rows.values(), [*states.FIELDS, "heard", "recording"])
    if done := {lesson_id for lesson_id in undone if rows[lesson_id].done_at}:
        ledger.enter_marks(learner, done)


def _write(row: LessonProgress, state: LessonState) -> None:
    for name in states.FIELDS:
        setattr(row, name, getattr(state, name))
    row.heard = state.heard


def _awaiting_quiz(learner_id: int, lesson_ids: Iterable[int]) -> set[int]:
    """Those of these lessons that are not done before their quiz is passed. Asked under the lock of
    their rows: who passes meanwhile waits for it, and settles them then."""
    mine = LessonProgress.objects.filter(learner_id=learner_id, lesson_id__in=lesson_ids)
    return set(mine.filter(states.awaits_quiz()).values_list("lesson_id", flat=True))


def _locked_progress(learner_id: int, lesson_ids: set[int]) -> dict[int, LessonProgress]:
    """The rows of these lessons, made where missing, locked in one order; none for lost lessons."""
    mine = LessonProgress.objects.filter(learner_id=learner_id, lesson_id__in=lesson_ids)
    missing = lesson_ids - set(mine.values_list("lesson_id", flat=True))
    if missing:
        LessonProgress.objects.bulk_create(
            [
                LessonProgress(learner_id=learner_id, lesson_id=lesson_id, course_id=course_id)
                for lesson_id, course_id in sorted(_courses_of(missing).items())
            ],
            ignore_conflicts=True,
        )
    return {row.lesson_id: row for row in mine.select_for_update().order_by("lesson_id")}


def _courses_of(lesson_ids: set[int]) -> dict[int, int]:
    course = CoursePage.objects.filter(path=OuterRef("course_path"))
    lessons = LessonPage.objects.filter(pk__in=lesson_ids).annotate(
        course_path=COURSE_PATH, course_id=Subquery(course.values("pk")[:1])
    )
    return dict(lessons.exclude(course_id=None).values_list("pk", "course_id"))


def _fold_days(learner: User, days: list[date]) -> None:
    """Count these days anew from all their sessions. A day never shrinks."""
    StudyDay.objects.bulk_create(
        [StudyDay(learner_id=learner.pk, day=day) for day in days], ignore_conflicts=True
    )
    mine = Q(learner_id=learner.pk, day__in=days)
    rows = list(StudyDay.objects.filter(mine).select_for_update().order_by("day"))
    spans = defaultdict(list)
    for session in PlaySession.objects.filter(mine).only("day", *Span._fields):
        spans[session.day].append(Span(session.started_at, session.updated_at, session.wall))
    goal = goals.of(learner).minutes * 60
    for row in rows:
        counted = min(int(seconds_studied(spans[row.day])), LONGEST_DAY)
        row.seconds = max(row.seconds, counted)
        row.goal_reached = row.goal_reached or row.seconds >= goal
    StudyDay.objects.bulk_update(rows, ["seconds", "goal_reached"])


class QuizNotPassed(Exception):
    """The course counts the lesson's quiz, and it was not passed: one's own word is not enough."""


def settle(*, learner: User, lesson: LessonPage, now: datetime) -> None:
    """The quiz was passed for the first time: what was heard or read enough is done now."""
    row = _locked_progress(learner.pk, {lesson.pk}).get(lesson.pk)
    if row is None or row.done_at is not None:
        return
    if how := states.of_progress(row).comes_to:
        row.done_at, row.done_how = now, how
        row.save(update_fields=["done_at", "done_how"])
        ledger.enter_marks(learner, [lesson.pk])


def mark(*, learner: User, lesson: LessonPage, done: bool | None = None, now: datetime) -> bool:
    """Set or take away (or, with None, turn) the mark that a lesson is done; gives what it is.

    Raises QuizNotPassed.
    """
    # Before, not within: two transactions must not wait for each other's rows.
    fold_learner(learner.pk)
    with transaction.atomic():
        row = _locked_progress(learner.pk, {lesson.pk})[lesson.pk]
        wanted = done if done is not None else row.done_at is None
        if wanted and row.done_at is None and _awaiting_quiz(learner.pk, [lesson.pk]):
            raise QuizNotPassed
        if wanted != (row.done_at is not None):
            if not wanted:
                _enter_taking_back(learner, row, now=now)
            row.done_at = now if wanted else None
            row.done_how = LessonProgress.DoneHow.HAND if wanted else ""
            row.studied_at = now if wanted else row.studied_at
            row.save(update_fields=["done_at", "done_how", "studied_at"])
            if wanted:
                ledger.enter_marks(learner, [lesson.pk])
    return wanted


def _enter_taking_back(learner: User, row: LessonProgress, *, now: datetime) -> None:
    """After the mark itself, which may be older than the ledger."""
    ledger.enter_marks(learner, [row.lesson_id], is_afterwards=True)
    ledger.append(
        learner=learner,
        kind=LedgerEntry.Kind.LESSON_UNDONE,
        key=f"undone:{row.lesson_id}:{now.isoformat()}",
        at=now,
        course_id=row.course_id,
        lesson_id=row.lesson_id,
    )


def forget_sessions(*, now: datetime) -> int:
    """Remove folded sessions that nobody reports to any more."""
    old = PlaySession.objects.filter(is_folded=True, updated_at__lt=now - KEPT)
    return old.delete()[0]
