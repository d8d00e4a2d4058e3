"""Two places that answer as Stripe does: the sandbox, and Stripe's own test mode.

What is asked goes through `payments.gateway`; here is only what people and time do there.
"""

import json
import time
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, Protocol
from urllib.parse import urlsplit

import stripe
from stripe.params import SubscriptionCreateParams

from operations import clock
from payments import gateway
from payments.sandbox import completing, operations
from payments.sandbox import time as sandbox_time
from tests.contract import check
from tests.sandbox import factories

DAY = 86400
PATIENCE = 180  # seconds in which Stripe does what it does in the background
NUMBERS = {
    "good": factories.GOOD,
    "refused": factories.FAILS_WHEN_CHARGED,
    "authenticates": "4000002760003184",
    "disputed": factories.DISPUTES,
}
# https://docs.stripe.com/testing
TOKENS = {
    "good": "pm_card_visa",
    "refused": "pm_card_chargeCustomerFail",
    "authenticates": "pm_card_authenticationRequired",
    "disputed": "pm_card_createDispute",
}

type Card = tuple[str, str]  # the customer's id, the payment method's


class Place(Protocol):
    def now(self) -> int:
        """Seconds, as this place counts them."""
        ...

    def keep_card(self, kind: str) -> Card:
        """A customer with a card on file, one of NUMBERS."""
        ...

    def subscribe(self, price_id: str, card: str = "good", *, trial_days: int = 0) -> str:
        """The id of a subscription with that card."""
        ...

    def advance(self, to: int) -> None:
        """Time goes on for those who subscribed, and all that is due on the way happens."""
        ...

    def wait(self, answer: Callable[[], Any]) -> Any:
        """The first answer that is true, of what this place does in the background."""
        ...


class Sandbox:
    def now(self) -> int:
        return int(clock.now().timestamp())

    def keep_card(self, kind: str) -> Card:
        customer = gateway.create_customer({"email": "a@example.com"}, key=f"customer-{kind}")
        session = factories.client().v1.checkout.sessions.create(
            {
                "mode": "setup",
                "currency": "cny",
                "customer": customer["id"],
                "success_url": "https://example.com/done",
                "cancel_url": "https://example.com/no",
            }
        )
        self._pay(session.id, kind)
        done = gateway.retrieve_session(session.id)
        return customer["id"], done["setup_intent"]["payment_method"]["id"]

    def subscribe(self, price_id: str, card: str = "good", *, trial_days: int = 0) -> str:
        trial: dict[str, Any] = (
            {"trial_period_days": trial_days} if trial_days else {"metadata": {}}
        )
        session = factories.session(price_id, mode="subscription", subscription_data=trial)
        self._pay(session.id, card)
        return str(gateway.retrieve_session(session.id)["subscription"])

    def advance(self, to: int) -> None:
        sandbox_time.advance(by=timedelta(seconds=to - self.now()))

    def wait(self, answer: Callable[[], Any]) -> Any:
        if not answer():
            self.advance(self.now() + 3600)
        found = answer()
        assert found, "it did not happen"
        return found

    @staticmethod
    def _pay(session_id: str, kind: str) -> None:
        if factories.pay(session_id, NUMBERS[kind]).kind == "authenticate":
            completing.authenticate(session_id, approved=True, now=clock.now())


class TestMode:
    """Those who subscribe live under a clock of Stripe's own, which takes them away at the end."""

    __test__ = False

    def __init__(self, key: str) -> None:
        self.client = stripe.StripeClient(key, max_network_retries=2)
        made = self.client.v1.test_helpers.test_clocks.create(
            {"frozen_time": int(time.time()), "name": "rizhi: the probe of the sandbox"}
        )
        self.clock = made.id

    def now(self) -> int:
        return self.client.v1.test_helpers.test_clocks.retrieve(self.clock).frozen_time

    def keep_card(self, kind: str) -> Card:
        customer = self.client.v1.customers.create(
            {"email": "a@example.com", "test_clock": self.clock}
        )
        method = self.client.v1.payment_methods.attach(TOKENS[kind], {"customer": customer.id})
        return customer.id, method.id

    def subscribe(self, price_id: str, card: str = "good", *, trial_days: int = 0) -> str:
        customer, method = self.keep_card(card)
        params: SubscriptionCreateParams = {
            "customer": customer,
            "items": [{"price": price_id}],
            "default_payment_method": method,
        }
        if trial_days:
            params["trial_period_days"] = trial_days
        return self.client.v1.subscriptions.create(params).id

    def advance(self, to: int) -> None:
        clocks = self.client.v1.test_helpers.test_clocks
        clocks.advance(self.clock, {"frozen_time": to})
        self.wait(lambda: clocks.retrieve(self.clock).status == "ready")

    def wait(self, answer: Callable[[], Any]) -> Any:
        end = time.monotonic() + PATIENCE
        while not (found := answer()):
            assert time.monotonic() < end, "it did not happen"
            time.sleep(2)
        return found

    def leave(self) -> None:
        self.client.v1.test_helpers.test_clocks.delete(self.clock)


class HeldAgainstTheContract(stripe.RequestsClient):
    """Notes where Stripe's answers are not as its own SDK declares them."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.breaches: list[str] = []

    def request(  # type: ignore[override]  # as the SDK's own
        self, method: str, url: str, headers: Mapping[str, str] | None, post_data: Any = None
    ) -> tuple[bytes, int, Mapping[str, str]]:
        body, status, told = super().request(method, url, headers, post_data)
        if known := operations.match(method.lower(), urlsplit(url).path):
            shape = json.loads(body)
            self.breaches += check.answer(known[0].method, known[0].template, status, shape)
        return body, status, told
