"""What a source declares of access, in rows."""

from datetime import UTC, datetime

import pytest

from courses.models import Grant
from tests import factories
from tests.courses.test_access import give

pytestmark = pytest.mark.django_db


@pytest.fixture
def course():
    return factories.course(lessons=1)


@pytest.fixture
def learner():
    return factories.UserFactory()


def test_declaring_twice_changes_nothing_and_is_recorded_once(course, learner):
    state = {"starts_at": datetime(2026, 1, 1, tzinfo=UTC)}
    give(learner, course, **state)
    give(learner, course, **state)
    grant = Grant.objects.get()
    assert grant.changes.count() == 1


def test_what_a_source_covers_no_longer_is_withdrawn(course, learner):
    other = factories.course(lessons=1)
    give(learner, course)
    give(learner, other)
    assert Grant.objects.get(course=course).withdrawn_at is not None
    assert Grant.objects.get(course=other).withdrawn_at is None


def test_one_source_says_nothing_of_another_that_bears_its_number(course, learner):
    other, colleague = factories.course(lessons=1), factories.UserFactory()
    give(learner, course)
    give(learner, other, source_kind=Grant.Source.GIFT)
    give(colleague, other)
    assert Grant.objects.filter(withdrawn_at=None).count() == 3
