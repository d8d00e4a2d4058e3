"""What a subscription charges next, from rows alone."""

from datetime import date, timedelta

import pytest

from payments import upcoming
from payments.models import PlanChange, StripeProduct, Subscription
from payments.upcoming import Charge
from tests.payments.factories import (
    ACCOUNT,
    NOW,
    OfferFactory,
    PriceFactory,
    SubscriptionFactory,
)

pytestmark = pytest.mark.django_db
DAY, SECOND = timedelta(days=1), timedelta(seconds=1)
END = NOW + 30 * DAY


def change_of(row, price=None, *, at_period_end=True, **fields):
    return PlanChange.objects.create(
        subscription=row,
        from_offer=row.offer,
        from_amount=3900,
        price=price or PriceFactory(offer=OfferFactory(interval="year"), amount=36500),
        created_at=NOW,
        at_period_end=at_period_end,
        effective_at=fields.pop("effective_at", END) if at_period_end else None,
        prorated_at=None if at_period_end else NOW,
        **fields,
    )


def discount(*, percent=None, products=None, end=None):
    coupon = {"percent_off": percent, "amount_off": None, "applies_to": {"products": products}}
    return {"source": {"coupon": coupon}, "end": end}


@pytest.mark.parametrize(
    ("fields", "charge"),
    [
        ({}, Charge(END, 3900, "CNY", "month")),
        ({"status": "trialing"}, Charge(END, 3900, "CNY", "month")),
        ({"status": "past_due"}, None),
        ({"status": "canceled"}, None),
        ({"cancel_at_period_end": True}, None),
        ({"cancel_at": END}, None),
        ({"period_end": None}, None),
        ({"collection_paused": True}, None),
        (
            {
                "collection_paused": True,
                "object": {"pause_collection": {"resumes_at": int((END + DAY).timestamp())}},
            },
            Charge(END + DAY, 3900, "CNY", "month"),
        ),
        ({"amount": None, "offer": None}, Charge(END, 0, "CNY", "")),
        (
            {"object": {"customer": {"balance": -900}}},
            Charge(END, 3900, "CNY", "month", credit=900),
        ),
        (
            {"object": {"customer": {"balance": -9000}}},
            Charge(END, 3900, "CNY", "month", credit=3900),
        ),
        ({"object": {"customer": {"balance": 900}}}, Charge(END, 3900, "CNY", "month")),
        (
            {"object": {"discounts": [discount(percent=50)]}},
            Charge(END, 1950, "CNY", "month"),
        ),
    ],
)
def test_what_is_charged_next(fields, charge):
    row = SubscriptionFactory(**fields)
    assert upcoming.next_charge(row) == charge


def test_what_the_card_is_charged_is_without_the_credit():
    assert Charge(END, 3900, "CNY", "month", credit=900).due == 3000
    assert Charge(END, 3900, "CNY", "month").due == 3900


@pytest.mark.parametrize("is_prefetched", [False, True])
def test_the_open_change_is_one_of_the_changes_whether_they_were_fetched_before_or_not(
    is_prefetched,
):
    row = SubscriptionFactory()

    def fetched():
        found = Subscription.objects.filter(pk=row.pk)
        return (found.prefetch_related("changes") if is_prefetched else found).get()

    change_of(SubscriptionFactory())
    change_of(row, status="done", ended_at=NOW)
    assert upcoming.open_change(fetched()) is None
    assert upcoming.planned(fetched()) is None
    made = change_of(row)
    change_of(row, status="withdrawn", ended_at=NOW)
    assert upcoming.open_change(fetched()) == made
    assert upcoming.planned(fetched()) == made


def test_changes_that_were_fetched_before_are_not_asked_for_again(django_assert_num_queries):
    change_of(SubscriptionFactory())
    row = Subscription.objects.prefetch_related("changes").get()
    with django_assert_num_queries(0):
        upcoming.open_change(row)


def test_a_change_that_is_being_made_at_once_is_open_and_not_planned():
    row = SubscriptionFactory()
    made = change_of(row, at_period_end=False)
    assert upcoming.open_change(row) == made
    assert upcoming.planned(row) is None
    assert upcoming.next_charge(row) == Charge(END, 3900, "CNY", "month")


@pytest.mark.parametrize(
    ("effective_at", "charge"),
    [
        (END + 3 * DAY, Charge(END, 36500, "CNY", "year")),
        (END + 3 * DAY + SECOND, Charge(END, 3900, "CNY", "month")),
    ],
)
def test_a_planned_change_is_charged_with_the_period_it_comes_with(effective_at, charge):
    row = SubscriptionFactory()
    change_of(row, effective_at=effective_at)
    assert upcoming.next_charge(row) == charge


def test_a_planned_change_is_charged_in_its_own_currency_less_the_credit():
    row = SubscriptionFactory(object={"customer": {"balance": -900}})
    price = PriceFactory(offer=OfferFactory(interval="quarter"), currency="JPY", amount=1500)
    change_of(row, price)
    assert upcoming.next_charge(row) == Charge(END, 1500, "JPY", "quarter", credit=900)


def test_a_code_takes_off_the_plan_it_is_for():
    """As Stripe knows it in this account and mode."""
    row = SubscriptionFactory(object={"discounts": [discount(percent=10, products=["prod_1"])]})
    change = change_of(row)
    offer = change.price.offer
    StripeProduct.objects.create(account=ACCOUNT, offer=OfferFactory(), stripe_id="prod_0")
    elsewhere = {"offer": offer, "stripe_id": "prod_1"}
    StripeProduct.objects.create(account="acct_another", **elsewhere)
    StripeProduct.objects.create(account=ACCOUNT, livemode=True, **elsewhere)
    assert upcoming.product_of(change.price) == "none yet"
    assert upcoming.next_charge(row) == Charge(END, 36500, "CNY", "year")
    StripeProduct.objects.create(account=ACCOUNT, **elsewhere)
    assert upcoming.product_of(change.price) == "prod_1"
    assert upcoming.next_charge(row) == Charge(END, 32850, "CNY", "year")


@pytest.mark.parametrize(
    ("last", "fields", "is_told"),
    [
        (date(2026, 12, 22), {}, True),
        (date(2026, 12, 23), {}, False),
        (None, {}, False),
        (date(2026, 11, 30), {"cancel_at_period_end": True}, False),
        (date(2026, 11, 30), {"object": {"customer": {"balance": -3900}}}, False),
    ],
)
def test_a_charge_comes_after_the_card_where_its_last_day_is_before(last, fields, is_told):
    row = SubscriptionFactory(card_expires_on=last, **fields)
    charge = Charge(END, 3900, "CNY", "month")
    assert upcoming.charge_after_card(row) == (charge if is_told else None)
