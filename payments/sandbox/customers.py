"""Customers and the payment methods they keep."""

from datetime import datetime

from payments.sandbox import events, ids, lists, store
from payments.sandbox.cards import Behaviour, TestCard
from payments.sandbox.errors import NotFoundError
from payments.sandbox.models import StripeObject
from payments.sandbox.operations import operation, readable
from payments.sandbox.parameters import Params
from payments.sandbox.store import Shape

FIELDS = ("name", "email", "phone", "description")


@operation("post", "/v1/customers")
def create_customer(params: Params, now: datetime) -> Shape:
    customer = new_customer(
        now=now,
        metadata=params.metadata(),
        preferred_locales=params.texts("preferred_locales"),
        **{field: params.text(field) for field in FIELDS},
    )
    return customer.data


def new_customer(
    *, now: datetime, metadata: dict[str, str] | None = None, **fields: object
) -> StripeObject:
    customer = store.add(
        {
            "id": ids.new("cus", 14),
            "object": "customer",
            "address": None,
            "balance": 0,
            "created": store.stamp(now),
            "currency": None,
            "default_source": None,
            "delinquent": False,
            "description": None,
            "email": None,
            "invoice_prefix": ids.new("X", 8)[2:].upper(),
            "invoice_settings": {
                "custom_fields": None,
                "default_payment_method": None,
                "footer": None,
                "rendering_options": None,
            },
            "livemode": False,
            "metadata": metadata or {},
            "name": None,
            "next_invoice_sequence": 1,
            "phone": None,
            "preferred_locales": [],
            "shipping": None,
            "tax_exempt": "none",
            "test_clock": None,
            **fields,
        }
    )
    events.emit("customer.created", customer, now)
    return customer


@operation("post", "/v1/customers/{customer}")
def update_customer(params: Params, now: datetime, stripe_id: str) -> Shape:
    customer = store.get("customer", stripe_id)
    fields: Shape = {"metadata": params.metadata(customer.data["metadata"])}
    fields |= {field: params.text(field) for field in FIELDS if field in params}
    if "preferred_locales" in params:
        fields["preferred_locales"] = params.texts("preferred_locales")
    if method := params.nested("invoice_settings").text("default_payment_method"):
        fields["invoice_settings"] = {
            **customer.data["invoice_settings"],
            "default_payment_method": own_method(customer, method).stripe_id,
        }
    events.changed("customer.updated", customer, now, **fields)
    return customer.data


def own_method(customer: StripeObject, stripe_id: str) -> StripeObject:
    """A payment method of this customer's, or NotFoundError."""
    method = store.get("payment_method", stripe_id, param="payment_method")
    if method.customer != customer.stripe_id:
        raise NotFoundError.of("payment_method", stripe_id, "payment_method")
    return method


@operation("get", "/v1/customers/{customer}")
def retrieve_customer(params: Params, now: datetime, stripe_id: str) -> Shape:
    return store.get("customer", stripe_id).data


@operation("get", "/v1/customers")
def list_customers(params: Params, now: datetime) -> Shape:
    rows = lists.narrow(store.every("customer"), params, "email")
    return lists.page(rows, "customer", params, "/v1/customers")


readable(
    "payment_method", "/v1/payment_methods", "payment_method", "customer", "type", created=False
)


@operation("get", "/v1/customers/{customer}/payment_methods")
def list_methods_of_customer(params: Params, now: datetime, stripe_id: str) -> Shape:
    store.get("customer", stripe_id)
    rows = store.every("payment_method").filter(customer=stripe_id)
    rows = lists.narrow(rows, params, "type", created=False)
    return lists.page(rows, "payment_method", params, f"/v1/customers/{stripe_id}/payment_methods")


def _method(kind: str, details: Shape, billing: Shape, now: datetime) -> Shape:
    return {
        "id": ids.new("pm"),
        "object": "payment_method",
        "allow_redisplay": "unspecified",
        "billing_details": {
            "address": None,
            "email": billing.get("email"),
            "name": billing.get("name"),
            "phone": None,
            "tax_id": None,
        },
        "created": store.stamp(now),
        "customer": None,
        "livemode": False,
        "metadata": {},
        "type": kind,
        kind: details,
    }


def new_card_method(
    card: TestCard, *, expires: tuple[int, int], billing: Shape, now: datetime
) -> StripeObject:
    """The number itself is not kept: brand, last four digits, and how it behaves."""
    month, year = expires
    details = {
        "brand": card.brand,
        "checks": {
            "address_line1_check": None,
            "address_postal_code_check": None,
            "cvc_check": "pass",
        },
        "country": card.country,
        "display_brand": card.brand,
        "exp_month": month,
        "exp_year": year,
        "fingerprint": card.fingerprint,
        "funding": card.funding,
        "generated_from": None,
        "last4": card.last4,
        "networks": {"available": [card.brand], "preferred": None},
        "three_d_secure_usage": {"supported": True},
        "wallet": None,
    }
    return store.add(_method("card", details, billing, now), private={"behaviour": card.behaviour})


def new_wallet_method(wallet: str, *, billing: Shape, now: datetime) -> StripeObject:
    return store.add(_method(wallet, {}, billing, now), private={"behaviour": Behaviour.SUCCEEDS})


def attach(method: StripeObject, customer: StripeObject, now: datetime) -> None:
    store.change(method, customer=customer.stripe_id)
    events.emit("payment_method.attached", method, now)
