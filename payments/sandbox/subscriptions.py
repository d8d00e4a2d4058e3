"""Subscriptions: their shape, and the changes that need no money. Time's part: cycle.py."""

from collections.abc import Callable
from datetime import datetime

from payments.sandbox import events, ids, invoices, lists, periods, store
from payments.sandbox.invoices import Line
from payments.sandbox.models import StripeObject
from payments.sandbox.store import Shape

LIVE = ("trialing", "active", "past_due", "unpaid", "paused")


def create(
    *,
    customer: StripeObject,
    lines: list[Shape],
    method: StripeObject | None,
    trial_end: int | None,
    metadata: dict[str, str],
    description: str | None,
    now: datetime,
    taxed: bool = False,
) -> StripeObject:
    """A subscription to the recurring ones of a session's lines. No invoice yet."""
    second, stripe_id = store.stamp(now), ids.new("sub")
    recurring = [line for line in lines if line["price"]["recurring"]]
    cycle = recurring[0]["price"]["recurring"]
    end = trial_end or periods.end_after(second, second, cycle)
    rows = [_item(line, stripe_id, (second, end)) for line in recurring]
    return store.add(
        {
            "id": stripe_id,
            "object": "subscription",
            **_constant(),
            "automatic_tax": {
                "disabled_reason": None,
                "enabled": taxed,
                "liability": {"type": "self"} if taxed else None,
            },
            "billing_cycle_anchor": trial_end or second,
            "created": second,
            "currency": recurring[0]["currency"],
            "customer": customer.stripe_id,
            "default_payment_method": method.stripe_id if method else None,
            "description": description,
            "items": {
                **lists.listing(rows, f"/v1/subscription_items?subscription={stripe_id}"),
                "total_count": len(rows),
            },
            "metadata": metadata,
            "start_date": second,
            "status": "trialing" if trial_end else "active",
            "trial_end": trial_end,
            "trial_start": second if trial_end else None,
        },
        private={"pending": []},
    )


def _constant() -> Shape:
    return {
        "application": None,
        "application_fee_percent": None,
        "billing_cycle_anchor_config": None,
        "billing_mode": {"flexible": None, "type": "classic"},
        "billing_schedules": [],
        "billing_thresholds": None,
        "cancel_at": None,
        "cancel_at_period_end": False,
        "canceled_at": None,
        "cancellation_details": {"comment": None, "feedback": None, "reason": None},
        "collection_method": "charge_automatically",
        "days_until_due": None,
        "default_source": None,
        "default_tax_rates": [],
        "discounts": [],
        "ended_at": None,
        "invoice_settings": {
            "account_tax_ids": None,
            "custom_fields": None,
            "description": None,
            "footer": None,
            "issuer": {"account": None, "type": "self"},
        },
        "latest_invoice": None,
        "livemode": False,
        "next_pending_invoice_item_invoice": None,
        "on_behalf_of": None,
        "pause_collection": None,
        "payment_settings": {
            "payment_method_options": None,
            "payment_method_types": ["card"],
            "save_default_payment_method": "off",
        },
        "pending_invoice_item_interval": None,
        "pending_setup_intent": None,
        "pending_update": None,
        "schedule": None,
        "test_clock": None,
        "transfer_data": None,
        "trial_settings": {
            "end_behavior": {
                "billing_cycle_anchor": None,
                "missing_payment_method": "create_invoice",
            }
        },
    }


def _item(line: Shape, subscription: str, period: tuple[int, int]) -> Shape:
    return {
        "id": ids.new("si", 14),
        "object": "subscription_item",
        "billing_thresholds": None,
        "created": period[0],
        "current_period_end": period[1],
        "current_period_start": period[0],
        "discounts": [],
        "metadata": {},
        "plan": plan_of(line["price"]),
        "price": line["price"],
        "quantity": line["quantity"],
        "subscription": subscription,
        "tax_rates": [],
    }


def plan_of(price: Shape) -> Shape:
    """The price in its old shape, which items still carry."""
    kept = ("active", "billing_scheme", "created", "currency", "livemode", "metadata", "nickname")
    cycle = price["recurring"]
    return {
        "id": price["id"],
        "object": "plan",
        **{name: price[name] for name in kept},
        "amount": price["unit_amount"],
        "amount_decimal": price["unit_amount_decimal"],
        "interval": cycle["interval"],
        "interval_count": cycle["interval_count"],
        "meter": None,
        "product": price["product"],
        "tiers_mode": None,
        "transform_usage": None,
        "trial_period_days": None,
        "usage_type": "licensed",
    }


def rows(subscription: StripeObject) -> list[Shape]:
    return list(subscription.data["items"]["data"])


def with_items(subscription: StripeObject, change: Callable[[Shape], Shape]) -> Shape:
    """The list of items with each one changed, for store.change()."""
    changed = [{**item, **change(item)} for item in rows(subscription)]
    return {**subscription.data["items"], "data": changed}


def period(subscription: StripeObject) -> tuple[int, int]:
    first = rows(subscription)[0]
    return first["current_period_start"], first["current_period_end"]


def cycle_of(subscription: StripeObject) -> Shape:
    recurring: Shape = rows(subscription)[0]["price"]["recurring"]
    return recurring


def renewal_lines(subscription: StripeObject, start: int, end: int) -> list[Line]:
    """What a new period costs, with the prorations that wait for the next invoice."""
    lines = [
        Line(
            amount=item["price"]["unit_amount"] * item["quantity"],
            price=item["price"],
            description=description_of(item),
            start=start,
            end=end,
            quantity=item["quantity"],
            item=item["id"],
        )
        for item in rows(subscription)
    ]
    return [Line(**kept) for kept in subscription.private["pending"]] + lines


def description_of(item: Shape) -> str:
    product = store.get("product", item["price"]["product"]).data["name"]
    return f"{item['quantity']} × {product}"


def first_invoice(
    subscription: StripeObject, lines: list[Shape], customer: StripeObject, now: datetime
) -> StripeObject:
    """The invoice that a new subscription begins with; nothing is charged during a trial."""
    start, end = period(subscription)
    trial = subscription.data["status"] == "trialing"
    item_of = {item["price"]["id"]: item["id"] for item in rows(subscription)}
    made = [
        Line(
            amount=0 if trial and line["price"]["recurring"] else line["amount_subtotal"],
            price=line["price"],
            description=f"{line['quantity']} × {line['description']}",
            start=start,
            end=end,
            quantity=line["quantity"],
            item=item_of.get(line["price"]["id"], ""),
        )
        for line in lines
    ]
    shape = invoices.shape_of(
        customer=customer,
        lines=made,
        currency=subscription.data["currency"],
        reason="subscription_create",
        now=now,
        subscription=subscription,
    )
    invoice = invoices.make(shape, now, subscription)
    invoices.finalize(invoice, now)
    store.change(subscription, latest_invoice=invoice.stripe_id)
    return invoice


def set_cancel_at_period_end(
    subscription: StripeObject, wanted: bool, details: Shape, now: datetime
) -> Shape:
    """The fields that change."""
    if wanted == subscription.data["cancel_at_period_end"]:
        return {}
    reason = "cancellation_requested" if wanted else None
    return {
        "cancel_at_period_end": wanted,
        "cancel_at": period(subscription)[1] if wanted else None,
        "canceled_at": store.stamp(now) if wanted else None,
        "cancellation_details": {"comment": None, "feedback": None, **details, "reason": reason},
    }


def update(subscription: StripeObject, now: datetime, **fields: object) -> Shape:
    return events.changed("customer.subscription.updated", subscription, now, **fields)
