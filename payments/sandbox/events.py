"""Events: what happened, as the object was then, and who is to be told."""

import copy
from collections.abc import Callable
from contextvars import ContextVar
from datetime import datetime
from typing import Any

from payments.sandbox import API_VERSION, endpoints, ids, lists, store
from payments.sandbox.models import Delivery, StripeObject
from payments.sandbox.operations import operation
from payments.sandbox.parameters import Params
from payments.sandbox.store import Shape

# The request under way (id, idempotency key); none where time itself did it.
current_request: ContextVar[tuple[str | None, str | None]] = ContextVar(
    "current_request", default=(None, None)
)
# Told of each event's body: the contract check of the tests listens here.
observers: list[Callable[[dict[str, Any]], None]] = []


def emit(
    kind: str, record: StripeObject, now: datetime, previous: Shape | None = None
) -> StripeObject:
    """Keeps the event with the object as it is now, and queues it for each endpoint."""
    return emit_shape(kind, record.data, now, previous)


def emit_shape(
    kind: str, shape: Shape, now: datetime, previous: Shape | None = None
) -> StripeObject:
    request_id, key = current_request.get()
    body: Shape = {
        "id": ids.new("evt"),
        "object": "event",
        "account": None,
        "api_version": API_VERSION,
        "context": None,
        "created": store.stamp(now),
        "data": {"object": copy.deepcopy(shape)},
        "livemode": False,
        "pending_webhooks": 0,
        "request": {"id": request_id, "idempotency_key": key},
        "type": kind,
    }
    if previous is not None:
        body["data"]["previous_attributes"] = copy.deepcopy(previous)
    told = endpoints.for_event(kind, now)
    body["pending_webhooks"] = len(told)
    event = store.add(body)
    Delivery.objects.bulk_create(
        Delivery(event=event, endpoint=endpoint, due=store.stamp(now), first_due=store.stamp(now))
        for endpoint in told
    )
    for observe in observers:
        observe(body)
    return event


def changed(kind: str, record: StripeObject, now: datetime, **fields: Any) -> Shape:
    """Sets fields; where one differs, tells of it by the event `kind`. Gives what they were."""
    previous = store.change(record, **fields)
    if previous:
        emit(kind, record, now, previous)
    return previous


def count_pending(event: StripeObject) -> None:
    waiting = event.deliveries.filter(delivered=False).count()
    store.change(event, pending_webhooks=waiting)


@operation("get", "/v1/events")
def list_events(params: Params, now: datetime) -> Shape:
    rows = lists.narrow(store.every("event"), params)
    if kind := params.text("type"):
        rows = rows.filter(data__type=kind)
    if kinds := params.texts("types"):
        rows = rows.filter(data__type__in=kinds)
    success = params.flag("delivery_success")
    if success is not None:
        # Pending ones count as not delivered, as at Stripe.
        waiting = Delivery.objects.filter(delivered=False).values("event")
        rows = rows.exclude(pk__in=waiting) if success else rows.filter(pk__in=waiting)
    oldest = store.stamp(now) - 30 * 86400
    return lists.page(rows.filter(created__gte=oldest), "event", params, "/v1/events")


@operation("get", "/v1/events/{id}")
def retrieve_event(params: Params, now: datetime, stripe_id: str) -> Shape:
    return store.get("event", stripe_id).data
