"""What the API offers on subscription schedules: one made from a running subscription, its phases,
letting the subscription go again."""

from datetime import datetime

from payments.sandbox import events, ids, periods, phases, store, subscriptions
from payments.sandbox.errors import InvalidRequestError
from payments.sandbox.models import StripeObject
from payments.sandbox.operations import operation, readable
from payments.sandbox.parameters import Params
from payments.sandbox.store import Shape

PRORATIONS = ("always_invoice", "create_prorations", "none")
readable("subscription_schedule", "/v1/subscription_schedules", "schedule", "customer")


@operation("post", "/v1/subscription_schedules")
def create_schedule(params: Params, now: datetime) -> Shape:
    subscription = store.get(
        "subscription", params.must("from_subscription"), param="from_subscription"
    )
    if subscription.data["schedule"]:
        raise InvalidRequestError(
            "You cannot migrate a subscription that is already attached to a schedule: "
            f"{subscription.data['schedule']}",
            param="from_subscription",
        )
    if subscription.data["status"] not in subscriptions.LIVE:
        raise InvalidRequestError(
            "You cannot migrate a subscription that has ended.", param="from_subscription"
        )
    schedule = store.add(_shape(subscription, now))
    events.emit("subscription_schedule.created", schedule, now)
    subscriptions.update(subscription, now, schedule=schedule.stripe_id)
    return schedule.data


def _shape(subscription: StripeObject, now: datetime) -> Shape:
    start, end = subscriptions.period(subscription)
    item = subscriptions.rows(subscription)[0]
    return {
        "id": ids.new("sub_sched"),
        "object": "subscription_schedule",
        "application": None,
        "billing_mode": subscription.data["billing_mode"],
        "canceled_at": None,
        "completed_at": None,
        "created": store.stamp(now),
        "current_phase": {"end_date": end, "start_date": start},
        "customer": subscription.customer,
        "customer_account": None,
        "default_settings": {
            "application_fee_percent": None,
            "automatic_tax": {"disabled_reason": None, "enabled": False, "liability": None},
            "billing_cycle_anchor": "automatic",
            "billing_thresholds": None,
            "collection_method": "charge_automatically",
            "default_payment_method": None,
            "description": None,
            "invoice_settings": {
                "account_tax_ids": None,
                "custom_fields": None,
                "days_until_due": None,
                "description": None,
                "footer": None,
                "issuer": {"account": None, "type": "self"},
            },
            "on_behalf_of": None,
            "transfer_data": None,
        },
        "end_behavior": "release",
        "livemode": False,
        "metadata": {},
        "pause_schedules": [],
        "phases": [_phase(item["price"], item["quantity"], start, end)],
        "released_at": None,
        "released_subscription": None,
        "status": "active",
        "subscription": subscription.stripe_id,
        "test_clock": None,
    }


def _phase(
    price: Shape, quantity: int, start: int, end: int, proration: str = "create_prorations"
) -> Shape:
    return {
        "add_invoice_items": [],
        "application_fee_percent": None,
        "billing_cycle_anchor": None,
        "billing_thresholds": None,
        "collection_method": None,
        "currency": price["currency"],
        "default_payment_method": None,
        "default_tax_rates": [],
        "description": None,
        "discounts": [],
        "end_date": end,
        "invoice_settings": None,
        "items": [
            {
                "billing_thresholds": None,
                "discounts": [],
                "metadata": {},
                "plan": price["id"],
                "price": price["id"],
                "quantity": quantity,
                "tax_rates": [],
            }
        ],
        "metadata": {},
        "on_behalf_of": None,
        "proration_behavior": proration,
        "start_date": start,
        "transfer_data": None,
        "trial_end": None,
    }


@operation("post", "/v1/subscription_schedules/{schedule}")
def update_schedule(params: Params, now: datetime, stripe_id: str) -> Shape:
    schedule = _running(stripe_id)
    fields: Shape = {"metadata": params.metadata(schedule.data["metadata"])}
    if behavior := params.text("end_behavior", choices=["release"]):
        fields["end_behavior"] = behavior
    # What the change itself costs now: the first phase is what runs already, so nothing.
    params.text("proration_behavior", choices=PRORATIONS)
    if "phases" in params:
        fields["phases"] = _phases(schedule, params)
    events.changed("subscription_schedule.updated", schedule, now, **fields)
    return schedule.data


def _phases(schedule: StripeObject, params: Params) -> list[Shape]:
    """The phase that runs, unchanged, and one to follow it."""
    subscription = store.get("subscription", schedule.data["subscription"])
    read: list[Shape] = []
    for row in params.rows("phases"):
        items = row.rows("items", required=True)
        if len(items) != 1:
            raise InvalidRequestError("The sandbox's phases have one item.", param="phases")
        price_id = items[0].must("price")
        price = store.get("price", price_id, param=items[0].path("price")).data
        quantity = items[0].whole("quantity", low=1) or 1
        start = row.moment("start_date")
        if start is None:
            start = read[-1]["end_date"] if read else subscriptions.period(subscription)[0]
        proration = row.text("proration_behavior", choices=PRORATIONS) or "create_prorations"
        read.append(_phase(price, quantity, start, _end(row, start), proration))
    _check(subscription, read)
    return read


def _end(row: Params, start: int) -> int:
    if (end := row.moment("end_date")) is not None:
        return end
    duration = row.nested("duration")
    recurring = {
        "interval": duration.must("interval", choices=["day", "week", "month", "year"]),
        "interval_count": duration.whole("interval_count", low=1) or 1,
    }
    return periods.end_after(start, start, recurring)


def _check(subscription: StripeObject, read: list[Shape]) -> None:
    held = subscriptions.rows(subscription)[0]["price"]["id"]
    start, end = subscriptions.period(subscription)
    first = read[0] if read else None
    if (
        len(read) != 2
        or first is None
        or (first["items"][0]["price"], first["start_date"]) != (held, start)
        or first["end_date"] != end
        or read[1]["start_date"] != end
    ):
        raise InvalidRequestError(
            "The sandbox follows a schedule of two phases: the one that runs to the period's end, "
            "unchanged, and the next.",
            param="phases",
        )


@operation("post", "/v1/subscription_schedules/{schedule}/release")
def release_schedule(params: Params, now: datetime, stripe_id: str) -> Shape:
    params.flag("preserve_cancel_date")
    schedule = _running(stripe_id)
    phases.release(schedule, now)
    return schedule.data


def _running(stripe_id: str) -> StripeObject:
    schedule = store.get("subscription_schedule", stripe_id, param="schedule")
    if schedule.data["status"] not in {"active", "not_started"}:
        raise InvalidRequestError(
            f"This schedule is {schedule.data['status']} and can no longer be changed."
        )
    return schedule
