"""Pricing what is for sale."""

from datetime import datetime

from django.db import transaction

from payments.models import Offer, Price


class CannotBeFree(Exception):
    """Only a course, for good and open now, is given for nothing."""


def can_be_free(offer: Offer) -> bool:
    return bool(offer.course_id) and offer.kind == Offer.Kind.ONE_OFF and not offer.presale


@transaction.atomic
def set_price(*, offer: Offer, currency: str, amount: int, now: datetime) -> Price:
    """Put a price in force; the one it replaces stays with the orders that were made at it. Nothing
    is a price, too: who enrolled at it keeps the course when there is another. Raises CannotBeFree.
    """
    return _replace(offer, currency=currency, amount=amount, ends_at=None, now=now)


@transaction.atomic
def set_early_price(
    *, offer: Offer, currency: str, amount: int | None, ends_at: datetime | None, now: datetime
) -> Price | None:
    """Put a price before the regular one until an instant; without amount, take it away."""
    if amount is None or ends_at is None:
        Offer.objects.select_for_update().get(pk=offer.pk)
        early = offer.prices.filter(currency=currency, is_active=True, ends_at__isnull=False)
        early.update(is_active=False)
        return None
    return _replace(offer, currency=currency, amount=amount, ends_at=ends_at, now=now)


@transaction.atomic
def end_price(*, offer: Offer, currency: str) -> Price | None:
    """Sell it in this currency no more; what was in force, if anything was."""
    Offer.objects.select_for_update().get(pk=offer.pk)
    standing = offer.prices.filter(currency=currency, is_active=True, ends_at=None).first()
    offer.prices.filter(currency=currency, is_active=True).update(is_active=False)
    return standing


def _replace(
    offer: Offer, *, currency: str, amount: int, ends_at: datetime | None, now: datetime
) -> Price:
    if amount == 0 and not can_be_free(offer):
        raise CannotBeFree(offer.pk)
    Offer.objects.select_for_update().get(pk=offer.pk)
    beside = offer.prices.filter(currency=currency, is_active=True, ends_at__isnull=ends_at is None)
    standing = beside.first()
    if standing and (standing.amount, standing.ends_at) == (amount, ends_at):
        return standing
    beside.update(is_active=False)
    return Price.objects.create(
        offer=offer, currency=currency, amount=amount, ends_at=ends_at, created_at=now
    )
