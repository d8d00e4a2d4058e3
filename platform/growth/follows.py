"""Following an instructor or the publisher, and no longer."""

from datetime import datetime

from django.db.models import Count

from accounts.models import User
from courses.models import Instructor
from growth.models import Follow
from growth.sources import Source

FEWEST_TOLD = 3  # followers; fewer say nothing, and of one it would be told who


def follow(*, user: User, source: Source, now: datetime) -> Follow:
    """Once, however often it is asked."""
    found, _new = Follow.objects.get_or_create(
        user=user, instructor=source, defaults={"followed_at": now}
    )
    return found


def unfollow(*, user: User, source: Source) -> None:
    Follow.objects.filter(user=user, instructor=source).delete()


def is_followed(user: User, source: Source) -> bool:
    return Follow.objects.filter(user=user, instructor=source).exists()


def of(user: User) -> list[Follow]:
    """Newest first, with whom they are of."""
    found = Follow.objects.filter(user=user).select_related("instructor__portrait")
    return list(found.order_by("-followed_at", "-pk"))


def number_shown(instructor: Instructor) -> int:
    """How many follow; 0 where that is too few to be told."""
    number = Follow.objects.filter(instructor=instructor).count()
    return number if number >= FEWEST_TOLD else 0


def numbers() -> dict[int | None, int]:
    """How many follow each instructor (by id) and the publisher (None)."""
    counted = Follow.objects.order_by().values_list("instructor").annotate(Count("pk"))
    return dict(counted)
