"""Whoever has just bought something is offered nothing for a day."""

from datetime import datetime, timedelta

from accounts.models import User
from payments.models import Order

REST = timedelta(hours=24)


def bought_lately(user: User, *, now: datetime) -> bool:
    """One query."""
    return Order.objects.filter(buyer=user, paid_at__gt=now - REST, paid_at__lte=now).exists()
