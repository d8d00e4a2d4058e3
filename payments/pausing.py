"""A pause of one to three months: it begins when the paid period ends, and ends by itself.

Stripe voids what would fall due meanwhile (`pause_collection`). A longer plan's next period would
then run unpaid for long after the pause: so a new one is begun, and charged, when it ends.
"""

import logging
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from accounts.models import User
from payments import (
    gateway,
    letters,
    periods,
    price_changes,
    stripe_catalogue,
    subscriptions,
    upcoming,
)
from payments.models import Pause, Subscription

MONTHS = (1, 2, 3)
# So that nobody stays paused for ever.
ONCE_IN = timedelta(days=365)
# Whoever took a pause to end it and has not for so long was killed meanwhile.
PATIENCE = timedelta(minutes=2)


class CannotPause(Exception):
    """Not in this state, or not again so soon."""


class Declined(Exception):
    """The bank said no; it stays paused."""


logger = logging.getLogger("payments")


class UnderWay(Exception):
    """It is being ended by another request."""


def may_pause(row: Subscription, *, now: datetime) -> bool:
    """Once in a year, and only what is paid and renews itself. A pause that was taken back before
    it began does not count; a new price that was told does not hinder it."""
    change = upcoming.open_change(row)
    if row.status != "active" or not row.renews or (change and change.price_change_id is None):
        return False
    return not any(
        each.resumed_at is None
        or (each.resumed_at > each.begins_at and each.begins_at > now - ONCE_IN)
        for each in row.pauses.all()
    )


def known(row: Subscription, *, now: datetime) -> list[Pause]:
    """Its pauses, but for one of which Stripe has not said yet whether it is made."""
    return [
        each
        for each in row.pauses.all()
        if each.resumed_at or each.seen_at or row.collection_paused or each.begins_at <= now
    ]


def pause(row: Subscription, *, months: int, now: datetime) -> Pause:
    """Raises CannotPause, GatewayError."""
    made = _claim(row, months, now=now)
    params = {
        "pause_collection": {
            "behavior": "void",
            "resumes_at": int(made.resumes_at.timestamp()),
        }
    }
    try:
        gateway.update_subscription(row.stripe_id, params, key=f"pause-{made.pk}-{now.timestamp()}")
    except gateway.Refused:
        made.delete()
        raise
    subscriptions.refresh(row.stripe_id, now=now)  # which tells the learner
    return made


@transaction.atomic
def _claim(row: Subscription, months: int, *, now: datetime) -> Pause:
    User.objects.select_for_update(no_key=True).get(subscriptions=row)
    row.refresh_from_db()
    if months not in MONTHS or row.period_end is None or not may_pause(row, now=now):
        raise CannotPause
    return Pause.objects.create(
        subscription=row,
        months=months,
        asked_at=now,
        begins_at=row.period_end,
        resumes_at=periods.add_months_here(row.period_end, months),
    )


def resume(row: Subscription, *, strict: bool = True, now: datetime) -> None:
    """End a pause: where the paid period is over, a new one begins and is charged.

    `strict`: a declined card leaves it paused (Declined); else the payment fails as at a renewal,
    with its grace and its mails. Raises UnderWay, GatewayError.
    """
    made = _take(row, now=now)
    try:
        subscriptions.refresh(row.stripe_id, now=now)
        row.refresh_from_db()
        if row.collection_paused or row.period_is_unpaid:
            key = f"resume-{made.pk}-{now.timestamp()}"
            gateway.update_subscription(row.stripe_id, _resumed(row, strict, now=now), key=key)
            subscriptions.refresh(row.stripe_id, now=now)
    except gateway.CardDeclined:
        Pause.objects.filter(pk=made.pk).update(resuming_at=None)
        raise Declined from None
    except gateway.Refused:
        Pause.objects.filter(pk=made.pk).update(resuming_at=None)
        raise
    row.refresh_from_db()
    if not (row.collection_paused or row.period_is_unpaid):
        Pause.objects.filter(pk=made.pk).update(resumed_at=now)


def charged(row: Subscription, *, at: datetime) -> int:
    """What the card is charged for the period that begins when a pause ends then."""
    if change := price_changes.due(row, at=at):
        product = upcoming.product_of(change.price)
        amount = row.reduced(change.price.amount, at=at, product=product)
    else:
        amount = row.reduced(row.amount or 0, at=at)
    return max(0, amount - row.credit)


def _resumed(row: Subscription, strict: bool, *, now: datetime) -> gateway.Shape:
    """With the price that the new period was announced to have."""
    params: gateway.Shape = {"pause_collection": ""}
    if row.period_is_unpaid:
        if change := price_changes.due(row, at=now):
            price = stripe_catalogue.price_at_stripe(change.price)
            params["items"] = [{"id": row.item_id, "price": price}]
        params |= {
            "billing_cycle_anchor": {"type": "now"},
            "proration_behavior": "none",
            "payment_behavior": "error_if_incomplete" if strict else "allow_incomplete",
        }
    return params


def _take(row: Subscription, *, now: datetime) -> Pause:
    standing = Pause.objects.filter(subscription=row, resumed_at=None)
    free = standing.filter(Q(resuming_at=None) | Q(resuming_at__lte=now - PATIENCE))
    if not free.update(resuming_at=now):
        raise UnderWay
    return standing.get()


def end(row: Subscription, *, now: datetime) -> None:
    """It is cancelled or over: no pause stands any more."""
    row.pauses.filter(resumed_at=None).update(resumed_at=now)


def resume_due(*, now: datetime) -> None:
    """End the pauses whose time has come, and forget those that Stripe never made."""
    standing = Pause.objects.filter(
        resumed_at=None,
        subscription__account=gateway.account_id(),
        subscription__livemode=gateway.is_live(),
    ).select_related("subscription")
    if not standing.exists():
        return
    for made in standing.filter(resumes_at__lte=now).order_by("pk"):
        if made.subscription.is_live:
            try:
                resume(made.subscription, strict=False, now=now)
            except (gateway.Refused, UnderWay) as error:  # the others are not to wait for it
                logger.error("a pause could not be ended: %s: %r", made.subscription_id, error)
        else:
            end(made.subscription, now=now)
    lost = standing.filter(
        seen_at=None,
        begins_at__gt=now,
        asked_at__lte=now - PATIENCE,
        subscription__collection_paused=False,
    )
    for made in lost:
        subscriptions.refresh(made.subscription.stripe_id, now=now)
        made.subscription.refresh_from_db()
        if made.subscription.ends_by_itself or not made.subscription.is_live:
            end(made.subscription, now=now)  # by being cancelled
        elif not made.subscription.collection_paused:
            letters.not_paused(made, now=now)
            made.delete()
