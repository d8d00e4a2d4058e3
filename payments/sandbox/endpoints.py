"""Webhook endpoints. The site's own is always there; others may be added, as at Stripe."""

from datetime import datetime

from django.conf import settings
from django.utils.crypto import salted_hmac

from payments.sandbox import API_VERSION, ids, lists, store
from payments.sandbox.models import StripeObject
from payments.sandbox.operations import operation
from payments.sandbox.parameters import Params
from payments.sandbox.store import Shape

OWN_ID = "we_sandbox"
# What the site's own endpoint is signed with.
SIGNING_SECRET = "whsec_" + salted_hmac("payments.sandbox.webhook", "v1").hexdigest()


def own(now: datetime) -> StripeObject:
    """The site's endpoint, at the address that the site has now."""
    url = settings.BASE_URL + "/payments/webhook/"
    found = store.every("webhook_endpoint").filter(stripe_id=OWN_ID).first()
    if found is None:
        return store.add(_shape(OWN_ID, url, ["*"], now), private={"secret": SIGNING_SECRET})
    if found.data["url"] != url:
        store.change(found, url=url)
    return found


def for_event(kind: str, now: datetime) -> list[StripeObject]:
    own(now)
    return [
        endpoint
        for endpoint in store.every("webhook_endpoint").order_by("id")
        if endpoint.data["status"] == "enabled"
        and {"*", kind} & set(endpoint.data["enabled_events"])
    ]


def _shape(stripe_id: str, url: str, enabled: list[str], now: datetime) -> Shape:
    return {
        "id": stripe_id,
        "object": "webhook_endpoint",
        "api_version": API_VERSION,
        "application": None,
        "created": store.stamp(now),
        "description": None,
        "enabled_events": enabled,
        "livemode": False,
        "metadata": {},
        "status": "enabled",
        "url": url,
    }


@operation("get", "/v1/webhook_endpoints")
def list_endpoints(params: Params, now: datetime) -> Shape:
    own(now)
    return lists.page(
        store.every("webhook_endpoint"), "webhook_endpoint", params, "/v1/webhook_endpoints"
    )


@operation("get", "/v1/webhook_endpoints/{webhook_endpoint}")
def retrieve_endpoint(params: Params, now: datetime, stripe_id: str) -> Shape:
    own(now)
    return store.get("webhook_endpoint", stripe_id).data


@operation("post", "/v1/webhook_endpoints")
def create_endpoint(params: Params, now: datetime) -> Shape:
    """Only this answer shows the secret, as at Stripe."""
    shape = _shape(
        ids.new("we"), params.link("url", required=True) or "", params.texts("enabled_events"), now
    )
    shape["description"] = params.text("description")
    shape["metadata"] = params.metadata()
    params.text("api_version", choices=[API_VERSION])
    secret = ids.new("whsec", 32)
    store.add(shape, private={"secret": secret})
    return {**shape, "secret": secret}
