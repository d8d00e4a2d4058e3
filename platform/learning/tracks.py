"""Going a track: joining it, leaving it, doing its last task."""

from datetime import datetime

from django.db import transaction
from django.db.models import Value
from django.db.models.functions import Coalesce

from accounts.models import User
from courses.models import TrackPage
from learning.models import TrackEnrolment


@transaction.atomic
def enrol(*, learner: User, track: TrackPage, now: datetime) -> bool:
    """Join, or join again; gives whether the learner is new to the track."""
    row, is_new = TrackEnrolment.objects.get_or_create(
        learner_id=learner.pk, track_id=track.pk, defaults={"enrolled_at": now}
    )
    if not row.is_going:
        TrackEnrolment.objects.filter(pk=row.pk).update(left_at=None)
    return is_new


def leave(*, learner: User, track: TrackPage, now: datetime) -> None:
    """Go it no longer. What was done and written stays."""
    rows = TrackEnrolment.objects.filter(learner_id=learner.pk, track_id=track.pk, left_at=None)
    rows.update(left_at=now)


@transaction.atomic
def write_task(*, learner: User, track: TrackPage, text: str, is_done: bool, now: datetime) -> None:
    """Keep what the learner wrote for the last task, if anything, and whether it is done.

    Whoever does it goes the track, whatever they did in another tab: no text is lost. Done once
    more it changes the text, not the day.
    """
    enrol(learner=learner, track=track, now=now)
    rows = TrackEnrolment.objects.filter(learner_id=learner.pk, track_id=track.pk)
    done_at = Coalesce("task_done_at", Value(now)) if is_done else None
    rows.update(task_text=text, task_done_at=done_at)
