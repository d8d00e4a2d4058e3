"""Disputes: the buyer's bank takes the money back, and later decides."""

from contextlib import suppress
from datetime import datetime, timedelta

from payments.sandbox import balance, events, ids, store
from payments.sandbox.errors import InvalidRequestError
from payments.sandbox.models import StripeObject
from payments.sandbox.operations import readable
from payments.sandbox.store import Shape
from payments.sandbox.timers import on_timer

ANSWER_TIME = timedelta(days=9)
_PAPERS = (
    "access_activity_log", "billing_address", "cancellation_policy",
    "cancellation_policy_disclosure", "cancellation_rebuttal", "customer_communication",
    "customer_email_address", "customer_name", "customer_purchase_ip", "customer_signature",
    "duplicate_charge_documentation", "duplicate_charge_explanation", "duplicate_charge_id",
    "product_description", "receipt", "refund_policy", "refund_policy_disclosure",
    "refund_refusal_explanation", "service_date", "service_documentation", "shipping_address",
    "shipping_carrier", "shipping_date", "shipping_documentation", "shipping_tracking_number",
    "uncategorized_file", "uncategorized_text",
)  # fmt: skip

readable("dispute", "/v1/disputes", "dispute", "charge", "payment_intent")


@on_timer("dispute.open")
def open_by_card(charge_id: str, now: datetime) -> None:
    """What a card does that is known to dispute; unless it was refunded first."""
    with suppress(InvalidRequestError):
        open_dispute(charge_id, now)


def open_dispute(charge_id: str, now: datetime, reason: str = "fraudulent") -> None:
    """Raises InvalidRequestError where there is nothing to dispute."""
    with store.transaction():
        charge = store.get("charge", charge_id)
        amount = charge.data["amount"] - charge.data["amount_refunded"]
        if charge.data["disputed"] or not charge.data["paid"] or amount == 0:
            raise InvalidRequestError("This charge cannot be disputed (any more).")
        dispute = store.add(_shape(charge, amount, reason, now))
        store.change(charge, disputed=True)
        events.emit("charge.dispute.created", dispute, now)
        _book(dispute, -amount, balance.DISPUTE_FEE, "dispute", now)
        events.emit("charge.dispute.funds_withdrawn", dispute, now)


def close_dispute(dispute_id: str, *, won: bool, now: datetime) -> None:
    with store.transaction():
        dispute = store.get("dispute", dispute_id)
        if dispute.data["status"] in {"won", "lost"}:
            raise InvalidRequestError("This dispute is closed.")
        store.change(dispute, status="won" if won else "lost")
        if won:
            _book(dispute, dispute.data["amount"], 0, "dispute_reversal", now)
            store.note(store.get("charge", dispute.data["charge"]), dispute_won=True)
        events.emit("charge.dispute.closed", dispute, now)
        if won:
            events.emit("charge.dispute.funds_reinstated", dispute, now)


def _book(dispute: StripeObject, amount: int, fee: int, category: str, now: datetime) -> None:
    booked = balance.book(
        kind="adjustment",
        category=category,
        source=dispute.stripe_id,
        amount=amount,
        fee=fee,
        currency=dispute.data["currency"],
        now=now,
        description=f"Chargeback for {dispute.data['charge']}",
    )
    earlier = dispute.data["balance_transactions"]
    store.change(dispute, balance_transactions=[*earlier, booked.data])


def _shape(charge: StripeObject, amount: int, reason: str, now: datetime) -> Shape:
    kind = charge.data["payment_method_details"]["type"]
    shape: Shape = {
        "id": ids.new("du"),
        "object": "dispute",
        "amount": amount,
        "balance_transactions": [],
        "charge": charge.stripe_id,
        "created": store.stamp(now),
        "currency": charge.data["currency"],
        "enhanced_eligibility_types": [],
        "evidence": {**dict.fromkeys(_PAPERS), "enhanced_evidence": {}},
        "evidence_details": {
            "due_by": store.stamp(now + ANSWER_TIME),
            "enhanced_eligibility": {},
            "has_evidence": False,
            "past_due": False,
            "submission_count": 0,
            "submission_method": "not_submitted",
        },
        "is_charge_refundable": False,
        "livemode": False,
        "metadata": {},
        "payment_intent": charge.data["payment_intent"],
        "reason": reason,
        "status": "needs_response",
    }
    if kind == "card":
        card = charge.data["payment_method_details"]["card"]
        shape["payment_method_details"] = {
            "type": "card",
            "card": {
                "brand": card["brand"],
                "case_type": "chargeback",
                "network": card["brand"],
                "network_reason_code": "10.4",
            },
        }
    return shape
