"""What is said under a lesson, as one of its readers sees it; and what a host is asked."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.db.models import Case, DateTimeField, Exists, F, OuterRef, Q, QuerySet, Value, When
from django.utils.translation import pgettext

from accounts.models import User
from community import teaching
from community.models import Comment, Like, Report
from community.places import Place
from courses.models import CoursePage
from courses.queries import number_of
from learning import anchors

UNANSWERED_TOO_LONG = timedelta(hours=12)
MOST_FEATURED = 6  # on a course's page


@dataclass(frozen=True)
class Shown:
    """`like_count`, `is_liked`, `is_reported` and `is_answered` come with the comment."""

    comment: Any
    is_own: bool = False
    is_lost: bool = False  # what it quotes stands there no more
    replies: list["Shown"] = field(default_factory=list)

    @property
    def name(self) -> str:
        return self.comment.author_name or pgettext("community", "A learner")

    @property
    def may_change(self) -> bool:
        is_settled = self.comment.is_hidden or self.comment.is_featured or self.comment.is_answered
        return self.is_own and not is_settled


def visible_to(user: User | AnonymousUser) -> Q:
    """What is hidden is there for its author alone."""
    return Q(hidden_at=None) | Q(author=user.pk) if user.is_authenticated else Q(hidden_at=None)


def under(place: Place, user: User | AnonymousUser, *, only_questions: bool) -> QuerySet[Comment]:
    """Featured ones first, then the newest; a removed one only for its answers' sake."""
    answers = Comment.objects.filter(visible_to(user), parent=OuterRef("pk"))
    found = _with_reactions(user).filter(visible_to(user), lesson=place.lesson, parent=None)
    found = found.filter(Q(removed_at=None) | Exists(answers))
    if only_questions:
        found = found.filter(kind=Comment.Kind.QUESTION)
    return found.order_by(F("featured_at").desc(nulls_last=True), "-created_at", "-pk")


def _with_reactions(user: User | AnonymousUser) -> QuerySet[Comment]:
    likes = Like.objects.filter(comment=OuterRef("pk"))
    reports = Report.objects.filter(comment=OuterRef("pk"))
    answers = Comment.objects.filter(parent=OuterRef("pk"))
    return Comment.objects.select_related("author").annotate(
        like_count=number_of(likes),
        is_liked=Exists(likes.filter(user=user.pk)),
        is_reported=Exists(reports.filter(reporter=user.pk)),
        is_answered=Exists(answers),
    )


def shown(place: Place, user: User | AnonymousUser, found: Iterable[Comment]) -> list[Shown]:
    """With their answers, and whether what they quote still stands there. At most two queries."""
    rows = list(found)
    answers = answers_to(rows, user)
    text = place.text() if any(row.quote for row in rows) else ""
    return [
        Shown(row, _is_own(row, user), _is_lost(row, text), answers.get(row.pk, [])) for row in rows
    ]


def answers_to(rows: Iterable[Comment], user: User | AnonymousUser) -> dict[int, list[Shown]]:
    """The oldest first."""
    found = _with_reactions(user).filter(visible_to(user), parent__in=[row.pk for row in rows])
    answers: dict[int, list[Shown]] = {}
    for row in found.order_by("created_at", "pk"):
        answers.setdefault(row.parent_id or 0, []).append(Shown(row, _is_own(row, user)))
    return answers


def _is_own(comment: Comment, user: User | AnonymousUser) -> bool:
    return user.is_authenticated and comment.author_id == user.pk


def _is_lost(comment: Comment, text: str) -> bool:
    quote = (comment.quote, comment.prefix, comment.suffix)
    return bool(comment.quote) and anchors.find(text, *quote) is None


# --- what waits for an answer --------------------------------------------------------------------


def by_instructor() -> Exists:
    """Whether the instructor has answered, for all to see."""
    answers = Comment.objects.filter(parent=OuterRef("pk"), by_instructor=True, hidden_at=None)
    return Exists(answers)


def asked_of(user: User, *, now: datetime) -> QuerySet[Comment]:
    """The questions in the instructor's courses: unanswered for too long first, of these the
    oldest; then the newest, and below them those that are answered."""
    questions = Comment.objects.filter(
        course__in=teaching.courses_of(user),
        kind=Comment.Kind.QUESTION,
        parent=None,
        hidden_at=None,
        removed_at=None,
    )
    is_late = Q(is_settled=False, created_at__lt=now - UNANSWERED_TOO_LONG)
    waits_since = Case(
        When(is_late, then=F("created_at")), default=Value(None), output_field=DateTimeField()
    )
    return (
        questions.annotate(is_settled=by_instructor())
        .annotate(waits_since=waits_since)
        .select_related("author", "lesson", "course")
        .defer("lesson__body", "lesson__transcript", "lesson__quiz", "course__introduction")
        .order_by(F("waits_since").asc(nulls_last=True), "is_settled", "-created_at", "-pk")
    )


# --- for everybody -------------------------------------------------------------------------------


def featured_of(course: CoursePage) -> list[Shown]:
    """What everybody may read of what was said under its lessons, the newest featured first. No
    quote, no second. One query."""
    rows = Comment.objects.filter(
        course=course, is_public_safe=True, hidden_at=None, removed_at=None, lesson__live=True
    )
    rows = rows.select_related("author", "lesson").only(
        "text", "kind", "by_instructor", "author__name", "lesson__title"
    )
    return [Shown(row) for row in rows.order_by("-featured_at", "-pk")[:MOST_FEATURED]]
