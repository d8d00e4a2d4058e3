"""What people do on the Checkout page: pay by card or wallet, pass 3-D Secure, or fail to.

The page calls these functions, and so may tests:

    completing.pay_by_card(session_id, completing.filled("4242424242424242"), now=now)
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from payments.sandbox import (
    cards,
    customers,
    cycle,
    events,
    invoices,
    payment,
    promotions,
    store,
    subscriptions,
    tax,
)
from payments.sandbox.cards import TestCard
from payments.sandbox.checkout import NOBODY, WALLETS
from payments.sandbox.models import StripeObject
from payments.sandbox.payment import Decline
from payments.sandbox.store import Shape
from payments.sandbox.timers import on_timer

WalletAnswer = Literal["paid", "refused", "paid_later", "refused_later"]


class SessionClosedError(Exception):
    """The session is complete or expired: nothing can be paid here any more."""


@dataclass(frozen=True)
class Filled:
    """The card form, as it was filled in."""

    card: TestCard
    expires: tuple[int, int]
    email: str
    name: str
    country: str = tax.HOME
    tax_id: str = ""


@dataclass(frozen=True)
class Outcome:
    kind: Literal["complete", "declined", "authenticate"]
    decline: Decline | None = None


COMPLETE = Outcome("complete")
AUTHENTICATE = Outcome("authenticate")


def filled(
    number: str,
    *,
    email: str = "buyer@example.com",
    name: str = "Test Buyer",
    country: str = tax.HOME,
    tax_id: str = "",
) -> Filled:
    """A card form filled in with one of the test cards."""
    return Filled(cards.CARDS[number], (12, 2099), email, name, country, tax_id)


def due_today(session: StripeObject) -> int:
    """What is charged at once: nothing for what has a trial."""
    lines = session.private["line_items"]
    trial = trial_end(session, session.created) is not None
    return sum(
        0 if trial and line["price"]["recurring"] else line["amount_total"] for line in lines
    )


def trial_end(session: StripeObject, second: int) -> int | None:
    wanted = session.private.get("subscription", {})
    if days := wanted.get("trial_period_days"):
        return int(second + timedelta(days=days).total_seconds())
    end: int | None = wanted.get("trial_end")
    return end


def _open(session_id: str) -> StripeObject:
    session = store.get("checkout.session", session_id)
    if session.data["status"] != "open":
        raise SessionClosedError(session_id)
    return session


def pay_by_card(session_id: str, form: Filled, *, now: datetime) -> Outcome:
    """Raises SessionClosedError."""
    with store.transaction():
        session = _open(session_id)
        billing = {"email": form.email, "name": form.name}
        method = customers.new_card_method(
            form.card, expires=form.expires, billing=billing, now=now
        )
        customer = _customer(session, billing, now)
        store.note(session, country=form.country, tax_id=form.tax_id)
        if due_today(session) == 0:
            return _keep_card(session, customer, method, now)
        return _charge(session, customer, method, now)


def complete_free(session_id: str, *, now: datetime) -> Outcome:
    """A single payment that a discount brought to nothing: no card is asked for. Raises
    SessionClosedError."""
    with store.transaction():
        session = _open(session_id)
        if not is_free(session):
            raise SessionClosedError(f"{session_id} is to be paid")
        billing = {"email": session.data["customer_email"], "name": None}
        _complete(session, _customer(session, billing, now), None, None, now)
        return COMPLETE


def is_free(session: StripeObject) -> bool:
    return session.data["mode"] == "payment" and due_today(session) == 0


def _customer(session: StripeObject, billing: Shape, now: datetime) -> StripeObject | None:
    """The buyer as a customer, where the session has or needs one."""
    held = session.data["customer"] or session.private.get("customer")
    if held:
        return store.get("customer", held)
    wanted = session.data["customer_creation"] == "always"
    if session.data["mode"] == "payment" and not wanted:
        return None
    customer = customers.new_customer(now=now, **billing)
    store.note(session, customer=customer.stripe_id)
    return customer


def _charge(
    session: StripeObject, customer: StripeObject | None, method: StripeObject, now: datetime
) -> Outcome:
    intent = _intent(session, customer, now)
    store.note(session, method=method.stripe_id)
    decline = payment.confirm(intent, method, buyer_is_there=True, now=now)
    if decline:
        return Outcome("declined", decline)
    if intent.data["status"] == "requires_action":
        return AUTHENTICATE
    _complete(session, customer, method, intent, now)
    return COMPLETE


def _intent(session: StripeObject, customer: StripeObject | None, now: datetime) -> StripeObject:
    """The session's payment intent: one, kept over all attempts."""
    if held := session.private.get("intent"):
        return store.get("payment_intent", held)
    data = session.private.get("payment", {})
    renewing = session.data["mode"] == "subscription"
    intent = payment.open_intent(
        amount=due_today(session),
        currency=session.data["currency"],
        customer=customer.stripe_id if customer else None,
        method_types=session.data["payment_method_types"],
        description=data.get("description") or ("Subscription creation" if renewing else None),
        metadata=data.get("metadata"),
        receipt_email=data.get("receipt_email"),
        setup_future_usage="off_session" if renewing else data.get("setup_future_usage"),
        now=now,
    )
    store.note(session, intent=intent.stripe_id)
    if not renewing:
        store.change(session, payment_intent=intent.stripe_id)
    return intent


def _keep_card(
    session: StripeObject, customer: StripeObject | None, method: StripeObject, now: datetime
) -> Outcome:
    """A trial, or a card for later: it is kept, nothing is charged."""
    if decline := payment.refuses_to_be_kept(method):
        return Outcome("declined", decline)
    store.note(session, method=method.stripe_id)
    if payment.asks_authentication(method):
        return AUTHENTICATE
    _complete(session, customer, method, None, now)
    return COMPLETE


def authenticate(session_id: str, *, approved: bool, now: datetime) -> Outcome:
    """The answer to the 3-D Secure question. Raises SessionClosedError."""
    with store.transaction():
        session = _open(session_id)
        held, intent_id = session.private.get("method"), session.private.get("intent")
        intent = store.get("payment_intent", intent_id) if intent_id else None
        waiting = intent is None or intent.data["status"] == "requires_action"
        if held is None or not waiting:
            raise SessionClosedError(session_id)
        method = store.get("payment_method", held)
        if not approved:
            store.note(session, method=None)
            if intent:
                payment.fail(intent, method, payment.NOT_AUTHENTICATED, now)
            return Outcome("declined", payment.NOT_AUTHENTICATED)
        store.note(method, authenticated=True)
        if intent:
            payment.succeed(intent, method, now)
        known = session.data["customer"] or session.private.get("customer")
        customer = store.get("customer", known) if known else None
        _complete(session, customer, method, intent, now)
        return COMPLETE


def pay_by_wallet(
    session_id: str, wallet: str, answer: WalletAnswer, *, email: str = "", now: datetime
) -> Outcome:
    """What the buyer's phone said. Raises SessionClosedError."""
    with store.transaction():
        session = _open(session_id)
        if wallet not in WALLETS or wallet not in session.data["payment_method_types"]:
            raise SessionClosedError(f"{session_id} takes no {wallet}")
        billing = {"email": email or session.data["customer_email"], "name": None}
        method = customers.new_wallet_method(wallet, billing=billing, now=now)
        customer = _customer(session, billing, now)
        intent = _intent(session, customer, now)
        if answer == "refused":
            payment.fail(intent, method, payment.WALLET_REFUSED, now)
            return Outcome("declined", payment.WALLET_REFUSED)
        if answer == "paid":
            payment.succeed(intent, method, now)
        else:
            will_succeed = answer == "paid_later"
            payment.wait_for_settlement(intent, method, will_succeed=will_succeed, now=now)
            store.note(intent, session=session_id)
        _complete(session, customer, method, intent, now)
        return COMPLETE


@on_timer("intent.settle")
def settle(intent_id: str, now: datetime) -> None:
    """A payment that was to be known later is known."""
    intent = store.get("payment_intent", intent_id)
    session = store.get("checkout.session", intent.private["session"])
    method = store.get("payment_method", intent.data["payment_method"])
    if intent.private["will_succeed"]:
        payment.succeed(intent, method, now)
        store.change(session, payment_status="paid")
        events.emit("checkout.session.async_payment_succeeded", session, now)
    else:
        payment.fail(intent, method, payment.WALLET_REFUSED, now)
        events.emit("checkout.session.async_payment_failed", session, now)


def _complete(
    session: StripeObject,
    customer: StripeObject | None,
    method: StripeObject | None,
    intent: StripeObject | None,
    now: datetime,
) -> None:
    if customer and method and method.data["type"] == "card" and _keeps_method(session):
        customers.attach(method, customer, now)
    fields: Shape = {"payment_status": _payment_status(intent)} | _taxed(session, customer)
    if session.data["mode"] == "subscription" and customer and method:
        fields |= _subscribe(session, customer, method, intent, now)
    elif session.data["mode"] == "setup" and customer and method:
        fields["setup_intent"] = _set_up(session, customer, method, now).stripe_id
    elif customer and intent and session.data["invoice_creation"]["enabled"]:
        fields["invoice"] = _invoice_paid(session, customer, intent, now).stripe_id
    if session.data["mode"] == "payment":
        promotions.redeem(session, None, now)
    billing = method.data["billing_details"] if method else session.data["customer_details"] or {}
    details = {name: billing.get(name) for name in ("email", "name")}
    agreed = (session.data["consent_collection"] or {}).get("terms_of_service") == "required"
    store.change(
        session,
        **fields,
        consent={"promotions": None, "terms_of_service": "accepted"} if agreed else None,
        customer=customer.stripe_id if customer else None,
        customer_details={**NOBODY, **details, **_where(session)},
        status="complete",
        url=None,
    )
    store.stop_timer("session.expire", session.stripe_id)
    events.emit("checkout.session.completed", session, now)


def _taxed(session: StripeObject, customer: StripeObject | None) -> Shape:
    """What of the session's total is tax, now that the buyer's country is known."""
    if not session.data["automatic_tax"]["enabled"]:
        return {}
    country = session.private.get("country", tax.HOME)
    if customer:
        store.change(customer, address=tax.address(country))
        store.note(customer, tax_ids=_where(session).get("tax_ids", []))
    amount = tax.included(session.data["amount_total"], country)
    return {
        "automatic_tax": {**session.data["automatic_tax"], "status": "complete"},
        "total_details": {**session.data["total_details"], "amount_tax": amount},
    }


def _where(session: StripeObject) -> Shape:
    """The buyer's country and tax number, where the page asked for them."""
    found: Shape = {}
    if session.data["automatic_tax"]["enabled"]:
        found["address"] = tax.address(session.private.get("country", tax.HOME))
    if number := session.private.get("tax_id"):
        found["tax_ids"] = [{"type": "unknown", "value": number}]
    return found


def _keeps_method(session: StripeObject) -> bool:
    keeps = session.data["mode"] in ("setup", "subscription")
    return keeps or bool(session.private.get("payment", {}).get("setup_future_usage"))


def _payment_status(intent: StripeObject | None) -> str:
    if intent is None:
        return "no_payment_required"
    return "paid" if intent.data["status"] == "succeeded" else "unpaid"


def _subscribe(
    session: StripeObject,
    customer: StripeObject,
    method: StripeObject,
    intent: StripeObject | None,
    now: datetime,
) -> Shape:
    """Stripe makes the subscription only now, after the payment."""
    wanted = session.private["subscription"]
    if intent is None:
        payment.open_setup(customer=customer.stripe_id, method=method, status="succeeded", now=now)
    subscription = subscriptions.create(
        customer=customer,
        lines=session.private["line_items"],
        method=method,
        trial_end=trial_end(session, store.stamp(now)),
        metadata=wanted["metadata"],
        description=wanted["description"],
        taxed=session.data["automatic_tax"]["enabled"],
        now=now,
    )
    promotions.redeem(session, subscription, now)
    invoice = subscriptions.first_invoice(
        subscription, session.private["line_items"], customer, now
    )
    if intent is not None:
        invoices.link_payment(invoice, intent, now)
    invoices.mark_paid(invoice, now)
    events.emit("customer.subscription.created", subscription, now)
    cycle.schedule(subscription, now)
    return {"subscription": subscription.stripe_id, "invoice": invoice.stripe_id}


def _set_up(
    session: StripeObject, customer: StripeObject, method: StripeObject, now: datetime
) -> StripeObject:
    """What stands for the buyer's leave to charge the card later."""
    setup = payment.open_setup(
        customer=customer.stripe_id, method=method, status="succeeded", now=now
    )
    store.change(setup, **session.private["setup"])
    events.emit("setup_intent.succeeded", setup, now)
    return setup


def _invoice_paid(
    session: StripeObject, customer: StripeObject, intent: StripeObject, now: datetime
) -> StripeObject:
    """The invoice that `invoice_creation` asks for, after a single payment."""
    second = store.stamp(now)
    data = session.data["invoice_creation"]["invoice_data"]
    lines = [
        invoices.Line(
            amount=line["amount_total"],
            price=line["price"],
            description=line["description"],
            start=second,
            end=second,
            quantity=line["quantity"],
        )
        for line in session.private["line_items"]
    ]
    shape = invoices.shape_of(
        customer=customer,
        lines=lines,
        currency=session.data["currency"],
        reason="manual",
        now=now,
        metadata=data["metadata"],
        description=data["description"],
        footer=data["footer"],
    )
    invoice = invoices.make(shape, now)
    invoices.finalize(invoice, now)
    invoices.link_payment(invoice, intent, now)
    invoices.mark_paid(invoice, now)
    return invoice
