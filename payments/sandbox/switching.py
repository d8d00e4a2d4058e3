"""Changing what a subscription is for: another price, with or without proration."""

from dataclasses import asdict, dataclass
from datetime import datetime

from payments.sandbox import (
    cycle,
    ids,
    invoices,
    pending,
    periods,
    promotions,
    store,
    subscriptions,
)
from payments.sandbox.errors import CardError, InvalidRequestError
from payments.sandbox.invoices import Line
from payments.sandbox.models import StripeObject
from payments.sandbox.parameters import Params
from payments.sandbox.store import Shape

PRORATIONS = ("create_prorations", "always_invoice", "none")


@dataclass(frozen=True)
class Change:
    """One item's new price and quantity."""

    item: Shape
    price: Shape
    quantity: int
    proration: str
    from_now: bool  # a new period begins at once
    prorated_at: int  # the second from which it is reckoned


def read(subscription: StripeObject, params: Params, now: datetime) -> Change | None:
    """The change that the parameters ask for, if any."""
    prorated_at = _proration_date(subscription, params, now)
    proration = params.text("proration_behavior", choices=PRORATIONS) or "create_prorations"
    anchor = params.nested("billing_cycle_anchor").text("type", choices=["now", "unchanged"])
    rows = params.rows("items")
    if not rows and anchor != "now":
        return None
    if len(rows) > 1:
        raise InvalidRequestError("The sandbox changes one item at a time.", param="items")
    held = subscriptions.rows(subscription)
    if rows and not rows[0].text("id"):
        raise InvalidRequestError(
            "The sandbox changes items, it does not add them: name the item's id.", param="items"
        )
    wanted = rows[0].text("id") if rows else held[0]["id"]
    item = next((row for row in held if row["id"] == wanted), None)
    if item is None:
        raise InvalidRequestError(
            f"No such subscription item: '{wanted}'", code="resource_missing", param="items[0][id]"
        )
    price_id = rows[0].text("price") if rows else None
    price = store.get("price", price_id, param="items[0][price]").data if price_id else None
    price = price or item["price"]
    _check(price, subscription)
    quantity = (rows[0].whole("quantity", low=1) if rows else None) or item["quantity"]
    other_cycle = _cycle(price) != _cycle(item["price"])
    return Change(item, price, quantity, proration, anchor == "now" or other_cycle, prorated_at)


def _proration_date(subscription: StripeObject, params: Params, now: datetime) -> int:
    """So that what was shown by a preview is what is charged a little later."""
    wanted = params.moment("proration_date")
    start, end = subscriptions.period(subscription)
    if wanted is not None and not start <= wanted <= end:
        raise InvalidRequestError(
            "Cannot specify `proration_date` outside of the current period.",
            param="proration_date",
        )
    return store.stamp(now) if wanted is None else wanted


def _check(price: Shape, subscription: StripeObject) -> None:
    if not price["recurring"] or price["currency"] != subscription.data["currency"]:
        raise InvalidRequestError(
            "The price must be recurring and in the subscription's currency.",
            param="items[0][price]",
        )


def _cycle(price: Shape) -> tuple[str, int]:
    return price["recurring"]["interval"], price["recurring"]["interval_count"]


def _lines(subscription: StripeObject, change: Change, now: datetime) -> list[Line]:
    """What the change costs: the unused time back, the new price for the time to come. What is
    prorated has its discounts in the amount; to whole periods the invoice applies them
    (https://docs.stripe.com/billing/subscriptions/prorations, "Prorations and discounts")."""
    second = change.prorated_at
    start, end = change.item["current_period_start"], change.item["current_period_end"]
    left = max(0, end - second) / max(1, end - start)
    new = change.price["unit_amount"] * change.quantity
    cut = _cut(subscription, change.price, new, second)
    lines = []
    if change.proration != "none":
        lines.append(
            Line(
                amount=-_unused(subscription, change.item, second),
                price=change.item["price"],
                description="Unused time on " + subscriptions.description_of(change.item),
                start=second,
                end=end,
                quantity=change.item["quantity"],
                item=change.item["id"],
                proration=True,
            )
        )
    if change.from_now or change.proration != "none":
        until = _new_end(change, second) if change.from_now else end
        described = {**change.item, "price": change.price, "quantity": change.quantity}
        remaining = "" if change.from_now else "Remaining time on "
        lines.append(
            Line(
                amount=new if change.from_now else round((new - cut) * left),
                price=change.price,
                description=remaining + subscriptions.description_of(described),
                start=second,
                end=until,
                quantity=change.quantity,
                item=change.item["id"],
                proration=not change.from_now,
            )
        )
    return lines


def _unused(subscription: StripeObject, item: Shape, second: int) -> int:
    """What was billed, less its discounts, for the time that this item's period still has."""
    end = item["current_period_end"]
    for invoice in store.every("invoice").filter(customer=subscription.customer).order_by("-id"):
        for line in invoice.data["lines"]["data"]:
            details = (line["parent"] or {}).get("subscription_item_details") or {}
            is_of_it = details.get("subscription_item") == item["id"] and line["amount"] > 0
            if is_of_it and line["period"]["end"] == end:
                paid = line["amount"] - sum(each["amount"] for each in line["discount_amounts"])
                return round(paid * max(0, end - second) / max(1, end - line["period"]["start"]))
    left = max(0, end - second) / max(1, end - item["current_period_start"])
    return round(item["price"]["unit_amount"] * item["quantity"] * left)


def _cut(subscription: StripeObject, price: Shape, amount: int, second: int) -> int:
    """What the discounts that run take off a whole period at this price."""
    costs = [(amount, price["product"])]
    cuts = promotions.on_invoice(subscription, costs, subscription.data["currency"], second)
    return sum(sum(each) for each in cuts.values())


def _new_end(change: Change, second: int) -> int:
    return periods.end_after(second, second, change.price["recurring"])


def preview(subscription: StripeObject, change: Change, now: datetime) -> Shape:
    """The invoice that the change would make; kept nowhere."""
    lines = [] if subscription.data["status"] == "trialing" else _lines(subscription, change, now)
    if not change.from_now and change.proration == "create_prorations":
        start, end = subscriptions.period(subscription)
        lines += subscriptions.renewal_lines(subscription, start, end)
    return _invoice(subscription, lines, now, stripe_id=ids.new("upcoming_in"))


def _invoice(
    subscription: StripeObject, lines: list[Line], now: datetime, stripe_id: str = ""
) -> Shape:
    return invoices.shape_of(
        customer=store.get("customer", subscription.customer),
        lines=lines,
        currency=subscription.data["currency"],
        reason="subscription_update",
        now=now,
        subscription=subscription,
        stripe_id=stripe_id,
    )


def apply(subscription: StripeObject, change: Change, now: datetime, *, behavior: str) -> Shape:
    """Makes the change and collects what is due at once. Gives the fields to tell of. Where
    `behavior` is error_if_incomplete a declined card raises CardError (the caller rolls back);
    where it is pending_if_incomplete the change waits for the payment."""
    second = store.stamp(now)
    trial = subscription.data["status"] == "trialing"
    lines = [] if trial else _lines(subscription, change, now)
    fresh: Shape = {
        "price": change.price,
        "plan": subscriptions.plan_of(change.price),
        "quantity": change.quantity,
    }
    fields: Shape = {}
    if change.from_now and not trial:
        fresh |= {"current_period_start": second, "current_period_end": _new_end(change, second)}
        fields["billing_cycle_anchor"] = second
    fields["items"] = subscriptions.with_items(
        subscription, lambda item: fresh if item["id"] == change.item["id"] else {}
    )
    if lines and (change.from_now or change.proration == "always_invoice"):
        if behavior == "pending_if_incomplete":
            return _when_paid(subscription, lines, now, fields)
        strict = behavior == "error_if_incomplete"
        fields["latest_invoice"] = _invoice_now(subscription, lines, now, strict)
        # Collecting may have changed the subscription.
        subscription.refresh_from_db()
    elif lines:
        kept = [*subscription.private["pending"], *(asdict(line) for line in lines)]
        store.note(subscription, pending=kept)
    return fields


def _invoice_now(
    subscription: StripeObject, lines: list[Line], now: datetime, or_else_not: bool
) -> str:
    invoice = invoices.make(_invoice(subscription, lines, now), now)
    invoices.finalize(invoice, now)
    decline = cycle.collect(invoice, now)
    if decline and or_else_not:
        raise CardError(decline.message, code=decline.code, decline_code=decline.decline_code or "")
    return invoice.stripe_id


def _when_paid(
    subscription: StripeObject, lines: list[Line], now: datetime, fields: Shape
) -> Shape:
    """The change is made by the payment: now, or once the buyer has seen to it."""
    invoice = invoices.make(_invoice(subscription, lines, now), now)
    invoices.finalize(invoice, now)
    pending.keep(subscription, invoice, fields, now)
    cycle.collect(invoice, now, by_hand=True)
    subscription.refresh_from_db()
    return {"latest_invoice": invoice.stripe_id}
