"""Changes of plan as they come true, or do not. What begins them: `switching`, `price_changes`."""

from contextlib import suppress
from datetime import datetime

from django.db import transaction

from operations.jobs import job
from payments import gateway, letters
from payments.models import PlanChange, Subscription

Status = PlanChange.Status


class TooLate(Exception):
    """The change is made, or Stripe has not said yet whether it is."""


def observe(row: Subscription, *, now: datetime) -> None:
    """A subscription was fetched: the change that was open may be made. In a transaction."""
    change = (
        row.changes.select_for_update(of=["self"])
        .filter(status=Status.OPEN)
        .select_related("price__offer__membership", "from_offer__membership")
        .first()
    )
    if change is None:
        return
    if not row.is_live:
        end(change, Status.WITHDRAWN, now=now)
    elif (row.offer_id, row.amount) == (change.price.offer_id, change.price.amount):
        end(change, Status.DONE, now=now)
        if row.schedule_id:
            release.enqueue(schedule=row.schedule_id)
        if change.price_change_id is None:
            letters.plan_changed(row, change, now=now)
    elif change.withdrawing_at and not (row.schedule_id or row.change_waits_for_bank):
        _give_up(change, Status.WITHDRAWN, now=now)


def end(change: PlanChange, status: str, *, now: datetime) -> bool:
    """Whether it was open until now."""
    return bool(
        PlanChange.objects.filter(pk=change.pk, status=Status.OPEN).update(
            status=status, ended_at=now
        )
    )


def withdraw(row: Subscription, *, now: datetime) -> None:
    """Take back what is planned or waits for the payer's bank, at Stripe too; where Stripe's answer
    is lost it goes on by itself (`observe`, `switching.settle_open`). Raises TooLate, GatewayError.
    """
    if not may_withdraw(row):
        raise TooLate
    wanted = row.changes.filter(status=Status.OPEN, price_change=None)
    wanted.filter(withdrawing_at=None).update(withdrawing_at=now)
    try:
        let_go(row)
    except TooLate:
        wanted.update(withdrawing_at=None)
        raise
    forget(row, now=now)


def may_withdraw(row: Subscription) -> bool:
    """Not what Stripe was asked to do at once and has not answered yet."""
    open_ones = row.changes.filter(status=Status.OPEN, price_change=None)
    return row.change_waits_for_bank or open_ones.filter(at_period_end=True).exists()


def is_unanswered(row: Subscription) -> bool:
    """Whether Stripe has not said yet what it makes of the change that is open."""
    change = row.changes.filter(status=Status.OPEN, price_change=None).first()
    return change is not None and not (change.planned_at or row.change_waits_for_bank)


def forget(row: Subscription, *, now: datetime) -> None:
    """Stripe knows of no change any more."""
    for change in row.changes.filter(status=Status.OPEN, price_change=None):
        _give_up(change, Status.WITHDRAWN, now=now)


def let_go(row: Subscription) -> None:
    """Have Stripe drop a change that waits or is planned: what a schedule leads cannot be cancelled
    or changed. Raises TooLate where it was paid meanwhile, GatewayError."""
    if row.change_waits_for_bank:
        bill = row.latest_bill["id"]
        try:
            gateway.void_invoice(bill)
        except gateway.Refused:  # void already, or paid
            if gateway.retrieve_invoice(bill)["status"] == "paid":
                raise TooLate from None
    if row.schedule_id:
        with suppress(gateway.Refused):  # let go already
            gateway.release_schedule(row.schedule_id)


def fail(change: PlanChange, *, now: datetime) -> None:
    """It was not made."""
    _give_up(change, Status.FAILED, now=now)


@transaction.atomic
def _give_up(change: PlanChange, status: str, *, now: datetime) -> None:
    """A price change that gave way to it stands again: planning and taking back is no way round."""
    if end(change, status, now=now):
        PlanChange.objects.filter(
            subscription=change.subscription_id,
            price_change__isnull=False,
            status=Status.WITHDRAWN,
            ended_at=change.created_at,
        ).update(status=Status.OPEN, ended_at=None)


@job
def release(schedule: str) -> None:
    """A schedule has done what it was for."""
    with suppress(gateway.Refused):
        gateway.release_schedule(schedule)
