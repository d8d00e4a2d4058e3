"""What is done about money again and again."""

from datetime import datetime, timedelta
from typing import Any

from operations.periodic import periodic
from payments import (
    charging,
    gateway,
    gifts,
    pausing,
    presale,
    price_changes,
    reconciliation,
    reminders,
    switching,
    win_back,
)

# Longer than a dispute or a bill is usually open; `manage.py reconcile` looks at everything.
OF_LATE = timedelta(days=100)


@periodic(minutes=5)
def sweep_open(now: datetime) -> None:
    """What should have been told by now but was not."""
    if gateway.is_set_up():
        reconciliation.sweep_open(now=now)


@periodic(minutes=60)
def sweep_all(now: datetime) -> None:
    if gateway.is_set_up():
        reconciliation.sweep_all(now=now)


@periodic(minutes=24 * 60)
def match(now: datetime) -> None:
    """Everything of late at Stripe beside ours, finished or not."""
    if gateway.is_set_up():
        reconciliation.compare(now=now, made_since=now - OF_LATE)


@periodic(minutes=5)
def follow_what_was_sold_in_advance(now: datetime) -> None:
    """Midnight comes without anybody telling; what was given up is gone on with."""
    presale.follow_all(now=now)


@periodic(minutes=5)
def charge_what_was_reserved(now: datetime) -> None:
    if gateway.is_set_up():
        charging.charge_due(now=now)


@periodic(minutes=15)
def remind(now: datetime) -> None:
    reminders.send_due(now)
    gifts.remind(now)


@periodic(minutes=60)
def forget_gifts_never_paid(now: datetime) -> None:
    gifts.forget_unpaid(now)


@periodic(minutes=15)
def send_gifts(now: datetime) -> None:
    gifts.send_due(now)


@periodic(minutes=5)
def change_subscriptions(now: datetime) -> None:
    """Pauses that end, changes whose answer was lost, prices that change with a renewal."""
    if gateway.is_set_up():
        pausing.resume_due(now=now)
        switching.settle_open(now=now)
        price_changes.tell_the_rest(now=now)
        price_changes.carry_out_due(now=now)


@periodic(minutes=60)
def win_back_the_lapsed(now: datetime) -> None:
    if gateway.is_set_up():
        win_back.make_due(now=now)


def remind_on_the_way(now: datetime, **kwargs: Any) -> None:
    """Where the sandbox's time is moved by days, nobody's notice and no pause is leapt over."""
    presale.follow_all(now=now)
    charge_what_was_reserved(now)
    reminders.send_due(now)
    gifts.send_due(now)
    gifts.remind(now)
    change_subscriptions(now)
    win_back_the_lapsed(now)
