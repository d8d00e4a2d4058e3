"""Seats from rows: what is made of an order that is paid, and which colleague gets which code."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from accounts.models import OutboxMessage
from payments import batches, codes, seats
from payments.models import RedeemBatch
from tests.factories import UserFactory, course
from tests.payments.factories import (
    NOW,
    OfferFactory,
    OrderFactory,
    PriceFactory,
    RedeemBatchFactory,
    course_price,
)

pytestmark = pytest.mark.django_db


def order_of(price, quantity=3):
    return OrderFactory(price=price, purpose="seats", quantity=quantity, fulfilled=True)


def batch_of(quantity=3):
    price = course_price(course())
    order = order_of(price, quantity)
    fields = {"course": price.offer.course, "size": quantity, "key": uuid4()}
    return batches.make(RedeemBatchFactory.build(order=order, made_by=None, **fields))


def test_paid_there_is_a_code_for_each_seat_for_a_year():
    price = course_price(course())
    order = order_of(price)
    seats.bought(order, now=NOW)
    batch = RedeemBatch.objects.get()
    assert (batch.order, batch.name, batch.made_by) == (order, order.number, None)
    assert (batch.course, batch.membership, batch.months) == (price.offer.course, None, None)
    assert (batch.size, batch.codes.count(), batch.created_at) == (3, 3, NOW)
    # The end, in Shanghai, of the day a year from now.
    assert batch.redeemable_until == datetime(2027, 11, 23, 16, tzinfo=UTC)
    mail = OutboxMessage.objects.get()
    assert (mail.key, mail.to) == (f"seats-bought-{order.pk}", order.buyer.email)


def test_seats_of_a_term_are_of_its_months():
    offer = OfferFactory(kind="term", term_months=12)
    seats.bought(order_of(PriceFactory(offer=offer)), now=NOW)
    batch = RedeemBatch.objects.get()
    assert (batch.course, batch.membership, batch.months) == (None, offer.membership, 12)


def sent(batch):
    return list(batch.codes.order_by("serial").values_list("sent_to", "sent_at"))


def test_each_new_address_gets_the_next_free_code_once():
    batch, other = batch_of(6), batch_of(2)
    first, second, third = batch.codes.order_by("serial")[:3]
    first.redeemed_by, first.redeemed_at = UserFactory(), NOW
    second.sent_to, second.sent_at = "had@example.com", NOW
    third.revoked_at = NOW
    for row in (first, second, third):
        row.save()
    addresses = ["b@example.com", "Had@example.com", "A@example.com", "B@example.com"]
    assert seats.send(batch, addresses=addresses, now=NOW + timedelta(hours=1)) == 2
    at = NOW + timedelta(hours=1)
    standing = [("", None), ("had@example.com", NOW), ("", None)]
    new = [("b@example.com", at), ("a@example.com", at), ("", None)]
    assert sent(batch) == standing + new
    assert sent(other) == [("", None)] * 2
    found = OutboxMessage.objects.order_by("pk").values_list("key", "to", "text")
    for serial, (key, to, text) in enumerate(found, 4):
        row = batch.codes.get(serial=serial)
        assert (key, to) == (f"seat-{row.pk}", row.sent_to)
        assert codes.shown(codes.derive(batch.key, serial)) in text
    assert len(found) == 2
    assert seats.send(batch, addresses=addresses, now=NOW) == 0


def test_with_more_addresses_than_free_seats_nobody_is_mailed():
    batch = batch_of(2)
    everybody = [f"{name}@example.com" for name in "abc"]
    with pytest.raises(seats.TooFewSeats):
        seats.send(batch, addresses=everybody, now=NOW)
    assert sent(batch) == [("", None)] * 2
    assert not OutboxMessage.objects.exists()
    assert seats.send(batch, addresses=everybody[:2], now=NOW) == 2
