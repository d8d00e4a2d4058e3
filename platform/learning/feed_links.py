"""Addresses of a feed's files: signed, of one lesson in one feed, and over after a day.

Links made within the same six hours are the same, so that a feed in which nothing changed is the
same, too. Signatures keep real time.
"""

import time
from dataclasses import dataclass

from django.core.signing import BadSignature, Signer
from django.urls import reverse

from courses.depicted import absolute
from courses.models import LessonPage

SALT = "learning.feed_links"
SLOT, LASTS = 6 * 3600, 24 * 3600  # seconds; a link lasts at least so long


class Forged(ValueError):
    """Not signed here."""


class Expired(ValueError):
    """It was good once; the feed has a new one."""


@dataclass(frozen=True)
class Link:
    feed_id: int
    lesson_id: int
    ends: int  # seconds since 1970

    @property
    def token(self) -> str:
        return Signer(salt=SALT).sign(f"{self.feed_id}-{self.lesson_id}-{self.ends}")

    def to(self, name: str) -> str:
        return absolute(reverse("podcast_file", args=[self.token, name]))


def make(feed_id: int, lesson: LessonPage) -> Link:
    slot = int(time.time()) // SLOT
    return Link(feed_id, lesson.pk, (slot + 1) * SLOT + LASTS)


def read(token: str) -> Link:
    """Raises Forged, Expired."""
    try:
        link = Link(*map(int, Signer(salt=SALT).unsign(token).split("-")))
    except BadSignature as error:
        raise Forged from error
    if link.ends <= time.time():
        raise Expired
    return link


def audio_name(lesson: LessonPage) -> str:
    """`audio.mp3`: apps look at the end of an address."""
    suffix = lesson.audio.file.name.rpartition(".")[2].lower() if lesson.audio else ""
    return f"audio.{suffix}"
