"""The sandbox's time is the site's: moving it makes due what falls between."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from django.dispatch import Signal

from operations import clock
from payments.sandbox import timers

DAY = timedelta(days=1)
# Sent at least once a day of the way, for what must happen before something falls due.
day_passed = Signal()


def run_due(now: datetime) -> int:
    """Does all that is due, without moving the clock. Gives how many things that were."""
    return timers.run_due(now)


def advance(
    *,
    to: datetime | None = None,
    by: timedelta | None = None,
    each_step: Callable[[datetime], object] | None = None,
) -> datetime:
    """Moves the site's clock, stopping at every instant at which something is due, so that each
    thing happens at its own time. `each_step(now)` is called after each stop: a place to deliver
    webhooks and run jobs. Gives the time it is then."""
    target = to if to is not None else clock.now() + (by or timedelta())
    while (second := timers.next_due()) is not None and second <= target.timestamp():
        _move_to(datetime.fromtimestamp(second, UTC))
        _stop(each_step)
    _move_to(target)
    _stop(each_step)
    return clock.now()


def _move_to(moment: datetime) -> None:
    while (ahead := moment - clock.now()) > timedelta():
        clock.move(min(ahead, DAY))
        day_passed.send(sender=None, now=clock.now())


def _stop(each_step: Callable[[datetime], object] | None) -> None:
    run_due(clock.now())
    if each_step:
        each_step(clock.now())
