"""Pricing what is for sale."""

from datetime import datetime

from django.db import transaction

from payments.models import Offer, Price


@transaction.atomic
def set_price(*, offer: Offer, currency: str, amount: int, now: datetime) -> Price:
    """Put a price in force; the one it replaces stays with the orders that were made at it."""
    Offer.objects.select_for_update().get(pk=offer.pk)
    standing = offer.prices.filter(currency=currency, is_active=True).first()
    if standing and standing.amount == amount:
        return standing
    offer.prices.filter(currency=currency, is_active=True).update(is_active=False)
    return Price.objects.create(offer=offer, currency=currency, amount=amount, created_at=now)
