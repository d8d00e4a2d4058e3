"""Whose payment it is: known here, or told by Stripe."""

from datetime import timedelta
from typing import Any

import pytest

from payments import gateway, payers
from payments.models import Invoice
from payments.payers import Payer
from tests.payments.factories import NOW, InvoiceFactory, OrderFactory, SubscriptionFactory

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(days=1)


@pytest.fixture(autouse=True)
def there(monkeypatch):
    """What Stripe knows: payments with their metadata, and the bills that they paid."""
    gateway.ours()
    known: dict[str, Any] = {"payments": {}, "bills": {}, "made": {}, "asked": []}

    def payment(payment_intent_id):
        known["asked"].append(payment_intent_id)
        return known["payments"].get(payment_intent_id, {})

    def refresh(invoice_id, *, now):
        known["asked"].append((invoice_id, now))
        if payment_intent_id := known["made"].get(invoice_id):
            InvoiceFactory(stripe_id=invoice_id, payment_intent_id=payment_intent_id)

    monkeypatch.setattr(gateway, "retrieve_payment_intent", payment)
    monkeypatch.setattr(
        gateway, "find_invoice", lambda *, payment_intent_id: known["bills"].get(payment_intent_id)
    )
    monkeypatch.setattr("payments.subscriptions.refresh_invoice", refresh)
    return known


def payer(payment_intent_id: str) -> tuple:
    found = payers.of_payment(payment_intent_id, now=NOW)
    return (found.order, found.invoice)


def elsewhere(make, **fields) -> None:
    """The same ids in another account and in the other mode."""
    make(account="acct_other", **fields)
    make(livemode=True, **fields)


def test_an_order_is_known_by_its_payment(there):
    OrderFactory(payment_intent_id="pi_2")
    order = OrderFactory(payment_intent_id="pi_1")
    OrderFactory(payment_intent_id="pi_3")
    elsewhere(OrderFactory, payment_intent_id="pi_1", created_at=LATER)
    assert payer("pi_1") == (order, None)
    assert payer("") == (None, None)
    assert there["asked"] == []


def test_a_bill_is_known_by_its_payment_with_the_order_that_began_it(there):
    row = SubscriptionFactory()
    order = OrderFactory(fulfilled=True, subscription=row, buyer=row.learner)
    bill = InvoiceFactory(subscription=row, payment_intent_id="pi_1")
    InvoiceFactory(subscription=row, payment_intent_id="pi_2")
    by_hand = InvoiceFactory(payment_intent_id="pi_3")
    alone = InvoiceFactory(subscription=None, payment_intent_id="pi_4")
    elsewhere(InvoiceFactory, payment_intent_id="pi_1", created_at=LATER)
    assert payer("pi_1") == (order, bill)
    assert payer("pi_3") == (None, by_hand)
    assert payer("pi_4") == (None, alone)
    assert there["asked"] == []


def test_a_payment_that_names_its_order_is_its_own(there):
    order, other = OrderFactory(), OrderFactory()
    foreign = [OrderFactory(account="acct_other"), OrderFactory(livemode=True)]
    for number, named in enumerate([order, *foreign]):
        there["payments"][f"pi_{number}"] = {"metadata": {"order": str(named.key)}}
    assert payer("pi_0") == (order, None)
    assert [payer(f"pi_{number}") for number in (1, 2)] == [(None, None)] * 2
    assert other.pk
    assert there["asked"] == ["pi_0", "pi_1", "pi_2"]


def test_what_names_no_order_may_have_paid_a_bill_that_is_fetched_first(there):
    there["payments"] = {"pi_1": {"metadata": None}, "pi_2": {}}
    there["bills"] = {"pi_1": "in_1", "pi_2": "in_2"}
    there["made"] = {"in_1": "pi_1"}
    OrderFactory()
    _order, bill = payer("pi_1")
    assert bill == Invoice.objects.get()
    assert payer("pi_2") == (None, None)
    assert payer("pi_3") == (None, None)
    assert there["asked"] == ["pi_1", ("in_1", NOW), "pi_2", ("in_2", NOW), "pi_3"]


def test_of_a_locked_payer_the_order_is_as_it_is_now():
    order = OrderFactory()
    held = Payer(order=order)
    type(order).objects.filter(pk=order.pk).update(note="since")
    held.lock()
    assert held.order
    assert (held.order, held.order.note) == (order, "since")
    nobody = Payer()
    nobody.lock()
    assert nobody == Payer()
