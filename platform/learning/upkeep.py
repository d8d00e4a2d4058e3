"""What the tick does here again and again."""

from datetime import datetime

from learning import progress
from operations.periodic import periodic


@periodic(minutes=5)
def fold_sessions(now: datetime) -> None:
    progress.fold()


@periodic(minutes=24 * 60)
def forget_sessions(now: datetime) -> None:
    progress.forget_sessions(now=now)
