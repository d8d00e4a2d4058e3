"""What people of the demo say under lessons, and what their instructor answers. Said twice, it
stands there once."""

from datetime import datetime, timedelta
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from django.db import transaction

from accounts.models import User
from community import comments, moderation, places
from community.comments import Anchor
from community.models import Comment
from courses.models import Instructor, LessonPage
from demo import content, publishing
from demo.content import CONTENT
from operations import clock

TEACHER = "lin-ruogu"


@transaction.atomic
def say() -> None:
    """By those of the last weeks; where nobody bought anything yet, nobody says anything."""
    teacher = User.objects.get(email="instructor@example.com")
    if not Instructor.objects.filter(account=teacher).exists():
        Instructor.objects.filter(slug=TEACHER, account=None).update(account=teacher)
    for row in content.read_toml(CONTENT / "talk.toml")["said"]:
        _say(row)


def _say(row: dict[str, Any]) -> None:
    author = User.objects.filter(email=f"{row['by']}@example.com").first()
    key = _key(row)
    if author is None or Comment.objects.filter(author=author, key=key).exists():
        return
    course = publishing.find_course(row["course"])
    lesson = LessonPage.objects.child_of(course).get(slug=row["lesson"])
    said = comments.say(
        author=author,
        place=places.of_lesson(author, lesson.pk),
        key=key,
        kind=row.get("kind", Comment.Kind.COMMENT),
        text=row["text"],
        anchor=Anchor(row.get("at"), row.get("quote", "")),
        now=_at(row),
    )
    for each in row.get("answers", []):
        _answer(said, each)
    if row.get("featured"):
        moderator = User.objects.get(email="moderator@example.com")
        moderation.feature(said, by=moderator, now=clock.now())


def _answer(said: Comment, row: dict[str, Any]) -> None:
    author = User.objects.get(email=f"{row['by']}@example.com")
    comments.answer(
        author=author,
        to=said,
        place=places.of_lesson(author, said.lesson_id),
        key=_key(row),
        text=row["text"],
        now=_at(row),
    )


def _key(row: dict[str, Any]) -> UUID:
    return uuid5(NAMESPACE_URL, row["text"])


def _at(row: dict[str, Any]) -> datetime:
    return clock.now() - timedelta(days=row["days_ago"])
