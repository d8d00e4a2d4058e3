"""What is for sale in these tests, made through the real SDK."""

from typing import Any

import stripe
from django.conf import settings

from operations import clock
from payments.sandbox import completing
from payments.sandbox.client import SandboxHTTPClient
from payments.sandbox.completing import Outcome

GOOD = "4242424242424242"
DECLINED = "4000000000000002"
NO_FUNDS = "4000000000009995"
THREE_D_SECURE = "4000002500003155"
FAILS_WHEN_CHARGED = "4000000000000341"
DISPUTES = "4000000000000259"


def client(**options: Any) -> Any:
    return stripe.StripeClient(settings.SANDBOX_KEY, http_client=SandboxHTTPClient(), **options)


def product(name: str = "全部课程") -> Any:
    return client().v1.products.create({"name": name})


def price(amount: int = 9900, **params: Any) -> Any:
    params.setdefault("product", product().id)
    return client().v1.prices.create({"currency": "cny", "unit_amount": amount, **params})


def monthly(amount: int = 3900, **params: Any) -> Any:
    return price(amount, recurring={"interval": "month"}, **params)


def yearly(amount: int = 36500, **params: Any) -> Any:
    return price(amount, recurring={"interval": "year"}, **params)


def session(price_id: str | None = None, **params: Any) -> Any:
    params.setdefault("mode", "payment")
    return client().v1.checkout.sessions.create(
        {
            "line_items": [{"price": price_id or price().id, "quantity": 1}],
            "success_url": "http://testserver/paid/?session={CHECKOUT_SESSION_ID}",
            "cancel_url": "http://testserver/courses/",
            **params,
        }
    )


def pay(session_id: str, number: str = GOOD, **form: Any) -> Outcome:
    return completing.pay_by_card(session_id, completing.filled(number, **form), now=clock.now())


def why(outcome: Outcome) -> str | None:
    """Why it was declined, in Stripe's word."""
    return outcome.decline.decline_code if outcome.decline else None


def paid(**params: Any) -> Any:
    """A session of a single payment, paid by card; its payment intent expanded."""
    opened = session(**params)
    pay(opened.id)
    return client().v1.checkout.sessions.retrieve(opened.id, {"expand": ["payment_intent"]})


def subscribed(price_id: str | None = None, number: str = GOOD, **data: Any) -> Any:
    """A subscription that began at the Checkout page."""
    opened = session(
        price_id or monthly().id, mode="subscription", subscription_data=data or {"metadata": {}}
    )
    assert pay(opened.id, number).kind == "complete"
    done = client().v1.checkout.sessions.retrieve(opened.id, {"expand": ["subscription"]})
    return done.subscription
