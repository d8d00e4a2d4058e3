"""A card on two devices at once, on PostgreSQL."""

from datetime import date
from uuid import uuid4

import pytest

from learning import cards
from learning.models import Highlight, ReviewCard, ReviewLog
from tests.factories import UserFactory
from tests.learning.test_concurrency import NOW
from tests.learning.test_quizzes_concurrency import TABS, at_once

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


def test_collecting_and_reviewing_at_once_count_once() -> None:
    learner = UserFactory()
    note = Highlight(learner_id=learner.pk, key=uuid4(), page_id=1, quote="先有人，后有货。")
    at_once(lambda: cards.collect_note(note, learner=learner, now=NOW))
    card = ReviewCard.objects.get()
    ReviewCard.objects.update(due_on=date(2026, 11, 23))
    card.refresh_from_db()
    counted: list[bool] = []

    def rate() -> None:  # each device has looked before any of them wrote
        counted.append(cards.review(card, 3, number=1, learner=learner, now=NOW))

    at_once(rate)
    assert sorted(counted) == [False] * (TABS - 1) + [True]
    assert ReviewLog.objects.get().number == 1
    assert ReviewCard.objects.get().reviews == 1
