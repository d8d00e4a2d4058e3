"""What a player shows with each heartbeat: signed, for one learner and one lesson, 12 hours.

The token carries all that a beat needs to know, so that a beat costs one query. It opens
nothing. Its times are real time, not the rules' clock: it is a signature.
"""

import time
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.core import signing

from accounts.models import User
from courses.models import LessonPage
from learning import days

LIFETIME = timedelta(hours=12).total_seconds()
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

    def day_of(self, *, wall: float) -> date:
        """The date of a session that arrives now for the first time with so much study.

        After midnight it is the new day's if it can have begun since, else the old one's.
        """
        since_midnight = time.time() - self.day_ends
        if since_midnight < wall:
            return self.day
        return self.day + timedelta(days=1)


def issue(*, learner: User, lesson: LessonPage, now: datetime) -> Issued:
    """For someone who may open the lesson: to be asked of `courses.access` before."""
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
    ]
    return Issued(token=_signer.sign_object(fields), day_ends=round(day_ends * 1000))


def read(token: str) -> Token:
    """What it says. Raises ForgedToken, ExpiredToken."""
    try:
        learner_id, lesson_id, duration, issued_at, day, day_ends = _signer.unsign_object(token)
    except (signing.BadSignature, ValueError) as error:
        raise ForgedToken from error
    age = max(time.time() - issued_at, 0.0)
    if age > LIFETIME:
        raise ExpiredToken(lesson_id)
    return Token(learner_id, lesson_id, duration, date.fromordinal(day), day_ends, age)


def duration_of(lesson: LessonPage) -> float:
    """Seconds of sound or video; 0 for a text."""
    recording = lesson.video or lesson.audio
    return float(recording.duration or 0) if recording else 0.0
