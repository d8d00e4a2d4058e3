"""Checkout sessions as the API knows them. How people pay them: completing.py."""

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings

from payments.sandbox import catalogue, events, ids, lists, promotions, store, tax
from payments.sandbox.errors import InvalidRequestError
from payments.sandbox.models import StripeObject
from payments.sandbox.operations import operation
from payments.sandbox.parameters import Params
from payments.sandbox.store import Shape
from payments.sandbox.timers import on_timer

LIFETIME = timedelta(hours=24)
SHORTEST = timedelta(minutes=30)
WALLETS = ("alipay", "wechat_pay")
METHOD_TYPES = ("card", *WALLETS)
LOCALES = ("auto", "zh", "zh-HK", "zh-TW", "en", "en-GB")
TEXTS = ("after_submit", "shipping_address", "submit", "terms_of_service_acceptance")


@operation("post", "/v1/checkout/sessions")
def create_session(params: Params, now: datetime) -> Shape:
    mode = params.must("mode", choices=["payment", "setup", "subscription"])
    params.text("ui_mode", choices=["hosted_page"])
    customer, email = _buyer(params)
    updated = tax.updated(params) if customer else None
    lines = [_line(row, now) for row in params.rows("line_items", required=mode != "setup")]
    _check_lines(lines, mode)
    currency = lines[0]["currency"] if lines else params.must("currency").lower()
    _check_currency(customer, currency, mode)
    taxed = tax.wanted(params, updated, [line["price"] for line in lines])
    discounts = promotions.of_session(params, customer, now)
    promotions.reduce(lines, discounts)
    stripe_id = ids.new("cs_test", 58)
    subtotal = sum(line["amount_subtotal"] for line in lines)
    total = sum(line["amount_total"] for line in lines)
    shape = {
        **_constant(),
        "id": stripe_id,
        "adaptive_pricing": {"enabled": params.nested("adaptive_pricing").flag("enabled") or False},
        "allowed_payment_method_types": params.texts("allowed_payment_method_types") or None,
        "amount_subtotal": subtotal if lines else None,
        "amount_total": total if lines else None,
        "automatic_tax": {
            "enabled": taxed,
            "liability": {"type": "self"} if taxed else None,
            "provider": "stripe" if taxed else None,
            "status": "requires_location_inputs" if taxed else None,
        },
        "billing_address_collection": params.text("billing_address_collection"),
        "cancel_url": params.link("cancel_url"),
        "client_reference_id": params.text("client_reference_id", longest=200),
        "consent_collection": _consent_wanted(params),
        "created": store.stamp(now),
        "currency": currency,
        "custom_text": _custom_text(params),
        "customer": customer,
        "customer_creation": params.text("customer_creation", choices=["always", "if_required"]),
        "customer_details": {**NOBODY, "email": email} if email else None,
        "customer_email": email,
        "discounts": discounts,
        "expires_at": _expiry(params, now),
        "invoice_creation": _invoice_creation(params, mode),
        "locale": params.text("locale", choices=LOCALES),
        "metadata": params.metadata(),
        "mode": mode,
        "payment_method_collection": params.text(
            "payment_method_collection", choices=["always", "if_required"]
        )
        or ("always" if mode == "subscription" else "if_required"),
        "payment_method_options": _method_options(params),
        "payment_method_types": _method_types(params, mode),
        "payment_status": "no_payment_required" if mode == "setup" else "unpaid",
        "submit_type": params.text("submit_type"),
        "success_url": (params.link("success_url", required=True) or "").replace(
            "{CHECKOUT_SESSION_ID}", stripe_id
        ),
        "tax_id_collection": tax.ids_wanted(params, updated),
        "total_details": {
            "amount_discount": subtotal - total,
            "amount_shipping": 0,
            "amount_tax": 0,
        }
        if lines
        else None,
        "url": f"{settings.BASE_URL}/sandbox/checkout/{stripe_id}/",
    }
    session = store.add(shape, private={"line_items": lines, **_later(params, mode)})
    store.set_timer("session.expire", stripe_id, shape["expires_at"])
    return session.data


NOBODY: Shape = {
    "address": None,
    "business_name": None,
    "email": None,
    "individual_name": None,
    "name": None,
    "phone": None,
    "tax_exempt": "none",
    "tax_ids": [],
}


def _constant() -> Shape:
    return {
        "object": "checkout.session",
        "after_expiration": None,
        "allow_promotion_codes": None,
        "client_secret": None,
        "collected_information": None,
        "consent": None,
        "custom_fields": [],
        "invoice": None,
        "livemode": False,
        "payment_intent": None,
        "payment_link": None,
        "phone_number_collection": {"enabled": False},
        "recovered_from": None,
        "setup_intent": None,
        "shipping_address_collection": None,
        "shipping_cost": None,
        "shipping_options": [],
        "status": "open",
        "subscription": None,
        "ui_mode": "hosted_page",
    }


def _buyer(params: Params) -> tuple[str | None, str | None]:
    """Customer id and e-mail address; Stripe takes one or the other."""
    customer, email = params.text("customer"), params.text("customer_email")
    if customer and email:
        raise InvalidRequestError(
            "You may only specify one of these parameters: customer, customer_email.",
            param="customer",
        )
    if customer:
        email = store.get("customer", customer, param="customer").data["email"]
    return customer, email


def _line(row: Params, now: datetime) -> Shape:
    quantity = row.whole("quantity", low=1, high=999_999) or 1
    if stripe_id := row.text("price"):
        price = store.get("price", stripe_id, param=row.path("price")).data
        if not price["active"]:
            raise InvalidRequestError(
                f"The price specified is inactive: {stripe_id}.", param=row.path("price")
            )
    elif "price_data" in row:
        price = catalogue.inline_price(row.nested("price_data"), now).data
    else:
        raise InvalidRequestError(
            "You must specify either `price` or `price_data`.",
            code="parameter_missing",
            param=row.path("price"),
        )
    amount = price["unit_amount"] * quantity
    return {
        "id": ids.new("li"),
        "object": "item",
        "amount_discount": 0,
        "amount_subtotal": amount,
        "amount_tax": 0,
        "amount_total": amount,
        "currency": price["currency"],
        "description": catalogue.product_name(price),
        "metadata": row.metadata(),
        "price": price,
        "quantity": quantity,
    }


def _check_currency(customer: str | None, currency: str, mode: str) -> None:
    """One customer's subscriptions are in one currency."""
    if customer is None or mode != "subscription":
        return
    live = store.every("subscription").filter(data__customer=customer)
    live = live.exclude(data__status__in=["canceled", "incomplete_expired"])
    other = live.exclude(data__currency=currency).first()
    if other is not None:
        raise InvalidRequestError(
            "You cannot combine currencies on a single customer. This customer has an active "
            "subscription, subscription schedule, discount, quote, or invoice item with currency "
            f"{other.data['currency']}.",
        )


def _check_lines(lines: list[Shape], mode: str) -> None:
    if mode == "setup" and lines:
        raise InvalidRequestError(
            "You can not pass `line_items` in `setup` mode.", param="line_items"
        )
    recurring = [line["price"]["recurring"] for line in lines if line["price"]["recurring"]]
    if mode == "payment" and recurring:
        raise InvalidRequestError(
            "You specified `payment` mode but passed a recurring price. Either switch to "
            "`subscription` mode or use only one-time prices.",
            param="line_items",
        )
    if mode == "subscription" and not recurring:
        raise InvalidRequestError(
            "You must provide at least one recurring price in `subscription` mode.",
            param="line_items",
        )
    if len({(cycle["interval"], cycle["interval_count"]) for cycle in recurring}) > 1:
        raise InvalidRequestError(
            "All recurring prices must have the same billing interval.", param="line_items"
        )
    if len({line["currency"] for line in lines}) > 1:
        raise InvalidRequestError("All prices must have the same currency.", param="line_items")


def _method_types(params: Params, mode: str) -> list[str]:
    """Wallets pay once; they cannot renew."""
    possible = METHOD_TYPES if mode == "payment" else ("card",)
    allowed = params.texts("allowed_payment_method_types")
    unknown = set(allowed) - set(METHOD_TYPES)
    if unknown:
        raise InvalidRequestError(
            f"The payment method type {min(unknown)} is not known to the sandbox.",
            param="allowed_payment_method_types",
        )
    types = [kind for kind in possible if not allowed or kind in allowed]
    if not types:
        raise InvalidRequestError(
            "None of the allowed payment method types can be used in this mode.",
            param="allowed_payment_method_types",
        )
    return types


def _method_options(params: Params) -> Shape:
    options = params.nested("payment_method_options")
    shape: Shape = {}
    if "wechat_pay" in options:
        client = options.nested("wechat_pay").must("client", choices=["web", "ios", "android"])
        shape["wechat_pay"] = {"app_id": None, "client": client}
    if "card" in options:
        wanted = options.nested("card").text("request_three_d_secure") or "automatic"
        shape["card"] = {"request_three_d_secure": wanted}
    return shape


def _consent_wanted(params: Params) -> Shape | None:
    wanted = params.nested("consent_collection").text(
        "terms_of_service", choices=["none", "required"]
    )
    if wanted is None:
        return None
    return {"payment_method_reuse_agreement": None, "promotions": None, "terms_of_service": wanted}


def _custom_text(params: Params) -> Shape:
    texts = params.nested("custom_text")
    messages = {
        place: texts.nested(place).text("message", required=True, longest=1200)
        for place in TEXTS
        if place in texts
    }
    return {place: {"message": messages[place]} if place in messages else None for place in TEXTS}


def _expiry(params: Params, now: datetime) -> int:
    wanted = params.moment("expires_at")
    if wanted is None:
        return store.stamp(now + LIFETIME)
    # A few seconds pass on the way.
    earliest, latest = now + SHORTEST - timedelta(minutes=1), now + LIFETIME + timedelta(minutes=1)
    if not earliest.timestamp() <= wanted <= latest.timestamp():
        raise InvalidRequestError(
            "The `expires_at` timestamp must be between 30 minutes and 24 hours from Checkout "
            "Session creation.",
            param="expires_at",
        )
    return wanted


def _invoice_creation(params: Params, mode: str) -> Shape | None:
    if mode != "payment":
        if "invoice_creation" in params:
            raise InvalidRequestError(
                "`invoice_creation` can only be used in `payment` mode.", param="invoice_creation"
            )
        return None
    wanted = params.nested("invoice_creation")
    data = wanted.nested("invoice_data")
    return {
        "enabled": wanted.flag("enabled") or False,
        "invoice_data": {
            "account_tax_ids": None,
            "custom_fields": None,
            "description": data.text("description"),
            "footer": data.text("footer"),
            "issuer": None,
            "metadata": data.metadata(),
            "rendering_options": None,
        },
    }


def _later(params: Params, mode: str) -> dict[str, Any]:
    """What the payment or the subscription will be given."""
    if mode == "payment":
        data = params.nested("payment_intent_data")
        return {
            "payment": {
                "description": data.text("description"),
                "metadata": data.metadata(),
                "receipt_email": data.text("receipt_email"),
                "setup_future_usage": data.text(
                    "setup_future_usage", choices=["on_session", "off_session"]
                ),
            }
        }
    if mode == "setup":
        data = params.nested("setup_intent_data")
        return {"setup": {"description": data.text("description"), "metadata": data.metadata()}}
    data = params.nested("subscription_data")
    data.nested("trial_settings").nested("end_behavior").text(
        "missing_payment_method", choices=["cancel", "create_invoice", "pause"]
    )
    return {
        "subscription": {
            "description": data.text("description"),
            "metadata": data.metadata(),
            "trial_end": data.moment("trial_end"),
            "trial_period_days": data.whole("trial_period_days", low=1, high=730),
        }
    }


@operation("get", "/v1/checkout/sessions/{session}")
def retrieve_session(params: Params, now: datetime, stripe_id: str) -> Shape:
    return store.get("checkout.session", stripe_id, param="session").data


@operation("get", "/v1/checkout/sessions/{session}/line_items")
def list_line_items(params: Params, now: datetime, stripe_id: str) -> Shape:
    session = store.get("checkout.session", stripe_id, param="session")
    limit = params.whole("limit", low=1, high=100) or 10
    rows = session.private["line_items"]
    url = f"/v1/checkout/sessions/{stripe_id}/line_items"
    return lists.listing(rows[:limit], url, has_more=len(rows) > limit)


@operation("get", "/v1/checkout/sessions")
def list_sessions(params: Params, now: datetime) -> Shape:
    fields = ("customer", "payment_intent", "subscription", "status")
    rows = lists.narrow(store.every("checkout.session"), params, *fields)
    return lists.page(rows, "checkout.session", params, "/v1/checkout/sessions")


@operation("post", "/v1/checkout/sessions/{session}/expire")
def expire_session(params: Params, now: datetime, stripe_id: str) -> Shape:
    session = store.get("checkout.session", stripe_id, param="session")
    if session.data["status"] != "open":
        raise InvalidRequestError(
            'Only Checkout Sessions with a status in ["open"] can be expired. This Checkout '
            f"Session has a status of {session.data['status']}."
        )
    _expire(session, now)
    return session.data


@on_timer("session.expire")
def expire_in_time(stripe_id: str, now: datetime) -> None:
    session = store.get("checkout.session", stripe_id)
    if session.data["status"] == "open":
        _expire(session, now)


def _expire(session: StripeObject, now: datetime) -> None:
    store.stop_timer("session.expire", session.stripe_id)
    store.change(session, status="expired", url=None)
    events.emit("checkout.session.expired", session, now)
