"""Charging a card that was kept, with nobody there to be asked; and letting it go."""

from datetime import datetime

from payments.sandbox import customers, events, payment, store
from payments.sandbox.errors import CardError, InvalidRequestError
from payments.sandbox.operations import operation
from payments.sandbox.parameters import Params
from payments.sandbox.store import Shape


@operation("post", "/v1/payment_intents")
def create_intent(params: Params, now: datetime) -> Shape:
    """Only what the shop needs: confirmed at once, off session."""
    amount = params.whole("amount", required=True, low=1) or 0
    currency = params.must("currency").lower()
    customer = store.get("customer", params.must("customer"), param="customer")
    method = customers.own_method(customer, params.must("payment_method"))
    if not (params.flag("off_session") and params.flag("confirm")):
        raise InvalidRequestError(
            "The sandbox makes payments of their own only off session and confirmed at once.",
            param="off_session",
        )
    intent = payment.open_intent(
        amount=amount,
        currency=currency,
        customer=customer.stripe_id,
        method_types=params.texts("allowed_payment_method_types") or ["card"],
        description=params.text("description"),
        metadata=params.metadata(),
        now=now,
    )
    if decline := payment.charge_kept(intent, method, now):
        raise CardError(
            decline.message,
            code=decline.code,
            decline_code=decline.decline_code or "",
            payment_intent=intent.data,
        )
    return intent.data


@operation("post", "/v1/payment_methods/{payment_method}/detach")
def detach(params: Params, now: datetime, stripe_id: str) -> Shape:
    method = store.get("payment_method", stripe_id, param="payment_method")
    if method.data["customer"] is None:
        raise InvalidRequestError(
            "The payment method you provided is not attached to a customer so detachment is "
            "impossible.",
            param="payment_method",
        )
    events.changed("payment_method.detached", method, now, customer=None)
    return method.data
