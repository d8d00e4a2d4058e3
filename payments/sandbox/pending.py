"""Changes of a subscription that wait for their payment: made once it is there, or never
(https://docs.stripe.com/billing/subscriptions/pending-updates)."""

from datetime import datetime, timedelta

from payments.sandbox import events, invoices, store, subscriptions
from payments.sandbox.models import StripeObject
from payments.sandbox.store import Shape
from payments.sandbox.timers import on_timer

WAITS = timedelta(hours=23)


def keep(subscription: StripeObject, invoice: StripeObject, fields: Shape, now: datetime) -> None:
    """What is to change once the invoice is paid."""
    expires = store.stamp(now + WAITS)
    update = {
        "billing_cycle_anchor": fields.get("billing_cycle_anchor"),
        "cancel_at_period_end": None,
        "discount": None,
        "discounts": None,
        "expires_at": expires,
        "metadata": None,
        "subscription_items": fields["items"]["data"],
        "trial_end": None,
        "trial_from_plan": None,
    }
    store.note(subscription, waiting={"invoice": invoice.stripe_id, "fields": fields})
    store.change(invoice, auto_advance=False)
    subscriptions.update(subscription, now, pending_update=update)
    store.set_timer("subscription.pending_expires", subscription.stripe_id, expires)


def waits_for(subscription: StripeObject, invoice: StripeObject) -> bool:
    waiting = subscription.private.get("waiting") or {}
    return waiting.get("invoice") == invoice.stripe_id


def apply(subscription: StripeObject, invoice: StripeObject, now: datetime) -> bool:
    """Makes the change that waited for this invoice; whether there was one."""
    if not waits_for(subscription, invoice):
        return False
    fields = subscription.private["waiting"]["fields"]
    _forget(subscription)
    subscriptions.update(
        subscription, now, **fields, pending_update=None, latest_invoice=invoice.stripe_id
    )
    events.emit("customer.subscription.pending_update_applied", subscription, now)
    return True


def discard(subscription: StripeObject, invoice: StripeObject, now: datetime) -> None:
    """The invoice is void: so is the change."""
    if waits_for(subscription, invoice):
        _forget(subscription)
        subscriptions.update(subscription, now, pending_update=None)


@on_timer("subscription.pending_expires")
def expire(stripe_id: str, now: datetime) -> None:
    subscription = store.get("subscription", stripe_id)
    waiting = subscription.private.get("waiting")
    if not waiting:
        return
    _forget(subscription)
    store.change(subscription, pending_update=None)
    events.emit("customer.subscription.pending_update_expired", subscription, now)
    invoice = store.get("invoice", waiting["invoice"])
    if invoice.data["status"] == "open":
        invoices.close(invoice, "void", now)


def _forget(subscription: StripeObject) -> None:
    store.note(subscription, waiting=None)
    store.stop_timer("subscription.pending_expires", subscription.stripe_id)
