"""Seats: one purchase that opens a course for colleagues, by a code for each."""

from datetime import datetime, timedelta

from django.db import transaction

from pages import dates
from payments import batches, letters
from payments.models import Order, RedeemBatch

REDEEMABLE = timedelta(days=365)


class TooFewSeats(Exception):
    """There are more addresses than seats that are free."""


def bought(order: Order, *, now: datetime) -> None:
    """Make the codes of an order that is paid. In a transaction."""
    offer = order.price.offer
    batch = RedeemBatch(
        name=order.number,
        course=offer.course,
        membership=offer.membership,
        months=offer.term_months,
        size=order.quantity,
        redeemable_until=dates.end_of_day(dates.last_day(now + REDEEMABLE)),
        order=order,
        created_at=now,
    )
    batches.make(batch)
    letters.seats_bought(order, now=now)


@transaction.atomic
def send(batch: RedeemBatch, *, addresses: list[str], now: datetime) -> int:
    """Mail a free code to each address that has none yet; how many were sent.

    Raises TooFewSeats, and sends nothing.
    """
    free = list(
        batch.codes.select_for_update(of=["self"])
        .filter(redeemed_at=None, revoked_at=None, sent_to="")
        .select_related("batch__course", "batch__membership", "batch__order__buyer")
        .order_by("serial")
    )
    had = {to.lower() for to in batch.codes.values_list("sent_to", flat=True)}
    wanted = [to for to in dict.fromkeys(map(str.lower, addresses)) if to not in had]
    if len(wanted) > len(free):
        raise TooFewSeats
    for to, code in zip(wanted, free, strict=False):
        code.sent_to, code.sent_at = to, now
        code.save(update_fields=["sent_to", "sent_at"])
        letters.seat(code, code=batches.code_of(code), now=now)
    return len(wanted)
