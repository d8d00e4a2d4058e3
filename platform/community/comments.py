"""Saying, answering, changing and removing; liking."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction

from accounts import mail
from accounts.models import User
from community.models import Comment, Like
from community.places import Place
from courses import access
from learning import anchors
from pages import edition


class QuoteLost(Exception):
    """What is quoted does not stand in the lesson."""


class NotToBeChanged(Exception):
    """It was answered, featured or hidden: others rely on its words."""


class NotToBeAnswered(Exception):
    """It is an answer itself, or gone."""


@dataclass(frozen=True)
class Anchor:
    """What it is about: a second, a sentence, or neither."""

    at_seconds: float | None = None
    quote: str = ""
    prefix: str = ""
    suffix: str = ""


@transaction.atomic
def say(
    *,
    author: User,
    place: Place,
    key: UUID,
    kind: str,
    text: str,
    anchor: Anchor = Anchor(),
    now: datetime,
) -> Comment:
    """Sent again with its key, it is the one that was said. Raises QuoteLost."""
    if anchor.quote and _stands_not(place, anchor):
        raise QuoteLost
    said = {"kind": kind, "text": text, **vars(anchor)}
    return _keep(author, place, key, now=now, **said)[0]


def _stands_not(place: Place, anchor: Anchor) -> bool:
    return anchors.find(place.text(), anchor.quote, anchor.prefix, anchor.suffix) is None


@transaction.atomic
def answer(
    *, author: User, to: Comment, place: Place, key: UUID, text: str, now: datetime
) -> Comment:
    """The one who asked gets a mail when the instructor answers. Raises NotToBeAnswered."""
    to = Comment.objects.select_for_update(of=("self",)).select_related("author").get(pk=to.pk)
    if to.parent_id or to.is_removed or to.is_hidden:
        raise NotToBeAnswered
    said = {"kind": Comment.Kind.COMMENT, "text": text, "parent": to}
    reply, is_new = _keep(author, place, key, now=now, **said)
    if is_new and reply.by_instructor and to.is_question and to.author_id != author.pk:
        _tell(to, reply, place, now=now)
    return reply


def _keep(
    author: User, place: Place, key: UUID, *, now: datetime, **said: Any
) -> tuple[Comment, bool]:
    found, is_new = Comment.objects.get_or_create(
        author=author,
        key=key,
        defaults={
            "lesson": place.lesson,
            "course": place.course,
            "by_instructor": place.is_taught,
            "created_at": now,
            **said,
        },
    )
    return found, is_new


def _tell(question: Comment, reply: Comment, place: Place, *, now: datetime) -> None:
    """That there is an answer, not which: the words stay behind the lesson's door."""
    asker = question.author
    if asker is None or not asker.is_active:
        return
    if not access.may_open(asker, place.lesson, course=place.course, now=now):
        return
    mail.queue(
        key=f"answer:{reply.pk}",
        to=asker.email,
        template="question_answered",
        context={
            "lesson": place.lesson.title,
            "course": place.course.title,
            "instructor": place.course.instructor,
            "address": f"{settings.BASE_URL}{question.talk_url}",
        },
        language=asker.language,
        now=now,
        user=asker,
    )


@transaction.atomic
def change(comment: Comment, *, text: str, now: datetime) -> None:
    """Its words. Raises NotToBeChanged."""
    comment = Comment.objects.select_for_update().get(pk=comment.pk)
    if not may_change(comment):
        raise NotToBeChanged
    Comment.objects.filter(pk=comment.pk).update(text=text, edited_at=now)


def may_change(comment: Comment) -> bool:
    is_settled = comment.is_removed or comment.is_hidden or comment.is_featured
    return not is_settled and not comment.replies.exists()


@transaction.atomic
def remove(comment: Comment, *, now: datetime) -> None:
    """Its words are gone; where others answered, an empty one keeps their place. What a moderator
    hid stays hidden, its answers with it."""
    comment = Comment.objects.select_for_update().get(pk=comment.pk)
    if comment.is_public_safe:
        edition.renew()
    if not comment.replies.exists():
        _remove_whole(comment)
        return
    comment.likes.all().delete()
    comment.reports.all().delete()
    Comment.objects.filter(pk=comment.pk).update(
        text="",
        quote="",
        prefix="",
        suffix="",
        at_seconds=None,
        removed_at=now,
        featured_at=None,
        featured_by=None,
        is_public_safe=False,
    )


def _remove_whole(comment: Comment) -> None:
    """With the empty place over it, where it was the last answer there."""
    over = comment.parent
    comment.delete()
    if over and over.is_removed and not over.replies.exists():
        over.delete()


def like(comment: Comment, *, user: User, now: datetime) -> None:
    """Once, however often it is asked for."""
    Like.objects.get_or_create(comment=comment, user=user, defaults={"at": now})


def like_no_more(comment: Comment, *, user: User) -> None:
    Like.objects.filter(comment=comment, user=user).delete()
