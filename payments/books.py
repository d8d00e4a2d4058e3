"""The books: one append-only row per balance transaction of Stripe's."""

from datetime import datetime
from typing import Any

from django.db.models import Q

from payments import gateway
from payments.mirror import id_of, moment
from payments.models import Invoice, MoneyEntry, Order

KINDS = {
    "charge": MoneyEntry.Kind.CHARGE,
    "payment": MoneyEntry.Kind.CHARGE,
    "refund": MoneyEntry.Kind.REFUND,
    "payment_refund": MoneyEntry.Kind.REFUND,
    "refund_failure": MoneyEntry.Kind.REFUND,
    "payment_failure_refund": MoneyEntry.Kind.REFUND,
    "adjustment": MoneyEntry.Kind.DISPUTE,
    "stripe_fee": MoneyEntry.Kind.FEE,
}


def record(
    booked: Any,
    *,
    amount: int,
    currency: str,
    order: Order | None,
    invoice: Invoice | None = None,
    now: datetime,
) -> bool:
    """Enter a balance transaction (expanded); False if it is not there yet, or was entered before.

    `amount` and `currency` are as the payer sees them; the balance may be kept in another one.
    """
    if not isinstance(booked, dict):
        return False
    _, created = MoneyEntry.objects.get_or_create(
        stripe_id=booked["id"],
        **gateway.ours(),
        defaults={
            "kind": KINDS.get(booked["type"], MoneyEntry.Kind.OTHER),
            "order": order,
            "invoice": invoice,
            "source": id_of(booked.get("source")),
            "amount": amount,
            "currency": currency.upper(),
            "settled_amount": booked["amount"],
            "settled_fee": booked["fee"],
            "settled_net": booked["net"],
            "settled_currency": booked["currency"].upper(),
            "booked_at": moment(booked["created"]),
            "recorded_at": now,
        },
    )
    return created


def has_payment(payment_intent_id: str) -> bool:
    """Whether a payment's charge is entered, and with it everything that follows from it."""
    ours = gateway.ours()
    entered = MoneyEntry.objects.filter(kind=MoneyEntry.Kind.CHARGE, **ours)
    return entered.filter(
        Q(order__payment_intent_id=payment_intent_id, order__paid_at__isnull=False)
        | Q(invoice__payment_intent_id=payment_intent_id, invoice__status="paid")
    ).exists()


def record_charge(
    charge: Any, *, order: Order | None, invoice: Invoice | None = None, now: datetime
) -> bool:
    """Enter what a succeeded charge (its balance transaction expanded) brought."""
    if not isinstance(charge, dict) or charge["status"] != "succeeded":
        return False
    return record(
        charge["balance_transaction"],
        amount=charge["amount"],
        currency=charge["currency"],
        order=order,
        invoice=invoice,
        now=now,
    )
