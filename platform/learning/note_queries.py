"""A learner's notes: looked through, and shown with where they stand."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Q, QuerySet

from accounts.models import User
from courses.models import CoursePage
from courses.wording import clock_time
from learning import note_places, notes
from learning.models import Highlight
from learning.note_places import Place


@dataclass(frozen=True)
class Wanted:
    """What of one's notes: all that is said must hold. Days are the learner's, both included."""

    text: str = ""
    course: int | None = None  # 0: articles
    page: int | None = None
    tag: str = ""
    colour: int | None = None
    since: date | None = None
    until: date | None = None


@dataclass(frozen=True)
class ShownNote:
    note: Highlight
    place: Place | None  # None: the page is gone
    is_lost: bool = False

    @property
    def url(self) -> str:
        """Where it stands, for who may open that."""
        if self.place is None or not self.place.is_open:
            return ""
        return f"{self.place.url}#note-{self.note.key}"

    @property
    def hear_url(self) -> str:
        """Where it sounds from its second on."""
        is_heard = self.note.start is not None and not self.is_lost
        return self.url.replace("#note-", "#hear-") if is_heard else ""

    @property
    def heard_at(self) -> str:
        return clock_time(self.note.start or 0)

    @property
    def page_title(self) -> str:
        return self.place.page.title if self.place else ""

    @property
    def course_title(self) -> str:
        return self.place.course.title if self.place and self.place.course else ""


def of(learner: User, wanted: Wanted, zone: ZoneInfo) -> QuerySet[Highlight]:
    """Newest first."""
    found = Highlight.objects.filter(learner_id=learner.pk).order_by("-created_at", "key")
    for word in wanted.text.split():
        found = found.filter(
            Q(quote__icontains=word) | Q(thought__icontains=word) | Q(tags__icontains=word)
        )
    exact: dict[str, Any] = {
        "course_id": wanted.course,
        "page_id": wanted.page,
        "colour": wanted.colour,
    }
    found = found.filter(**{name: value for name, value in exact.items() if value is not None})
    if wanted.tag:
        found = found.filter(tags__contains=f" {wanted.tag} ")
    if wanted.since:
        found = found.filter(created_at__gte=_begin(wanted.since, zone))
    if wanted.until:
        found = found.filter(created_at__lt=_begin(wanted.until + timedelta(days=1), zone))
    return found


def _begin(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone)


def placed(learner: User, found: Iterable[Highlight]) -> list[ShownNote]:
    """With their places, in constant queries; whether one is lost is not looked for."""
    rows = list(found)
    places = note_places.of_pages(learner, {note.page_id for note in rows})
    return [ShownNote(note, places.get(note.page_id)) for note in rows]


def shown(learner: User, found: Iterable[Highlight]) -> list[ShownNote]:
    """The same; whether one is lost is looked for where the page is open to the learner."""
    return [
        replace(row, is_lost=notes.is_lost(row.note, row.place))
        if row.place and row.place.is_open
        else row
        for row in placed(learner, found)
    ]


def tags_of(learner: User) -> list[str]:
    """The learner's own, the most used first. One query."""
    rows = Highlight.objects.filter(learner_id=learner.pk).exclude(tags="")
    counted = Counter(tag for tags in rows.values_list("tags", flat=True) for tag in tags.split())
    return [tag for tag, _number in counted.most_common()]


def courses_of(learner: User) -> list[tuple[int, str]]:
    """The courses in which the learner marked something, by title; 0 is articles. Two queries."""
    ids = set(Highlight.objects.filter(learner_id=learner.pk).values_list("course_id", flat=True))
    titles = CoursePage.objects.filter(pk__in=ids).order_by("title").values_list("pk", "title")
    return [*titles, *([(0, "")] if 0 in ids else [])]
