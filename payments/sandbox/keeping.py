"""Keeping another card: in the customer portal, or with an invoice that is to be paid."""

from datetime import datetime

from payments.sandbox import customers, events, payment, store, subscriptions
from payments.sandbox.completing import AUTHENTICATE, COMPLETE, Filled, Outcome
from payments.sandbox.models import StripeObject
from payments.sandbox.payment import Decline


def change_card(portal: StripeObject, form: Filled, *, now: datetime) -> Outcome:
    """A new card for all that the customer of this portal session is subscribed to."""
    with store.transaction():
        billing = {"email": form.email, "name": form.name}
        method = customers.new_card_method(
            form.card, expires=form.expires, billing=billing, now=now
        )
        if decline := payment.refuses_to_be_kept(method):
            return Outcome("declined", decline)
        if payment.asks_authentication(method):
            store.note(portal, method=method.stripe_id)
            return AUTHENTICATE
        _keep(portal.customer, method, now)
        return COMPLETE


def card_for_invoice(invoice: StripeObject, form: Filled, *, now: datetime) -> Decline | None:
    """A new card for whoever is to pay an invoice; what its bank asks is asked with the charge."""
    billing = {"email": form.email, "name": form.name}
    method = customers.new_card_method(form.card, expires=form.expires, billing=billing, now=now)
    if decline := payment.refuses_to_be_kept(method):
        return decline
    _keep(invoice.customer, method, now)
    return None


def authenticate(portal: StripeObject, *, approved: bool, now: datetime) -> Outcome:
    """The answer to the 3-D Secure question about the card that waits."""
    with store.transaction():
        held = portal.private.get("method")
        store.note(portal, method=None)
        if held is None or not approved:
            return Outcome("declined", payment.NOT_AUTHENTICATED)
        method = store.get("payment_method", held)
        store.note(method, authenticated=True)
        _keep(portal.customer, method, now)
        return COMPLETE


def _keep(customer_id: str, method: StripeObject, now: datetime) -> None:
    customer = store.get("customer", customer_id)
    setup = payment.open_setup(customer=customer_id, method=method, status="succeeded", now=now)
    events.emit("setup_intent.succeeded", setup, now)
    customers.attach(method, customer, now)
    invoice_settings = {
        **customer.data["invoice_settings"],
        "default_payment_method": method.stripe_id,
    }
    events.changed("customer.updated", customer, now, invoice_settings=invoice_settings)
    held = store.every("subscription").filter(customer=customer_id)
    for subscription in held.filter(data__status__in=subscriptions.LIVE):
        subscriptions.update(subscription, now, default_payment_method=method.stripe_id)
