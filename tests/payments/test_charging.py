"""Charging what was reserved: which cards, and what follows from Stripe's answer (shapes)."""

from datetime import UTC, date, datetime, timedelta

import pytest

from payments import charging, gateway
from payments.models import Order, Reservation
from tests.factories import course
from tests.payments.factories import NOW, OfferFactory, OrderFactory, PriceFactory
from tests.payments.told import Stripe, seconds

pytestmark = pytest.mark.django_db
TODAY = date(2026, 11, 23)
DAY = timedelta(days=1)
BEGUN = datetime(2026, 11, 22, 4, 0, 7, 900, tzinfo=UTC)


@pytest.fixture
def stripe(monkeypatch):
    return Stripe(monkeypatch)


def priced(opens_on=TODAY, **fields):
    page = course(opens_on=opens_on, **fields)
    offer = OfferFactory(course=page, membership=None, kind="one_off", presale="at_release")
    return PriceFactory(offer=offer, amount=9900)


def reserved(price, *, day=TODAY, **fields):
    order = OrderFactory(price=price, status="reserved")
    Reservation.objects.create(
        order=order,
        customer_id=f"cus_{order.pk}",
        payment_method_id=f"pm_{order.pk}",
        reserved_at=NOW - 9 * DAY,
        day=day,
        **fields,
    )
    return order


def wanted(order):
    params = {
        "amount": 9900,
        "currency": "cny",
        "customer": f"cus_{order.pk}",
        "payment_method": f"pm_{order.pk}",
        "allowed_payment_method_types": ["card"],
        "metadata": {"order": str(order.key)},
    }
    return ("charge_kept_card", params, f"order-{order.key}-charge")


def succeeded(order):
    charge = {
        "id": "ch_1", "status": "succeeded", "amount": 9900, "currency": "cny",
        "balance_transaction": None, "created": seconds(NOW),
    }  # fmt: skip
    return {
        "id": "pi_1", "object": "payment_intent", "status": "succeeded", "amount": 9900,
        "amount_received": 9900, "currency": "cny", "latest_charge": charge,
        "metadata": {"order": str(order.key)},
    }  # fmt: skip


def state(order):
    row = Order.objects.select_related("reservation").get(pk=order.pk)
    kept = row.reservation
    return row.status, kept.charging_at, kept.refused_at, kept.needs_action


def test_what_is_due_is_charged_once_of_every_course_that_is_open(stripe):
    stripe.answers["charge_kept_card"] = {"id": "pi_1", "status": "processing"}
    opened, too, unpublished = priced(), priced(TODAY - DAY), priced(live=False)
    planned = priced(TODAY + DAY)
    priced()
    due = [reserved(opened), reserved(opened), reserved(too)]
    reserved(opened, day=TODAY + DAY)  # told of tomorrow
    reserved(planned)
    reserved(unpublished)
    refused = {"charging_at": BEGUN, "refused_at": BEGUN, "pay_until": NOW + DAY}
    reserved(opened, **refused)
    OrderFactory(price=opened)
    moved = reserved(planned, charging_at=BEGUN)
    stripe.answers["payments_of"] = lambda *_: []
    charging.charge_due(now=NOW)
    asked = [each for each in stripe.asked if each[0] == "charge_kept_card"]
    assert sorted(asked, key=str) == sorted([wanted(each) for each in (*due, moved)], key=str)
    assert [state(each) for each in due] == [("reserved", NOW, None, False)] * 3
    assert state(moved) == ("reserved", BEGUN, None, False)


def test_a_payment_that_succeeds_opens_the_course(stripe):
    order = reserved(priced())
    stripe.answers |= {
        "charge_kept_card": {"id": "pi_1", "status": "succeeded"},
        "retrieve_payment_intent": succeeded(order),
    }
    charging.charge(order_id=order.pk, now=NOW)
    assert state(order) == ("fulfilled", NOW, None, False)
    charging.charge(order_id=order.pk, now=NOW)
    assert stripe.asked == [wanted(order)]


def test_who_does_not_wait_is_charged_before_their_day(stripe):
    order = reserved(priced(), day=TODAY + DAY)
    stripe.answers["charge_kept_card"] = {"id": "pi_1", "status": "processing"}
    charging.charge(order_id=order.pk, now=NOW)
    assert stripe.asked == []
    charging.charge(order_id=order.pk, at_once=True, now=NOW)
    assert stripe.asked == [wanted(order)]


@pytest.mark.parametrize(
    ("answer", "needs_action"),
    [
        (gateway.CardDeclined("no"), False),
        (gateway.NeedsAction("3-D Secure"), True),
        ({"status": "requires_action"}, True),
        ({"status": "requires_payment_method", "last_payment_error": None}, False),
        (
            {
                "status": "requires_payment_method",
                "last_payment_error": {"code": "authentication_required"},
            },
            True,
        ),
        (
            {"status": "requires_payment_method", "last_payment_error": {"code": "card_declined"}},
            False,
        ),
        ({"status": "canceled"}, False),
    ],
)
def test_a_card_that_is_refused_is_written_down_with_why(stripe, answer, needs_action):
    order = reserved(priced())
    stripe.answers["charge_kept_card"] = answer
    charging.charge(order_id=order.pk, now=NOW)
    assert state(order) == ("reserved", NOW, NOW, needs_action)


def test_a_charge_that_was_begun_is_looked_for_first(stripe):
    order = reserved(priced(), charging_at=BEGUN)
    made = [
        {"id": "pi_9", "status": "requires_action", "metadata": None},
        {"id": "pi_8", "status": "requires_action", "metadata": {"order": "another"}},
        {"id": "pi_1", "status": "succeeded", "metadata": {"order": str(order.key)}},
    ]
    stripe.answers |= {
        "payments_of": lambda *_: iter(made),
        "retrieve_payment_intent": succeeded(order),
    }
    charging.charge(order_id=order.pk, now=NOW)
    assert stripe.asked == [("payments_of", f"cus_{order.pk}", seconds(BEGUN) - 1)]
    assert state(order) == ("fulfilled", BEGUN, None, False)


def test_what_stripe_never_made_is_asked_for_under_the_same_key(stripe):
    order = reserved(priced(), charging_at=BEGUN)
    other = {"id": "pi_8", "status": "succeeded", "metadata": {"order": "another"}}
    stripe.answers |= {
        "payments_of": lambda *_: [other],
        "charge_kept_card": {"id": "pi_1", "status": "processing"},
    }
    charging.charge(order_id=order.pk, now=NOW)
    assert stripe.asked[1:] == [wanted(order)]


def test_what_is_begun_now_was_not_begun_before(stripe):
    order = reserved(priced())
    stripe.answers["charge_kept_card"] = {"id": "pi_1", "status": "processing"}
    charging.charge(order_id=order.pk, now=NOW)
    assert stripe.asked == [wanted(order)]
