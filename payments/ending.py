"""Ending what cost nothing: an order that a code paid whole has no payment to give back."""

from datetime import datetime

from django.db import transaction
from wagtail.log_actions import log

from accounts.models import User
from payments import entitlement, letters
from payments.models import Order


class CannotEnd(Exception):
    """Something was paid for it, or it opens nothing any more."""


def may_end(order: Order) -> bool:
    return (
        order.amount == 0
        and order.status == Order.Status.FULFILLED
        and not order.price.offer.is_recurring
    )


@transaction.atomic
def end(*, order: Order, reason: str, actor: User, now: datetime) -> None:
    """Withdraw what a free order opened, and tell its buyer why. Raises CannotEnd."""
    order = entitlement.lock(order.pk)
    if not may_end(order):
        raise CannotEnd
    order.ended_at = now
    order.save(update_fields=["ended_at"])
    entitlement.settle(order, now=now)
    letters.order_ended(order, reason=reason, now=now)
    log(instance=order, action="payments.end_order", user=actor, data={"reason": reason})
