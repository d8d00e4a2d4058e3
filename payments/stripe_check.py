"""What `manage.py stripe_check` looks at, in plain words."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.conf import settings

from payments import gateway, queries
from payments.models import Offer, Price, StripePrice
from payments.stripe_catalogue import INTERVALS

WANTED_EVENTS = (
    "charge.dispute.closed",
    "charge.dispute.created",
    "charge.dispute.funds_reinstated",
    "charge.dispute.funds_withdrawn",
    "charge.dispute.updated",
    "charge.refunded",
    "charge.updated",
    "checkout.session.async_payment_failed",
    "checkout.session.async_payment_succeeded",
    "checkout.session.completed",
    "checkout.session.expired",
    "customer.subscription.created",
    "customer.subscription.deleted",
    "customer.subscription.pending_update_applied",
    "customer.subscription.pending_update_expired",
    "customer.subscription.updated",
    "customer.updated",
    "invoice.paid",
    "invoice.payment_action_required",
    "invoice.payment_failed",
    "invoice.voided",
    "payment_method.automatically_updated",
    "payment_method.updated",
    "refund.created",
    "refund.failed",
    "refund.updated",
)
WEBHOOK_PATH = "/payments/webhook/"


@dataclass(frozen=True)
class Finding:
    about: str
    ok: bool
    words: str


def findings() -> Iterator[Finding]:
    """Each thing that was looked at; the first one that makes the rest pointless is the last."""
    key = _key()
    yield key
    if not key.ok:
        return
    try:
        account = gateway.retrieve_account()
    except gateway.WrongKey as error:
        yield Finding("account", False, f"Stripe does not accept the key: {error}")
        return
    except gateway.GatewayError as error:
        yield Finding("account", False, f"Stripe could not be asked: {error}")
        return
    yield _account(account)
    yield from _methods(account)
    yield _secrets()
    try:
        yield from _endpoint()
        yield from _prices()
        if settings.STRIPE_TAX:
            yield _tax()
    except gateway.GatewayError as error:
        yield Finding("Stripe", False, f"could not be asked: {error}")


def _key() -> Finding:
    if settings.STRIPE_SANDBOX:
        return Finding("key", True, "none; the sandbox is on, and no money moves")
    key = settings.STRIPE_SECRET_KEY
    if not key:
        return Finding("key", False, "STRIPE_SECRET_KEY is not set")
    if key.startswith("pk_"):
        return Finding("key", False, "this is the publishable key; the secret one begins with sk_")
    if not key.startswith(("sk_", "rk_")):
        return Finding("key", False, "a secret key begins with sk_test_ or sk_live_")
    mode = "live: real money moves" if gateway.is_live() else "test mode: no money moves"
    return Finding("key", True, mode)


def _account(account: gateway.Shape) -> Finding:
    name = account["id"]
    if gateway.is_live() and not account["charges_enabled"]:
        return Finding("account", False, f"{name} may not take payments yet: finish its setup")
    return Finding("account", True, f"{name}, {account['country']}")


def _methods(account: gateway.Shape) -> Iterator[Finding]:
    able = account.get("capabilities") or {}
    for method in settings.STRIPE_PAYMENT_METHODS:
        state = able.get(f"{method}_payments")
        if method != "card" and state not in ("active", None):
            words = f"is {state}: turn it on at Stripe, or take it out of STRIPE_PAYMENT_METHODS"
            yield Finding(method, False, words)


def _tax() -> Finding:
    found = gateway.tax_settings()
    if found["status"] != "active":
        return Finding("tax", False, "STRIPE_TAX is on, and Stripe Tax is not set up yet")
    if found["defaults"]["tax_behavior"] == "exclusive":
        return Finding(
            "tax",
            False,
            "prices made before would be without tax: set Stripe's default to inclusive",
        )
    return Finding("tax", True, "reckoned by Stripe, in the prices")


def _secrets() -> Finding:
    found = gateway.webhook_secrets()
    if not found:
        return Finding("webhook secret", False, "STRIPE_WEBHOOK_SECRETS is not set")
    if wrong := [secret for secret in found if not secret.startswith("whsec_")]:
        return Finding("webhook secret", False, f"{len(wrong)} do not begin with whsec_")
    return Finding("webhook secret", True, f"{len(found)} set")


def _endpoint() -> Iterator[Finding]:
    url = settings.BASE_URL + WEBHOOK_PATH
    endpoints = [each for each in gateway.webhook_endpoints() if each["url"] == url]
    if not endpoints:
        yield Finding("endpoint", False, f"Stripe has none for {url}")
        return
    endpoint = endpoints[0]
    if endpoint["status"] != "enabled":
        yield Finding("endpoint", False, f"{endpoint['id']} is {endpoint['status']} at Stripe")
        return
    yield Finding("endpoint", True, f"{endpoint['id']} for {url}")
    told = set(endpoint["enabled_events"])
    if missing := [name for name in WANTED_EVENTS if not told & {name, "*"}]:
        yield Finding("events", False, f"not sent to it: {', '.join(missing)}")
    else:
        yield Finding("events", True, "all that are needed")
    version = endpoint.get("api_version") or gateway.API_VERSION
    same = version == gateway.API_VERSION
    # Bodies are never believed, so another version does no harm; it only reads differently.
    words = version if same else f"{version}; this site speaks {gateway.API_VERSION}"
    yield Finding("API version", True, words)


def _prices() -> Iterator[Finding]:
    prices: list[Price] = []
    for currency in settings.CURRENCIES:
        in_force = list(queries.prices_in_force(currency))
        if not in_force:
            yield Finding("prices", False, f"nothing is for sale in {currency}")
        prices += in_force
    if not prices:
        return
    known = {
        row.price_id: row.stripe_id
        for row in StripePrice.objects.filter(price__in=prices, **gateway.ours())
    }
    wrong = 0
    for price in prices:
        if price.pk in known and (words := _compare(price, known[price.pk])):
            wrong += 1
            yield Finding(f"price of {price.offer}", False, words)
    if not wrong:
        yield Finding("prices", True, f"{len(prices)} for sale, {len(known)} at Stripe already")


def _compare(price: Price, stripe_id: str) -> str:
    """What is wrong with a price at Stripe; empty if nothing is."""
    try:
        theirs = gateway.retrieve_price(stripe_id)
    except gateway.NotFound:
        return f"{stripe_id} is not at Stripe any more"
    if not theirs["active"]:
        return f"{stripe_id} was archived at Stripe: nobody can buy it"
    if (theirs["unit_amount"], theirs["currency"]) != (price.amount, price.currency.lower()):
        return f"{stripe_id} is {theirs['unit_amount']} {theirs['currency']} at Stripe"
    recurring = theirs.get("recurring")
    cycle = (recurring["interval"], recurring["interval_count"]) if recurring else None
    wanted = (
        INTERVALS[Offer.Interval(price.offer.interval or "")] if price.offer.is_recurring else None
    )
    return "" if cycle == wanted else f"{stripe_id} renews otherwise at Stripe"
