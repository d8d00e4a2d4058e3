"""Each test asks the sandbox and, where STRIPE_TEST_SECRET_KEY gives a key, Stripe's test mode."""

import os
from collections.abc import Iterator
from typing import Any

import pytest
import stripe

from payments import gateway
from tests.probe.places import HeldAgainstTheContract, Place, Sandbox, TestMode


@pytest.fixture(params=["sandbox", pytest.param("stripe", marks=pytest.mark.stripe_live)])
def place(request: pytest.FixtureRequest, db: None) -> Place:
    found: Place = request.getfixturevalue(f"the_{request.param}")
    return found


@pytest.fixture
def the_sandbox(clock: Any) -> Place:
    return Sandbox()


@pytest.fixture
def the_stripe(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    key = os.environ["STRIPE_TEST_SECRET_KEY"]
    assert "_test_" in key, "STRIPE_TEST_SECRET_KEY is no key of the test mode"
    settings.STRIPE_SANDBOX = False
    settings.STRIPE_SECRET_KEY, settings.STRIPE_API_BASE = key, ""
    asked = HeldAgainstTheContract(timeout=gateway.TIMEOUT_SECONDS)
    client = stripe.StripeClient(key, http_client=asked, max_network_retries=gateway.RETRIES)
    monkeypatch.setattr(gateway, "_client_for", lambda *_: client)
    there = TestMode(key)
    yield there
    there.leave()
    if breaches := list(dict.fromkeys(asked.breaches)):
        pytest.fail("Stripe answers otherwise than its SDK declares:\n" + "\n".join(breaches))
