"""What the tick does here again and again."""

from datetime import datetime

from learning import feed_watch, ledger_days, progress
from operations.periodic import periodic


@periodic(minutes=5)
def fold_sessions(now: datetime) -> None:
    progress.fold()


@periodic(minutes=24 * 60)
def forget_sessions(now: datetime) -> None:
    progress.forget_sessions(now=now)


@periodic(minutes=60)
def enter_days(now: datetime) -> None:
    ledger_days.enter_past_days(now=now)


@periodic(minutes=24 * 60)
def forget_fetches(now: datetime) -> None:
    feed_watch.forget(now=now)
