"""A shop with its Stripe (the sandbox): people buy, pay, and the news of it arrives or not."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import translation

from accounts.models import User
from operations import clock as site_clock
from payments import checkout
from payments.models import Offer, Order, Price, PromotionCode
from payments.sandbox import completing, outbox, time
from tests.accounts.doors import prove_now
from tests.factories import MembershipFactory, UserFactory
from tests.payments.factories import OfferFactory, PriceFactory, membership_prices
from tests.payments.staff import at_desk

GOOD = "4242424242424242"
DECLINED = "4000000000000002"
FAILS_WHEN_CHARGED = "4000000000000341"


@dataclass
class Shop:
    run_jobs: Callable[[], None]

    def person(self, **fields: Any) -> User:
        return UserFactory(**fields)

    def begin(self, buyer: User, price: Price, promotion: PromotionCode | None = None) -> Order:
        return checkout.start(
            buyer=buyer, price=price, promotion=promotion, now=site_clock.now()
        ).order

    def pay(self, order: Order, card: str = GOOD) -> completing.Outcome:
        """On Stripe's page."""
        order.refresh_from_db()
        form = completing.filled(card)
        return completing.pay_by_card(str(order.session_id), form, now=site_clock.now())

    def deliver(self, *, rounds: int = 6) -> list[outbox.Attempt]:
        """Every webhook that is due, through the real view, and the jobs that follow."""
        attempts: list[outbox.Attempt] = []
        for _ in range(rounds):
            sent = outbox.deliver_due(post_webhook, site_clock.now())
            self.run_jobs()
            attempts += sent
            if not sent:
                break
        return attempts

    def buy(self, buyer: User, price: Price, promotion: PromotionCode | None = None) -> Order:
        """Begin, pay, and hear of it."""
        order = self.begin(buyer, price, promotion)
        assert self.pay(order).kind == "complete"
        self.deliver()
        order.refresh_from_db()
        return order

    def advance(self, **by: float) -> None:
        """Time goes on, and Stripe tells what happens meanwhile."""
        time.advance(by=timedelta(**by), each_step=lambda now: self.deliver())


def post_webhook(body: bytes, headers: dict[str, str]) -> int:
    """As Stripe posts it."""
    response = Client().post(
        reverse("payments_webhook"),
        data=body,
        content_type=headers["Content-Type"],
        headers={"Stripe-Signature": headers["Stripe-Signature"]},
    )
    return response.status_code


@pytest.fixture
def in_english() -> Iterator[None]:
    with translation.override("en"):
        yield


@pytest.fixture
def shop(run_jobs: Callable[[], None], clock: Any) -> Shop:
    return Shop(run_jobs)


@pytest.fixture
def buyer(db: None) -> User:
    return UserFactory()


@pytest.fixture
def me(buyer: User) -> Client:
    """The buyer's browser, signed in just now."""
    client = Client()
    client.force_login(buyer)
    prove_now(client, buyer)
    return client


@pytest.fixture
def library(db: None) -> dict[str, Price]:
    """The whole library: ¥39 a month, ¥105 a quarter, ¥365 a year."""
    membership = MembershipFactory(name="全部课程")
    prices = membership_prices(membership)
    Offer.objects.filter(pk=prices["year"].offer_id).update(trial_days=0)
    prices["year"].offer.refresh_from_db()
    quarter = OfferFactory(membership=membership, interval="quarter", sort_order=3)
    return prices | {"quarter": PriceFactory(offer=quarter, amount=10500)}


@pytest.fixture
def listening(db: None) -> dict[str, Price]:
    """听书会员, beside it: ¥19 a month, ¥180 a year."""
    membership = MembershipFactory(name="听书会员")
    month = OfferFactory(membership=membership, interval="month")
    year = OfferFactory(membership=membership, interval="year")
    return {
        "month": PriceFactory(offer=month, amount=1900),
        "year": PriceFactory(offer=year, amount=18000),
    }


@pytest.fixture
def desk(db: None) -> Client:
    """Finance's."""
    return at_desk("finance")
