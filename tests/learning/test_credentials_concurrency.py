"""A certificate claimed from many tabs at once, on PostgreSQL."""

import pytest

from learning import credentials, progress
from learning.models import Credential, LedgerEntry
from tests.factories import UserFactory, course, lesson
from tests.learning.test_concurrency import NOW
from tests.learning.test_quizzes_concurrency import at_once

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


def test_claiming_from_many_tabs_issues_one() -> None:
    learner, taught = UserFactory(), course(gives_certificate=True)
    progress.mark(learner=learner, lesson=lesson(taught), done=True, now=NOW)
    numbers = []

    def claim() -> None:
        row = credentials.issue(
            learner=learner, target=taught, name="林岚", publisher="日知", now=NOW
        )
        numbers.append(row.number)

    at_once(claim)
    assert len(numbers) == 8
    assert set(numbers) == {Credential.objects.get().number}
    assert LedgerEntry.objects.filter(kind="credential").count() == 1
