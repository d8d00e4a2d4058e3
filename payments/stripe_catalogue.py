"""People and prices as Stripe knows them: made there when first needed, remembered here."""

import hashlib
import json
from typing import Any

from accounts.models import User
from payments import gateway
from payments.models import Customer, Offer, Price, StripePrice, StripeProduct

INTERVALS = {
    Offer.Interval.MONTH: ("month", 1),
    Offer.Interval.QUARTER: ("month", 3),
    Offer.Interval.YEAR: ("year", 1),
}


def customer_of(user: User) -> str:
    """The Stripe id of a person. Raises GatewayError."""
    ours = gateway.ours()
    if found := Customer.objects.filter(user=user, **ours).first():
        return found.stripe_id
    params = {
        "email": user.email,
        "preferred_locales": ["zh" if user.language.startswith("zh") else "en"],
        "metadata": {"user": str(user.pk), "joined": user.date_joined.isoformat()},
        **({"name": user.name} if user.name else {}),
    }
    made = gateway.create_customer(params, key=_key("customer", params))
    row, _ = Customer.objects.get_or_create(user=user, **ours, defaults={"stripe_id": made["id"]})
    return row.stripe_id


def price_at_stripe(price: Price) -> str:
    """The Stripe id of a price. Raises GatewayError."""
    ours = gateway.ours()
    if found := StripePrice.objects.filter(price=price, **ours).first():
        return found.stripe_id
    params: dict[str, Any] = {
        "product": _product_at_stripe(price.offer),
        "currency": price.currency.lower(),
        "unit_amount": price.amount,
        "metadata": {"price": str(price.key)},
    }
    if price.offer.is_recurring:
        interval, count = INTERVALS[Offer.Interval(price.offer.interval or "")]
        params["recurring"] = {"interval": interval, "interval_count": count}
    made = gateway.create_price(params, key=_key("price", params))
    row, _ = StripePrice.objects.get_or_create(
        price=price, **ours, defaults={"stripe_id": made["id"]}
    )
    return row.stripe_id


def _product_at_stripe(offer: Offer) -> str:
    ours = gateway.ours()
    if found := StripeProduct.objects.filter(offer=offer, **ours).first():
        return found.stripe_id
    params = {"name": str(offer.sellable), "metadata": {"offer": str(offer.key)}}
    made = gateway.create_product(params, key=_key("product", params))
    row, _ = StripeProduct.objects.get_or_create(
        offer=offer, **ours, defaults={"stripe_id": made["id"]}
    )
    return row.stripe_id


def _key(kind: str, params: dict[str, Any]) -> str:
    """An idempotency key that is the same for the same wish, also after an answer was lost."""
    text = json.dumps(params, sort_keys=True)
    return f"{kind}-{hashlib.sha256(text.encode()).hexdigest()[:40]}"
