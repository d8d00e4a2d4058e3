"""What a player shows with each heartbeat: signed, for one learner and one lesson, 12 hours; with a
lesson that is kept for offline study, a month.

The token carries all that a beat needs to know, so that a beat costs one query. It opens
nothing. Its times are real time, not the rules' clock: it is a signature.
"""

import hashlib
import time
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.core import signing

from accounts.models import User
from courses.models import LessonPage
from learning import days

LIFETIME = timedelta(hours=12).total_seconds()
LIFETIME_KEPT = timedelta(days=31).total_seconds()
DAY = timedelta(days=1).total_seconds()
_signer = signing.Signer(salt="learning.tokens")


class ForgedToken(Exception):
    """Nobody here signed this."""


class ExpiredToken(Exception):
    """Signed here, but too long ago."""

    def __init__(self, lesson_id: int) -> None:
        super().__init__(lesson_id)
        self.lesson_id = lesson_id


@dataclass(frozen=True)
class Issued:
    token: str
    day_ends: int  # the learner's next midnight, in milliseconds since 1970


@dataclass(frozen=True)
class Token:
    learner_id: int
    lesson_id: int
    duration: float  # seconds of content; 0 for a text
    day: date  # the learner's date when it was issued
    day_ends: float  # when that date ended or will end, in seconds since 1970
    age: float  # seconds since it was issued
    recording: int  # what the seconds of its beats are of; 0 where nobody said

    def day_of(self, *, began: float) -> date:
        """The date of a session that arrives now for the first time and began so many seconds ago,
        were it studied without a pause.

        After midnight it is the new day's if it can have begun since, else the old one's. Later
        days are 24 hours each, wherever clocks change meanwhile.
        """
        since_midnight = time.time() - began - self.day_ends
        midnights = 0 if since_midnight < 0 else 1 + int(since_midnight // DAY)
        return self.day + timedelta(days=midnights)


def issue(*, learner: User, lesson: LessonPage, now: datetime, kept: bool = False) -> Issued:
    """For someone who may open the lesson: to be asked of `courses.access` before.

    `kept`: for a lesson that goes along where there is no network.
    """
    zone = days.zone_of(learner)
    issued_at = time.time()
    day_ends = issued_at + (days.end_of_day(now, zone) - now).total_seconds()
    fields = [
        learner.pk,
        lesson.pk,
        round(duration_of(lesson), 3),
        round(issued_at, 3),
        days.day_of(now, zone).toordinal(),
        round(day_ends, 3),
        recording_of(lesson),
        int(kept),
    ]
    return Issued(token=_signer.sign_object(fields), day_ends=round(day_ends * 1000))


def read(token: str) -> Token:
    """What it says. Raises ForgedToken, ExpiredToken."""
    try:
        told = _signer.unsign_object(token)
        learner_id, lesson_id, duration, issued_at, day, day_ends, *more = told
        recording, kept = more or (0, 0)  # the version before named neither
    except (signing.BadSignature, ValueError) as error:
        raise ForgedToken from error
    age = max(time.time() - issued_at, 0.0)
    if age > (LIFETIME_KEPT if kept else LIFETIME):
        raise ExpiredToken(lesson_id)
    return Token(learner_id, lesson_id, duration, date.fromordinal(day), day_ends, age, recording)


def duration_of(lesson: LessonPage) -> float:
    """Seconds of sound or video; 0 for a text."""
    recording = lesson.video or lesson.audio
    return float(recording.duration or 0) if recording else 0.0


def recording_of(lesson: LessonPage) -> int:
    """A number for the file that plays, 0 for a text: another file, another number."""
    recording = lesson.video or lesson.audio
    if recording is None:
        return 0
    return int.from_bytes(hashlib.sha256(recording.file.name.encode()).digest()[:7])
