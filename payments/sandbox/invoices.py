"""Invoices: made as a draft, finalized, paid (or tried again: cycle.py)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings

from payments.sandbox import events, ids, lists, payment, promotions, store, tax
from payments.sandbox.errors import InvalidRequestError
from payments.sandbox.models import StripeObject
from payments.sandbox.payment import Decline
from payments.sandbox.store import Shape


@dataclass(frozen=True)
class Line:
    """One line of an invoice to be."""

    amount: int
    price: Shape
    description: str
    start: int
    end: int
    quantity: int = 1
    item: str = ""  # the subscription item it is for
    proration: bool = False


def shape_of(
    *,
    customer: StripeObject,
    lines: list[Line],
    currency: str,
    reason: str,
    now: datetime,
    subscription: StripeObject | None = None,
    stripe_id: str = "",
    metadata: dict[str, str] | None = None,
    description: str | None = None,
    footer: str | None = None,
    period: tuple[int, int] | None = None,
    billed: int | None = None,
) -> Shape:
    """A draft as the API shows it; nothing is kept. `billed`: when it would be made, if not now."""
    stripe_id = stripe_id or ids.new("in")
    costs = [(0 if line.proration else line.amount, line.price["product"]) for line in lines]
    cuts = promotions.on_invoice(subscription, costs, currency, billed or store.stamp(now))
    subtotal = sum(line.amount for line in lines)
    total = subtotal - sum(sum(each) for each in cuts.values())
    starting = customer.data["balance"]
    due = max(0, total + min(0, starting)) if total > 0 else 0
    second = store.stamp(now)
    return {
        "id": stripe_id,
        "object": "invoice",
        **_constant(),
        "amount_due": due,
        "amount_remaining": due,
        "automatically_finalizes_at": None,
        "billing_reason": reason,
        "created": second,
        "currency": currency,
        "customer": customer.stripe_id,
        "customer_email": customer.data["email"],
        "customer_name": customer.data["name"],
        "default_payment_method": None,
        "description": description,
        "discounts": list(cuts),
        "footer": footer,
        "lines": lists.listing(
            [
                _line_shape(
                    line,
                    stripe_id,
                    currency,
                    subscription,
                    [{"amount": each[number], "discount": name} for name, each in cuts.items()],
                )
                for number, line in enumerate(lines)
            ],
            f"/v1/invoices/{stripe_id}/lines",
        ),
        "metadata": metadata or {},
        "parent": _parent(subscription),
        "period_end": period[1] if period else second,
        "period_start": period[0] if period else second,
        "starting_balance": starting,
        "subtotal": subtotal,
        "subtotal_excluding_tax": subtotal,
        "total": total,
        "total_discount_amounts": [
            {"amount": sum(each), "discount": name} for name, each in cuts.items()
        ],
        "total_excluding_tax": total,
        **tax.of_invoice(subscription, customer, total),
    }


def _constant() -> Shape:
    return {
        "account_country": "HK",
        "account_name": "Sandbox",
        "account_tax_ids": None,
        "amount_overpaid": 0,
        "amount_paid": 0,
        "amount_shipping": 0,
        "application": None,
        "attempt_count": 0,
        "attempted": False,
        "auto_advance": True,
        "automatic_tax": {
            "disabled_reason": None,
            "enabled": False,
            "liability": None,
            "provider": None,
            "status": None,
        },
        "collection_method": "charge_automatically",
        "custom_fields": None,
        "customer_address": None,
        "customer_phone": None,
        "customer_shipping": None,
        "customer_tax_exempt": "none",
        "customer_tax_ids": [],
        "default_source": None,
        "default_tax_rates": [],
        "due_date": None,
        "effective_at": None,
        "ending_balance": None,
        "from_invoice": None,
        "hosted_invoice_url": None,
        "invoice_pdf": None,
        "issuer": {"account": None, "type": "self"},
        "last_finalization_error": None,
        "latest_revision": None,
        "livemode": False,
        "next_payment_attempt": None,
        "number": None,
        "on_behalf_of": None,
        "payment_settings": {
            "default_mandate": None,
            "payment_method_options": None,
            "payment_method_types": None,
        },
        "post_payment_credit_notes_amount": 0,
        "pre_payment_credit_notes_amount": 0,
        "receipt_number": None,
        "rendering": None,
        "shipping_cost": None,
        "shipping_details": None,
        "statement_descriptor": None,
        "status": "draft",
        "status_transitions": {
            "finalized_at": None,
            "marked_uncollectible_at": None,
            "paid_at": None,
            "voided_at": None,
        },
        "test_clock": None,
        "total_pretax_credit_amounts": [],
        "total_taxes": [],
        "webhooks_delivered_at": None,
    }


def _parent(subscription: StripeObject | None) -> Shape | None:
    if subscription is None:
        return None
    details = {
        "metadata": subscription.data["metadata"],
        "subscription": subscription.stripe_id,
    }
    return {
        "quote_details": None,
        "subscription_details": details,
        "type": "subscription_details",
    }


def _line_shape(
    line: Line,
    invoice: str,
    currency: str,
    subscription: StripeObject | None,
    cuts: list[Shape],
) -> Shape:
    details = {
        "invoice_item": None,
        "proration": line.proration,
        "proration_details": {"credited_items": None},
        "subscription": subscription.stripe_id if subscription else None,
        "subscription_item": line.item,
    }
    parent = {
        "invoice_item_details": None,
        "subscription_item_details": details,
        "type": "subscription_item_details",
    }
    return {
        "id": ids.new("il"),
        "object": "line_item",
        "amount": line.amount,
        "currency": currency,
        "description": line.description,
        "discount_amounts": cuts,
        "discountable": not line.proration,
        "discounts": [],
        "invoice": invoice,
        "livemode": False,
        "metadata": subscription.data["metadata"] if subscription else {},
        "parent": parent if line.item else None,
        "period": {"end": line.end, "start": line.start},
        "pretax_credit_amounts": [],
        "pricing": {
            "price_details": {"price": line.price["id"], "product": line.price["product"]},
            "type": "price_details",
            "unit_amount_decimal": line.price["unit_amount_decimal"],
        },
        "quantity": line.quantity,
        "subtotal": line.amount,
        "taxes": [],
    }


def make(shape: Shape, now: datetime, subscription: StripeObject | None = None) -> StripeObject:
    """Keeps a draft."""
    invoice = store.add(shape)
    events.emit("invoice.created", invoice, now)
    if subscription:
        promotions.spend(subscription, shape, now)
    return invoice


def finalize(invoice: StripeObject, now: datetime) -> None:
    """Gives it its number and says what is due; a credit the customer has is used up first."""
    if invoice.data["status"] != "draft":
        raise InvalidRequestError("This invoice is already finalized.")
    customer = store.get("customer", invoice.customer)
    total, starting = invoice.data["total"], customer.data["balance"]
    due = max(0, total + min(0, starting)) if total > 0 else 0
    ending = starting + total - due
    number = f"{customer.data['invoice_prefix']}-{customer.data['next_invoice_sequence']:04}"
    store.change(
        invoice,
        amount_due=due,
        amount_remaining=due,
        automatically_finalizes_at=None,
        effective_at=store.stamp(now),
        ending_balance=ending,
        hosted_invoice_url=f"{settings.BASE_URL}/sandbox/invoice/{invoice.stripe_id}/",
        invoice_pdf=f"{settings.BASE_URL}/sandbox/invoice/{invoice.stripe_id}/",
        number=number,
        starting_balance=starting,
        status="open",
        status_transitions=_transitions(invoice, finalized_at=now),
    )
    fields: dict[str, Any] = {
        "next_invoice_sequence": customer.data["next_invoice_sequence"] + 1,
        "currency": invoice.data["currency"],
    }
    if ending != starting:
        fields["balance"] = ending
        events.changed("customer.updated", customer, now, **fields)
    else:
        store.change(customer, **fields)
    events.emit("invoice.finalized", invoice, now)


def _transitions(invoice: StripeObject, **at: datetime) -> Shape:
    stamps = {name: store.stamp(moment) for name, moment in at.items()}
    return {**invoice.data["status_transitions"], **stamps}


def method_for(invoice: StripeObject) -> StripeObject | None:
    """What will be charged: the subscription's method, else the customer's."""
    customer = store.get("customer", invoice.customer)
    wanted = customer.data["invoice_settings"]["default_payment_method"]
    if subscription := subscription_id(invoice.data):
        held = store.get("subscription", subscription).data["default_payment_method"]
        wanted = held or wanted
    return store.get("payment_method", wanted) if wanted else None


def needs_action(invoice: StripeObject) -> bool:
    """Whether the payer's bank wants an answer from them."""
    held = _payment(invoice)
    if held is None:
        return False
    intent = store.get("payment_intent", held.data["payment"]["payment_intent"])
    return bool(intent.data["status"] == "requires_action")


def subscription_id(invoice: Shape) -> str | None:
    parent = invoice["parent"]
    return parent["subscription_details"]["subscription"] if parent else None


def attempt(
    invoice: StripeObject,
    now: datetime,
    *,
    method: StripeObject | None = None,
    counted: bool = True,
    authenticated: bool = False,
) -> Decline | None:
    """Tries to collect an open invoice; the decline where it failed. Attempts by hand do not
    count, as at Stripe. `authenticated`: the payer has just answered their bank."""
    if invoice.data["amount_due"] == 0:
        mark_paid(invoice, now)
        return None
    method = method or method_for(invoice)
    intent = _intent(invoice, now)
    if method is None:
        decline: Decline | None = payment.NO_METHOD
        payment.fail(intent, None, payment.NO_METHOD, now)
    elif authenticated:
        decline = None
        payment.succeed(intent, method, now)
    else:
        decline = payment.confirm(intent, method, buyer_is_there=False, now=now)
    if intent.data["status"] == "succeeded":
        mark_paid(invoice, now)
        return None
    count = invoice.data["attempt_count"] + (1 if counted else 0)
    store.change(invoice, attempted=True, attempt_count=count)
    return decline


def _intent(invoice: StripeObject, now: datetime) -> StripeObject:
    """The payment intent of an invoice: one, kept over all attempts."""
    held = _payment(invoice)
    if held is not None:
        return store.get("payment_intent", held.data["payment"]["payment_intent"])
    intent = payment.open_intent(
        amount=invoice.data["amount_due"],
        currency=invoice.data["currency"],
        customer=invoice.customer,
        method_types=["card"],
        setup_future_usage="off_session" if subscription_id(invoice.data) else None,
        description=f"Payment for Invoice {invoice.data['number']}",
        now=now,
    )
    link_payment(invoice, intent, now)
    return intent


def _payment(invoice: StripeObject) -> StripeObject | None:
    return store.every("invoice_payment").filter(data__invoice=invoice.stripe_id).first()


def link_payment(invoice: StripeObject, intent: StripeObject, now: datetime) -> None:
    store.add(
        {
            "id": ids.new("inpay"),
            "object": "invoice_payment",
            "amount_paid": None,
            "amount_requested": invoice.data["amount_due"],
            "created": store.stamp(now),
            "currency": invoice.data["currency"],
            "invoice": invoice.stripe_id,
            "is_default": True,
            "livemode": False,
            "payment": {"payment_intent": intent.stripe_id, "type": "payment_intent"},
            "status": "open",
            "status_transitions": {"canceled_at": None, "paid_at": None},
        }
    )


def mark_paid(invoice: StripeObject, now: datetime) -> None:
    due = invoice.data["amount_due"]
    count = invoice.data["attempt_count"]
    store.change(
        invoice,
        amount_paid=due,
        amount_remaining=0,
        attempt_count=count + 1 if due else count,
        attempted=True,
        auto_advance=False,
        next_payment_attempt=None,
        status="paid",
        status_transitions=_transitions(invoice, paid_at=now),
    )
    store.stop_timer("invoice.retry", invoice.stripe_id)
    if held := _payment(invoice):
        store.change(
            held,
            amount_paid=due,
            status="paid",
            status_transitions={"canceled_at": None, "paid_at": store.stamp(now)},
        )
        events.emit("invoice_payment.paid", held, now)
    events.emit("invoice.paid", invoice, now)
    events.emit("invoice.payment_succeeded", invoice, now)


def _put_credit_back(invoice: StripeObject, now: datetime) -> None:
    """What finalizing took from a balance, or left on it (Stripe: `unapplied_from_invoice`)."""
    ending = invoice.data["ending_balance"]
    if ending is None or ending == invoice.data["starting_balance"]:
        return
    customer = store.get("customer", invoice.customer)
    balance = customer.data["balance"] - ending + invoice.data["starting_balance"]
    events.changed("customer.updated", customer, now, balance=balance)


def close(invoice: StripeObject, status: str, now: datetime) -> None:
    """Makes an open invoice void or uncollectible."""
    names = {"void": "voided_at", "uncollectible": "marked_uncollectible_at"}
    transitions = _transitions(invoice, **{names[status]: now})
    fields: Shape = {"status_transitions": transitions, "status": status}
    if status == "void":
        fields["amount_remaining"] = 0
        _put_credit_back(invoice, now)
    store.change(invoice, auto_advance=False, next_payment_attempt=None, **fields)
    store.stop_timer("invoice.retry", invoice.stripe_id)
    kind = "voided" if status == "void" else "marked_uncollectible"
    events.emit(f"invoice.{kind}", invoice, now)
