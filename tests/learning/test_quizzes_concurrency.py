"""A quiz in several tabs at once, on PostgreSQL."""

import threading
from collections.abc import Callable

import pytest

from learning import quizzes
from learning.models import LedgerEntry, LessonProgress, PlaySession, QuizAttempt
from tests.factories import UserFactory, course, lesson
from tests.learning.conftest import Player
from tests.learning.quiz_of import TRUE_FALSE
from tests.learning.test_concurrency import NOW, PATIENCE, in_thread

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]

TABS = 8


def at_once(act: Callable[[], object]) -> None:
    start = threading.Barrier(TABS)

    def run() -> None:
        start.wait(PATIENCE)
        act()

    for thread in [in_thread(run) for _ in range(TABS)]:
        thread.join(PATIENCE)


def test_beginning_and_handing_in_from_many_tabs_counts_once() -> None:
    """And the lesson that was read meanwhile is done, whichever of both was first."""
    learner, taught = UserFactory(), course(quizzes_count=True)
    page = lesson(taught, quiz=[TRUE_FALSE], free_preview=True)
    at_once(lambda: quizzes.start(learner=learner, lesson=page, now=NOW))
    assert [row.number for row in QuizAttempt.objects.all()] == [1]
    Player(learner, page).send(read_to=1, wall=60)

    def hand_in() -> None:
        quizzes.answer(learner=learner, lesson=page, course=taught, number=1, given=[[1]], now=NOW)

    at_once(hand_in)
    assert QuizAttempt.objects.get().is_passed
    assert LedgerEntry.objects.filter(kind="quiz").count() == 1
    assert LessonProgress.objects.get().done_how == "read"
    assert PlaySession.objects.get().is_folded
