"""What a page says of one way of buying: today's payment, and what comes after it."""

from datetime import UTC, date, datetime, timedelta

import pytest

from courses.models import Grant
from payments import gateway, plans, promotions
from payments.models import Trial
from tests.factories import MembershipFactory, UserFactory, bundle, course
from tests.payments.factories import (
    ACCOUNT,
    NOW,
    OfferFactory,
    OrderFactory,
    PriceFactory,
    PromotionFactory,
    bundle_price,
    course_price,
    membership_prices,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_english")]
SECOND = timedelta(seconds=1)
# The first instant of December, where the site is.
DECEMBER = datetime(2026, 11, 30, 16, tzinfo=UTC)
REMINDER = "We remind you 5 days before each renewal."


def told(price, *, has_trial=True, promotion=None, user=None):
    """All that is said, save what says nothing."""
    found = plans.plan(price, has_trial=has_trial, promotion=promotion, user=user, now=NOW)
    assert (found.price, found.offer) == (price, price.offer)
    names = ("title", "shown", "sentence", "before", "saved", "note", "is_given", "problem")
    said = {name: getattr(found, name) for name in names} | {"button": str(found.button)}
    said["trial"] = found.trial_days
    return {name: value for name, value in said.items() if value or name == "shown"}


def test_what_renews_says_when_it_does(library):
    assert told(library["month"]) == {
        "title": "Month",
        "shown": "CN¥39",
        "sentence": f"Today you pay CN¥39; from 23 December on it is CN¥39/month. {REMINDER}",
        "button": "Subscribe",
    }
    sentence = told(library["quarter"])["sentence"]
    assert sentence.startswith("Today you pay CN¥105; from 23 February 2027 on it is CN¥105/")


def test_a_trial_says_when_the_first_payment_comes():
    year = membership_prices()["year"]
    assert told(year) == {
        "title": "Year",
        "shown": "CN¥365",
        "sentence": "Today you pay CN¥0 (7 days of trial); from 30 November on it is "
        f"CN¥365/year. {REMINDER}",
        "button": "Begin the trial",
        "trial": 7,
    }
    assert told(year, has_trial=False) == {
        "title": "Year",
        "shown": "CN¥365",
        "sentence": f"Today you pay CN¥365; from 23 November 2027 on it is CN¥365/year. {REMINDER}",
        "button": "Subscribe",
    }


@pytest.mark.parametrize(
    ("months", "title"),
    [
        (12, "One year, does not renew itself"),
        (13, "13 months, does not renew itself"),
    ],
)
def test_a_term_says_until_when(buyer, months, title):
    price = PriceFactory(offer=OfferFactory(kind="term", term_months=months), amount=36500)
    until = "23 November 2027" if months == 12 else "23 December 2027"
    expected = {
        "title": title,
        "shown": "CN¥365",
        "sentence": f"Today you pay CN¥365. Yours until {until}; it does not renew itself.",
        "button": "Pay CN¥365",
    }
    assert told(price) == expected
    assert told(price, user=buyer) == expected


def test_a_term_prolongs_the_one_that_stands(buyer):
    membership = MembershipFactory()
    prices = membership_prices(membership)
    Grant.objects.create(
        learner=buyer, membership=membership, source_kind="purchase", source_id="order-1",
        starts_at=NOW, ends_at=NOW.replace(month=12),
    )  # fmt: skip
    said = "Today you pay CN¥365. Yours until 23 December 2027; it does not renew itself."
    assert told(prices["term"], user=buyer)["sentence"] == said
    assert "23 November 2027" in told(prices["term"], user=UserFactory())["sentence"]
    assert "23 December on it is" in told(prices["month"], user=buyer)["sentence"]


def test_what_is_bought_once_stays():
    expected = {
        "title": "Once, for good",
        "shown": "CN¥99",
        "sentence": "Today you pay CN¥99, once. It stays yours.",
        "button": "Pay CN¥99",
    }
    assert told(course_price(course())) == expected
    assert told(course_price(course(opens_on=date(2026, 11, 23)))) == expected
    assert told(bundle_price(bundle(course()), amount=9900)) == expected


@pytest.mark.parametrize(
    ("presale", "sentence"),
    [
        (
            "at_once",
            "Today you pay CN¥99, once. The course opens on 24 November. If it is given up, all of "
            "it goes back.",
        ),
        (
            "at_release",
            "Today you pay nothing. Your card is kept by Stripe and charged CN¥99 when the course "
            "opens, on 24 November; until then you can give it up with one tap. Only a card can "
            "be kept, not Alipay or WeChat Pay.",
        ),
    ],
)
def test_what_is_sold_in_advance_says_when_it_opens(presale, sentence):
    planned = course(opens_on=date(2026, 11, 24))
    offer = OfferFactory(course=planned, membership=None, kind="one_off", presale=presale)
    assert told(PriceFactory(offer=offer, amount=9900))["sentence"] == sentence


# --- with a code ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("terms", "rest"),
    [
        ({}, "from 23 December on it is CN¥39/month."),
        (
            {"duration": "repeating", "months": 2},
            "then CN¥29.25/month; from 23 January 2027 on it is CN¥39/month.",
        ),
        ({"duration": "forever"}, "after that CN¥29.25/month, for as long as it renews."),
    ],
)
def test_a_code_says_until_when_it_reduces(library, terms, rest):
    assert told(library["month"], promotion=PromotionFactory(**terms)) == {
        "title": "Month",
        "shown": "CN¥29.25",
        "sentence": f"Today you pay CN¥29.25; {rest} {REMINDER}",
        "before": "CN¥39",
        "saved": "CN¥9.75",
        "button": "Subscribe",
    }


def test_after_a_trial_the_first_payment_is_the_reduced_one():
    said = told(membership_prices()["year"], promotion=PromotionFactory())
    assert said == {
        "title": "Year",
        "shown": "CN¥273.75",
        "sentence": "Today you pay CN¥0 (7 days of trial), on 30 November CN¥273.75; from 30 "
        f"November 2027 on it is CN¥365/year. {REMINDER}",
        "before": "CN¥365",
        "saved": "CN¥91.25",
        "button": "Begin the trial",
        "trial": 7,
    }


def test_what_a_code_pays_whole_is_given(library):
    price = course_price(course())
    assert told(price, promotion=PromotionFactory(percent=100)) == {
        "title": "Once, for good",
        "shown": "CN¥0",
        "sentence": "Today you pay CN¥0, once. It stays yours.",
        "before": "CN¥99",
        "saved": "CN¥99",
        "is_given": True,
        "button": "Pay CN¥0",
    }
    assert "is_given" not in told(price, promotion=PromotionFactory(amount=9899))
    assert "is_given" not in told(library["month"], promotion=PromotionFactory(percent=100))


def test_a_code_that_gives_nothing_here_says_why_and_the_price_stands(library, buyer):
    price = library["month"]
    code = PromotionFactory(offers=[library["year"].offer])
    assert told(price, promotion=code) == told(price) | {"problem": promotions.NotForThis.message}
    own = PromotionFactory(first_purchase_only=True)
    OrderFactory(fulfilled=True, buyer=buyer)
    problem = promotions.FirstPurchaseOnly.message
    assert told(price, promotion=own, user=buyer)["problem"] == problem
    assert "problem" not in told(price, promotion=own)


@pytest.fixture
def no_stripe(settings, monkeypatch):
    def gone():
        raise gateway.Unreachable("gone")

    settings.STRIPE_SECRET_KEY = "sk_test_not_asked_yet"
    monkeypatch.setattr(gateway, "retrieve_account", gone)


def test_while_stripe_is_away_a_price_is_shown_without_the_code(library, buyer, no_stripe):
    price = library["month"]
    first_only = PromotionFactory(first_purchase_only=True)  # that has to be asked of an account
    assert told(price, promotion=first_only, user=buyer) == told(price)


# --- early prices --------------------------------------------------------------------------------


def early(ends_at, amount=6900):
    """¥99 for a course, ¥69 until then; and what may be mistaken for it."""
    other, regular = course_price(course(), 100), course_price(course())
    offer = regular.offer
    PriceFactory(offer=other.offer, amount=200, is_active=False)
    PriceFactory(offer=offer, amount=300, currency="AUD")
    PriceFactory(offer=offer, amount=400, is_active=False)
    return PriceFactory(offer=offer, amount=amount, ends_at=ends_at)


@pytest.mark.parametrize(
    ("ends_at", "day"), [(DECEMBER, "30 November"), (DECEMBER + SECOND, "1 December")]
)
def test_an_early_price_says_until_when_and_what_follows(ends_at, day):
    price = early(ends_at)
    assert told(price) == {
        "title": "Once, for good",
        "shown": "CN¥69",
        "sentence": "Today you pay CN¥69, once. It stays yours.",
        "before": "CN¥99",
        "note": f"Early price until {day}, then CN¥99",
        "button": "Pay CN¥69",
    }
    assert told(price, promotion=PromotionFactory(amount=2000)) == {
        "title": "Once, for good",
        "shown": "CN¥49",
        "sentence": "Today you pay CN¥49, once. It stays yours.",
        "before": "CN¥99",
        "saved": "CN¥20",
        "note": f"Early price CN¥69 until {day}; the code takes CN¥20 off",
        "button": "Pay CN¥49",
    }


def test_who_subscribes_at_an_early_price_reads_that_it_is_kept():
    price = PriceFactory(ends_at=DECEMBER)
    kept = "Early price until 30 November, kept as long as it renews; then CN¥99"
    assert plans.early_note(price, 9900, now=NOW) == kept


def test_where_nothing_follows_an_early_price_none_is_named():
    price = PriceFactory(offer=course_price(course(), is_active=False).offer, ends_at=DECEMBER)
    assert told(price) == {
        "title": "Once, for good",
        "shown": "CN¥39",
        "sentence": "Today you pay CN¥39, once. It stays yours.",
        "button": "Pay CN¥39",
    }


# --- of a membership -----------------------------------------------------------------------------


def test_the_plans_of_a_membership_are_its_own_as_this_visitor_would_get_them(buyer):
    membership = MembershipFactory()
    prices = membership_prices(membership)
    membership_prices()
    PriceFactory(offer=prices["month"].offer, currency="USD", amount=590)

    def shown(currency="CNY", **visitor):
        visitor = {"user": None} | visitor
        found = plans.of_membership(membership, currency=currency, now=NOW, **visitor)
        return [(each.shown, each.trial_days) for each in found]

    assert shown() == [("CN¥365", 7), ("CN¥39", 0), ("CN¥365", 0)]
    assert shown("USD") == [("CN¥365", 7), ("$5.90", 0), ("CN¥365", 0)]
    half = PromotionFactory(percent=50, offers=[prices["month"].offer])
    assert shown(promotion=half)[1] == ("CN¥19.50", 0)
    Trial.objects.create(learner=buyer, order=OrderFactory(), began_at=NOW, account=ACCOUNT)
    assert shown(user=buyer) == [("CN¥365", 0), ("CN¥39", 0), ("CN¥365", 0)]


def test_a_trial_is_due_once_to_each(buyer):
    Trial.objects.create(learner=buyer, order=OrderFactory(), began_at=NOW, account=ACCOUNT)
    due = [plans.trial_is_due(each) for each in (None, UserFactory(), buyer)]
    assert due == [True, True, False]


def test_while_stripe_is_away_a_trial_is_shown(buyer, no_stripe):
    assert plans.trial_is_due(buyer)
