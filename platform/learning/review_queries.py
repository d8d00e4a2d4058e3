"""Which cards are due, and how well a learner recalls."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from math import ceil
from typing import Any

from django.db.models import Avg, Count, Exists, OuterRef, Q, QuerySet

from accounts.models import User
from courses import access
from learning import days, note_places
from learning.models import Highlight, ReviewCard, ReviewLog
from learning.note_places import Place

SECONDS = 40  # that one takes
AHEAD = 28  # days shown of what comes
WINDOWS = 30, 90  # days looked back on


@dataclass(frozen=True)
class Today:
    """`due`: how many wait; `seen`: how many were asked today; `daily`: how many are enough."""

    due: int
    seen: int
    daily: int

    @property
    def left(self) -> int:
        """Of the day's few."""
        return min(self.due, max(self.daily - self.seen, 0))

    @property
    def minutes(self) -> int:
        return ceil(self.left * SECONDS / 60)


@dataclass(frozen=True)
class ShownCard:
    card: ReviewCard
    place: Place | None  # None: the page is gone
    thought: str = ""

    @property
    def url(self) -> str:
        """Where it stands, for who may open that."""
        if self.place is None or not self.place.is_open:
            return ""
        return self.place.url + (f"#note-{self.card.source}" if self.card.is_note else "")

    @property
    def page_title(self) -> str:
        return self.place.page.title if self.place else ""

    @property
    def course_title(self) -> str:
        return self.place.course.title if self.place and self.place.course else ""


@dataclass(frozen=True)
class Recalled:
    """Of the reviews of so many days, those that followed another one of their card."""

    days: int
    number: int
    recalled: int
    expected: float  # the share that FSRS foretold, 0 … 1

    @property
    def percent(self) -> int:
        return round(100 * self.recalled / self.number) if self.number else 0

    @property
    def expected_percent(self) -> int:
        return round(100 * self.expected)


def cards_of(learner: User, *, now: datetime) -> QuerySet[ReviewCard]:
    """A learner's own quotes always; questions while their lesson is open to them."""
    is_open = Exists(access.open_lessons(learner, now=now).filter(pk=OuterRef("page_id")))
    mine = ReviewCard.objects.filter(learner_id=learner.pk)
    return mine.filter(Q(kind=ReviewCard.Kind.NOTE) | is_open)


def today(learner: User, *, daily: int, now: datetime) -> Today:
    """One query."""
    day = today_of(learner, now)
    rows = cards_of(learner, now=now).filter(Q(due_on__lte=day) | Q(last_on=day))
    due, seen = (Count("key", filter=each) for each in (Q(due_on__lte=day), Q(last_on=day)))
    return Today(**rows.aggregate(due=due, seen=seen), daily=daily)


def next_due(learner: User, *, now: datetime) -> ReviewCard | None:
    """What has waited longest."""
    due = cards_of(learner, now=now).filter(due_on__lte=today_of(learner, now))
    return due.order_by("due_on", "created_at", "key").first()


def seen_today(learner: User, *, now: datetime) -> QuerySet[ReviewCard]:
    day = today_of(learner, now)
    return cards_of(learner, now=now).filter(last_on=day).order_by("-due_on", "key")


def coming(learner: User, *, now: datetime) -> tuple[date, int] | None:
    """The next day on which something is due, and how much. One query."""
    later = cards_of(learner, now=now).filter(due_on__gt=today_of(learner, now))
    return later.order_by("due_on").values_list("due_on").annotate(Count("key")).first()


def shown(learner: User, cards: Sequence[ReviewCard]) -> list[ShownCard]:
    """With their places and thoughts, in constant queries."""
    places = note_places.of_pages(learner, {card.page_id for card in cards})
    keys = [card.source for card in cards if card.is_note]
    mine = Highlight.objects.filter(learner_id=learner.pk, key__in=keys)
    thoughts = {str(key): thought for key, thought in mine.values_list("key", "thought")}
    return [
        ShownCard(card, places.get(card.page_id), thoughts.get(card.source, "")) for card in cards
    ]


def recalled(learner: User, *, now: datetime) -> list[Recalled]:
    """Over the last 30 and 90 days. One query."""
    day = today_of(learner, now)
    found: dict[str, Any] = {}
    for window in WINDOWS:
        within = Q(day__gt=day - timedelta(days=window), expected__isnull=False)
        well = within & Q(rating__gt=ReviewLog.Rating.AGAIN)
        found |= {
            f"number{window}": Count("number", filter=within),
            f"recalled{window}": Count("number", filter=well),
            f"expected{window}": Avg("expected", filter=within),
        }
    told = ReviewLog.objects.filter(learner_id=learner.pk).aggregate(**found)
    return [
        Recalled(
            window,
            told[f"number{window}"],
            told[f"recalled{window}"],
            told[f"expected{window}"] or 0.0,
        )
        for window in WINDOWS
    ]


def ahead(learner: User, *, now: datetime) -> list[tuple[date, int]]:
    """How much is due on each of the next days; what waits since earlier is due today."""
    first = today_of(learner, now)
    last = first + timedelta(days=AHEAD - 1)
    rows = cards_of(learner, now=now).filter(due_on__lte=last)
    counted = dict.fromkeys((first + timedelta(days=number) for number in range(AHEAD)), 0)
    for due_on, number in rows.order_by().values_list("due_on").annotate(Count("key")):
        counted[max(due_on, first)] += number
    return list(counted.items())


def today_of(learner: User, now: datetime) -> date:
    return days.day_of(now, days.zone_of(learner))
