"""Beats and folds at the same moment, on PostgreSQL, each with a control that shows the race."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from django.db import connection, connections, transaction
from django.db.models import QuerySet

from accounts.models import User
from courses.models import LessonPage
from learning import beats, ledger, progress, tokens
from learning.models import LedgerEntry, LessonProgress, PlaySession, StudyDay
from tests.factories import UserFactory
from tests.learning.conftest import audio_course_of, lessons_of

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]

SESSION = UUID("11111111-1111-4111-8111-111111111111")
NOW = datetime(2026, 11, 23, 4, tzinfo=UTC)
PATIENCE = 30


@pytest.fixture
def pair() -> tuple[User, LessonPage]:
    return UserFactory(), lessons_of(audio_course_of(lessons=1))[0]


def record(
    pair: tuple[User, LessonPage], seq: int, *, session: UUID = SESSION, start: float = 0
) -> None:
    """`seq` seconds of content heard from `start` on."""
    learner, lesson = pair
    token = tokens.read(tokens.issue(learner=learner, lesson=lesson, now=NOW).token)
    end = start + seq
    beat = beats.Beat(session, seq, end, [[start, end]], float(seq), 0.0)
    progress.record(beat, token, now=NOW)


def record_naively(pair: tuple[User, LessonPage], seq: int) -> None:
    """What one would write without thinking: look, then write."""
    session = PlaySession.objects.get(session=SESSION)
    if seq > session.seq:
        session.seq, session.position = seq, seq
        session.save(update_fields=["seq", "position"])


def in_thread(function: Callable[..., Any], *args: Any) -> threading.Thread:
    def run() -> None:
        try:
            function(*args)
        finally:
            connections.close_all()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def wait_until_blocked(count: int) -> None:
    """Until so many statements wait for a lock of this database."""
    waiting = (
        "SELECT count(*) FROM pg_stat_activity "
        "WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    deadline = datetime.now(UTC).timestamp() + PATIENCE
    while datetime.now(UTC).timestamp() < deadline:
        with connection.cursor() as cursor:
            cursor.execute(waiting)
            if cursor.fetchone()[0] >= count:
                return
    raise AssertionError("nothing was blocked")


@pytest.mark.parametrize(("write", "latest"), [(record, 9), (record_naively, 3)])
def test_the_latest_beat_wins_whoever_writes_last(
    pair: tuple[User, LessonPage], write: Callable[..., None], latest: int
) -> None:
    """Beats 9 and 3 wait for the same row, 9 first. Looking before writing (control) keeps 3."""
    record(pair, 1)
    with transaction.atomic():
        PlaySession.objects.select_for_update().get(session=SESSION)
        first = in_thread(write, pair, 9)
        wait_until_blocked_outside(1)
        second = in_thread(write, pair, 3)
        wait_until_blocked_outside(2)
    first.join(PATIENCE)
    second.join(PATIENCE)
    assert PlaySession.objects.get().seq == latest


def wait_until_blocked_outside(count: int) -> None:
    """The same from a connection that is in no transaction (statistics freeze in one)."""
    thread = in_thread(wait_until_blocked, count)
    thread.join(PATIENCE)
    assert not thread.is_alive()


def test_twenty_beats_of_one_session_at_once_leave_the_latest(
    pair: tuple[User, LessonPage],
) -> None:
    start = threading.Barrier(20)

    def send(seq: int) -> None:
        start.wait(PATIENCE)
        record(pair, seq)

    threads = [in_thread(send, seq) for seq in range(1, 21)]
    for thread in threads:
        thread.join(PATIENCE)
    session = PlaySession.objects.get()
    assert (session.seq, session.position, session.ranges) == (20, 20, [[0, 20]])


@pytest.mark.parametrize(("locks", "heard"), [(True, 30), (False, 20)])
def test_two_folds_of_one_learner_lose_nothing(
    pair: tuple[User, LessonPage],
    monkeypatch: pytest.MonkeyPatch,
    locks: bool,
    heard: float,
) -> None:
    """The second fold knows a session that the first does not. Without locks (control) the first
    writes over it."""
    learner, _ = pair
    record(pair, 10, session=UUID(int=1))
    progress.fold()
    record(pair, 10, session=UUID(int=2), start=20)
    if not locks:
        monkeypatch.setattr(QuerySet, "select_for_update", lambda self, **options: self)
    reached, go_on = threading.Event(), threading.Event()
    write = progress._write
    slow: list[int] = []

    def write_slowly(*args: Any) -> None:
        if threading.get_ident() in slow:
            reached.set()
            assert go_on.wait(PATIENCE)
        write(*args)

    def fold_slowly() -> None:
        slow.append(threading.get_ident())
        progress.fold_learner(learner.pk)

    monkeypatch.setattr(progress, "_write", write_slowly)
    first = in_thread(fold_slowly)
    assert reached.wait(PATIENCE)
    record(pair, 10, session=UUID(int=3), start=60)
    second = in_thread(progress.fold_learner, learner.pk)
    if locks:
        wait_until_blocked(1)
    else:
        second.join(PATIENCE)
    go_on.set()
    first.join(PATIENCE)
    second.join(PATIENCE)
    assert LessonProgress.objects.get().heard == heard
    assert not PlaySession.objects.filter(is_folded=False).exists()


def test_devices_that_report_while_others_fold_lose_nothing(
    pair: tuple[User, LessonPage],
) -> None:
    learner, _ = pair
    start = threading.Barrier(6)

    def study(device: int) -> None:
        start.wait(PATIENCE)
        for seq in range(1, 11):
            record(pair, seq, session=UUID(int=device), start=device * 20)

    def fold() -> None:
        start.wait(PATIENCE)
        for _ in range(5):
            progress.fold_learner(learner.pk)

    threads = [in_thread(study, device) for device in range(4)]
    threads += [in_thread(fold), in_thread(fold)]
    for thread in threads:
        thread.join(PATIENCE)
    progress.fold()
    row = LessonProgress.objects.get()
    assert row.ranges == [[0, 10], [20, 30], [40, 50], [60, 70]]
    assert StudyDay.objects.count() == 1


@pytest.mark.parametrize(("knows_key", "count"), [(True, 1), (False, 2)])
def test_two_folds_that_both_see_a_lesson_done_enter_it_once(
    pair: tuple[User, LessonPage], monkeypatch: pytest.MonkeyPatch, knows_key: bool, count: int
) -> None:
    """Without locks, so that both do see it: the key alone holds. With a key for each fold
    (control) it stands twice."""
    learner, _ = pair
    record(pair, 10)
    progress.fold()
    LessonProgress.objects.update(duration=10.0, ranges=[[0, 5]], heard=5.0)
    PlaySession.objects.update(duration=10.0, is_folded=False)
    monkeypatch.setattr(QuerySet, "select_for_update", lambda self, **options: self)
    both = threading.Barrier(2)
    write, key = progress._write, ledger._key

    def write_together(*args: Any) -> None:
        both.wait(PATIENCE)
        write(*args)

    monkeypatch.setattr(progress, "_write", write_together)
    if not knows_key:
        monkeypatch.setattr(
            ledger, "_key", lambda who, name: key(who, f"{name}:{threading.get_ident()}")
        )
    threads = [in_thread(progress.fold_learner, learner.pk) for _ in range(2)]
    for thread in threads:
        thread.join(PATIENCE)
    done = LedgerEntry.objects.filter(learner_id=learner.pk, kind="lesson_done")
    assert done.count() == count
    assert LessonProgress.objects.get().done_at
