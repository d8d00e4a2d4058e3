"""A new price for those who subscribe already: told thirty days before, charged with a renewal.

Who was not told is not changed; who cancels is left alone; nothing is charged between.
"""

import logging
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Count, Q, QuerySet
from wagtail.log_actions import log

from accounts.models import OutboxMessage, User
from operations.jobs import job
from operations.rows import each
from payments import gateway, letters, periods, stripe_catalogue, subscriptions, upcoming
from payments.models import Offer, PlanChange, Price, PriceChange, Subscription
from payments.money import in_words
from payments.plans import MONTHS

NOTICE = timedelta(days=PriceChange.NOTICE_DAYS)
# So long before the renewal Stripe is told its price.
AHEAD = timedelta(days=2)
BATCH = 100


logger = logging.getLogger("payments")


class NothingToChange(Exception):
    """Everybody pays the price in force, or was told of it already."""


def changing(offer: Offer) -> list[Price]:
    """The regular prices, one in each currency, that not everybody pays and nobody was told of: an
    early price stays with whoever took it."""
    regular = offer.prices.filter(is_active=True, ends_at=None)
    decided = PriceChange.objects.values("price")
    return [price for price in regular.exclude(pk__in=decided) if affected(price).exists()]


def affected(price: Price) -> QuerySet[Subscription]:
    """The subscriptions that renew at another price than this one, which is in force."""
    if not (price.is_active and price.offer.is_recurring):
        return Subscription.objects.none()
    return Subscription.objects.filter(
        offer=price.offer,
        currency=price.currency,
        status__in=Subscription.LIVE,
        cancel_at_period_end=False,
        cancel_at=None,
        learner__isnull=False,
        **gateway.ours(),
    ).exclude(amount=price.amount)


def with_progress(offer: Offer) -> QuerySet[Any]:
    """The price changes of an offer with how many were `told`, `done` and `left` alone."""
    states = PlanChange.Status
    return offer.price_changes.select_related("price", "created_by").annotate(
        told=Count("changes"),
        done=Count("changes", filter=Q(changes__status=states.DONE)),
        left=Count("changes", filter=Q(changes__status__in=[states.WITHDRAWN, states.FAILED])),
    )


def former(price: Price) -> str:
    """What those who are affected renew at: ¥29, ¥35."""
    amounts = affected(price).values_list("amount", flat=True).distinct().order_by("amount")
    return ", ".join(in_words(amount or 0, price.currency) for amount in amounts)


@transaction.atomic
def decide(*, offer: Offer, reason: str, actor: User, now: datetime) -> None:
    """From their next renewal that is thirty days away those who subscribe pay the price in
    force, each in their currency. Raises NothingToChange."""
    Offer.objects.select_for_update().get(pk=offer.pk)
    prices = changing(offer)
    if not prices:
        raise NothingToChange
    for price in prices:
        change = PriceChange.objects.create(
            offer=offer, price=price, reason=reason[:300], created_by=actor, created_at=now
        )
        told = {"before": former(price), "price": str(price), "reason": reason}
        log(instance=offer, action="payments.price_change", user=actor, data=told)
        tell.enqueue(change=change.pk)


@job
def tell(change: int) -> None:
    """Mail everybody; broken off, it goes on where it was."""
    from operations import clock

    row = PriceChange.objects.select_related("price__offer").get(pk=change)
    while row.told_at is None:
        found = affected(row.price).filter(pk__gt=row.told_to).order_by("pk")
        batch = list(found.values_list("pk", flat=True)[:BATCH])
        for pk in batch:
            _tell(row, pk, now=clock.now())
        row.told_to = batch[-1] if batch else row.told_to
        row.told_at = None if batch else clock.now()
        row.save(update_fields=["told_to", "told_at"])


@transaction.atomic
def _tell(change: PriceChange, pk: int, *, now: datetime) -> None:
    """Write the change and its mail, or neither. Who has planned another change keeps it."""
    learner = Subscription.objects.values_list("learner", flat=True).get(pk=pk)
    User.objects.select_for_update(no_key=True).get(pk=learner)
    row = affected(change.price).filter(pk=pk).select_related("learner", "offer").first()
    standing = PlanChange.objects.filter(subscription=pk).filter(
        Q(status=PlanChange.Status.OPEN) | Q(price_change=change)
    )
    if row is None or row.period_end is None:
        return
    _replace_older(row, change, now=now)
    if standing.exists():
        return
    made = PlanChange.objects.create(
        subscription=row,
        from_offer=change.offer,
        from_amount=row.amount or 0,
        price=change.price,
        price_change=change,
        at_period_end=True,
        effective_at=_first_renewal(row.period_end, change.offer, now=now),
        created_at=now,
    )
    letters.price_changes(row, made, now=now)


def tell_the_rest(*, now: datetime) -> None:
    """Who had cancelled, or planned another plan, when all were told, and goes on after all."""
    standing = PriceChange.objects.filter(told_at__isnull=False)
    for change in each(standing.select_related("price__offer")):
        left = affected(change.price).filter(started_at__lt=change.created_at)
        left = left.exclude(changes__price_change=change).order_by("pk")
        for pk in left.values_list("pk", flat=True)[:BATCH]:
            _tell(change, pk, now=now)


def _replace_older(row: Subscription, change: PriceChange, *, now: datetime) -> None:
    """A price change that has not come true gives way to a newer one."""
    older = row.changes.filter(status=PlanChange.Status.OPEN, price_change__isnull=False)
    older.exclude(price_change=change).update(status=PlanChange.Status.WITHDRAWN, ended_at=now)


def _first_renewal(period_end: datetime, offer: Offer, *, now: datetime) -> datetime:
    """The first one that leaves the notice its thirty days."""
    months, count, found = MONTHS[offer.interval or "month"], 0, period_end
    # A day more: the mail may go out a little later.
    while found < now + NOTICE + timedelta(days=1):
        count += 1
        found = periods.add_months(period_end, count * months)
    return found


def carry_out_due(*, now: datetime) -> None:
    """Have Stripe renew at the new price what renews within two days. Run again, once."""
    waiting = PlanChange.objects.filter(
        status=PlanChange.Status.OPEN,
        price_change__isnull=False,
        subscription__period_end__gt=now,
        subscription__period_end__lte=now + AHEAD,
        subscription__account=gateway.account_id(),
        subscription__livemode=gateway.is_live(),
    ).select_related("subscription", "price__offer")
    for change in each(waiting.order_by("pk")):
        row = change.subscription
        if row.renews and row.period_end and due(row, at=row.period_end):
            try:
                _carry_out(change, row, now=now)
            except gateway.Refused as error:  # the others are not to wait for this one
                logger.error("a price change was refused: %s: %s", row.stripe_id, error)


def _carry_out(change: PlanChange, row: Subscription, *, now: datetime) -> None:
    price = stripe_catalogue.price_at_stripe(change.price)
    params = {"items": [{"id": row.item_id, "price": price}], "proration_behavior": "none"}
    gateway.update_subscription(row.stripe_id, params, key=f"plan-change-{change.key}")
    subscriptions.refresh(row.stripe_id, now=now)


def due(row: Subscription, *, at: datetime) -> PlanChange | None:
    """The change that is true of a period which begins then: its mail left the house thirty days
    before."""
    change = upcoming.planned(row)
    if change is None or change.price_change_id is None or not change.comes_with(at):
        return None
    mail = OutboxMessage.objects.filter(key=letters.price_change_key(change))
    return change if mail.filter(sent_at__lte=at - NOTICE).exists() else None
