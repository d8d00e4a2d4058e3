"""Keeping, changing, sharing and removing what a learner marks."""

import secrets
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction

from accounts.models import User
from courses import plain_text
from learning import anchors, cards, days, ledger
from learning.models import Highlight, LedgerEntry
from learning.note_places import Place

MOST = 10_000  # of one learner


class TooMany(Exception):
    """More than anybody writes by hand."""


class NotToBeShared(Exception):
    """What was marked does not stand there, or the page is not out."""


@dataclass(frozen=True)
class Words:
    """What may be changed; `tags` as the row has them."""

    colour: int = 1
    thought: str = ""
    tags: str = ""


@dataclass(frozen=True)
class Passage:
    quote: str = ""
    prefix: str = ""
    suffix: str = ""
    start: float | None = None  # seconds


@transaction.atomic
def keep(
    *, learner: User, key: UUID, place: Place, passage: Passage, words: Words, now: datetime
) -> Highlight:
    """Sent again, it is the one that was kept. The same sentence marked again is one note, too,
    unless both have a thought or others would read it. Raises TooMany."""
    mine = Highlight.objects.filter(learner_id=learner.pk)
    if found := mine.filter(key=key).first():
        return found
    same = mine.filter(page_id=place.page.pk, **vars(passage)).exclude(quote="").first()
    if same and not (words.thought and (same.thought or same.is_shared)):
        thought, tags = words.thought or same.thought, words.tags or same.tags
        change(same, Words(words.colour, thought, tags), now=now)
        return same
    if mine.count() >= MOST:
        raise TooMany
    found, is_new = Highlight.objects.get_or_create(
        learner_id=learner.pk,
        key=key,
        defaults={
            "page_id": place.page.pk,
            "course_id": place.course.pk if place.course else 0,
            "created_at": now,
            "updated_at": now,
            **vars(passage),
            **vars(words),
        },
    )
    if is_new:
        _enter(learner, place, now=now)
    return found


def _enter(learner: User, place: Place, *, now: datetime) -> None:
    """In the ledger, once for a page and day: it tells of study, and is not to be filled by
    marking every line."""
    day = days.day_of(now, days.zone_of(learner))
    ledger.append(
        learner=learner,
        kind=LedgerEntry.Kind.NOTE,
        key=f"note:{place.page.pk}:{day}",
        at=now,
        course_id=place.course.pk if place.course else None,
        lesson_id=place.page.pk if place.course else None,
        words="" if place.course else place.page.title,
    )


def change(note: Highlight, words: Words, *, now: datetime) -> None:
    """One without a quote keeps a thought: the form asks for it, the database holds it."""
    for name, value in vars(words).items():
        setattr(note, name, value)
    note.updated_at = now
    note.save(update_fields=[*vars(words), "updated_at"])


@transaction.atomic
def remove(note: Highlight) -> None:
    """With its review card."""
    cards.drop_note(note)
    note.delete()


@transaction.atomic
def share(note: Highlight, place: Place | None, *, now: datetime) -> None:
    """Gives it an address nobody can guess. Raises NotToBeShared."""
    if place is None or not place.is_out or not place.is_open or is_lost(note, place):
        raise NotToBeShared
    if not note.is_shared:
        note.share_token, note.shared_at = secrets.token_urlsafe(16), now
        note.save(update_fields=["share_token", "shared_at"])


def share_no_more(note: Highlight) -> None:
    """The address is gone for good: shared again, it has another."""
    note.share_token = note.shared_at = None
    note.save(update_fields=["share_token", "shared_at"])


def is_lost(note: Highlight, place: Place) -> bool:
    """Whether what was marked stands there no more."""
    if not note.quote:
        return False
    text = plain_text.of(place.page)
    return anchors.find(text, note.quote, note.prefix, note.suffix) is None
