"""Which prices stand after one is set or taken away."""

from datetime import timedelta

import pytest

from payments import offers
from payments.models import Price
from tests.factories import course
from tests.payments.factories import (
    NOW,
    OfferFactory,
    PriceFactory,
    course_price,
    membership_prices,
    sold_in_advance,
)

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
ENDS = NOW + 9 * DAY


@pytest.fixture
def shelf():
    """¥99 and an early ¥69, US$15 and an early US$10, what they replaced, another offer's too."""
    offer = course_price(course(), is_active=False).offer
    PriceFactory(offer=offer, amount=5900, ends_at=ENDS, is_active=False)
    other = course_price(course()).offer
    for each in (offer, other):
        for currency, regular, early in (("CNY", 9900, 6900), ("USD", 1500, 1000)):
            if (each, currency) != (other, "CNY"):
                PriceFactory(offer=each, currency=currency, amount=regular)
            PriceFactory(offer=each, currency=currency, amount=early, ends_at=ENDS)
    return offer


def in_force(offer):
    rows = Price.objects.filter(offer=offer, is_active=True).order_by("currency", "amount")
    return list(rows.values_list("currency", "amount", "ends_at"))


YUAN_EARLY, YUAN = ("CNY", 6900, ENDS), ("CNY", 9900, None)
DOLLARS_EARLY, DOLLARS = ("USD", 1000, ENDS), ("USD", 1500, None)
ALL = [YUAN_EARLY, YUAN, DOLLARS_EARLY, DOLLARS]


def set_price(offer, amount, currency="CNY"):
    return offers.set_price(offer=offer, currency=currency, amount=amount, now=NOW)


def set_early(offer, amount, ends_at=ENDS):
    return offers.set_early_price(
        offer=offer, currency="CNY", amount=amount, ends_at=ends_at, now=NOW
    )


def test_a_price_replaces_the_regular_one_of_its_currency(shelf):
    made = set_price(shelf, 12000)
    assert (made.offer, made.created_at, made.is_active) == (shelf, NOW, True)
    assert in_force(shelf) == [YUAN_EARLY, ("CNY", 12000, None), DOLLARS_EARLY, DOLLARS]
    assert Price.objects.filter(offer=shelf).count() == 7
    assert len(in_force(Price.objects.exclude(offer=shelf)[0].offer)) == 4
    euros = set_price(shelf, 1400, "EUR")
    assert in_force(shelf)[-3:] == [("EUR", 1400, None), DOLLARS_EARLY, DOLLARS]
    assert euros.currency == "EUR"


def test_the_price_that_stands_stands(shelf):
    before = set(Price.objects.all())
    standing = Price.objects.get(offer=shelf, currency="CNY", is_active=True, ends_at=None)
    early = Price.objects.get(offer=shelf, currency="CNY", is_active=True, ends_at=ENDS)
    assert set_price(shelf, 9900) == standing
    assert set_early(shelf, 6900) == early
    assert set(Price.objects.all()) == before
    assert in_force(shelf) == ALL


def test_an_early_price_replaces_the_early_one(shelf):
    set_early(shelf, 5900)
    assert in_force(shelf) == [("CNY", 5900, ENDS), YUAN, DOLLARS_EARLY, DOLLARS]
    set_early(shelf, 5900, ENDS + DAY)
    assert in_force(shelf) == [("CNY", 5900, ENDS + DAY), YUAN, DOLLARS_EARLY, DOLLARS]


@pytest.mark.parametrize(("amount", "ends_at"), [(None, ENDS), (5900, None), (None, None)])
def test_an_early_price_without_amount_or_end_is_taken_away(shelf, amount, ends_at):
    assert set_early(shelf, amount, ends_at) is None
    assert in_force(shelf) == [YUAN, DOLLARS_EARLY, DOLLARS]
    assert len(in_force(Price.objects.exclude(offer=shelf)[0].offer)) == 4
    assert Price.objects.filter(offer=shelf, is_active=False).count() == 3


def test_a_currency_that_ends_has_no_price_any_more(shelf):
    ended = offers.end_price(offer=shelf, currency="CNY")
    assert ended
    assert (ended.currency, ended.amount, ended.ends_at) == YUAN
    assert in_force(shelf) == [DOLLARS_EARLY, DOLLARS]
    assert offers.end_price(offer=shelf, currency="CNY") is None
    assert len(in_force(Price.objects.exclude(offer=shelf)[0].offer)) == 4
    assert not Price.objects.get(pk=ended.pk).is_active


def test_only_a_course_for_good_and_open_now_is_given_for_nothing(shelf):
    set_price(shelf, 0)
    assert ("CNY", 0, None) in in_force(shelf)
    term = OfferFactory(course=course(), membership=None, kind="term", term_months=12)
    closed = [sold_in_advance().offer, membership_prices()["month"].offer, term]
    for offer in closed:
        before = in_force(offer)
        for sets in (set_price, set_early):
            with pytest.raises(offers.CannotBeFree):
                sets(offer, 0)
        assert in_force(offer) == before
        assert set_price(offer, 1).amount == 1


def test_a_price_that_ended_may_be_set_anew(shelf):
    offers.end_price(offer=shelf, currency="CNY")
    set_price(shelf, 9900)
    set_early(shelf, 6900)
    assert in_force(shelf) == ALL
