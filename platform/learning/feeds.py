"""A learner's podcast feeds: of what, made, ended. What is in one: `learning.feed_items`."""

import secrets
from datetime import datetime

from django.db.models import Exists, Q, QuerySet
from wagtail.query import PageQuerySet

from accounts.models import User
from courses import access
from courses import queries as catalogue
from courses.models import CoursePage, Grant, LessonPage, Membership
from learning.models import PodcastFeed

type Target = CoursePage | Membership

SECRET_BYTES = 20  # 160 bits; in hex, so that logs know it for what it is


def living(user: User) -> QuerySet[PodcastFeed]:
    return PodcastFeed.objects.filter(learner_id=user.pk, ended_at=None)


def of(user: User, target: Target) -> PodcastFeed | None:
    return living(user).filter(**_key(target)).first()


def courses(user: User, *, now: datetime) -> PageQuerySet:
    """Courses with sound that are open to the learner by a grant, and those that a feed is left
    of."""
    heard = LessonPage.objects.filter(audio__isnull=False)
    has_sound = Exists(catalogue.in_course(heard))
    left = living(user).filter(course_id__isnull=False).values("course_id")
    mine = Q(access.opened_to(user, now=now), has_sound) | Q(pk__in=left)
    return catalogue.courses().filter(mine)


def memberships(user: User, *, now: datetime) -> QuerySet[Membership]:
    held = Grant.objects.filter(learner_id=user.pk, membership__isnull=False).active(now)
    left = living(user).filter(membership_id__isnull=False)
    return Membership.objects.filter(
        Q(pk__in=held.values("membership_id")) | Q(pk__in=left.values("membership_id"))
    )


def target(user: User, kind: str, number: int, *, now: datetime) -> Target | None:
    """What the learner may make a feed of, or has one of."""
    # By pk, numbers too large would raise.
    found = {"course": courses, "membership": memberships}.get(kind)
    return found(user, now=now).filter(id=number).first() if found else None


def make(
    *, learner_id: int, key: dict[str, int], now: datetime, follows_shared: bool = False
) -> PodcastFeed:
    """The living feed of this; a new one where there is none."""
    return PodcastFeed.objects.get_or_create(
        learner_id=learner_id,
        ended_at=None,
        **key,
        defaults={
            "secret": secrets.token_hex(SECRET_BYTES),
            "made_at": now,
            "follows_shared": follows_shared,
        },
    )[0]


def make_of(user: User, target: Target, *, now: datetime) -> PodcastFeed:
    return make(learner_id=user.pk, key=_key(target), now=now)


def end(feed: PodcastFeed, *, because: PodcastFeed.Ended, now: datetime) -> bool:
    """Its address never opens anything again. False where it had ended before."""
    mine = PodcastFeed.objects.filter(pk=feed.pk, ended_at=None)
    return bool(mine.update(ended_at=now, ended_because=because))


def key_of(feed: PodcastFeed) -> dict[str, int]:
    return {f"{feed.kind}_id": feed.target_id}


def _key(target: Target) -> dict[str, int]:
    name = "course_id" if isinstance(target, CoursePage) else "membership_id"
    return {name: target.pk}
