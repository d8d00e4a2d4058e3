"""What a schedule does to its subscription when one of its phases ends."""

from datetime import datetime

from payments.sandbox import events, store, subscriptions
from payments.sandbox.errors import InvalidRequestError
from payments.sandbox.models import StripeObject
from payments.sandbox.store import Shape


def of(subscription: StripeObject) -> StripeObject | None:
    """The schedule that leads a subscription."""
    held = subscription.data["schedule"]
    return store.get("subscription_schedule", held) if held else None


def refuse_direct_cancelling(subscription: StripeObject) -> None:
    if held := subscription.data["schedule"]:
        raise InvalidRequestError(
            f"The subscription is managed by the subscription schedule `{held}`, and updating any "
            "cancelation behavior directly is not allowed. Please update the schedule instead.",
            param="cancel_at_period_end",
        )


def turn(subscription: StripeObject, second: int, now: datetime) -> None:
    """A period ends: the phase that begins now sets what is paid from here on."""
    schedule = of(subscription)
    if schedule is None:
        return
    following = [each for each in schedule.data["phases"] if each["start_date"] == second]
    if following:
        _begin(subscription, schedule, following[0], now)
    elif schedule.data["phases"][-1]["end_date"] <= second:
        release(schedule, now)
        subscription.refresh_from_db()


def _begin(subscription: StripeObject, schedule: StripeObject, phase: Shape, now: datetime) -> None:
    price = store.get("price", phase["items"][0]["price"]).data
    other_cycle = price["recurring"] != subscriptions.cycle_of(subscription)
    fresh = {
        "price": price,
        "plan": subscriptions.plan_of(price),
        "quantity": phase["items"][0]["quantity"],
    }
    store.change(subscription, items=subscriptions.with_items(subscription, lambda item: fresh))
    if other_cycle:
        store.change(subscription, billing_cycle_anchor=phase["start_date"])
    current = {name: phase[name] for name in ("end_date", "start_date")}
    events.changed("subscription_schedule.updated", schedule, now, current_phase=current)


def release(schedule: StripeObject, now: datetime) -> None:
    """The subscription goes on by itself, as it is."""
    held = schedule.data["subscription"]
    store.change(
        schedule,
        current_phase=None,
        released_at=store.stamp(now),
        released_subscription=held,
        status="released",
        subscription=None,
    )
    events.emit("subscription_schedule.released", schedule, now)
    subscriptions.update(store.get("subscription", held), now, schedule=None)
