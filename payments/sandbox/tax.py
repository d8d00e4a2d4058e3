"""Stripe Tax, as far as prices that include it: by the buyer's country, at its standard rate."""

from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal

from payments.sandbox.errors import InvalidRequestError
from payments.sandbox.models import StripeObject
from payments.sandbox.operations import operation
from payments.sandbox.parameters import Params
from payments.sandbox.store import Shape

# Standard rates in percent for what is delivered online; elsewhere nothing is collected.
RATES = {"CN": 6, "DE": 19, "FR": 20, "GB": 20, "JP": 10, "SG": 9}
COUNTRIES = (*RATES, "HK", "US")
HOME = "CN"


@operation("get", "/v1/tax/settings")
def retrieve_settings(params: Params, now: datetime) -> Shape:
    return {
        "object": "tax.settings",
        "defaults": {"provider": "stripe", "tax_behavior": "inclusive", "tax_code": None},
        "head_office": None,
        "livemode": False,
        "status": "active",
        "status_details": {"active": {}},
    }


def included(amount: int, country: str) -> int:
    """What of an amount is tax."""
    rate = RATES.get(country, 0)
    share = Decimal(amount) * rate / (100 + rate)
    return int(share.quantize(Decimal(1), ROUND_HALF_UP))


def updated(params: Params) -> dict[str, str | None]:
    """What of a known customer the page may overwrite."""
    asked = params.nested("customer_update")
    return {name: asked.text(name, choices=["auto", "never"]) for name in ("address", "name")}


def wanted(params: Params, updated: dict[str, str | None] | None, prices: list[Shape]) -> bool:
    """Whether a session asks for it, in a way that Stripe takes. `updated`: of a known customer."""
    if not params.nested("automatic_tax").flag("enabled"):
        return False
    if updated and updated["address"] != "auto":
        raise InvalidRequestError(
            "Automatic tax calculation in Checkout requires a valid address on the Customer. Add a "
            "valid address to the Customer or set either `customer_update[address]` to 'auto' or "
            "`customer_update[shipping]` to 'auto' to save the address entered in Checkout to the "
            "Customer.",
            code="customer_tax_location_invalid",
            param="automatic_tax[enabled]",
        )
    if any(price["tax_behavior"] != "inclusive" for price in prices):
        raise InvalidRequestError(
            "The sandbox reckons tax only for prices whose `tax_behavior` is `inclusive`.",
            param="line_items",
        )
    return True


def ids_wanted(params: Params, updated: dict[str, str | None] | None) -> Shape:
    asked = params.nested("tax_id_collection").flag("enabled") or False
    if asked and updated and updated["name"] != "auto":
        raise InvalidRequestError(
            "Tax ID collection requires updating business name on the customer. To enable tax ID "
            "collection for an existing customer, please set `customer_update[name]` to `auto`.",
            param="tax_id_collection[enabled]",
        )
    return {"enabled": asked, "required": "never"}


def of_invoice(subscription: StripeObject | None, customer: StripeObject, total: int) -> Shape:
    """The fields of an invoice that tell of tax; none where its subscription has none."""
    if subscription is None or not subscription.data["automatic_tax"]["enabled"]:
        return {}
    country = (customer.data["address"] or {}).get("country") or HOME
    tax = included(total, country) if total > 0 else 0
    return {
        "automatic_tax": {
            "disabled_reason": None,
            "enabled": True,
            "liability": {"type": "self"},
            "provider": "stripe",
            "status": "complete",
        },
        "customer_address": customer.data["address"],
        "customer_tax_ids": customer.private.get("tax_ids", []),
        "total_excluding_tax": total - tax,
        "total_taxes": [
            {
                "amount": tax,
                "tax_behavior": "inclusive",
                "tax_rate_details": None,
                "taxability_reason": "standard_rated" if tax else "not_collecting",
                "taxable_amount": total - tax,
                "type": "tax_rate_details",
            }
        ],
    }


def address(country: str) -> Shape:
    return {
        "city": None,
        "country": country,
        "line1": None,
        "line2": None,
        "postal_code": None,
        "state": None,
    }
