"""What the buyer of a gift or of seats sees, whole, from rows alone."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.urls import reverse

from payments import batches, codes, given_away
from tests.factories import UserFactory
from tests.payments.factories import (
    NOW,
    GiftFactory,
    OrderFactory,
    RedeemBatchFactory,
    RedeemCodeFactory,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_english")]
DAY, SECOND = timedelta(days=1), timedelta(seconds=1)
MIDNIGHT = NOW.replace(hour=16)  # 24 November in Shanghai begins
UNTIL = MIDNIGHT + 30 * DAY


def gift(**fields):
    if "redeemed_at" in fields:
        fields["redeemed_by"] = UserFactory()
    return GiftFactory(**{"claimable_until": UNTIL} | fields)


def link(code):
    return f"{settings.BASE_URL}{reverse('redeem_code', args=[codes.shown(code)])}"


# --- gifts ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "sentence", "word"),
    [
        ({}, "Not claimed yet. Hand the link to your friend.", "Not claimed"),
        ({"send_at": NOW + DAY}, "It will be sent on 24 November.", "To be sent"),
        (
            {"send_at": NOW, "sent_at": NOW},
            "Sent on 23 November, not claimed yet.",
            "Sent, not claimed",
        ),
        ({"redeemed_at": NOW}, "Your friend claimed it on 23 November.", "Claimed"),
        (
            {"redeemed_at": NOW, "sent_at": NOW - DAY, "claimable_until": NOW - SECOND},
            "Your friend claimed it on 23 November.",
            "Claimed",
        ),
        (
            {"redeemed_at": NOW, "withdrawn_at": NOW},
            "Claimed on 23 November; shut again, since the order was refunded.",
            "Void",
        ),
        ({"withdrawn_at": NOW}, "It is void, since the order was refunded.", "Void"),
        ({"taken_back_at": NOW}, "You took it back on 23 November.", "Taken back"),
        (
            {"taken_back_at": NOW, "withdrawn_at": NOW, "sent_at": NOW},
            "You took it back on 23 November.",
            "Taken back",
        ),
        (
            {"claimable_until": NOW, "sent_at": NOW - DAY},
            "Nobody claimed it until 23 November; it is void.",
            "Time is over",
        ),
        (
            {"claimable_until": NOW + SECOND, "sent_at": NOW - DAY},
            "Sent on 22 November, not claimed yet.",
            "Sent, not claimed",
        ),
        (
            {"claimable_until": None, "digest": None},
            "Not claimed yet. Hand the link to your friend.",
            "Time is over",
        ),
    ],
)
def test_how_a_gift_stands(fields, sentence, word):
    row = gift(**fields)
    assert given_away.gift_state(row, now=NOW) == sentence
    assert given_away.gift_word(row, now=NOW) == word


def test_the_last_day_is_the_one_that_is_not_over():
    assert given_away.last_day(MIDNIGHT, NOW) == "23 November"
    assert given_away.last_day(MIDNIGHT + SECOND, NOW) == "24 November"
    assert given_away.last_day(None, NOW) == ""


def test_a_gift_is_shown_with_its_link_and_its_card():
    row = gift()
    gift()
    code = codes.derive(row.key, row.minted)
    assert given_away.shown(row.order, page=None, now=NOW) == {
        "gift": row,
        "state_of_gift": "Not claimed yet. Hand the link to your friend.",
        "is_open": True,
        "last_day": "23 December",
        "address": link(code),
        "card": reverse("gift_card", args=[codes.shown(code)]),
    }


def test_a_gift_without_a_code_has_neither_link_nor_card():
    row = gift(claimable_until=None, digest=None)
    assert given_away.shown(row.order, page=None, now=NOW) == {
        "gift": row,
        "state_of_gift": "Not claimed yet. Hand the link to your friend.",
        "is_open": False,
        "last_day": "",
        "address": "",
        "card": "",
    }


# --- seats ---------------------------------------------------------------------------------------


def batch_of_seats(size=2, **fields):
    order = OrderFactory(fulfilled=True, purpose="seats", quantity=size)
    return RedeemBatchFactory(
        **{"order": order, "made_by": None, "size": size, "redeemable_until": UNTIL} | fields
    )


def redeemed(batch, serial, **fields):
    return RedeemCodeFactory(
        **{"batch": batch, "serial": serial, "redeemed_by": UserFactory(), "redeemed_at": NOW}
        | fields
    )


def test_seats_are_shown_in_order_with_a_link_to_those_that_are_free():
    batch = batch_of_seats(4)
    RedeemCodeFactory(batch=batch, serial=4, revoked_at=NOW)
    RedeemCodeFactory(batch=batch, serial=3)
    taken = redeemed(batch, 2)
    lost = RedeemCodeFactory(batch=batch, serial=1, digest="made with a secret that is gone")
    redeemed(batch_of_seats(), 1)
    found = given_away.shown(batch.order, page=None, now=NOW)
    rows = [each.pop("row") for each in found["seats"]]
    assert [row.serial for row in rows] == [1, 2, 3, 4]
    assert list(found.pop("page")) == rows
    assert rows[0] == lost

    def seat(serial, state, *, name="", is_free=False):
        code = codes.derive(batch.key, serial) if serial > 1 else ""
        return {
            "code": codes.shown(code),
            "address": link(code) if is_free else "",
            "state": state,
            "name": name,
        }

    assert found == {
        "batch": batch,
        "seats": [
            seat(1, "Not redeemed"),
            seat(2, "Redeemed", name=taken.redeemed_by.name),
            seat(3, "Not redeemed", is_free=True),
            seat(4, "Revoked"),
        ],
        "redeemed": 1,
        "is_open": True,
        "last_day": "23 December",
    }
    assert batches.code_of(rows[0]) == ""


@pytest.mark.parametrize(
    ("fields", "is_open"),
    [
        ({"redeemable_until": NOW + SECOND}, True),
        ({"redeemable_until": NOW}, False),
        ({"withdrawn_at": NOW}, False),
        ({"revoked_at": NOW}, False),
    ],
)
def test_seats_are_open_until_their_time_is_over_or_they_are_void(fields, is_open):
    batch = batch_of_seats(**fields)
    RedeemCodeFactory(batch=batch)
    found = given_away.shown(batch.order, page=None, now=NOW)
    assert found["is_open"] == is_open
    assert [bool(seat["address"]) for seat in found["seats"]] == [is_open]


def test_fifty_seats_stand_on_a_page():
    batch = batch_of_seats(51)
    for serial in range(1, 52):
        RedeemCodeFactory(batch=batch, serial=serial)
    on_pages = [
        [seat["row"].serial for seat in given_away.shown(batch.order, page=page, now=NOW)["seats"]]
        for page in ("1", "2")
    ]
    assert on_pages == [list(range(1, 51)), [51]]


def test_seats_in_use_are_those_of_the_order_that_were_redeemed():
    batch = batch_of_seats()
    RedeemCodeFactory(batch=batch, serial=1)
    redeemed(batch_of_seats(), 1)
    assert given_away.seats_in_use(batch.order) == 0
    redeemed(batch, 2)
    assert given_away.seats_in_use(batch.order) == 1
