"""Stopping the renewal, with a reason for whoever likes to give one; and going on after all."""

from datetime import datetime

from django.db import IntegrityError, transaction

from operations.jobs import job
from payments import gateway, pausing, plan_changes, subscriptions
from payments.models import Cancellation, Subscription


def cancel(subscription: Subscription, *, reason: str = "", note: str = "", now: datetime) -> None:
    """It ends with the period that is paid and can be resumed until then; where nothing is paid,
    in a pause or with a bill that failed, it ends now: Stripe asks for no open bill any more.
    Raises GatewayError."""
    try:
        plan_changes.let_go(subscription)
    except plan_changes.TooLate:  # then the new plan is what is cancelled
        subscriptions.refresh(subscription.stripe_id, now=now)
        subscription.refresh_from_db()
    try:
        if subscription.period_is_unpaid or subscription.status == "past_due":
            gateway.cancel_subscription(subscription.stripe_id)
        else:
            paused = {"pause_collection": ""} if subscription.collection_paused else {}
            gateway.update_subscription(
                subscription.stripe_id, {"cancel_at_period_end": True, **paused}
            )
    except gateway.Unreachable:
        look_again.enqueue(subscription.pk, reason, note[:500], now.isoformat())
        raise
    _is_cancelled(subscription, reason, note, now=now)
    subscriptions.refresh(subscription.stripe_id, now=now)


@job
def look_again(subscription: int, reason: str, note: str, asked_at: str) -> None:
    """After an answer that was lost: what was said is kept where it was cancelled after all."""
    from operations import clock

    row = Subscription.objects.get(pk=subscription)
    subscriptions.refresh(row.stripe_id, now=clock.now())
    row.refresh_from_db()
    if row.ends_by_itself or not row.is_live:
        _is_cancelled(row, reason, note, now=datetime.fromisoformat(asked_at))


def _is_cancelled(subscription: Subscription, reason: str, note: str, *, now: datetime) -> None:
    """Only once Stripe has said so: a plan that it dropped before is made anew otherwise
    (`switching.settle_open`)."""
    plan_changes.forget(subscription, now=now)
    pausing.end(subscription, now=now)
    _record(subscription, reason, note, now=now)


def resume(subscription: Subscription, *, now: datetime) -> None:
    """Let it renew after all. Raises GatewayError (Refused where it has ended)."""
    gateway.update_subscription(subscription.stripe_id, {"cancel_at_period_end": False})
    subscription.cancellations.filter(resumed_at=None).update(resumed_at=now)
    subscriptions.refresh(subscription.stripe_id, now=now)


def _record(subscription: Subscription, reason: str, note: str, *, now: datetime) -> None:
    """Tapped twice it is the same cancellation."""
    try:
        with transaction.atomic():
            Cancellation.objects.create(
                subscription=subscription, reason=reason, note=note[:500], cancelled_at=now
            )
    except IntegrityError:
        standing = subscription.cancellations.filter(resumed_at=None)
        standing.update(reason=reason, note=note[:500])
