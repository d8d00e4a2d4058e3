"""The customer portal: its configurations and sessions. Its pages: portal_pages.py."""

from datetime import datetime

from django.conf import settings

from payments.sandbox import events, ids, lists, store
from payments.sandbox.errors import InvalidRequestError
from payments.sandbox.models import StripeObject
from payments.sandbox.operations import operation
from payments.sandbox.parameters import Params
from payments.sandbox.store import Shape

UPDATES = ("address", "email", "name", "phone", "shipping", "tax_id")
REASONS = (
    "too_expensive", "missing_features", "switched_service", "unused", "customer_service",
    "too_complex", "low_quality", "other",
)  # fmt: skip
LOCALES = ("auto", "zh", "zh-HK", "zh-TW", "en", "en-GB")
FLOWS = ("payment_method_update", "subscription_cancel", "subscription_update")


@operation("post", "/v1/billing_portal/configurations")
def create_configuration(params: Params, now: datetime) -> Shape:
    params.nested("login_page").flag("enabled")
    configuration = _new_configuration(params, now, is_default=False)
    events.emit("billing_portal.configuration.created", configuration, now)
    return configuration.data


def _default_configuration(now: datetime) -> StripeObject:
    """What a shop saves in Stripe's dashboard: without it there is no portal. It is always there
    in the sandbox."""
    found = store.every("billing_portal.configuration").filter(data__is_default=True).first()
    on = {"enabled": "true"}
    features = {
        "invoice_history": on,
        "payment_method_update": on,
        "subscription_cancel": {**on, "mode": "at_period_end"},
    }
    return found or _new_configuration(Params({"features": features}), now, is_default=True)


def _new_configuration(params: Params, now: datetime, *, is_default: bool) -> StripeObject:
    second = store.stamp(now)
    profile = params.nested("business_profile")
    return store.add(
        {
            "id": ids.new("bpc"),
            "object": "billing_portal.configuration",
            "active": True,
            "application": None,
            "business_profile": {
                "headline": profile.text("headline"),
                "privacy_policy_url": profile.text("privacy_policy_url"),
                "terms_of_service_url": profile.text("terms_of_service_url"),
            },
            "created": second,
            "default_return_url": params.link("default_return_url"),
            "features": _features(params.nested("features")),
            "is_default": is_default,
            "livemode": False,
            "login_page": {"enabled": False, "url": None},
            "metadata": params.metadata(),
            "name": params.text("name"),
            "updated": second,
        }
    )


def _features(features: Params) -> Shape:
    update, cancel = features.nested("customer_update"), features.nested("subscription_cancel")
    pause = features.nested("subscription_pause")
    reason = cancel.nested("cancellation_reason")
    return {
        "customer_update": {
            "allowed_updates": _known(update.texts("allowed_updates"), UPDATES),
            "enabled": update.flag("enabled") or False,
        },
        "invoice_history": {"enabled": features.nested("invoice_history").flag("enabled") or False},
        "payment_method_update": {
            "enabled": features.nested("payment_method_update").flag("enabled") or False,
            "payment_method_configuration": None,
        },
        "subscription_cancel": {
            "cancellation_reason": {
                "enabled": reason.flag("enabled") or False,
                "options": _known(reason.texts("options"), REASONS),
            },
            "enabled": cancel.flag("enabled") or False,
            "mode": cancel.text("mode", choices=["at_period_end"]) or "at_period_end",
            "proration_behavior": cancel.text("proration_behavior", choices=["none"]) or "none",
        },
        "subscription_pause": {
            "duration": {"interval_options": [], "type": "indefinite"},
            "enabled": pause.flag("enabled") or False,
        },
        "subscription_update": _switching(features.nested("subscription_update")),
    }


def _switching(update: Params) -> Shape:
    return {
        "billing_cycle_anchor": None,
        "default_allowed_updates": _known(
            update.texts("default_allowed_updates"), ("price", "promotion_code", "quantity")
        ),
        "enabled": update.flag("enabled") or False,
        "products": [
            {
                "adjustable_quantity": {"enabled": False, "maximum": None, "minimum": 1},
                "prices": [
                    store.get("price", price, param=row.path("prices")).stripe_id
                    for price in row.texts("prices")
                ],
                "product": store.get(
                    "product", row.must("product"), param=row.path("product")
                ).stripe_id,
            }
            for row in update.rows("products")
        ],
        "proration_behavior": update.text(
            "proration_behavior", choices=["none", "create_prorations", "always_invoice"]
        )
        or "none",
        "schedule_at_period_end": {"conditions": []},
        "trial_update_behavior": update.text(
            "trial_update_behavior", choices=["continue_trial", "end_trial"]
        )
        or "end_trial",
    }


def _known(values: list[str], known: tuple[str, ...]) -> list[str]:
    for value in values:
        if value not in known:
            raise InvalidRequestError(f"Invalid value: {value}")
    return values


@operation("get", "/v1/billing_portal/configurations")
def list_configurations(params: Params, now: datetime) -> Shape:
    _default_configuration(now)
    rows = store.every("billing_portal.configuration")
    if (active := params.flag("active")) is not None:
        rows = rows.filter(data__active=active)
    if (default := params.flag("is_default")) is not None:
        rows = rows.filter(data__is_default=default)
    return lists.page(
        rows, "billing_portal.configuration", params, "/v1/billing_portal/configurations"
    )


@operation("get", "/v1/billing_portal/configurations/{configuration}")
def retrieve_configuration(params: Params, now: datetime, stripe_id: str) -> Shape:
    return store.get("billing_portal.configuration", stripe_id, param="configuration").data


@operation("post", "/v1/billing_portal/configurations/{configuration}")
def update_configuration(params: Params, now: datetime, stripe_id: str) -> Shape:
    configuration = store.get("billing_portal.configuration", stripe_id)
    fields: Shape = {"metadata": params.metadata(configuration.data["metadata"])}
    if "features" in params:
        fields["features"] = _features(params.nested("features"))
    if (active := params.flag("active")) is not None:
        fields["active"] = active
    if "default_return_url" in params:
        fields["default_return_url"] = params.link("default_return_url")
    if any(configuration.data[name] != value for name, value in fields.items()):
        fields["updated"] = store.stamp(now)
    kind = "billing_portal.configuration.updated"
    events.changed(kind, configuration, now, **fields)
    return configuration.data


@operation("post", "/v1/billing_portal/sessions")
def create_portal_session(params: Params, now: datetime) -> Shape:
    customer = store.get("customer", params.must("customer"), param="customer")
    configuration = _configuration(params.text("configuration"), now)
    stripe_id = ids.new("bps")
    path = ids.new("test", 60)
    return_url = params.link("return_url") or configuration.data["default_return_url"]
    session = store.add(
        {
            "id": stripe_id,
            "object": "billing_portal.session",
            "configuration": configuration.stripe_id,
            "created": store.stamp(now),
            "customer": customer.stripe_id,
            "flow": _flow(params),
            "livemode": False,
            "locale": params.text("locale", choices=LOCALES),
            "on_behalf_of": None,
            "return_url": return_url,
            "url": f"{settings.BASE_URL}/sandbox/portal/{path}/",
        },
        private={"path": path},
    )
    events.emit("billing_portal.session.created", session, now)
    return session.data


def _configuration(stripe_id: str | None, now: datetime) -> StripeObject:
    if stripe_id is None:
        return _default_configuration(now)
    return store.get("billing_portal.configuration", stripe_id, param="configuration")


def _flow(params: Params) -> Shape | None:
    flow = params.nested("flow_data")
    kind = flow.text("type", choices=FLOWS)
    if kind is None:
        return None
    after = flow.nested("after_completion")
    back = after.nested("redirect").text("return_url")
    shape: Shape = {
        "type": kind,
        "after_completion": {
            "hosted_confirmation": None,
            "redirect": {"return_url": back} if back else None,
            "type": after.text("type", choices=["redirect", "portal_homepage"])
            or "portal_homepage",
        },
        "subscription_cancel": None,
        "subscription_update": None,
        "subscription_update_confirm": None,
    }
    if kind.startswith("subscription_"):
        subscription = flow.nested(kind).must("subscription")
        store.get("subscription", subscription, param="subscription")
        shape[kind] = {"subscription": subscription}
        if kind == "subscription_cancel":
            shape[kind]["retention"] = None
    return shape
