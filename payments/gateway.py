"""The one door to Stripe: whatever the site wants of it is a function here.

Answers are plain dicts of Stripe's own shapes. No call is made inside a transaction of ours: a
rollback could not take back what Stripe did, and a lock would wait for the network.
"""

import time
from collections.abc import Callable, Iterator
from functools import lru_cache, partial
from typing import Any

import stripe
from django.conf import settings
from django.db import connection

TIMEOUT_SECONDS = 8
RETRIES = 2
TOLERANCE_SECONDS = 300
# Stripe's words for a payment that only the payer can go on with.
NEEDING_ACTION = ("authentication_required", "subscription_payment_intent_requires_action")
API_VERSION: str = stripe.api_version

type Shape = dict[str, Any]


class GatewayError(Exception):
    """Stripe did not do what was asked. Carries its own words for staff, never for learners."""


class Unreachable(GatewayError):
    """No (readable) answer: it may have happened or not. The same key may be tried again."""


class RateLimited(Unreachable):
    """Too many requests: try again later."""


class WrongKey(GatewayError):
    """The secret key is not accepted, or may not do this."""


class Refused(GatewayError):
    """Stripe understood and said no."""


class CardDeclined(Refused):
    """The bank said no."""


class NeedsAction(CardDeclined):
    """The bank first wants to know whether it is the payer."""


class NotFound(Refused):
    """There is no such object in this account and mode."""


class InsideTransaction(RuntimeError):
    """A mistake in our code: Stripe is never called while a transaction of ours is open."""


class Forged(Exception):
    """This is no event that Stripe signed just now with one of our secrets."""


def is_live() -> bool:
    """Whether the key in force moves real money."""
    return "_live_" in settings.STRIPE_SECRET_KEY


def is_set_up() -> bool:
    """Whether there is a Stripe to talk to: a key, or the sandbox."""
    return bool(settings.STRIPE_SECRET_KEY or settings.STRIPE_SANDBOX)


def account_id() -> str:
    """Whose key it is. Asked once per process and key."""
    return _account_of(settings.STRIPE_SECRET_KEY, settings.STRIPE_API_BASE)


def ours() -> Shape:
    """The account and mode that every row with a Stripe id carries."""
    return {"account": account_id(), "livemode": is_live()}


@lru_cache(maxsize=4)
def _account_of(key: str, base: str) -> str:
    return str(retrieve_account()["id"])


def retrieve_account() -> Shape:
    return _call(lambda client: client.v1.accounts.retrieve_current())


def tax_settings() -> Shape:
    return _call(lambda client: client.v1.tax.settings.retrieve())


# People and what is for sale


def create_customer(params: Shape, *, key: str) -> Shape:
    return _call(lambda client: client.v1.customers.create(params, _once(key)))


def retrieve_customer(customer_id: str) -> Shape:
    return _call(lambda client: client.v1.customers.retrieve(customer_id))


def create_product(params: Shape, *, key: str) -> Shape:
    return _call(lambda client: client.v1.products.create(params, _once(key)))


def create_price(params: Shape, *, key: str) -> Shape:
    return _call(lambda client: client.v1.prices.create(params, _once(key)))


def retrieve_price(price_id: str) -> Shape:
    return _call(lambda client: client.v1.prices.retrieve(price_id))


def create_coupon(params: Shape, *, key: str) -> Shape:
    return _call(lambda client: client.v1.coupons.create(params, _once(key)))


def create_promotion_code(params: Shape, *, key: str) -> Shape:
    return _call(lambda client: client.v1.promotion_codes.create(params, _once(key)))


def find_promotion_code(code: str) -> Shape | None:
    """The active one that people type so, if there is one."""
    params = {"code": code, "active": True}
    found = _page(lambda client: client.v1.promotion_codes.list(params))
    return found[0] if found else None


# Checkout


def create_session(params: Shape, *, key: str) -> Shape:
    return _call(lambda client: client.v1.checkout.sessions.create(params, _once(key)))


def retrieve_session(session_id: str) -> Shape:
    """The session with its payment down to the balance transaction, or the card it kept."""
    expand = ["payment_intent.latest_charge.balance_transaction", "setup_intent.payment_method"]
    return _call(
        lambda client: client.v1.checkout.sessions.retrieve(session_id, {"expand": expand})
    )


def price_of_session(session_id: str) -> Shape:
    """The price that a Checkout session was for."""
    lines = _page(lambda client: client.v1.checkout.sessions.line_items.list(session_id))
    return dict(lines[0]["price"]) if lines else {}


def expire_session(session_id: str) -> Shape:
    return _call(lambda client: client.v1.checkout.sessions.expire(session_id))


def find_sessions(*, payment_intent_id: str) -> list[Shape]:
    """The Checkout session behind a payment (none or one)."""
    return _page(
        lambda client: client.v1.checkout.sessions.list({"payment_intent": payment_intent_id})
    )


def create_portal_session(params: Shape) -> Shape:
    return _call(lambda client: client.v1.billing_portal.sessions.create(params))


# Payments and what renews itself


def retrieve_payment_intent(payment_intent_id: str) -> Shape:
    """The payment with its charge and the charge's balance transaction."""
    params = {"expand": ["latest_charge.balance_transaction"]}
    return _call(lambda client: client.v1.payment_intents.retrieve(payment_intent_id, params))


def charge_kept_card(params: Shape, *, key: str) -> Shape:
    """A payment with nobody there. Raises CardDeclined (NeedsAction)."""
    asked = {**params, "off_session": True, "confirm": True}
    return _call(lambda client: client.v1.payment_intents.create(asked, _once(key)))


def let_card_go(payment_method_id: str) -> Shape:
    """It can be charged no more. Raises Refused where it was let go before."""
    return _call(lambda client: client.v1.payment_methods.detach(payment_method_id))


def payments_of(customer_id: str, *, since: int) -> Iterator[Shape]:
    """Payments of a customer made since, newest first, by pages."""
    params = {"customer": customer_id}
    return _every(lambda client: client.v1.payment_intents.list, params, since=since)


def retrieve_subscription(subscription_id: str) -> Shape:
    """The subscription with its latest invoice, the card that will be charged, and the coupons that
    reduce it."""
    cards = ["default_payment_method", "customer.invoice_settings.default_payment_method"]
    params = {"expand": ["latest_invoice", "discounts.source.coupon.applies_to", *cards]}
    return _call(lambda client: client.v1.subscriptions.retrieve(subscription_id, params))


def update_subscription(subscription_id: str, params: Shape, *, key: str = "") -> Shape:
    """Raises CardDeclined (NeedsAction) where a payment is due at once and asked for strictly."""
    options = _once(key) if key else {}
    return _call(lambda client: client.v1.subscriptions.update(subscription_id, params, options))


def preview_invoice(params: Shape) -> Shape:
    """What a change would cost; nothing happens."""
    return _call(lambda client: client.v1.invoices.create_preview(params))


def create_schedule(subscription_id: str, *, key: str) -> Shape:
    """What leads a running subscription from now on."""
    params = {"from_subscription": subscription_id}
    return _call(lambda client: client.v1.subscription_schedules.create(params, _once(key)))


def update_schedule(schedule_id: str, params: Shape, *, key: str) -> Shape:
    return _call(
        lambda client: client.v1.subscription_schedules.update(schedule_id, params, _once(key))
    )


def release_schedule(schedule_id: str) -> Shape:
    """The subscription goes on by itself, as it is."""
    return _call(lambda client: client.v1.subscription_schedules.release(schedule_id))


def cancel_subscription(subscription_id: str) -> Shape:
    """Ends it at once."""
    return _call(lambda client: client.v1.subscriptions.cancel(subscription_id))


def retrieve_invoice(invoice_id: str) -> Shape:
    """The invoice with its payments."""
    params = {"expand": ["payments"]}
    return _call(lambda client: client.v1.invoices.retrieve(invoice_id, params))


def void_invoice(invoice_id: str) -> Shape:
    return _call(lambda client: client.v1.invoices.void_invoice(invoice_id))


def invoices_of(subscription_id: str) -> list[Shape]:
    params = {"subscription": subscription_id, "limit": 100}
    return _page(lambda client: client.v1.invoices.list(params))


def find_invoice(*, payment_intent_id: str) -> str | None:
    """The id of the invoice that a payment paid, if it was one."""
    params = {"payment": {"type": "payment_intent", "payment_intent": payment_intent_id}}
    found = _page(lambda client: client.v1.invoice_payments.list(params))
    return str(found[0]["invoice"]) if found else None


# Money back


def create_refund(params: Shape, *, key: str) -> Shape:
    return _call(lambda client: client.v1.refunds.create(params, _once(key)))


def retrieve_refund(refund_id: str) -> Shape:
    params = {"expand": ["balance_transaction", "failure_balance_transaction"]}
    return _call(lambda client: client.v1.refunds.retrieve(refund_id, params))


def refunds_of(payment_intent_id: str) -> list[Shape]:
    params = {"payment_intent": payment_intent_id, "limit": 100}
    return _page(lambda client: client.v1.refunds.list(params))


def retrieve_dispute(dispute_id: str) -> Shape:
    return _call(lambda client: client.v1.disputes.retrieve(dispute_id))


# Events


def events(*, since: int, missed: bool) -> Iterator[Shape]:
    """Events, newest first, by pages (Stripe keeps 30 days); `missed`: those that no endpoint
    acknowledged."""
    params = {"delivery_success": False} if missed else {}
    return _every(lambda client: client.v1.events.list, params, since=since)


def completed_sessions(*, since: int) -> Iterator[Shape]:
    """Checkout sessions that were begun since and completed, newest first, by pages."""
    return _every(
        lambda client: client.v1.checkout.sessions.list, {"status": "complete"}, since=since
    )


# Lists of everything

LISTS: dict[str, tuple[Callable[[Any], Any], Shape]] = {
    "checkout.session": (lambda client: client.v1.checkout.sessions, {"status": "complete"}),
    "subscription": (lambda client: client.v1.subscriptions, {"status": "all"}),
    "invoice": (lambda client: client.v1.invoices, {}),
    "refund": (lambda client: client.v1.refunds, {}),
    "dispute": (lambda client: client.v1.disputes, {}),
    "balance_transaction": (
        lambda client: client.v1.balance_transactions,
        {"expand": ["data.source"]},
    ),
}
PAGE = 100


def page_of(kind: str, *, since: int | None, until: int, after: str = "") -> list[Shape]:
    """The next PAGE objects of a kind made in these seconds, newest first; fewer are the last."""
    service, params = LISTS[kind]
    created = {"lte": until} | ({} if since is None else {"gte": since})
    params = params | {"created": created, "limit": PAGE}
    if after:
        params["starting_after"] = after
    return _page(partial(_ask_for_page, lambda client: service(client).list, params))


def object_of(kind: str, stripe_id: str) -> Shape:
    """One of them as it is now. Raises NotFound."""
    service, _ = LISTS[kind]
    return _call(lambda client: service(client).retrieve(stripe_id))


def _every(lister: Callable[[Any], Any], params: Shape, *, since: int) -> Iterator[Shape]:
    params = {**params, "created": {"gte": since}, "limit": 100}
    while True:
        page = _page(partial(_ask_for_page, lister, params))
        yield from page
        if len(page) < params["limit"]:
            return
        params = {**params, "starting_after": page[-1]["id"]}


def _ask_for_page(lister: Callable[[Any], Any], params: Shape, client: Any) -> Any:
    return lister(client)(params)


def webhook_endpoints() -> list[Shape]:
    return _page(lambda client: client.v1.webhook_endpoints.list({"limit": 100}))


def webhook_secrets() -> list[str]:
    """Those that a signature may be made with: two during a rotation."""
    if settings.STRIPE_SANDBOX:
        from payments.sandbox.endpoints import SIGNING_SECRET

        return [*settings.STRIPE_WEBHOOK_SECRETS, SIGNING_SECRET]
    return list(settings.STRIPE_WEBHOOK_SECRETS)


def verify_event(body: bytes, signature: str) -> Shape:
    """The event in a webhook's raw body. Raises Forged."""
    for secret in webhook_secrets():
        try:
            event = stripe.Webhook.construct_event(
                body, signature, secret, tolerance=TOLERANCE_SECONDS
            ).to_dict()
        except stripe.SignatureVerificationError:
            continue
        except (ValueError, TypeError, AttributeError, KeyError) as error:
            # Not UTF-8, no JSON, or JSON that is no object.
            raise Forged("not an event") from error
        if event.get("object") != "event" or not isinstance(event.get("id"), str):
            raise Forged("not an event")
        if _signed_at(signature) > time.time() + TOLERANCE_SECONDS:
            # The SDK minds only signatures that are too old.
            raise Forged("signed in the future")
        return event
    raise Forged("no secret fits")


def _signed_at(signature: str) -> float:
    return max(
        (float(part[2:]) for part in signature.split(",") if part.startswith("t=")), default=0.0
    )


# How a call is made


def _once(key: str) -> stripe.RequestOptions:
    return {"idempotency_key": key}


def _page(request: Callable[[Any], Any]) -> list[Shape]:
    return list(_call(request)["data"])


def _call(request: Callable[[Any], Any]) -> Shape:
    """Asks Stripe, in our own words for what may go wrong. Raises GatewayError.

    The client is Any: parameters are checked against the SDK's own declarations by the contract
    check of the tests, which sees values too.
    """
    if any(not block._from_testcase for block in connection.atomic_blocks):  # type: ignore[attr-defined]
        raise InsideTransaction
    try:
        answer = request(_client())
        return dict(answer.to_dict(for_json=True))
    except stripe.CardError as error:
        if error.code in NEEDING_ACTION:
            raise NeedsAction(str(error)) from error
        raise CardDeclined(str(error)) from error
    except stripe.RateLimitError as error:
        raise RateLimited(str(error)) from error
    except (stripe.AuthenticationError, stripe.PermissionError) as error:
        raise WrongKey(str(error)) from error
    except (stripe.APIConnectionError, stripe.APIError) as error:
        raise Unreachable(str(error)) from error
    except stripe.StripeError as error:
        if error.http_status == 404 or error.code == "resource_missing":
            raise NotFound(str(error)) from error
        raise Refused(str(error)) from error


def _client() -> stripe.StripeClient:
    if not is_set_up():
        raise WrongKey("There is no Stripe key.")
    return _client_for(
        settings.STRIPE_SECRET_KEY, settings.STRIPE_API_BASE, settings.STRIPE_SANDBOX
    )


@lru_cache(maxsize=4)
def _client_for(key: str, base: str, sandbox: bool) -> stripe.StripeClient:
    if sandbox:
        from payments.sandbox.client import SandboxHTTPClient

        return stripe.StripeClient(
            settings.SANDBOX_KEY, http_client=SandboxHTTPClient(), max_network_retries=RETRIES
        )
    return stripe.StripeClient(
        key,
        http_client=stripe.RequestsClient(timeout=TIMEOUT_SECONDS),
        max_network_retries=RETRIES,
        base_addresses={"api": base} if base else None,
    )
