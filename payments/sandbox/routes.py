"""Every module that carries out operations, imported, so that their table is full."""

from payments.sandbox import (
    account,
    balance,
    catalogue,
    checkout,
    customers,
    disputes,
    endpoints,
    events,
    invoice_api,
    kept_cards,
    payment,
    portal,
    promotions,
    refunds,
    schedule_api,
    subscription_api,
)
from payments.sandbox.operations import TABLE, match

__all__ = [
    "TABLE",
    "account",
    "balance",
    "catalogue",
    "checkout",
    "customers",
    "disputes",
    "endpoints",
    "events",
    "invoice_api",
    "kept_cards",
    "match",
    "payment",
    "portal",
    "promotions",
    "refunds",
    "schedule_api",
    "subscription_api",
]
