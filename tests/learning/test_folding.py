"""Sessions become progress whichever way they arrive."""

import uuid
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import User
from courses.models import CoursePage, LessonPage
from learning import progress, states
from learning.models import LessonProgress, PlaySession, StudyDay
from learning.ranges import union
from learning.states import LessonState
from tests.factories import UserFactory
from tests.learning.conftest import Player, lessons_of

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)

sessions = st.builds(
    lambda minute, ranges, position, read_to: PlaySession(
        session=uuid.uuid4(),
        ranges=union(ranges),
        duration=100.0,
        position=position,
        read_to=read_to,
        updated_at=NOON + timedelta(minutes=minute),
        played_at=NOON + timedelta(minutes=minute),
    ),
    st.integers(0, 20),
    st.lists(st.tuples(st.integers(0, 100), st.integers(0, 100)).map(sorted), max_size=3),
    st.floats(0, 100),
    st.floats(0, 1),
)


def after(*several: PlaySession, start: LessonState | None = None) -> LessonState:
    state = start or LessonState()
    for session in several:
        state = state.after(session)
    return state


def facts(state: LessonState) -> tuple[Any, ...]:
    """All but the moment of being done, which is when it was found out."""
    return (
        state.ranges,
        state.position,
        state.position_at,
        state.read_to,
        state.studied_at,
        state.is_done,
        state.done_how,
    )


@given(st.lists(sessions, max_size=6), st.randoms())
def test_the_order_of_sessions_does_not_matter(some: list[PlaySession], random: Any) -> None:
    shuffled = list(some)
    random.shuffle(shuffled)
    assert facts(after(*shuffled)) == facts(after(*some))


@given(st.lists(sessions, max_size=5))
def test_sessions_folded_twice_count_once(some: list[PlaySession]) -> None:
    once = after(*some)
    assert facts(after(*some, start=once)) == facts(once)


@given(st.lists(sessions, max_size=4), st.lists(sessions, max_size=4))
def test_two_devices_folded_together_or_apart_come_to_the_same(
    phone: list[PlaySession], desk: list[PlaySession]
) -> None:
    assert facts(after(*phone, *desk)) == facts(after(*desk, start=after(*phone)))


@given(st.lists(sessions, max_size=6))
def test_no_second_is_heard_twice(some: list[PlaySession]) -> None:
    assert after(*some).heard <= 100


def test_an_earlier_report_of_a_session_adds_nothing_to_a_later_one() -> None:
    early = PlaySession(ranges=[[0, 30]], duration=100, position=30, read_to=0.1, played_at=NOON)
    late = PlaySession(
        ranges=[[0, 60]],
        duration=100,
        position=60,
        read_to=0.2,
        played_at=NOON + timedelta(minutes=1),
    )
    assert facts(after(late, early)) == facts(after(late))


# --- in the database ---------------------------------------------------------------------------


def progress_of(learner: User, lesson: LessonPage) -> LessonProgress:
    return LessonProgress.objects.get(learner_id=learner.pk, lesson_id=lesson.pk)


@pytest.mark.django_db
def test_folding_again_changes_nothing(learner: User, first: LessonPage) -> None:
    Player(learner, first).hear(40)
    Player(learner, first).hear(80, start=30)
    assert progress.fold() == 1
    before = LessonProgress.objects.values().get()
    days = list(StudyDay.objects.values())
    assert before["ranges"] == [[0, 80]]
    PlaySession.objects.update(is_folded=False)
    progress.fold()
    assert LessonProgress.objects.values().get() == before
    assert list(StudyDay.objects.values()) == days
    assert progress.fold() == 0


@pytest.mark.django_db
def test_a_beat_between_reading_and_marking_is_not_lost(
    learner: User, first: LessonPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The session goes on while it is folded: what came meanwhile is folded the next time."""
    player = Player(learner, first)
    player.hear(20)
    fold_days = progress._fold_days

    def while_a_beat_arrives(*args: Any) -> None:
        fold_days(*args)
        player.hear(50)

    monkeypatch.setattr(progress, "_fold_days", while_a_beat_arrives)
    progress.fold()
    monkeypatch.undo()
    assert progress_of(learner, first).heard == 20
    assert progress.fold() == 1
    assert progress_of(learner, first).heard == 50


def position(learner: User, lesson: LessonPage) -> float:
    """Where any device goes on."""
    return states.of(learner.pk, [lesson.pk])[lesson.pk].resumes_at


@pytest.mark.django_db
def test_pages_know_what_is_not_folded_yet(learner: User, first: LessonPage) -> None:
    Player(learner, first).hear(40)
    progress.fold()
    Player(learner, first).hear(70, start=60)
    state = states.of(learner.pk, [first.pk])[first.pk]
    assert state.ranges == [[0, 40], [60, 70]]
    assert position(learner, first) == 70


@pytest.mark.django_db
def test_another_device_goes_on_within_five_seconds(
    learner: User, first: LessonPage, at: Callable[[str], datetime]
) -> None:
    at("2026-11-23T08:00+08:00")
    phone = Player(learner, first)
    phone.hear(63.4)
    assert abs(position(learner, first) - 63.4) <= 5
    at("2026-11-23T20:00+08:00")
    Player(learner, first).hear(21, start=0)
    assert position(learner, first) == 21  # the newest, not the furthest
    progress.fold()
    assert position(learner, first) == 21


@pytest.mark.django_db
def test_reading_along_silently_does_not_move_the_sound(
    learner: User, first: LessonPage, at: Callable[[str], datetime]
) -> None:
    at("2026-11-23T08:00+08:00")
    Player(learner, first).hear(63)
    at("2026-11-23T09:00+08:00")
    Player(learner, first).send(position=0, read_to=0.5, wall=60)
    assert position(learner, first) == 63


@pytest.mark.django_db
def test_who_came_to_the_end_starts_again_from_the_beginning(
    learner: User, first: LessonPage
) -> None:
    Player(learner, first).hear(97)
    assert position(learner, first) == 0


@pytest.mark.django_db
def test_folding_takes_the_same_queries_for_many_lessons(
    learner: User, django_assert_max_num_queries: Callable[..., Any]
) -> None:
    from tests.learning.conftest import audio_course_of

    course = audio_course_of(lessons=30)
    client = Client()
    for lesson in lessons_of(course):
        Player(learner, lesson, client).hear(20)
    with django_assert_max_num_queries(18):
        progress.fold()
    assert LessonProgress.objects.filter(course_id=course.pk).count() == 30


@pytest.mark.django_db
def test_the_tick_folds_and_forgets(
    learner: User, first: LessonPage, clock: Any, run_jobs: Callable[[], None]
) -> None:
    from operations.periodic import tick

    Player(learner, first).hear(40)
    assert "learning.upkeep.fold_sessions" in tick(now=clock.now())
    run_jobs()
    assert progress_of(learner, first).heard == 40
    assert PlaySession.objects.get().is_folded
    clock.move(timedelta(days=59))
    tick(now=clock.now())
    run_jobs()
    assert PlaySession.objects.exists()
    clock.move(timedelta(days=2))
    tick(now=clock.now())
    run_jobs()
    assert not PlaySession.objects.exists()
    assert progress_of(learner, first).heard == 40


@pytest.mark.django_db
def test_one_learners_trouble_holds_up_nobody_else(
    learner: User, first: LessonPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    troubled = UserFactory()
    Player(troubled, first).hear(40)
    Player(learner, first).hear(40)
    fold_learner = progress.fold_learner

    def with_trouble(learner_id: int) -> None:
        if learner_id == troubled.pk:
            raise ValueError("trouble")
        fold_learner(learner_id)

    monkeypatch.setattr(progress, "fold_learner", with_trouble)
    with pytest.raises(ExceptionGroup):
        progress.fold()
    assert progress_of(learner, first).heard == 40
    assert PlaySession.objects.filter(is_folded=False).count() == 1


@pytest.mark.django_db
def test_what_is_not_folded_is_not_forgotten(learner: User, first: LessonPage) -> None:
    Player(learner, first).hear(40)
    assert progress.forget_sessions(now=datetime.now(UTC) + timedelta(days=90)) == 0


@pytest.mark.django_db
def test_a_day_never_shrinks(learner: User, first: LessonPage) -> None:
    StudyDay.objects.create(learner_id=learner.pk, day=date.today(), seconds=3000)  # noqa: DTZ011
    Player(learner, first).hear(40)
    PlaySession.objects.update(day=date.today())  # noqa: DTZ011
    progress.fold()
    assert StudyDay.objects.get().seconds == 3000


@pytest.mark.django_db
def test_progress_stands_in_the_course_of_its_lesson(
    learner: User, audio_course: CoursePage, first: LessonPage
) -> None:
    Player(learner, first).hear(40)
    progress.fold()
    assert progress_of(learner, first).course_id == audio_course.pk
