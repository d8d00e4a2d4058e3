"""The round trip: what stands in a card's columns is all that FSRS goes by."""

from dataclasses import asdict
from datetime import UTC, date, datetime, time, timedelta
from uuid import uuid4

import pytest
from fsrs import Card, Rating
from hypothesis import given
from hypothesis import strategies as st

from learning import cards, recall
from learning.models import ReviewCard
from learning.recall import SCHEDULER, Memory
from operations import clock
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db
BEGIN = date(2026, 11, 30)
ratings = st.integers(1, 4)
reviews = st.lists(st.tuples(ratings, st.integers(0, 900)), min_size=1, max_size=12)


def at(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


@given(reviews)
def test_from_columns_to_columns_it_is_what_fsrs_holds_itself(told):
    """Each review some days after it was due; between two of them the card is only its row."""
    learner = UserFactory()
    row = ReviewCard.objects.create(
        learner_id=learner.pk,
        key=uuid4(),
        kind=ReviewCard.Kind.NOTE,
        source=str(uuid4()),
        page_id=1,
        front="先有人，",
        back="后有货。",
        created_at=clock.now(),
        due_on=BEGIN,
    )
    card = Card(card_id=0, due=at(BEGIN))
    for number, (rating, late) in enumerate(told, 1):
        day = row.due_on + timedelta(days=late)
        foreseen = recall.expected(cards.memory_of(row), day)
        itself = SCHEDULER.get_card_retrievability(card, at(day))
        assert foreseen == (itself if number > 1 else None)
        assert recall.intervals(cards.memory_of(row), day) == {
            each.value: (SCHEDULER.review_card(card, each, at(day))[0].due - at(day)).days
            for each in Rating
        }
        after = recall.after(cards.memory_of(row), rating, day)
        mine = ReviewCard.objects.filter(learner_id=learner.pk, key=row.key)
        mine.update(reviews=number, **asdict(after))
        row = mine.get()
        card, _log = SCHEDULER.review_card(card, Rating(rating), at(day))
        assert (row.stability, row.difficulty) == (card.stability, card.difficulty)
        assert (at(row.due_on), row.last_on) == (card.due, day)
        assert row.due_on > day
        assert recall.to_fsrs(cards.memory_of(row)).to_dict() == card.to_dict()


@given(ratings, ratings, st.integers(1, 400), st.integers(0, 400))
def test_who_recalls_better_is_not_asked_sooner(first, second, late, more):
    memory = recall.after(Memory(BEGIN), first, BEGIN)
    day = memory.due_on + timedelta(days=late)
    waits = [*recall.intervals(memory, day).values()]
    assert waits == sorted(waits)
    later = recall.after(memory, second, day)
    assert later.due_on > day
    soon, late_on = (later.due_on + timedelta(days=each) for each in (0, more))
    assert 0 < (recall.expected(later, late_on) or 0) <= (recall.expected(later, soon) or 0) <= 1


@given(st.text("一二三，。 ab\n", max_size=60).map(str.strip).filter(lambda text: len(text) > 1))
def test_a_sentence_is_cut_in_two_that_make_it_whole(sentence):
    front, back = cards.halves(sentence)
    assert front
    assert back.strip()
    assert front + back == " ".join(sentence.split())


@pytest.mark.parametrize(
    ("sentence", "front"),
    [
        ("信任是一天天攒下来的，也会一天天花掉。", "信任是一天天攒下来的，"),
        ("信任是一天天攒下来的", "信任是一天"),
        ("Trust is earned slowly", "Trust is "),
        ("好的", "好"),
    ],
)
def test_it_is_cut_at_a_pause_or_between_words(sentence, front):
    assert cards.halves(sentence)[0] == front
