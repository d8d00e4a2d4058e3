"""The check itself: that it sees what has changed, and that the sandbox and the SDK agree on what
there is."""

import copy
from typing import Any

import pytest
import stripe
from django.conf import settings

from payments.sandbox import API_VERSION
from payments.sandbox.operations import Operation
from payments.sandbox.routes import TABLE
from tests.contract import check, plugin, sdk
from tests.sandbox import factories


def test_the_sandbox_speaks_the_installed_sdks_version() -> None:
    """A new SDK fails here first: look what changed, then change API_VERSION."""
    assert sdk.api_version() == API_VERSION


@pytest.mark.parametrize("operation", TABLE, ids=lambda entry: f"{entry.method} {entry.template}")
def test_each_operation_of_the_sandbox_is_one_of_the_sdk(operation: Operation) -> None:
    assert sdk.operation(operation.method, operation.template)


def test_an_operation_that_the_sdk_lost_is_seen() -> None:
    with pytest.raises(sdk.UnknownNameError):
        sdk.operation("post", "/v1/customers/{customer}/forget")


CREATE = ("post", "/v1/checkout/sessions")
LINE = {"price": "price_1", "quantity": "1"}


@pytest.mark.parametrize(
    ("params", "at"),
    [
        ({"mode": "payment", "line_items": [LINE], "success_url": "https://x"}, None),
        ({"payment_method_types": ["card"]}, "payment_method_types"),
        ({"line_items": [{**LINE, "quantity": "one"}]}, "line_items.0.quantity"),
        ({"line_items": [{**LINE, "sku": "1"}]}, "sku"),
        ({"mode": "donation"}, "donation"),
        ({"metadata": {"order": "1", "gone": ""}}, None),
        ({"metadata": {"order": ["1"]}}, "metadata"),
        ({"allow_promotion_codes": "yes"}, "allow_promotion_codes"),
    ],
)
def test_parameters_are_held_against_the_sdk(params: dict[str, Any], at: str | None) -> None:
    breaches = list(check.request(*CREATE, params))
    assert [str(at) in breach for breach in breaches] == ([] if at is None else [True])


@pytest.mark.parametrize("params", [{"trial_end": "now"}, {"trial_end": "1800000000"}])
def test_a_union_keeps_its_numbers(params: dict[str, Any]) -> None:
    path = "/v1/subscriptions/{subscription_exposed_id}"
    assert not list(check.request("post", path, params))
    assert list(check.request("post", path, {"trial_end": "soon"}))


def charge(**changes: Any) -> dict[str, Any]:
    body = api_charge()
    body.update(changes)
    return {name: value for name, value in body.items() if value is not ...}


def api_charge() -> dict[str, Any]:
    api = factories.client()
    factories.paid()
    return copy.deepcopy(api.v1.charges.list().data[0].to_dict())


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({}, None),
        ({"amount": ...}, "'amount' is a required property"),
        ({"amount": "9900"}, "is not of type 'integer'"),
        ({"colour": "red"}, "'colour' was unexpected"),
        ({"status": "sold"}, "'sold' is not one of"),
        ({"customer": 5}, "customer"),
        ({"outcome": {"type": "authorized", "mood": "good"}}, "'mood' was unexpected"),
    ],
)
def test_answers_are_held_against_the_sdk(
    clock: Any, changes: dict[str, Any], told: str | None
) -> None:
    body = charge(**changes)
    breaches = list(check.answer("get", "/v1/charges/{charge}", 200, body))
    assert [str(told) in breach for breach in breaches] == ([] if told is None else [True])


def event(**changes: Any) -> dict[str, Any]:
    return {
        "id": "evt_1",
        "object": "event",
        "api_version": API_VERSION,
        "created": 1,
        "data": {"object": charge()},
        "livemode": False,
        "pending_webhooks": 1,
        "request": None,
        "type": "charge.succeeded",
    } | changes


@pytest.mark.django_db
def test_events_are_held_against_the_sdk(clock: Any) -> None:
    assert not list(check.event(event()))
    assert list(check.event(event(type="charge.sold")))
    assert list(check.event(event(data={"object": charge(amount=...)})))
    assert list(check.event(event(data={"object": {"object": "carrot"}})))
    previous = {"object": charge(), "previous_attributes": {"colour": "blue"}}
    assert "'colour'" in next(check.event(event(data=previous)))


@pytest.mark.django_db
def test_every_test_that_breaks_the_contract_fails(
    clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from payments.sandbox import customers, store

    real = store.add

    def renamed(data: dict[str, Any], **rest: Any) -> Any:
        return real({"e_mail" if k == "email" else k: v for k, v in data.items()}, **rest)

    monkeypatch.setattr(customers.store, "add", renamed)
    api = stripe.StripeClient(settings.SANDBOX_KEY, http_client=factories.SandboxHTTPClient())
    api.v1.customers.create({"email": "a@example.com"})
    with pytest.raises(pytest.fail.Exception, match="e_mail"):
        plugin.fail_if_broken()
    assert plugin.take() == []
