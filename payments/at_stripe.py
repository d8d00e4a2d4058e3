"""Where staff look an object up at Stripe: its dashboard, or the sandbox's page of it."""

from django.conf import settings
from django.urls import reverse

DASHBOARD = "https://dashboard.stripe.com"
# What the dashboard has a page of its own for, by the beginning of the id.
PAGES = {
    "pi": "payments",
    "ch": "payments",
    "py": "payments",
    "sub": "subscriptions",
    "in": "invoices",
    "cus": "customers",
    "evt": "events",
    "du": "disputes",
    "dp": "disputes",
    "prod": "products",
    "price": "prices",
}


def address(stripe_id: str | None, *, livemode: bool) -> str:
    """The page of `pi_…`, `sub_…` and so on; "" where there is none, or the id is one of ours."""
    if not stripe_id or "_" not in stripe_id:
        return ""
    if settings.STRIPE_SANDBOX:
        return "" if livemode else reverse("sandbox:object", args=[stripe_id])
    page = PAGES.get(stripe_id.partition("_")[0])
    return f"{DASHBOARD}{'' if livemode else '/test'}/{page}/{stripe_id}" if page else ""
