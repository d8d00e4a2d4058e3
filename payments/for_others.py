"""Orders that open nothing for their buyer: a gift for a friend, seats for colleagues."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import transaction

from accounts.models import User
from payments import batches, gateway, redeeming
from payments.models import Gift, Order, Price, RedeemBatch

SEATS_AT_LEAST, SEATS_AT_MOST = 2, 500


@dataclass(frozen=True)
class GiftWords:
    """What the giver wrote."""

    giver_name: str = ""
    to_email: str = ""
    message: str = ""
    send_on: date | None = None


@dataclass(frozen=True)
class Wish:
    """What is wanted for others. `key` is the form's: sent twice, it is the same order."""

    key: uuid.UUID
    seats: int = 0
    gift: GiftWords | None = None

    @property
    def purpose(self) -> Order.Purpose:
        return Order.Purpose.GIFT if self.gift else Order.Purpose.SEATS

    @property
    def quantity(self) -> int:
        return self.seats or 1


class OpenOtherwise(Exception):
    """The form has an order of another price or number that can be paid still."""


@transaction.atomic
def order_of(*, buyer: User, price: Price, wish: Wish, now: datetime, **more: Any) -> Order:
    """The order of this wish, made if there is none; `more` are fields of a new one.

    A form has one order that can be paid or is: what has expired is followed by another. Raises
    OpenOtherwise.
    """
    User.objects.select_for_update(no_key=True).get(pk=buyer.pk)
    key, known = _standing(buyer, wish)
    if known:
        if known.is_open and not _is_the_same(known, price, wish):
            raise OpenOtherwise
        if wish.gift and known.is_open:
            Gift.objects.filter(order=known).update(**vars(wish.gift))
        return known
    order = Order.objects.create(
        key=key,
        buyer=buyer,
        price=price,
        purpose=wish.purpose,
        quantity=wish.quantity,
        amount=price.amount * wish.quantity,
        currency=price.currency,
        language=buyer.language,
        created_at=now,
        **gateway.ours(),
        **more,
    )
    if wish.gift:
        Gift.objects.create(order=order, **vars(wish.gift))
    return order


def open_otherwise(*, buyer: User, price: Price, wish: Wish) -> Order | None:
    """What this form began at another price or for another number, and can be paid still."""
    _key, known = _standing(buyer, wish)
    return known if known and known.is_open and not _is_the_same(known, price, wish) else None


def _standing(buyer: User, wish: Wish) -> tuple[uuid.UUID, Order | None]:
    """The order of a form that is open or was paid; else the key of the next one."""
    for key in _keys(buyer, wish):
        known = Order.objects.filter(key=key).first()
        if known is None:
            return key, None
        if known.buyer_id == buyer.pk and (known.is_open or known.paid_at):
            return key, known
    raise AssertionError  # there is always another key


def _keys(buyer: User, wish: Wish) -> Iterator[uuid.UUID]:
    """Of the orders of one form, each following from the one before: however often and from
    however many windows it is sent, the next one is the same."""
    key = wish.key
    while True:
        yield key
        key = uuid.uuid5(key, str(buyer.pk))


def _is_the_same(order: Order, price: Price, wish: Wish) -> bool:
    return (order.price_id, order.purpose, order.quantity) == (
        price.pk,
        wish.purpose,
        wish.quantity,
    )


def settle(order: Order, *, withdrawn_at: datetime | None, reason: str, now: datetime) -> None:
    """Declare what a refund or dispute does to what was bought for others; and that it was called
    off. In a transaction, the order locked."""
    if order.purpose == Order.Purpose.SEATS:
        batch = RedeemBatch.objects.filter(order=order).first()
        if batch is not None:
            batches.settle(batch, withdrawn_at=withdrawn_at, reason=reason, now=now)
        return
    gift = Gift.objects.filter(order=order).first()
    if gift is None or gift.withdrawn_at == withdrawn_at:
        return
    gift = redeeming.lock_gift(gift)
    gift.withdrawn_at = withdrawn_at
    gift.save(update_fields=["withdrawn_at"])
    redeeming.declare(gift, now=now, reason=reason)
