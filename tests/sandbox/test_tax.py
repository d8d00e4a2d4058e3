"""Tax is reckoned where the request makes it possible, in what prices include."""

from typing import Any

import pytest
import stripe

from tests.sandbox import factories

pytestmark = pytest.mark.django_db

ASKED: dict[str, Any] = {"automatic_tax": {"enabled": True}}


def test_a_known_customer_needs_the_address_that_is_typed(api: Any) -> None:
    customer = api.v1.customers.create({"email": "a@example.com"}).id
    price = factories.price(tax_behavior="inclusive").id
    with pytest.raises(stripe.InvalidRequestError, match="requires a valid address"):
        factories.session(price, customer=customer, **ASKED)


def test_a_price_that_does_not_say_how_is_refused(api: Any) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="tax_behavior"):
        factories.session(factories.price().id, **ASKED)


def test_a_tax_number_needs_the_name_that_is_typed(api: Any) -> None:
    customer = api.v1.customers.create({"email": "a@example.com"}).id
    with pytest.raises(stripe.InvalidRequestError, match="business name"):
        factories.session(customer=customer, tax_id_collection={"enabled": True})


def test_the_tax_is_known_once_the_country_is(api: Any) -> None:
    price = factories.price(11900, tax_behavior="inclusive").id
    opened = factories.session(price, **ASKED)
    assert opened.total_details.amount_tax == 0
    factories.pay(opened.id, country="DE")
    paid = api.v1.checkout.sessions.retrieve(opened.id)
    assert (paid.amount_total, paid.total_details.amount_tax) == (11900, 1900)
    assert paid.automatic_tax.status == "complete"
