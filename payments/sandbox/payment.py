"""Payment intents and charges: an amount, a payment method, and how the attempt ends."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings

from payments.sandbox import balance, events, ids, store
from payments.sandbox.cards import Behaviour
from payments.sandbox.models import StripeObject
from payments.sandbox.operations import readable
from payments.sandbox.store import Shape

# How long a payment that is confirmed later takes (bank debits and the like).
SETTLEMENT = timedelta(hours=1)

readable("payment_intent", "/v1/payment_intents", "intent", "customer")
readable("charge", "/v1/charges", "charge", "customer", "payment_intent")
readable("setup_intent", "/v1/setup_intents", "intent", "customer", "payment_method")


@dataclass(frozen=True)
class Decline:
    """Why a payment failed, in Stripe's codes."""

    code: str
    decline_code: str | None
    message: str


GENERIC = Decline("card_declined", "generic_decline", "Your card was declined.")
NO_FUNDS = Decline("card_declined", "insufficient_funds", "Your card has insufficient funds.")
NOT_AUTHENTICATED = Decline(
    "payment_intent_authentication_failure",
    None,
    "We are unable to authenticate your payment method. "
    "Please choose a different payment method and try again.",
)
NEEDS_ACTION = Decline(
    "subscription_payment_intent_requires_action",
    None,
    "Payment for this subscription requires additional user action before it can be completed.",
)
WALLET_REFUSED = Decline(
    "payment_intent_payment_attempt_failed", None, "The payment was not completed."
)
AUTHENTICATION_REQUIRED = Decline(
    "authentication_required",
    "authentication_required",
    "Your card was declined. This transaction requires authentication.",
)
NO_METHOD = Decline("resource_missing", None, "There is no payment method that could be charged.")


def refuses_to_be_kept(method: StripeObject) -> Decline | None:
    """Why a card cannot even be kept for later, if so."""
    match method.private["behaviour"]:
        case Behaviour.DECLINED:
            return GENERIC
        case Behaviour.INSUFFICIENT_FUNDS:
            return NO_FUNDS
    return None


def _refuses_charge(method: StripeObject) -> Decline | None:
    if method.private["behaviour"] == Behaviour.FAILS_WHEN_CHARGED:
        return GENERIC
    return refuses_to_be_kept(method)


def asks_authentication(method: StripeObject) -> bool:
    """With the buyer there: the bank wants to know whether it is them."""
    asks = method.private["behaviour"] in (
        Behaviour.AUTHENTICATION,
        Behaviour.ALWAYS_AUTHENTICATION,
    )
    return asks and not method.private.get("authenticated")


def _asks_each_time(method: StripeObject) -> bool:
    return bool(method.private["behaviour"] == Behaviour.ALWAYS_AUTHENTICATION)


def open_intent(
    *,
    amount: int,
    currency: str,
    customer: str | None,
    method_types: list[str],
    now: datetime,
    description: str | None = None,
    metadata: dict[str, str] | None = None,
    setup_future_usage: str | None = None,
    receipt_email: str | None = None,
) -> StripeObject:
    stripe_id = ids.new("pi")
    intent = store.add(
        {
            "id": stripe_id,
            "object": "payment_intent",
            "amount": amount,
            "amount_capturable": 0,
            "amount_received": 0,
            "application": None,
            "application_fee_amount": None,
            "automatic_payment_methods": None,
            "canceled_at": None,
            "cancellation_reason": None,
            "capture_method": "automatic",
            "client_secret": ids.new(f"{stripe_id}_secret", 24),
            "confirmation_method": "automatic",
            "created": store.stamp(now),
            "currency": currency,
            "customer": customer,
            "description": description,
            "last_payment_error": None,
            "latest_charge": None,
            "livemode": False,
            "metadata": metadata or {},
            "next_action": None,
            "payment_method": None,
            "payment_method_types": method_types,
            "processing": None,
            "receipt_email": receipt_email,
            "setup_future_usage": setup_future_usage,
            "statement_descriptor": None,
            "statement_descriptor_suffix": None,
            "status": "requires_payment_method",
            "transfer_data": None,
            "transfer_group": None,
        }
    )
    events.emit("payment_intent.created", intent, now)
    return intent


def confirm(
    intent: StripeObject, method: StripeObject, *, buyer_is_there: bool, now: datetime
) -> Decline | None:
    """Tries to take the money. Afterwards the intent's status says how it stands; a decline is
    returned as well. With the buyer there, some cards ask for 3-D Secure first."""
    store.change(intent, payment_method=method.stripe_id)
    if buyer_is_there and asks_authentication(method):
        ask_authentication(intent, now)
        return None
    if not buyer_is_there and _asks_each_time(method):
        ask_authentication(intent, now)
        return NEEDS_ACTION
    if decline := _refuses_charge(method):
        fail(intent, method, decline, now)
        return decline
    succeed(intent, method, now)
    return None


def charge_kept(intent: StripeObject, method: StripeObject, now: datetime) -> Decline | None:
    """Tries to take the money with nobody there: a bank that wants to ask says no."""
    store.change(intent, payment_method=method.stripe_id)
    decline = AUTHENTICATION_REQUIRED if _asks_each_time(method) else _refuses_charge(method)
    if decline:
        fail(intent, method, decline, now)
        return decline
    succeed(intent, method, now)
    return None


def ask_authentication(intent: StripeObject, now: datetime) -> None:
    store.change(
        intent,
        status="requires_action",
        next_action={"type": "use_stripe_sdk", "use_stripe_sdk": {"type": "three_d_secure"}},
    )
    events.emit("payment_intent.requires_action", intent, now)


def wait_for_settlement(
    intent: StripeObject, method: StripeObject, *, will_succeed: bool, now: datetime
) -> None:
    """The buyer has done their part; whether the money comes is known later."""
    store.change(intent, status="processing", payment_method=method.stripe_id)
    store.note(intent, will_succeed=will_succeed)
    events.emit("payment_intent.processing", intent, now)
    store.set_timer("intent.settle", intent.stripe_id, store.stamp(now + SETTLEMENT))


def succeed(intent: StripeObject, method: StripeObject, now: datetime) -> StripeObject:
    charge = store.add(_charge(intent, method, now))
    booked = balance.book(
        kind="charge" if method.data["type"] == "card" else "payment",
        category="charge",
        source=charge.stripe_id,
        amount=intent.data["amount"],
        fee=balance.processing_fee(intent.data["amount"]),
        currency=intent.data["currency"],
        now=now,
        description=intent.data["description"],
    )
    store.change(charge, balance_transaction=booked.stripe_id)
    store.change(
        intent,
        amount_received=intent.data["amount"],
        last_payment_error=None,
        latest_charge=charge.stripe_id,
        next_action=None,
        status="succeeded",
    )
    events.emit("charge.succeeded", charge, now)
    events.emit("payment_intent.succeeded", intent, now)
    if method.private["behaviour"] == Behaviour.DISPUTED:
        store.set_timer("dispute.open", charge.stripe_id, store.stamp(now))
    return charge


def fail(
    intent: StripeObject, method: StripeObject | None, decline: Decline, now: datetime
) -> None:
    charge = None
    if method is not None and decline.decline_code is not None:
        charge = store.add(_charge(intent, method, now, decline))
        events.emit("charge.failed", charge, now)
    error: Shape = {"type": "card_error", "code": decline.code, "message": decline.message}
    if decline.decline_code:
        error["decline_code"] = decline.decline_code
    if charge:
        error["charge"] = charge.stripe_id
    if method:
        error["payment_method"] = method.data
    store.change(
        intent,
        last_payment_error=error,
        latest_charge=charge.stripe_id if charge else intent.data["latest_charge"],
        next_action=None,
        payment_method=None,
        status="requires_payment_method",
    )
    events.emit("payment_intent.payment_failed", intent, now)


def _charge(
    intent: StripeObject, method: StripeObject, now: datetime, decline: Decline | None = None
) -> Shape:
    stripe_id = ids.new("ch" if method.data["type"] == "card" else "py")
    amount, email = intent.data["amount"], method.data["billing_details"]["email"]
    return {
        "id": stripe_id,
        "object": "charge",
        "amount": amount,
        "amount_captured": 0 if decline else amount,
        "amount_refunded": 0,
        "application": None,
        "application_fee": None,
        "application_fee_amount": None,
        "balance_transaction": None,
        "billing_details": method.data["billing_details"],
        "calculated_statement_descriptor": "SANDBOX",
        "captured": decline is None,
        "created": store.stamp(now),
        "currency": intent.data["currency"],
        "customer": intent.data["customer"],
        "description": intent.data["description"],
        "disputed": False,
        "failure_balance_transaction": None,
        "failure_code": decline.code if decline else None,
        "failure_message": decline.message if decline else None,
        "fraud_details": {},
        "livemode": False,
        "metadata": intent.data["metadata"],
        "outcome": _outcome(decline),
        "paid": decline is None,
        "payment_intent": intent.stripe_id,
        "payment_method": method.stripe_id,
        "payment_method_details": _details(method),
        "receipt_email": intent.data["receipt_email"] or email,
        "receipt_number": None,
        "receipt_url": None if decline else f"{settings.BASE_URL}/sandbox/receipt/{stripe_id}/",
        "refunded": False,
        "review": None,
        "shipping": None,
        "statement_descriptor": None,
        "statement_descriptor_suffix": None,
        "status": "failed" if decline else "succeeded",
        "transfer_data": None,
        "transfer_group": None,
    }


def _outcome(decline: Decline | None) -> Shape:
    return {
        "network_status": "declined_by_network" if decline else "approved_by_network",
        "reason": decline.decline_code if decline else None,
        "risk_level": "normal",
        "risk_score": 12,
        "seller_message": decline.message if decline else "Payment complete.",
        "type": "issuer_declined" if decline else "authorized",
    }


def _details(method: StripeObject) -> Shape:
    kind = method.data["type"]
    if kind != "card":
        return {"type": kind, kind: {"fingerprint": None, "transaction_id": ids.new("txn", 12)}}
    card = method.data["card"]
    kept = ("brand", "checks", "country", "exp_month", "exp_year", "fingerprint", "funding")
    shown = {name: card[name] for name in kept} | {
        "installments": None,
        "last4": card["last4"],
        "mandate": None,
        "network": card["brand"],
        "three_d_secure": None,
        "wallet": None,
    }
    return {"type": "card", "card": shown}


def open_setup(*, customer: str, method: StripeObject, status: str, now: datetime) -> StripeObject:
    """A setup intent: a card is kept for later, nothing is charged."""
    stripe_id = ids.new("seti")
    setup = store.add(
        {
            "id": stripe_id,
            "object": "setup_intent",
            "application": None,
            "cancellation_reason": None,
            "client_secret": ids.new(f"{stripe_id}_secret", 24),
            "created": store.stamp(now),
            "customer": customer,
            "description": None,
            "last_setup_error": None,
            "latest_attempt": None,
            "livemode": False,
            "mandate": None,
            "metadata": {},
            "next_action": None,
            "payment_method": method.stripe_id,
            "payment_method_types": ["card"],
            "single_use_mandate": None,
            "status": status,
            "usage": "off_session",
        }
    )
    events.emit("setup_intent.created", setup, now)
    return setup
