"""People and prices as Stripe knows them: made there when first needed, remembered here."""

import hashlib
import json
from typing import Any

from django.conf import settings

from accounts.models import User
from payments import gateway
from payments.models import (
    Customer,
    Offer,
    Price,
    PromotionCode,
    StripePrice,
    StripeProduct,
    StripePromotion,
)

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
        "tax_behavior": "inclusive",  # what is shown is what is charged
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


def promotion_at_stripe(promotion: PromotionCode) -> str:
    """The Stripe id of a promotion code. Raises GatewayError.

    How often, until when and by whom it may be used is ours to say (`payments.promotions`): Stripe
    would count a use only once it is paid, and refuse a page that was opened in time.
    """
    ours = gateway.ours()
    if found := StripePromotion.objects.filter(promotion=promotion, **ours).first():
        return found.stripe_id
    # One that a restored database has forgotten is still there, and its code is taken.
    told = {"promotion": str(promotion.key)}
    known = gateway.find_promotion_code(promotion.code)
    if known is None or (known.get("metadata") or {}).get("promotion") != told["promotion"]:
        params = {
            "code": promotion.code,
            "promotion": {"type": "coupon", "coupon": _coupon_at_stripe(promotion)},
            "metadata": told,
        }
        known = gateway.create_promotion_code(params, key=_key("promotion", params))
    row, _ = StripePromotion.objects.get_or_create(
        promotion=promotion, **ours, defaults={"stripe_id": known["id"]}
    )
    return row.stripe_id


def _coupon_at_stripe(promotion: PromotionCode) -> str:
    params: dict[str, Any] = {
        "name": promotion.code,
        "duration": promotion.duration,
        "metadata": {"promotion": str(promotion.key)},
    }
    if promotion.percent is not None:
        params["percent_off"] = promotion.percent
    else:
        params["amount_off"] = promotion.amount
        params["currency"] = promotion.currency.lower()
    if promotion.months:
        params["duration_in_months"] = promotion.months
    if products := [_product_at_stripe(offer) for offer in promotion.offers.order_by("pk")]:
        params["applies_to"] = {"products": products}
    return str(gateway.create_coupon(params, key=_key("coupon", params))["id"])


def _product_at_stripe(offer: Offer) -> str:
    ours = gateway.ours()
    if found := StripeProduct.objects.filter(offer=offer, **ours).first():
        return found.stripe_id
    params: dict[str, Any] = {
        "name": str(offer.sellable),
        "metadata": {"offer": str(offer.key)},
    }
    if settings.STRIPE_TAX_CODE:
        params["tax_code"] = settings.STRIPE_TAX_CODE
    made = gateway.create_product(params, key=_key("product", params))
    row, _ = StripeProduct.objects.get_or_create(
        offer=offer, **ours, defaults={"stripe_id": made["id"]}
    )
    return row.stripe_id


def _key(kind: str, params: dict[str, Any]) -> str:
    """An idempotency key that is the same for the same wish, also after an answer was lost."""
    text = json.dumps(params, sort_keys=True)
    return f"{kind}-{hashlib.sha256(text.encode()).hexdigest()[:40]}"
