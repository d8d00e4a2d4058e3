"""Refunds, in full or in part."""

from datetime import datetime, timedelta

from payments.sandbox import balance, events, ids, store
from payments.sandbox.errors import InvalidRequestError
from payments.sandbox.models import StripeObject
from payments.sandbox.operations import operation, readable
from payments.sandbox.parameters import Params
from payments.sandbox.store import Shape
from payments.sandbox.timers import on_timer

readable("refund", "/v1/refunds", "refund", "charge", "payment_intent")

REASONS = ("duplicate", "fraudulent", "requested_by_customer")
# Cards: at once. Wallets: pending for a day.
WALLET_DELAY = timedelta(days=1)


@operation("post", "/v1/refunds")
def create_refund(params: Params, now: datetime) -> Shape:
    charge = _charge(params)
    left = charge.data["amount"] - charge.data["amount_refunded"]
    if not charge.data["paid"]:
        raise InvalidRequestError("This charge was not paid.", code="charge_not_refundable")
    if charge.data["disputed"] and not charge.private.get("dispute_won"):
        raise InvalidRequestError(
            f"Charge {charge.stripe_id} has been charged back; cannot issue a refund.",
            code="charge_disputed",
        )
    if left == 0:
        raise InvalidRequestError(
            f"Charge {charge.stripe_id} has already been refunded.", code="charge_already_refunded"
        )
    amount = params.whole("amount", low=1)
    amount = left if amount is None else amount
    if amount > left:
        raise InvalidRequestError(
            f"Refund amount ({amount}) is greater than unrefunded amount on charge ({left})",
            param="amount",
        )
    return _refund(
        charge,
        amount,
        reason=params.text("reason", choices=REASONS),
        metadata=params.metadata(),
        now=now,
    ).data


def _charge(params: Params) -> StripeObject:
    charge, intent = params.text("charge"), params.text("payment_intent")
    if charge:
        return store.get("charge", charge, param="charge")
    if not intent:
        raise InvalidRequestError(
            "One of the following params should be provided for this request: "
            "payment_intent or charge.",
            code="parameter_missing",
        )
    paid = store.get("payment_intent", intent, param="payment_intent")
    if paid.data["status"] != "succeeded":
        raise InvalidRequestError(
            f"This PaymentIntent ({intent}) does not have a successful charge to refund.",
            param="payment_intent",
        )
    return store.get("charge", paid.data["latest_charge"])


def _refund(
    charge: StripeObject,
    amount: int,
    *,
    reason: str | None,
    metadata: dict[str, str],
    now: datetime,
) -> StripeObject:
    kind = charge.data["payment_method_details"]["type"]
    refund = store.add(
        {
            "id": ids.new("re"),
            "object": "refund",
            "amount": amount,
            "balance_transaction": None,
            "charge": charge.stripe_id,
            "created": store.stamp(now),
            "currency": charge.data["currency"],
            "destination_details": {
                "type": kind,
                kind: {"type": "refund", "reference_status": "pending"} if kind == "card" else {},
            },
            "failure_balance_transaction": None,
            "metadata": metadata,
            "payment_intent": charge.data["payment_intent"],
            "reason": reason,
            "receipt_number": None,
            "source_transfer_reversal": None,
            "status": "succeeded" if kind == "card" else "pending",
            "transfer_reversal": None,
        }
    )
    booked = balance.book(
        kind="refund" if kind == "card" else "payment_refund",
        category="refund",
        source=refund.stripe_id,
        amount=-amount,
        fee=0,
        currency=refund.data["currency"],
        now=now,
        description="REFUND FOR CHARGE",
    )
    store.change(refund, balance_transaction=booked.stripe_id)
    total = charge.data["amount_refunded"] + amount
    previous = store.change(charge, amount_refunded=total, refunded=total == charge.data["amount"])
    events.emit("refund.created", refund, now)
    events.emit("charge.refunded", charge, now, previous)
    if refund.data["status"] == "pending":
        store.set_timer("refund.settle", refund.stripe_id, store.stamp(now + WALLET_DELAY))
    return refund


def fail(stripe_id: str, now: datetime) -> None:
    """The payer's bank sends a refund back: the account is closed, say."""
    refund = store.get("refund", stripe_id)
    booked = balance.book(
        kind="refund_failure",
        category="refund_failure",
        source=stripe_id,
        amount=refund.data["amount"],
        fee=0,
        currency=refund.data["currency"],
        now=now,
        description="REFUND FAILURE",
    )
    charge = store.get("charge", refund.data["charge"])
    left = charge.data["amount_refunded"] - refund.data["amount"]
    store.change(charge, amount_refunded=left, refunded=False)
    events.changed(
        "refund.failed",
        refund,
        now,
        status="failed",
        failure_reason="expired_or_canceled_card",
        failure_balance_transaction=booked.stripe_id,
    )


@on_timer("refund.settle")
def settle(stripe_id: str, now: datetime) -> None:
    events.changed("refund.updated", store.get("refund", stripe_id), now, status="succeeded")
