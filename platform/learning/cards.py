"""Making review cards (温故), and keeping what came of asking them."""

from collections.abc import Iterable
from dataclasses import asdict
from datetime import date, datetime, timedelta
from uuid import UUID, uuid4

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from accounts.models import User
from courses.quizzes import Kind, Question
from learning import days, ledger, recall
from learning.models import Highlight, LedgerEntry, QuizAttempt, ReviewCard, ReviewLog
from learning.quiz_forms import words_of
from learning.recall import Memory

MOST = 10_000  # of one learner
MIDDLE = 0.25, 0.75  # where a sentence is cut, at a pause if there is one
PAUSES = "，。；：、！？,.;:!?—…"


class NotCollected(Exception):
    """What kept a card from being made; its words are for the learner."""


class TooMany(NotCollected):
    def __str__(self) -> str:
        return _("There are too many review cards. Remove some first.")


class NothingToRecall(NotCollected):
    def __str__(self) -> str:
        return _("Only a marked sentence can be reviewed.")


def collect_note(note: Highlight, *, learner: User, now: datetime) -> None:
    """Collected before, it stays as it is. Raises TooMany, NothingToRecall."""
    if len(note.quote.strip()) < 2:
        raise NothingToRecall
    front, back = halves(note.quote)
    card = ReviewCard(
        kind=ReviewCard.Kind.NOTE,
        source=str(note.key),
        page_id=note.page_id,
        course_id=note.course_id,
        front=front,
        back=back,
    )
    _keep([card], learner=learner, now=now)


def drop_note(note: Highlight) -> None:
    """What came of asking it stays in the statistics."""
    of_notes(note.learner_id, [note.key]).delete()


def of_notes(learner_id: int, keys: Iterable[UUID]) -> QuerySet[ReviewCard]:
    kind, sources = ReviewCard.Kind.NOTE, [str(key) for key in keys]
    return ReviewCard.objects.filter(learner_id=learner_id, kind=kind, source__in=sources)


def notes_with(learner_id: int, **where: int) -> set[str]:
    """The keys of the highlights that have a card. One query."""
    rows = ReviewCard.objects.filter(learner_id=learner_id, kind=ReviewCard.Kind.NOTE, **where)
    return set(rows.values_list("source", flat=True))


def collect_questions(
    attempt: QuizAttempt,
    questions: Iterable[Question],
    *,
    learner: User,
    course_id: int,
    now: datetime,
) -> None:
    """Questions of an answered attempt, as they were asked. Raises TooMany."""
    _keep(
        [
            ReviewCard(
                kind=ReviewCard.Kind.QUESTION,
                source=question.key,
                page_id=attempt.lesson_id,
                course_id=course_id,
                front=_asked(question),
                back=_right(question),
                why=question.why,
            )
            for question in questions
        ],
        learner=learner,
        now=now,
    )


def drop_questions(attempt: QuizAttempt, questions: Iterable[Question]) -> None:
    ReviewCard.objects.filter(
        learner_id=attempt.learner_id,
        kind=ReviewCard.Kind.QUESTION,
        page_id=attempt.lesson_id,
        source__in=[question.key for question in questions],
    ).delete()


def questions_of(learner_id: int, lesson_id: int) -> set[str]:
    """The keys of a lesson's questions that were collected. One query."""
    kind = ReviewCard.Kind.QUESTION
    rows = ReviewCard.objects.filter(learner_id=learner_id, kind=kind, page_id=lesson_id)
    return set(rows.values_list("source", flat=True))


@transaction.atomic
def review(card: ReviewCard, rating: int, *, number: int, learner: User, now: datetime) -> bool:
    """Note how well it was recalled, as its review of that number.

    Whether it counted: the same sent twice, or from two devices, counts once, and so does a card
    that waits for another day.
    """
    day = days.day_of(now, days.zone_of(learner))
    memory = memory_of(card)
    if card.reviews != number - 1 or card.due_on > day:
        return False
    after = recall.after(memory, rating, day)
    mine = ReviewCard.objects.filter(learner_id=learner.pk, key=card.key, reviews=number - 1)
    if not mine.update(reviews=number, **asdict(after)):
        return False
    ReviewLog.objects.create(
        learner_id=learner.pk,
        card_key=card.key,
        number=number,
        rating=rating,
        at=now,
        day=day,
        elapsed_days=(day - memory.last_on).days if memory.last_on else None,
        expected=recall.expected(memory, day),
    )
    ledger.append(learner=learner, kind=LedgerEntry.Kind.REVIEW, key=f"review:{day}", at=now)
    return True


def memory_of(card: ReviewCard) -> Memory:
    return Memory(card.due_on, card.last_on, card.stability, card.difficulty)


def _keep(cards: list[ReviewCard], *, learner: User, now: datetime) -> None:
    """First asked on the day after: what was read just now need not be recalled."""
    if ReviewCard.objects.filter(learner_id=learner.pk).count() + len(cards) > MOST:
        raise TooMany
    due_on: date = days.day_of(now, days.zone_of(learner)) + timedelta(days=1)
    for card in cards:
        card.learner_id, card.key = learner.pk, uuid4()
        card.created_at, card.due_on = now, due_on
    ReviewCard.objects.bulk_create(cards, ignore_conflicts=True)


def halves(sentence: str) -> tuple[str, str]:
    """Cut at the pause next to its middle, else between two words or characters."""
    text = " ".join(sentence.split())
    low, high = (round(len(text) * part) for part in MIDDLE)
    middle = len(text) // 2
    places = range(max(low, 1), max(high, 2))
    pauses = [at for at in places if text[at - 1] in PAUSES and text[at] not in PAUSES]
    between = [at for at in places if not (_is_latin(text[at - 1]) and _is_latin(text[at]))]
    at = min(pauses or between or [middle], key=lambda place: abs(place - middle))
    return text[:at], text[at:]


def _is_latin(character: str) -> bool:
    return character.isascii() and character.isalnum()


def _asked(question: Question) -> str:
    """The prompt, and what there was to choose from."""
    if question.kind in (Kind.TRUE_FALSE, Kind.FILL, Kind.SHORT):
        return question.prompt
    listed = [f"· {option.text}" for option in question.options]
    return "\n".join([question.prompt, *listed])


def _right(question: Question) -> str:
    match question.kind:
        case Kind.FILL:
            return question.accepted[0] if question.accepted else ""
        case Kind.SHORT:
            return question.model
        case Kind.ORDER:
            places = sorted(question.options, key=lambda option: option.place)
            return "\n".join(f"{option.place}. {option.text}" for option in places)
    return "\n".join(words_of(question, option) for option in question.options if option.is_right)
