"""Balance transactions: what each movement of money did to the account's balance."""

from datetime import datetime, timedelta

from payments.sandbox import ids, store
from payments.sandbox.models import StripeObject
from payments.sandbox.operations import readable
from payments.sandbox.timers import on_timer

PAYOUT_DELAY = timedelta(days=2)
DISPUTE_FEE = 8500

readable("balance_transaction", "/v1/balance_transactions", "id", "type", "source", "currency")


def processing_fee(amount: int) -> int:
    """2.9 %, to the nearest minor unit, halves up."""
    return (amount * 29 + 500) // 1000


def book(
    *,
    kind: str,
    source: str,
    amount: int,
    fee: int,
    currency: str,
    now: datetime,
    description: str | None = None,
    category: str | None = None,
) -> StripeObject:
    details = {
        "amount": fee,
        "application": None,
        "currency": currency,
        "description": "Stripe processing fees",
        "type": "stripe_fee",
    }
    booked = store.add(
        {
            "id": ids.new("txn"),
            "object": "balance_transaction",
            "amount": amount,
            "available_on": store.stamp(now + PAYOUT_DELAY),
            "balance_type": "payments",
            "created": store.stamp(now),
            "currency": currency,
            "description": description,
            "exchange_rate": None,
            "fee": fee,
            "fee_details": [details] if fee else [],
            "net": amount - fee,
            "reporting_category": category or kind,
            "source": source,
            "status": "pending",
            "type": kind,
        }
    )
    store.set_timer("balance.available", booked.stripe_id, booked.data["available_on"])
    return booked


@on_timer("balance.available")
def become_available(stripe_id: str, now: datetime) -> None:
    store.change(store.get("balance_transaction", stripe_id), status="available")
