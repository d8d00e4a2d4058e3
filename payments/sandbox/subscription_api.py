"""What the API offers on subscriptions."""

from datetime import datetime

from django.db import transaction as database_transaction

from payments.sandbox import cycle, lists, phases, store, subscriptions, switching
from payments.sandbox.customers import own_method
from payments.sandbox.errors import InvalidRequestError
from payments.sandbox.models import StripeObject
from payments.sandbox.operations import operation
from payments.sandbox.parameters import Params
from payments.sandbox.store import Shape

FEEDBACK = (
    "customer_service", "low_quality", "missing_features", "other", "switched_service",
    "too_complex", "too_expensive", "unused",
)  # fmt: skip
BEHAVIOURS = ("allow_incomplete", "error_if_incomplete", "pending_if_incomplete")
PAUSES = ("keep_as_draft", "mark_uncollectible", "void")


@operation("get", "/v1/subscriptions/{subscription_exposed_id}")
def retrieve_subscription(params: Params, now: datetime, stripe_id: str) -> Shape:
    return store.get("subscription", stripe_id).data


@operation("get", "/v1/subscriptions")
def list_subscriptions(params: Params, now: datetime) -> Shape:
    rows = lists.narrow(store.every("subscription"), params, "customer", "collection_method")
    status = params.text("status")
    if status is None:
        rows = rows.exclude(data__status="canceled")
    elif status == "ended":
        rows = rows.filter(data__status__in=["canceled", "incomplete_expired"])
    elif status != "all":
        rows = rows.filter(data__status=status)
    if price := params.text("price"):
        rows = rows.filter(data__items__data__0__price__id=price)
    for bound, value in params.range("current_period_end").items():
        rows = rows.filter(**{f"data__items__data__0__current_period_end__{bound}": value})
    return lists.page(rows, "subscription", params, "/v1/subscriptions")


@operation("post", "/v1/subscriptions/{subscription_exposed_id}")
def update_subscription(params: Params, now: datetime, stripe_id: str) -> Shape:
    subscription = store.get("subscription", stripe_id)
    if subscription.data["status"] == "canceled":
        raise InvalidRequestError(
            "A canceled subscription can only update its cancellation_details and metadata."
        )
    behavior = params.text("payment_behavior", choices=BEHAVIOURS) or "allow_incomplete"
    params.flag("off_session")
    change = switching.read(subscription, params, now)
    if change and "trial_end" in params:
        raise InvalidRequestError("The sandbox changes trial_end or items, not both at once.")
    if behavior == "pending_if_incomplete":
        _check_pendable(params)
    with database_transaction.atomic(using=store.DATABASE):
        fields = _simple_fields(subscription, params, now)
        ending_trial = _trial(subscription, params, fields, now)
        if change:
            fields |= switching.apply(subscription, change, now, behavior=behavior)
        subscriptions.update(subscription, now, **fields)
    cycle.schedule(subscription, now)
    if ending_trial:
        invoice = cycle.renew(subscription, now)
        cycle.finalize_draft(invoice.stripe_id, now)
    return store.get("subscription", stripe_id).data


def _check_pendable(params: Params) -> None:
    """https://docs.stripe.com/billing/subscriptions/pending-updates-reference"""
    for name in ("metadata", "cancel_at_period_end", "pause_collection", "description"):
        if name in params:
            raise InvalidRequestError(
                f"The parameter {name} cannot be changed with pending_if_incomplete.", param=name
            )


def _simple_fields(subscription: StripeObject, params: Params, now: datetime) -> Shape:
    """Fields that are set and nothing more."""
    fields: Shape = {"metadata": params.metadata(subscription.data["metadata"])}
    if "description" in params:
        fields["description"] = params.text("description")
    if method := params.text("default_payment_method"):
        customer = store.get("customer", subscription.customer)
        fields["default_payment_method"] = own_method(customer, method).stripe_id
    details = _cancellation_details(params)
    if (wanted := params.flag("cancel_at_period_end")) is not None:
        phases.refuse_direct_cancelling(subscription)
        fields |= subscriptions.set_cancel_at_period_end(subscription, wanted, details, now)
    if "pause_collection" in params:
        fields["pause_collection"] = _pause(subscription, params)
    return fields


def _cancellation_details(params: Params) -> Shape:
    details = params.nested("cancellation_details")
    read = {
        "comment": details.text("comment"),
        "feedback": details.text("feedback", choices=FEEDBACK),
    }
    return {name: value for name, value in read.items() if value is not None}


def _pause(subscription: StripeObject, params: Params) -> Shape | None:
    store.stop_timer("subscription.resume", subscription.stripe_id)
    pause = params.nested("pause_collection")
    behavior = pause.text("behavior", choices=PAUSES)
    if behavior is None:
        return None
    resumes_at = pause.moment("resumes_at")
    if resumes_at:
        store.set_timer("subscription.resume", subscription.stripe_id, resumes_at)
    return {"behavior": behavior, "resumes_at": resumes_at}


def _trial(subscription: StripeObject, params: Params, fields: Shape, now: datetime) -> bool:
    """A new end of the trial; True where the trial ends now and the first period begins."""
    wanted = params.text("trial_end")
    if wanted is None:
        return False
    second = store.stamp(now)
    if wanted != "now" and (not wanted.isdigit() or int(wanted) <= second):
        raise InvalidRequestError("Invalid trial_end: must be in the future", param="trial_end")
    end = second if wanted == "now" else int(wanted)
    fields |= {
        "billing_cycle_anchor": end,
        "trial_end": end,
        "items": subscriptions.with_items(subscription, lambda item: {"current_period_end": end}),
    }
    if wanted != "now":
        fields |= {"status": "trialing", "trial_start": subscription.data["trial_start"] or second}
    return wanted == "now"


@operation("delete", "/v1/subscriptions/{subscription_exposed_id}")
def cancel_subscription(params: Params, now: datetime, stripe_id: str) -> Shape:
    subscription = store.get("subscription", stripe_id)
    if subscription.data["status"] == "canceled":
        raise InvalidRequestError(
            f"No such subscription: '{stripe_id}'", code="resource_missing", param="id"
        )
    for unused in ("invoice_now", "prorate"):
        if params.flag(unused):
            raise InvalidRequestError(f"The sandbox cancels without {unused}.", param=unused)
    details = _cancellation_details(params)
    cycle.cancel(subscription, now, reason="cancellation_requested", details=details)
    return subscription.data
