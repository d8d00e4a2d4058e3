"""How long something is remembered: FSRS, in whole days of the learner.

https://github.com/open-spaced-repetition/py-fsrs, with the weights it comes with. Without its
steps of minutes every card waits for another day at least, and is in one of two states: never
asked, or in review. Nothing is left to chance, so that a page may say what each answer means.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time

from fsrs import Card, Rating, Scheduler, State

SCHEDULER = Scheduler(learning_steps=(), relearning_steps=(), enable_fuzzing=False)


@dataclass(frozen=True)
class Memory:
    """What of a card FSRS goes by; the row's columns of the same names."""

    due_on: date
    last_on: date | None = None
    stability: float | None = None
    difficulty: float | None = None


def after(memory: Memory, rating: int, day: date) -> Memory:
    """Once it was asked on `day`."""
    card, _log = SCHEDULER.review_card(to_fsrs(memory), Rating(rating), _instant(day))
    return from_fsrs(card)


def expected(memory: Memory, day: date) -> float | None:
    """How likely it is recalled on `day`; None: it was never asked."""
    if memory.stability is None:
        return None
    return SCHEDULER.get_card_retrievability(to_fsrs(memory), _instant(day))


def intervals(memory: Memory, day: date) -> Mapping[int, int]:
    """In how many days it is asked again, by rating."""
    return {rating.value: (after(memory, rating.value, day).due_on - day).days for rating in Rating}


def to_fsrs(memory: Memory) -> Card:
    return Card(
        card_id=0,
        state=State.Learning if memory.stability is None else State.Review,
        stability=memory.stability,
        difficulty=memory.difficulty,
        due=_instant(memory.due_on),
        last_review=_instant(memory.last_on) if memory.last_on else None,
    )


def from_fsrs(card: Card) -> Memory:
    last = card.last_review
    return Memory(card.due.date(), last.date() if last else None, card.stability, card.difficulty)


def _instant(day: date) -> datetime:
    """FSRS counts from instant to instant in UTC; of a day one will do."""
    return datetime.combine(day, time(), UTC)
