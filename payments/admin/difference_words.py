"""A difference with Stripe in words: of what, in what, and what each side says."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from payments import concerned, differences, money
from payments.admin import bills, disputes, orders, refunds, subscriptions
from payments.admin.listing import moment, person
from payments.models import Difference
from payments.models.orders import ORDER_LABEL

KINDS = {
    "balance_transaction": _("Money entry"),
    "checkout.session": _("Checkout"),
    "dispute": _("Dispute"),
    "invoice": _("Invoice"),
    "order": ORDER_LABEL,
    "refund": _("Refund"),
    "session": _("Checkout"),
    "subscription": _("Subscription"),
}
WHAT = {
    "amount": _("Another amount than was shown"),
    "missing here": _("Missing here"),
    "not at Stripe": _("Not at Stripe"),
    "state": _("Not the same"),
    "status": _("A state that is not known here"),
    "the buyer is not here": _("The buyer has no account here"),
    "values": _("Not the same"),
}
STATES: dict[str, dict[Any, Any]] = {
    "checkout.session": orders.STATES,
    "dispute": disputes.STATES,
    "invoice": bills.INVOICE_STATES,
    "order": orders.STATES,
    "refund": refunds.STATES,
    "session": orders.STATES,
    "subscription": subscriptions.SUBSCRIPTION_STATES,
}
LABELS = {
    "amount": _("Amount"),
    "amount_due": _("Amount"),
    "amount_paid": _("Paid"),
    "cancel_at": _("Ends on"),
    "cancel_at_period_end": _("Ends with the period"),
    "customer": _("Customer"),
    "next_amount": _("Next payment"),
    "paid": _("Paid"),
    "period_end": _("Period until"),
    "settled_amount": _("Settled"),
    "settled_fee": _("Fee"),
    "settled_net": _("Net"),
    "trial": _("Trial"),
}
AMOUNTS = ("amount", "amount_due", "amount_paid", "next_amount")
SETTLED = ("settled_amount", "settled_fee", "settled_net")
CURRENCIES = {
    **dict.fromkeys(AMOUNTS, "currency"),
    **dict.fromkeys(SETTLED, "settled_currency"),
}
MOMENTS = ("cancel_at", "period_end")
ANSWERS = {"yes": _("Yes"), "no": _("No")}


def kind(row: Difference) -> Any:
    return KINDS.get(row.object_kind, row.object_kind)


def what(row: Difference) -> Any:
    return WHAT.get(row.what, row.what)


def called(row: Difference) -> str:
    return f"{kind(row)} {row.object_id} · {what(row)}"


def ours(row: Difference) -> str:
    return _in_words(row, row.ours)


def theirs(row: Difference) -> str:
    return _in_words(row, row.theirs)


def concerns(row: Difference, thing: concerned.Thing | None) -> str:
    """Of whom what we have is, how much it is, and how it stands now."""
    if thing is None:
        return ""
    state = STATES.get(row.object_kind, {}).get(thing.status, thing.status)
    return " · ".join(str(each) for each in (person(thing.person), thing.amount, state) if each)


def _in_words(row: Difference, side: str) -> str:
    """What was written down before there were names for it is shown as it is."""
    facts = differences.facts_of(side)
    if facts is None:
        return side
    return " · ".join(_each(facts, STATES.get(row.object_kind, {}))) or "–"


def _each(facts: dict[str, str], states: dict[Any, Any]) -> Iterator[str]:
    for name, value in facts.items():
        if name == "status":
            yield str(states.get(value, value))
        elif name in LABELS:
            yield f"{LABELS[name]} {_value(name, value, facts) or '–'}"


def _value(name: str, value: str, facts: dict[str, str]) -> str:
    try:
        if value and name in CURRENCIES:
            return money.in_words(int(value), facts[CURRENCIES[name]])
        if value and name in MOMENTS:
            return moment(datetime.fromisoformat(value))
    except (KeyError, ValueError):  # cut off at the field's length
        return value
    return str(ANSWERS.get(value, value))
