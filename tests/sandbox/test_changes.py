"""Changing what is subscribed to: later by a schedule, after a payment, as it was shown."""

from collections.abc import Callable
from typing import Any

import pytest
import stripe

from operations import clock
from payments.sandbox.models import StripeObject
from tests.sandbox import factories
from tests.sandbox.test_subscriptions import DAY, latest_invoice, period, replace_card

pytestmark = pytest.mark.django_db
Advance = Callable[..., object]
Events = Callable[..., list[str]]


def item_of(subscription: Any) -> str:
    return str(subscription["items"].data[0].id)


def price_of(api: Any, subscription: str) -> str:
    return str(api.v1.subscriptions.retrieve(subscription)["items"].data[0].price.id)


def schedule_to(api: Any, subscription: Any, price: str) -> Any:
    """The other price from the period's end on."""
    made = api.v1.subscription_schedules.create({"from_subscription": subscription.id})
    start, end = period(api, subscription.id)
    held = subscription["items"].data[0].price.id
    return api.v1.subscription_schedules.update(
        made.id,
        {
            "end_behavior": "release",
            "proration_behavior": "none",
            "phases": [
                {
                    "items": [{"price": held, "quantity": 1}],
                    "start_date": start,
                    "end_date": end,
                },
                {
                    "items": [{"price": price, "quantity": 1}],
                    "duration": {"interval": "month"},
                    "proration_behavior": "none",
                },
            ],
        },
    )


def test_a_schedule_changes_price_and_cycle_at_the_periods_end(
    api: Any, advance: Advance, events: Events
) -> None:
    subscription = factories.subscribed(factories.yearly().id)
    month = factories.monthly().id
    end = period(api, subscription.id)[1]
    schedule = schedule_to(api, subscription, month)
    assert api.v1.subscriptions.retrieve(subscription.id).schedule == schedule.id
    assert price_of(api, subscription.id) != month
    events()
    advance(seconds=end - int(clock.now().timestamp()) + 7200)
    assert price_of(api, subscription.id) == month
    renewal = latest_invoice(api, subscription.id)
    assert (renewal.status, renewal.amount_paid) == ("paid", 3900)
    start, next_end = period(api, subscription.id)
    assert start == end
    assert 28 * DAY <= next_end - start <= 31 * DAY
    told = events("subscription_schedule.")
    assert told == ["subscription_schedule.updated"]
    advance(days=32)
    assert events("subscription_schedule.") == ["subscription_schedule.released"]
    assert api.v1.subscriptions.retrieve(subscription.id).schedule is None
    assert price_of(api, subscription.id) == month


def test_while_a_schedule_leads_it_cancelling_goes_another_way(api: Any) -> None:
    subscription = factories.subscribed(factories.yearly().id)
    schedule = schedule_to(api, subscription, factories.monthly().id)
    with pytest.raises(stripe.InvalidRequestError, match="managed by the subscription schedule"):
        api.v1.subscriptions.update(subscription.id, {"cancel_at_period_end": True})
    with pytest.raises(stripe.InvalidRequestError, match="already attached"):
        api.v1.subscription_schedules.create({"from_subscription": subscription.id})
    released = api.v1.subscription_schedules.release(schedule.id)
    assert (released.status, released.released_subscription) == ("released", subscription.id)
    kept = api.v1.subscriptions.update(subscription.id, {"cancel_at_period_end": True})
    assert (kept.schedule, kept.cancel_at_period_end) == (None, True)
    with pytest.raises(stripe.InvalidRequestError, match="released"):
        api.v1.subscription_schedules.release(schedule.id)


def test_what_a_preview_shows_is_charged_a_little_later(api: Any, advance: Advance) -> None:
    subscription = factories.subscribed(factories.monthly(3900).id)
    dearer = factories.monthly(9900).id
    advance(days=10)
    shown_at = int(clock.now().timestamp())
    change = {
        "items": [{"id": item_of(subscription), "price": dearer}],
        "proration_behavior": "always_invoice",
        "proration_date": shown_at,
    }
    preview = api.v1.invoices.create_preview(
        {"subscription": subscription.id, "subscription_details": change}
    )
    advance(hours=3)
    api.v1.subscriptions.update(subscription.id, change)
    assert latest_invoice(api, subscription.id).amount_paid == preview.total > 0
    outside = change | {"proration_date": shown_at - 20 * DAY}
    with pytest.raises(stripe.InvalidRequestError, match="proration_date"):
        api.v1.subscriptions.update(subscription.id, outside)


def pending(api: Any, subscription: Any, price: str) -> Any:
    return api.v1.subscriptions.update(
        subscription.id,
        {
            "items": [{"id": item_of(subscription), "price": price}],
            "payment_behavior": "pending_if_incomplete",
            "proration_behavior": "always_invoice",
        },
    )


def test_a_change_that_waits_for_the_bank_is_made_by_the_payment(
    api: Any, client: Any, events: Events
) -> None:
    subscription = factories.subscribed(factories.monthly(3900).id)
    year = factories.yearly().id
    replace_card(api, subscription.id, "always_authentication")
    change = {
        "items": [{"id": item_of(subscription), "price": year}],
        "payment_behavior": "error_if_incomplete",
    }
    with pytest.raises(stripe.CardError) as refused:
        api.v1.subscriptions.update(subscription.id, change)
    assert refused.value.code == "subscription_payment_intent_requires_action"
    events()
    waiting = pending(api, subscription, year)
    assert waiting.status == "active"
    assert waiting.pending_update.subscription_items[0].price.id == year
    assert "invoice.payment_action_required" in events()
    assert price_of(api, subscription.id) != year
    page = f"/sandbox/invoice/{waiting.latest_invoice}/"
    assert "3-D Secure" in client.post(page).content.decode()
    client.post(page, {"answer": "fail"})
    assert price_of(api, subscription.id) != year
    client.post(page, {"answer": "approve"})
    done = api.v1.subscriptions.retrieve(subscription.id)
    assert done.pending_update is None
    assert price_of(api, subscription.id) == year
    assert "customer.subscription.pending_update_applied" in events()
    assert latest_invoice(api, subscription.id).status == "paid"


@pytest.mark.parametrize("how", ["void", "time"])
def test_a_change_that_is_not_paid_is_not_made(api: Any, advance: Advance, how: str) -> None:
    subscription = factories.subscribed(factories.monthly(3900).id)
    replace_card(api, subscription.id, "fails_when_charged")
    year = factories.yearly().id
    waiting = pending(api, subscription, year)
    assert waiting.pending_update
    if how == "void":
        api.v1.invoices.void_invoice(waiting.latest_invoice)
    else:
        advance(hours=24)
    kept = api.v1.subscriptions.retrieve(subscription.id)
    assert (kept.pending_update, kept.status) == (None, "active")
    assert latest_invoice(api, subscription.id).status == "void"
    assert price_of(api, subscription.id) != year


def test_a_renewal_may_want_an_answer_to_the_bank(
    api: Any, client: Any, advance: Advance, events: Events
) -> None:
    subscription = factories.subscribed()
    replace_card(api, subscription.id, "always_authentication")
    advance(days=32)
    assert "invoice.payment_action_required" in events()
    assert api.v1.subscriptions.retrieve(subscription.id).status == "past_due"
    invoice = latest_invoice(api, subscription.id)
    intent = StripeObject.objects.filter(kind="payment_intent").latest("id")
    assert intent.data["status"] == "requires_action"
    client.post(f"/sandbox/invoice/{invoice.id}/")
    client.post(f"/sandbox/invoice/{invoice.id}/", {"answer": "approve"})
    assert api.v1.subscriptions.retrieve(subscription.id).status == "active"
    assert latest_invoice(api, subscription.id).status == "paid"


def test_a_new_period_can_begin_where_the_one_that_runs_was_void(
    api: Any, advance: Advance
) -> None:
    subscription = factories.subscribed(factories.yearly().id)
    end = period(api, subscription.id)[1]
    pause = {"behavior": "void", "resumes_at": end + 60 * DAY}
    api.v1.subscriptions.update(subscription.id, {"pause_collection": pause})
    advance(seconds=end + 30 * DAY - int(clock.now().timestamp()))
    assert latest_invoice(api, subscription.id).status == "void"
    api.v1.subscriptions.update(
        subscription.id,
        {
            "pause_collection": "",
            "billing_cycle_anchor": {"type": "now"},
            "proration_behavior": "none",
        },
    )
    paid = latest_invoice(api, subscription.id)
    assert (paid.status, paid.amount_paid) == ("paid", 36500)
    start, _ = period(api, subscription.id)
    assert start == pytest.approx(clock.now().timestamp(), abs=60)
