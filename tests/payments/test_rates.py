"""At which rate a bill lets a subscription go on, by the bills that Stripe sends."""

from typing import Any

import pytest

from payments import rates
from payments.models import Invoice
from tests.factories import MembershipFactory
from tests.payments.factories import ACCOUNT, membership_prices

pytestmark = pytest.mark.django_db
DAY = 86_400
JANUARY = 1_767_225_600  # 2026-01-01, UTC


def line(amount: int, days: int, **more: Any) -> dict[str, Any]:
    proration = more.pop("proration", False)
    return {
        "amount": amount,
        "period": {"start": JANUARY, "end": JANUARY + days * DAY},
        "discount_amounts": [],
        "parent": {"subscription_item_details": {"proration": proration}},
        **more,
    }


def bill(*lines: dict[str, Any]) -> dict[str, Any]:
    return {"lines": {"data": list(lines)}}


@pytest.mark.parametrize(
    ("amount", "days", "a_year"),
    [
        (3900, 28, 46800),
        (3900, 31, 46800),
        (9900, 90, 39600),
        (9900, 92, 39600),
        (36500, 365, 36500),
        (36500, 366, 36500),
        (0, 7, 0),  # a trial
    ],
)
def test_a_period_is_known_by_its_length(amount, days, a_year):
    assert rates.yearly(bill(line(amount, days))) == a_year


def test_a_discount_is_taken_off():
    reduced = line(3900, 31, discount_amounts=[{"amount": 1000, "discount": "di_1"}])
    assert rates.yearly(bill(reduced)) == 2900 * 12


def test_a_change_that_waited_for_a_renewal_does_not_count_in_it():
    credit, charge = line(-1000, 10, proration=True), line(1500, 10, proration=True)
    assert rates.yearly(bill(credit, charge, line(6900, 31))) == 6900 * 12


def test_a_bill_of_a_change_alone_counts_the_new_price():
    year = membership_prices()["year"]
    year.stripe_prices.create(account=ACCOUNT, stripe_id="price_year")
    pricing = {"price_details": {"price": "price_year"}}
    credit = line(-1000, 10, proration=True)
    assert rates.yearly(bill(credit, line(9000, 90, proration=True, pricing=pricing))) == 36500


def test_a_bill_is_for_what_it_does_not_credit():
    plans = membership_prices()
    for name in ("month", "year"):
        plans[name].stripe_prices.create(account=ACCOUNT, stripe_id=f"price_{name}")
    month = {"price_details": {"price": "price_month"}}
    year = {"price_details": {"price": "price_year"}}
    credit = line(-1000, 10, proration=True, pricing=month)
    charge = line(36500, 365, pricing=year)
    assert rates.offer(bill(charge, credit)) == plans["year"].offer
    assert rates.offer(bill(line(0, 7, pricing=month))) == plans["month"].offer  # a trial
    assert rates.offer(bill(line(3900, 31))) is None
    assert rates.offer(bill({**charge, "parent": None})) is None


def test_a_bill_of_nothing_that_renews_says_nothing():
    assert rates.yearly(bill({**line(3900, 31), "parent": None})) is None
    assert rates.yearly(bill()) is None


def test_bills_of_subscriptions_are_kept_with_their_rate(shop):
    prices = membership_prices(MembershipFactory())
    shop.buy(shop.person(), prices["month"])
    shop.buy(shop.person(), prices["year"])
    bills = Invoice.objects.order_by("pk")
    assert list(bills.values_list("amount_paid", "yearly_rate")) == [(3900, 46800), (0, 0)]
    assert [each.offer for each in bills] == [prices["month"].offer, prices["year"].offer]
    shop.advance(days=8)  # the trial is over
    newest = bills.filter(subscription__offer__interval="year").latest("created_at")
    assert (newest.amount_paid, newest.yearly_rate) == (36500, 36500)
