"""What time does to subscriptions: trials end, periods renew, cards fail, dunning, the end."""

from datetime import datetime, timedelta

from payments.sandbox import (
    events,
    ids,
    invoices,
    pending,
    periods,
    phases,
    store,
    subscriptions,
)
from payments.sandbox.models import StripeObject, World
from payments.sandbox.payment import Decline
from payments.sandbox.store import Shape
from payments.sandbox.timers import on_timer

TRIAL_NOTICE = timedelta(days=3)
UPCOMING_NOTICE = timedelta(days=7)
# A renewal's invoice stays a draft this long.
DRAFT_TIME = timedelta(hours=1)
# Days after the first failure on which a payment is tried again.
RETRY_DAYS = (1, 3, 5, 7)
TIMERS = ("subscription.period_end", "subscription.trial_notice", "subscription.upcoming")


def schedule(subscription: StripeObject, now: datetime) -> None:
    """Sets the timers of the period that runs."""
    stripe_id, second = subscription.stripe_id, store.stamp(now)
    for name in TIMERS:
        store.stop_timer(name, stripe_id)
    if subscription.data["status"] not in subscriptions.LIVE:
        return
    end = subscriptions.period(subscription)[1]
    store.set_timer("subscription.period_end", stripe_id, end)
    if subscription.data["cancel_at_period_end"]:
        return
    if subscription.data["status"] == "trialing":
        notice = end - int(TRIAL_NOTICE.total_seconds())
        store.set_timer("subscription.trial_notice", stripe_id, max(notice, second))
    upcoming = end - int(UPCOMING_NOTICE.total_seconds())
    if upcoming > second:
        store.set_timer("subscription.upcoming", stripe_id, upcoming)


@on_timer("subscription.trial_notice")
def trial_will_end(stripe_id: str, now: datetime) -> None:
    subscription = store.get("subscription", stripe_id)
    if subscription.data["status"] == "trialing":
        events.emit("customer.subscription.trial_will_end", subscription, now)


@on_timer("subscription.upcoming")
def tell_upcoming(stripe_id: str, now: datetime) -> None:
    subscription = store.get("subscription", stripe_id)
    events.emit_shape("invoice.upcoming", upcoming(subscription, now), now)


def upcoming(subscription: StripeObject, now: datetime) -> Shape:
    """The next invoice, as it would be today."""
    start, end = subscriptions.period(subscription)
    next_end = periods.end_after(
        subscription.data["billing_cycle_anchor"], end, subscriptions.cycle_of(subscription)
    )
    shape = invoices.shape_of(
        customer=store.get("customer", subscription.customer),
        lines=subscriptions.renewal_lines(subscription, end, next_end),
        currency=subscription.data["currency"],
        reason="upcoming",
        now=now,
        subscription=subscription,
        stripe_id=ids.new("upcoming_in"),
        period=(start, end),
        billed=end,
    )
    due = end + int(DRAFT_TIME.total_seconds())
    return {**shape, "created": end, "next_payment_attempt": due}


@on_timer("subscription.period_end")
def end_period(stripe_id: str, now: datetime) -> None:
    subscription = store.get("subscription", stripe_id)
    if subscription.data["status"] not in subscriptions.LIVE:
        return
    if subscription.data["cancel_at_period_end"]:
        cancel(subscription, now, reason="cancellation_requested")
    else:
        invoice = renew(subscription, now)
        _leave_as_draft(invoice, subscription, now)


def renew(subscription: StripeObject, now: datetime) -> StripeObject:
    """Begins the next period and makes its invoice, a draft."""
    ended = subscriptions.period(subscription)
    start = ended[1]
    phases.turn(subscription, start, now)
    end = periods.end_after(
        subscription.data["billing_cycle_anchor"], start, subscriptions.cycle_of(subscription)
    )
    shape = invoices.shape_of(
        customer=store.get("customer", subscription.customer),
        lines=subscriptions.renewal_lines(subscription, start, end),
        currency=subscription.data["currency"],
        reason="subscription_cycle",
        now=now,
        subscription=subscription,
        period=ended,
    )
    invoice = invoices.make(shape, now, subscription)
    subscription.private["pending"] = []
    fields: Shape = {
        "items": subscriptions.with_items(
            subscription,
            lambda item: {"current_period_start": start, "current_period_end": end},
        ),
        "latest_invoice": invoice.stripe_id,
    }
    if subscription.data["status"] == "trialing":
        fields["status"] = "active"
    subscriptions.update(subscription, now, **fields)
    schedule(subscription, now)
    return invoice


def _leave_as_draft(invoice: StripeObject, subscription: StripeObject, now: datetime) -> None:
    paused = subscription.data["pause_collection"]
    if subscription.data["status"] == "unpaid" or (
        paused and paused["behavior"] == "keep_as_draft"
    ):
        store.change(invoice, auto_advance=False)
    elif paused:
        invoices.finalize(invoice, now)
        invoices.close(invoice, "void" if paused["behavior"] == "void" else "uncollectible", now)
    else:
        due = store.stamp(now + DRAFT_TIME)
        store.change(invoice, automatically_finalizes_at=due, next_payment_attempt=due)
        store.set_timer("invoice.finalize", invoice.stripe_id, due)


@on_timer("invoice.finalize")
def finalize_draft(stripe_id: str, now: datetime) -> None:
    invoice = store.get("invoice", stripe_id)
    if invoice.data["status"] == "draft":
        invoices.finalize(invoice, now)
        collect(invoice, now)


@on_timer("invoice.retry")
def retry(stripe_id: str, now: datetime) -> None:
    invoice = store.get("invoice", stripe_id)
    if invoice.data["status"] == "open":
        collect(invoice, now)


def collect(
    invoice: StripeObject,
    now: datetime,
    *,
    method: StripeObject | None = None,
    by_hand: bool = False,
    authenticated: bool = False,
) -> Decline | None:
    """Tries to collect an open invoice, with what follows for its subscription."""
    decline = invoices.attempt(
        invoice, now, method=method, counted=not by_hand, authenticated=authenticated
    )
    held = invoices.subscription_id(invoice.data)
    subscription = store.get("subscription", held) if held else None
    if invoice.data["status"] == "paid":
        if subscription:
            if pending.apply(subscription, invoice, now):
                schedule(subscription, now)
            _recover(subscription, now)
        return None
    if decline:
        waits = bool(subscription and pending.waits_for(subscription, invoice))
        last = False if by_hand or waits else _plan_retry(invoice, now)
        events.emit("invoice.payment_failed", invoice, now)
        if invoices.needs_action(invoice):
            events.emit("invoice.payment_action_required", invoice, now)
        if subscription and not waits:
            _fall_behind(subscription, last=last, now=now)
    return decline


def _plan_retry(invoice: StripeObject, now: datetime) -> bool:
    """Plans the next attempt; True where that was the last."""
    count = invoice.data["attempt_count"]
    first = invoice.private.setdefault("first_failed", store.stamp(now))
    store.note(invoice, first_failed=first)
    if count > len(RETRY_DAYS):
        events.changed(
            "invoice.updated", invoice, now, next_payment_attempt=None, auto_advance=False
        )
        return True
    due = first + RETRY_DAYS[count - 1] * 86400
    store.set_timer("invoice.retry", invoice.stripe_id, due)
    events.changed("invoice.updated", invoice, now, next_payment_attempt=due)
    return False


def _fall_behind(subscription: StripeObject, *, last: bool, now: datetime) -> None:
    customer = store.get("customer", subscription.customer)
    events.changed("customer.updated", customer, now, delinquent=True)
    if subscription.data["status"] in {"active", "trialing"}:
        subscriptions.update(subscription, now, status="past_due")
    if not last or subscription.data["status"] != "past_due":
        return
    match World.objects.get(pk=1).after_last_retry:
        case "cancel":
            cancel(subscription, now, reason="payment_failed")
        case "unpaid":
            subscriptions.update(subscription, now, status="unpaid")


def _recover(subscription: StripeObject, now: datetime) -> None:
    still_open = store.every("invoice").filter(
        customer=subscription.customer,
        data__status="open",
        data__parent__subscription_details__subscription=subscription.stripe_id,
    )
    if subscription.data["status"] in {"past_due", "unpaid"} and not still_open.exists():
        subscriptions.update(subscription, now, status="active")
        customer = store.get("customer", subscription.customer)
        events.changed("customer.updated", customer, now, delinquent=False)


def cancel(
    subscription: StripeObject, now: datetime, *, reason: str, details: Shape | None = None
) -> None:
    """The end: at once, and for good."""
    earlier = subscription.data["cancellation_details"]
    store.change(
        subscription,
        canceled_at=subscription.data["canceled_at"] or store.stamp(now),
        cancellation_details={**earlier, **(details or {}), "reason": reason},
        ended_at=store.stamp(now),
        status="canceled",
    )
    schedule(subscription, now)
    for invoice in store.every("invoice").filter(
        customer=subscription.customer,
        data__status__in=["draft", "open"],
        data__parent__subscription_details__subscription=subscription.stripe_id,
    ):
        store.stop_timer("invoice.finalize", invoice.stripe_id)
        store.stop_timer("invoice.retry", invoice.stripe_id)
        store.change(invoice, auto_advance=False, next_payment_attempt=None)
    events.emit("customer.subscription.deleted", subscription, now)


@on_timer("subscription.resume")
def resume_collection(stripe_id: str, now: datetime) -> None:
    subscriptions.update(store.get("subscription", stripe_id), now, pause_collection=None)
