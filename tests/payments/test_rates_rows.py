"""Rates of bills at their edges: broken months, parts of periods, prices of others."""

from datetime import UTC, datetime
from typing import Any

import pytest

from payments import rates
from payments.models import Price
from tests.payments.factories import ACCOUNT, OfferFactory, PriceFactory
from tests.payments.test_rates import bill, line

pytestmark = pytest.mark.django_db


def known(stripe_id: str, amount: int = 36500, **fields: Any) -> Price:
    made: Price = PriceFactory(offer=OfferFactory(**fields), amount=amount)
    made.stripe_prices.create(account=ACCOUNT, stripe_id=stripe_id)
    return made


def of(stripe_id: str) -> dict[str, Any]:
    return {"price_details": {"price": stripe_id}}


def part(amount: int, begins: datetime, ends: datetime, stripe_id: str) -> dict[str, Any]:
    period = {"start": int(begins.timestamp()), "end": int(ends.timestamp())}
    return line(amount, 0, proration=True, pricing=of(stripe_id), period=period)


def test_whole_periods_of_one_bill_are_added_up() -> None:
    assert rates.yearly(bill(line(3900, 31), line(1000, 31))) == 4900 * 12


def test_every_discount_of_a_line_is_taken_off() -> None:
    each = [{"amount": 1000}, {"amount": 500}]
    assert rates.yearly(bill(line(3900, 31, discount_amounts=each))) == 2400 * 12
    assert rates.yearly(bill(line(3900, 31, discount_amounts=None))) == 3900 * 12


def test_a_period_shorter_than_half_a_month_has_no_rate() -> None:
    assert rates.yearly(bill(line(3900, 15))) == 0
    assert rates.yearly(bill(line(3900, 16))) == 3900 * 12


def test_a_period_of_weeks_is_rounded_to_months() -> None:
    assert rates.yearly(bill(line(3900, 50))) == 1950 * 12


def test_a_bill_that_only_credits_says_nothing() -> None:
    assert rates.yearly(bill(line(-1000, 10, proration=True))) is None
    assert rates.yearly(bill(line(0, 10, proration=True))) is None
    assert rates.yearly(bill(line(1, 10, proration=True))) == 0


def test_a_part_of_a_month_counts_the_whole_price() -> None:
    known("price_month", 3100, interval="month")
    begins, ends = datetime(2026, 1, 22, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC)
    assert rates.yearly(bill(part(1000, begins, ends, "price_month"))) == 3100 * 12
    assert rates.yearly(bill(part(1001, begins, ends, "price_month"))) == 3100 * 12
    assert rates.yearly(bill(part(999, begins, ends, "price_month"))) == 3100 * 12


def test_a_part_that_a_discount_reduced_is_reduced_in_the_rate() -> None:
    known("price_month", 3100, interval="month")
    begins, ends = datetime(2026, 1, 22, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC)
    assert rates.yearly(bill(part(500, begins, ends, "price_month"))) == 1550 * 12
    assert rates.yearly(bill(part(998, begins, ends, "price_month"))) == 3094 * 12


def test_a_part_of_a_quarter_counts_four_a_year() -> None:
    known("price_quarter", 9000, interval="quarter")
    begins, ends = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC)
    assert rates.yearly(bill(part(9000, begins, ends, "price_quarter"))) == 36000


def test_what_is_bought_once_is_reckoned_by_the_year() -> None:
    known("price_term", 36500, kind="term", term_months=12)
    begins, ends = datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)
    assert rates.yearly(bill(part(36500, begins, ends, "price_term"))) == 36500


def test_a_part_of_no_length_counts_the_price() -> None:
    known("price_month", 3100, interval="month")
    at = datetime(2026, 2, 1, tzinfo=UTC)
    assert rates.yearly(bill(part(1000, at, at, "price_month"))) == 3100 * 12


def test_prices_of_another_account_or_mode_are_none_of_ours() -> None:
    price = PriceFactory()
    price.stripe_prices.create(account="acct_other", stripe_id="price_1")
    price.stripe_prices.create(account=ACCOUNT, livemode=True, stripe_id="price_1")
    assert rates.offer(bill(line(3900, 31, pricing=of("price_1")))) is None
    assert rates.offer(bill({**line(3900, 31), "pricing": None})) is None
    assert rates.offer(bill({**line(3900, 31), "pricing": {"price_details": None}})) is None


def test_a_bill_is_for_the_last_of_its_prices_that_we_know() -> None:
    first, last = known("price_1"), known("price_2")
    lines = [line(0, 31, pricing=of(name)) for name in ("price_1", "price_2", "price_3")]
    assert rates.offer(bill(*lines)) == last.offer
    assert rates.offer(bill(lines[0], line(-1, 31, pricing=of("price_2")))) == first.offer


def test_a_bill_with_a_part_in_it_is_not_of_whole_periods() -> None:
    assert rates.is_of_whole_periods(bill(line(3900, 31), line(3900, 31)))
    assert not rates.is_of_whole_periods(bill(line(3900, 31), line(-1, 3, proration=True)))
    assert rates.is_of_whole_periods(bill({**line(3900, 31), "parent": None}))
