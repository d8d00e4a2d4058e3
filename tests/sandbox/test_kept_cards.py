"""A card that is kept today and charged later, with nobody there."""

from collections.abc import Callable
from typing import Any

import pytest
import stripe

from tests.sandbox import factories

pytestmark = pytest.mark.django_db
BACK = {"success_url": "https://example.com/done", "cancel_url": "https://example.com/no"}


@pytest.fixture
def kept(api: Any) -> Callable[..., Any]:
    """The session in setup mode, completed with a card."""

    def keep(card: str = factories.GOOD) -> Any:
        customer = api.v1.customers.create({"email": "a@example.com"})
        session = api.v1.checkout.sessions.create(
            {
                "mode": "setup",
                "currency": "cny",
                "customer": customer.id,
                "setup_intent_data": {"metadata": {"order": "1"}},
                **BACK,
            }
        )
        assert (session.amount_total, session.payment_status) == (None, "no_payment_required")
        assert factories.pay(session.id, card).kind == "complete"
        return api.v1.checkout.sessions.retrieve(session.id, {"expand": ["setup_intent"]})

    return keep


def charge(api: Any, session: Any, **more: Any) -> Any:
    return api.v1.payment_intents.create(
        {
            "amount": 9900,
            "currency": "cny",
            "customer": session.customer,
            "payment_method": session.setup_intent.payment_method,
            "off_session": True,
            "confirm": True,
            **more,
        }
    )


def test_nothing_is_charged_when_it_is_kept_and_once_when_it_is_asked(
    api: Any, kept: Callable[..., Any], events: Callable[..., list[str]]
) -> None:
    session = kept()
    assert api.v1.charges.list().data == []
    assert session.setup_intent.metadata.order == "1"
    assert events("setup_intent.", "checkout.") == [
        "setup_intent.created",
        "setup_intent.succeeded",
        "checkout.session.completed",
    ]
    assert charge(api, session).status == "succeeded"
    assert [each.amount for each in api.v1.charges.list().data] == [9900]


def test_a_refusal_leaves_a_payment_that_was_not_made(api: Any, kept: Callable[..., Any]) -> None:
    session = kept(factories.FAILS_WHEN_CHARGED)
    with pytest.raises(stripe.CardError):
        charge(api, session)
    [intent] = api.v1.payment_intents.list({"customer": session.customer}).data
    assert intent.status == "requires_payment_method"


def test_let_go_it_can_be_charged_no_more(api: Any, kept: Callable[..., Any]) -> None:
    session = kept()
    method = session.setup_intent.payment_method
    assert api.v1.payment_methods.detach(method).customer is None
    with pytest.raises(stripe.InvalidRequestError):
        charge(api, session)
    with pytest.raises(stripe.InvalidRequestError):
        api.v1.payment_methods.detach(method)


def test_what_is_kept_has_no_lines_and_what_is_sold_has(api: Any) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="line_items"):
        factories.session(mode="setup", currency="cny")
