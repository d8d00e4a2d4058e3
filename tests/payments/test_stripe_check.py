"""What `manage.py stripe_check` says, line by line, of a Stripe that is not as it should be."""

from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from payments import gateway, stripe_catalogue
from payments.models import Price
from payments.sandbox.models import StripeObject
from payments.stripe_check import WANTED_EVENTS
from tests.factories import course
from tests.payments.factories import PriceFactory, course_price, membership_prices

pytestmark = pytest.mark.django_db
URL = "http://localhost:8000/payments/webhook/"
WELL = [
    "ok      key: none; the sandbox is on, and no money moves",
    "ok      account: acct_sandbox, HK",
    "ok      webhook secret: 1 set",
    f"ok      endpoint: we_sandbox for {URL}",
    "ok      events: all that are needed",
    f"ok      API version: {gateway.API_VERSION}",
]
MONTHLY = {
    "interval": "month",
    "interval_count": 1,
    "meter": None,
    "trial_period_days": None,
    "usage_type": "licensed",
}
FOR_SALE = "ok      prices: 1 for sale, 0 at Stripe already"


def said() -> list[str]:
    """Each line; the last one counts the problems."""
    out = StringIO()
    try:
        call_command("stripe_check", stdout=out)
    except CommandError as problem:
        return [*out.getvalue().splitlines(), str(problem)]
    return out.getvalue().splitlines()


def new() -> list[str]:
    """What is not said where all is well."""
    return [line for line in said() if line not in WELL]


def problems(number: int) -> str:
    return f"{number} to put right; docs/stripe.md says how."


def changed(kind: str, **fields: Any) -> None:
    """Of the newest object of a kind at Stripe."""
    row = StripeObject.objects.filter(kind=kind).latest("pk")
    row.data |= fields
    row.save()


@pytest.fixture
def price(db: None) -> Price:
    return course_price(course())


def test_all_is_well(price):
    assert said() == [*WELL, FOR_SALE, "All is well."]


def test_nothing_for_sale_is_said_by_currency(price, settings):
    settings.CURRENCIES = ["CNY", "USD", "JPY"]
    PriceFactory(offer=price.offer, currency="JPY", amount=1500)
    assert new() == [
        "PROBLEM prices: nothing is for sale in USD",
        "ok      prices: 2 for sale, 0 at Stripe already",
        problems(1),
    ]
    Price.objects.update(is_active=False)
    settings.CURRENCIES = ["CNY"]
    assert new() == ["PROBLEM prices: nothing is for sale in CNY", problems(1)]


@pytest.mark.parametrize(
    ("fields", "line"),
    [
        ({"active": False}, "was archived at Stripe: nobody can buy it"),
        ({"unit_amount": 9901}, "is 9901 cny at Stripe"),
        ({"currency": "usd"}, "is 9900 usd at Stripe"),
        ({"recurring": MONTHLY}, "renews otherwise at Stripe"),
    ],
)
def test_a_price_that_is_otherwise_at_stripe_is_named(price, fields, line):
    known = stripe_catalogue.price_at_stripe(price)
    other = course_price(course())
    stripe_catalogue.price_at_stripe(other)
    assert new() == ["ok      prices: 2 for sale, 2 at Stripe already", "All is well."]
    row = StripeObject.objects.get(stripe_id=known)
    row.data |= fields
    row.save()
    assert new() == [f"PROBLEM price of {price.offer}: {known} {line}", problems(1)]


def test_a_price_that_is_gone_is_named(price):
    known = stripe_catalogue.price_at_stripe(price)
    StripeObject.objects.filter(stripe_id=known).delete()
    assert new() == [
        f"PROBLEM price of {price.offer}: {known} is not at Stripe any more",
        problems(1),
    ]


def test_how_often_a_plan_renews_is_compared(db):
    plan = membership_prices()["month"]
    Price.objects.exclude(pk=plan.pk).update(is_active=False)
    known = stripe_catalogue.price_at_stripe(plan)
    assert new() == ["ok      prices: 1 for sale, 1 at Stripe already", "All is well."]
    for cycle in (MONTHLY | {"interval_count": 3}, MONTHLY | {"interval": "year"}, None):
        changed("price", recurring=cycle)
        assert new() == [
            f"PROBLEM price of {plan.offer}: {known} renews otherwise at Stripe",
            problems(1),
        ]


def test_the_endpoint_is_looked_at(price, settings):
    said()  # the sandbox makes it when it is asked for
    changed("webhook_endpoint", status="disabled")
    assert "PROBLEM endpoint: we_sandbox is disabled at Stripe" in said()
    assert not [line for line in said() if "events" in line]
    left_out = [name for name in WANTED_EVENTS if name not in ("invoice.paid", "refund.failed")]
    changed("webhook_endpoint", status="enabled", enabled_events=left_out)
    assert "PROBLEM events: not sent to it: invoice.paid, refund.failed" in said()
    changed("webhook_endpoint", enabled_events=[*WANTED_EVENTS], api_version="2020-08-27")
    old = f"ok      API version: 2020-08-27; this site speaks {gateway.API_VERSION}"
    assert new() == [old, FOR_SALE, "All is well."]
    changed("webhook_endpoint", api_version=None)
    assert new() == [FOR_SALE, "All is well."]


def test_secrets_begin_as_stripes_do(price, settings):
    settings.STRIPE_WEBHOOK_SECRETS = ["whsec_a", "b", "c"]
    settings.STRIPE_SANDBOX = False
    settings.STRIPE_SECRET_KEY = "sk_test_x"
    from payments import stripe_check

    assert stripe_check._secrets().words == "2 do not begin with whsec_"
    settings.STRIPE_WEBHOOK_SECRETS = []
    assert not stripe_check._secrets().ok


def test_ways_of_paying_that_stripe_has_not_turned_on_are_named(price, settings, monkeypatch):
    account = gateway.retrieve_account()
    account["capabilities"] = {"alipay_payments": "inactive", "card_payments": "pending"}
    monkeypatch.setattr(gateway, "retrieve_account", lambda: account)
    settings.STRIPE_PAYMENT_METHODS = ["card", "alipay", "wechat_pay"]
    assert new() == [
        "PROBLEM alipay: is inactive: turn it on at Stripe, or take it out of "
        "STRIPE_PAYMENT_METHODS",
        FOR_SALE,
        problems(1),
    ]


def test_an_account_that_may_not_take_payments_matters_in_live_mode(price, settings, monkeypatch):
    account = gateway.retrieve_account() | {"charges_enabled": False}
    monkeypatch.setattr(gateway, "retrieve_account", lambda: account)
    assert new() == [FOR_SALE, "All is well."]
    settings.STRIPE_SECRET_KEY = "sk_live_x"
    assert new()[0] == ("PROBLEM account: acct_sandbox may not take payments yet: finish its setup")


@pytest.mark.parametrize(
    ("found", "line"),
    [
        ({}, "ok      tax: reckoned by Stripe, in the prices"),
        (
            {"status": "pending"},
            "PROBLEM tax: STRIPE_TAX is on, and Stripe Tax is not set up yet",
        ),
        (
            {"defaults": {"tax_behavior": "exclusive"}},
            "PROBLEM tax: prices made before would be without tax: set Stripe's default to "
            "inclusive",
        ),
    ],
)
def test_tax_is_looked_at_where_it_is_on(price, settings, monkeypatch, found, line):
    assert not [each for each in said() if "tax" in each]
    settings.STRIPE_TAX = True
    answer = gateway.tax_settings() | found
    monkeypatch.setattr(gateway, "tax_settings", lambda: answer)
    assert line in said()


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (gateway.WrongKey("no"), "PROBLEM account: Stripe does not accept the key: no"),
        (gateway.Unreachable("off"), "PROBLEM account: Stripe could not be asked: off"),
    ],
)
def test_without_an_answer_nothing_else_is_said(price, monkeypatch, error, line):
    def fail() -> None:
        raise error

    monkeypatch.setattr(gateway, "retrieve_account", fail)
    assert said() == [WELL[0], line, problems(1)]


def test_an_answer_lost_on_the_way_ends_it(price, monkeypatch):
    def fail() -> None:
        raise gateway.Unreachable("off")

    monkeypatch.setattr(gateway, "webhook_endpoints", fail)
    assert said() == [*WELL[:3], "PROBLEM Stripe: could not be asked: off", problems(1)]


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("", "PROBLEM key: STRIPE_SECRET_KEY is not set"),
        ("pk_live_x", "PROBLEM key: this is the publishable key; the secret one begins with sk_"),
        ("whatever", "PROBLEM key: a secret key begins with sk_test_ or sk_live_"),
    ],
)
def test_a_key_that_is_none_ends_it(settings, key, words):
    settings.STRIPE_SANDBOX = False
    settings.STRIPE_SECRET_KEY = key
    assert said() == [words, problems(1)]
