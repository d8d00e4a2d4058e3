"""Coupons, the codes that people type for them, and what they take off."""

from collections.abc import Sequence
from datetime import datetime

from payments import money
from payments.sandbox import events, ids, lists, periods, store
from payments.sandbox.errors import InvalidRequestError
from payments.sandbox.models import StripeObject
from payments.sandbox.operations import operation
from payments.sandbox.parameters import Params
from payments.sandbox.store import Shape

DURATIONS = ("forever", "once", "repeating")
CODE = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-")


@operation("post", "/v1/coupons")
def create_coupon(params: Params, now: datetime) -> Shape:
    stripe_id = params.text("id") or ids.new("coupon", 8)
    if store.every("coupon").filter(stripe_id=stripe_id).exists():
        raise InvalidRequestError(
            f"Coupon already exists: {stripe_id}", code="resource_already_exists", param="id"
        )
    percent, amount = _percent(params), params.whole("amount_off", low=1)
    if (percent is None) == (amount is None):
        raise InvalidRequestError("You must pass either `percent_off` or `amount_off`, not both.")
    currency = params.text("currency", required=amount is not None, longest=3)
    products = params.nested("applies_to").texts("products")
    for product in products:
        store.get("product", product, param="applies_to[products]")
    coupon = store.add(
        {
            "id": stripe_id,
            "object": "coupon",
            "amount_off": amount,
            "created": store.stamp(now),
            "currency": currency.lower() if currency else None,
            **_duration(params),
            "livemode": False,
            "max_redemptions": params.whole("max_redemptions", low=1),
            "metadata": params.metadata(),
            "name": params.text("name", longest=40),
            "percent_off": percent,
            "redeem_by": params.moment("redeem_by"),
            "times_redeemed": 0,
            "valid": True,
        },
        private={"products": products},
    )
    events.emit("coupon.created", coupon, now)
    return coupon.data


def _percent(params: Params) -> float | None:
    text = params.text("percent_off")
    if text is None:
        return None
    try:
        percent = float(text)
    except ValueError:
        percent = 0.0
    if not 0 < percent <= 100:
        raise InvalidRequestError("Invalid percent_off: from 0 to 100", param="percent_off")
    return percent


def _duration(params: Params) -> Shape:
    duration = params.text("duration", choices=DURATIONS) or "once"
    months = params.whole("duration_in_months", low=1, high=36)
    if (duration == "repeating") != (months is not None):
        raise InvalidRequestError(
            "`duration_in_months` is required where `duration` is repeating, and only there.",
            param="duration_in_months",
        )
    return {"duration": duration, "duration_in_months": months}


@operation("get", "/v1/coupons/{coupon}")
def retrieve_coupon(params: Params, now: datetime, stripe_id: str) -> Shape:
    return _freshened(store.get("coupon", stripe_id, param="coupon"), now).data


@operation("get", "/v1/coupons")
def list_coupons(params: Params, now: datetime) -> Shape:
    rows = lists.narrow(store.every("coupon"), params)
    return lists.page(rows, "coupon", params, "/v1/coupons")


@operation("post", "/v1/coupons/{coupon}")
def update_coupon(params: Params, now: datetime, stripe_id: str) -> Shape:
    """What it takes off never changes."""
    coupon = store.get("coupon", stripe_id, param="coupon")
    fields: Shape = {"metadata": params.metadata(coupon.data["metadata"])}
    if "name" in params:
        fields["name"] = params.text("name", longest=40)
    events.changed("coupon.updated", coupon, now, **fields)
    return coupon.data


@operation("post", "/v1/promotion_codes")
def create_promotion_code(params: Params, now: datetime) -> Shape:
    promotion = params.nested("promotion")
    promotion.must("type", choices=["coupon"])
    coupon = store.get("coupon", promotion.must("coupon"), param="promotion[coupon]")
    code = params.text("code", longest=500) or ids.new("x", 8)[2:].upper()
    _check_code(code)
    restrictions = params.nested("restrictions")
    active = params.flag("active")
    made = store.add(
        {
            "id": ids.new("promo"),
            "object": "promotion_code",
            "active": True if active is None else active,
            "code": code,
            "created": store.stamp(now),
            "customer": None,
            "customer_account": None,
            "expires_at": params.moment("expires_at"),
            "livemode": False,
            "max_redemptions": params.whole("max_redemptions", low=1),
            "metadata": params.metadata(),
            "promotion": {"coupon": coupon.stripe_id, "type": "coupon"},
            "restrictions": {
                "first_time_transaction": restrictions.flag("first_time_transaction") or False,
                "minimum_amount": None,
                "minimum_amount_currency": None,
            },
            "times_redeemed": 0,
        }
    )
    events.emit("promotion_code.created", made, now)
    return made.data


def _check_code(code: str) -> None:
    if not set(code) <= CODE:
        raise InvalidRequestError("Invalid code: letters a-z, digits and dashes", param="code")
    if store.every("promotion_code").filter(data__active=True, data__code__iexact=code).exists():
        raise InvalidRequestError(
            f"An active promotion code with `code: {code}` already exists.", param="code"
        )


@operation("get", "/v1/promotion_codes/{promotion_code}")
def retrieve_promotion_code(params: Params, now: datetime, stripe_id: str) -> Shape:
    return store.get("promotion_code", stripe_id, param="promotion_code").data


@operation("get", "/v1/promotion_codes")
def list_promotion_codes(params: Params, now: datetime) -> Shape:
    rows = lists.narrow(store.every("promotion_code"), params)
    if code := params.text("code"):
        rows = rows.filter(data__code__iexact=code)
    if coupon := params.text("coupon"):
        rows = rows.filter(data__promotion__coupon=coupon)
    if (active := params.flag("active")) is not None:
        rows = rows.filter(data__active=active)
    return lists.page(rows, "promotion_code", params, "/v1/promotion_codes")


@operation("post", "/v1/promotion_codes/{promotion_code}")
def update_promotion_code(params: Params, now: datetime, stripe_id: str) -> Shape:
    found = store.get("promotion_code", stripe_id, param="promotion_code")
    fields: Shape = {"metadata": params.metadata(found.data["metadata"])}
    if (active := params.flag("active")) is not None:
        fields["active"] = active
    events.changed("promotion_code.updated", found, now, **fields)
    return found.data


def _freshened(coupon: StripeObject, now: datetime) -> StripeObject:
    """With `valid` as it is now."""
    shape = coupon.data
    spent = shape["max_redemptions"] and shape["times_redeemed"] >= shape["max_redemptions"]
    late = shape["redeem_by"] and shape["redeem_by"] < store.stamp(now)
    store.change(coupon, valid=not (spent or late))
    return coupon


# At Checkout


def of_session(params: Params, customer: str | None, now: datetime) -> list[Shape]:
    """The discounts that a new session names, checked: at most one, as Stripe has it."""
    rows = params.rows("discounts")
    if len(rows) > 1:
        raise InvalidRequestError("You can only apply one discount.", param="discounts")
    return [_named(row, customer, now) for row in rows]


def _named(row: Params, customer: str | None, now: datetime) -> Shape:
    coupon, code = row.text("coupon"), row.text("promotion_code")
    if (coupon is None) == (code is None):
        raise InvalidRequestError(
            "You may only specify one of these parameters: coupon, promotion_code.",
            param=row.path("coupon"),
        )
    if code:
        promotion = store.get("promotion_code", code, param=row.path("promotion_code"))
        _check_promotion(promotion, customer, row.path("promotion_code"), now)
        coupon = promotion.data["promotion"]["coupon"]
    held = _freshened(store.get("coupon", coupon or "", param=row.path("coupon")), now)
    if not held.data["valid"]:
        raise InvalidRequestError(
            f"Coupon expired: {held.stripe_id}", code="coupon_expired", param=row.path("coupon")
        )
    return {"coupon": None if code else coupon, "promotion_code": code}


def _check_promotion(promotion: StripeObject, customer: str | None, at: str, now: datetime) -> None:
    shape = promotion.data
    spent = shape["max_redemptions"] and shape["times_redeemed"] >= shape["max_redemptions"]
    late = shape["expires_at"] and shape["expires_at"] < store.stamp(now)
    if spent or late or not shape["active"]:
        raise InvalidRequestError("This promotion code is expired or not active.", param=at)
    paid = store.every("charge").filter(customer=customer, data__paid=True)
    if shape["restrictions"]["first_time_transaction"] and customer and paid.exists():
        raise InvalidRequestError(
            "This promotion code cannot be redeemed because the associated customer has prior "
            "transactions.",
            code="promotion_code_customer_not_first_time",
            param=at,
        )


def coupon_of(discount: Shape) -> StripeObject:
    """The coupon behind a session's discount."""
    stripe_id = discount["coupon"]
    if code := discount["promotion_code"]:
        stripe_id = store.get("promotion_code", code).data["promotion"]["coupon"]
    return store.get("coupon", stripe_id)


def reduce(lines: list[Shape], discounts: list[Shape]) -> None:
    """Takes the discounts off a session's lines."""
    for discount in discounts:
        coupon = coupon_of(discount)
        costs = [(line["amount_subtotal"], line["price"]["product"]) for line in lines]
        cuts = taken_off(costs, coupon, lines[0]["currency"])
        if not any(cuts):
            raise InvalidRequestError(
                "The coupon cannot be redeemed: it applies to nothing in this session.",
                param="discounts",
            )
        for line, cut in zip(lines, cuts, strict=True):
            line["amount_discount"] = cut
            line["amount_total"] = line["amount_subtotal"] - cut


def taken_off(costs: Sequence[tuple[int, str]], coupon: StripeObject, currency: str) -> list[int]:
    """What a coupon takes off each (amount, product)."""
    products = coupon.private["products"]
    rests = [
        amount if amount > 0 and (not products or product in products) else 0
        for amount, product in costs
    ]
    if percent := coupon.data["percent_off"]:
        code = currency.upper()
        return [money.taken_off(rest, code, percent=percent, fixed=None) for rest in rests]
    if coupon.data["currency"] != currency:
        return [0 for _ in rests]
    left, cuts = coupon.data["amount_off"], []
    for rest in rests:
        cuts.append(min(left, rest))
        left -= cuts[-1]
    return cuts


def redeem(session: StripeObject, subscription: StripeObject | None, now: datetime) -> None:
    """A session is complete: its codes are used once more; a subscription keeps the discount."""
    for named in session.data["discounts"]:
        coupon = coupon_of(named)
        store.change(coupon, times_redeemed=coupon.data["times_redeemed"] + 1)
        if named["promotion_code"]:
            code = store.get("promotion_code", named["promotion_code"])
            store.change(code, times_redeemed=code.data["times_redeemed"] + 1)
        if subscription:
            discount = _discount(coupon, named, subscription, now)
            store.change(subscription, discounts=[discount.stripe_id])
            events.emit("customer.discount.created", discount, now)


def _discount(
    coupon: StripeObject, named: Shape, subscription: StripeObject, now: datetime
) -> StripeObject:
    second, months = store.stamp(now), coupon.data["duration_in_months"]
    cycle = {"interval": "month", "interval_count": months}
    return store.add(
        {
            "id": ids.new("di"),
            "object": "discount",
            "checkout_session": None,
            "customer": subscription.customer,
            "customer_account": None,
            "end": periods.end_after(second, second, cycle) if months else None,
            "invoice": None,
            "invoice_item": None,
            "promotion_code": named["promotion_code"],
            "source": {"coupon": coupon.stripe_id, "type": "coupon"},
            "start": second,
            "subscription": subscription.stripe_id,
            "subscription_item": None,
        }
    )


# On invoices


def on_invoice(
    subscription: StripeObject | None, costs: Sequence[tuple[int, str]], currency: str, second: int
) -> dict[str, list[int]]:
    """Which discounts of a subscription reduce an invoice of that second, by how much per line."""
    found: dict[str, list[int]] = {}
    for stripe_id in subscription.data["discounts"] if subscription else ():
        discount = store.get("discount", stripe_id).data
        if discount["end"] is None or second < discount["end"]:
            coupon = store.get("coupon", discount["source"]["coupon"])
            found[stripe_id] = taken_off(costs, coupon, currency)
    return found


def spend(subscription: StripeObject, invoice: Shape, now: datetime) -> None:
    """What was good for one charge is gone after it; a bill of nothing is no charge."""
    for each in invoice["total_discount_amounts"]:
        discount = store.get("discount", each["discount"])
        coupon = store.get("coupon", discount.data["source"]["coupon"])
        if each["amount"] and coupon.data["duration"] == "once":
            kept = [one for one in subscription.data["discounts"] if one != discount.stripe_id]
            store.change(subscription, discounts=kept)
            events.emit("customer.discount.deleted", discount, now)
