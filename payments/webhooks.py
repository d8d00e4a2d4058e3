"""The inbox: what Stripe tells is checked, stored, acknowledged, and worked through later.

Nothing in a body is believed but which object it is about: that one is fetched anew. So order,
age and repetition of events do not matter.
"""

import json
import logging
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any

from django.db import connection, transaction
from django.db.models import F

from operations.jobs import ATTEMPTS, job
from payments import books, fulfilment, gateway, measures, mirror, payers, refunds, subscriptions
from payments.mirror import Shape, id_of
from payments.models import Order, Subscription, WebhookEvent

LARGEST_BODY = 1024 * 1024
logger = logging.getLogger("payments")
FINISHED = (WebhookEvent.Outcome.DONE, WebhookEvent.Outcome.IGNORED)


_COLUMNS = [field for field in WebhookEvent._meta.concrete_fields if not field.primary_key]
_INSERT = (
    f"INSERT INTO {WebhookEvent._meta.db_table} "  # noqa: S608 - names of our own columns
    f"({', '.join(str(field.column) for field in _COLUMNS)}) "
    f"VALUES ({', '.join(['%s'] * len(_COLUMNS))}) "
    "ON CONFLICT (account, livemode, stripe_id) DO NOTHING RETURNING id"
)


def receive(body: bytes, signature: str, *, now: datetime) -> None:
    """Store a signed event and queue its work, once. Raises gateway.Forged, GatewayError."""
    event = gateway.verify_event(body, signature)
    store(event, body=body.decode(), now=now)


def store(event: Shape, *, body: str, now: datetime) -> None:
    """An event in the inbox, delivered or found by the sweep; a repeated one changes nothing.

    Two statements in one transaction, one for what is here: Stripe waits, and sends in bursts.
    """
    row = WebhookEvent(
        **gateway.ours() | {"livemode": event["livemode"]},
        stripe_id=event["id"],
        type=event["type"][:80],
        object_id=str(event["data"]["object"].get("id") or "")[:255],
        body=body,
        sent_at=mirror.moment(event["created"]),
        received_at=now,
    )
    with transaction.atomic(savepoint=False):
        if number := _insert(row):
            process.enqueue(event=number)
            transaction.on_commit(partial(measures.EVENTS.add, row.type))


def _insert(row: WebhookEvent) -> int | None:
    """The number it has from now on; None where it is here. Whoever brings the same one at the
    same time waits until the first is committed."""
    values = [each.get_db_prep_save(each.pre_save(row, True), connection) for each in _COLUMNS]
    with connection.cursor() as cursor:
        cursor.execute(_INSERT, values)
        stored = cursor.fetchone()
    return int(stored[0]) if stored else None


@job
def process(event: int) -> None:
    """Do what follows from an event. Fails (and is tried again) where Stripe does not answer."""
    from operations import clock

    now = clock.now()
    row = WebhookEvent.objects.get(pk=event)
    if row.outcome in FINISHED or row.attempts >= ATTEMPTS:
        return  # the second where it was replayed twice: another job has tried to the end
    try:
        done = _dispatch(row, now=now)
    except Exception as error:
        parked = row.attempts + 1 >= ATTEMPTS
        outcome = WebhookEvent.Outcome.PARKED if parked else WebhookEvent.Outcome.FAILED
        _settle(row, outcome=outcome, error=f"{type(error).__name__}: {error}"[:300])
        raise
    outcome = WebhookEvent.Outcome.DONE if done else WebhookEvent.Outcome.IGNORED
    _settle(row, outcome=outcome, error="", processed_at=now)


def _settle(row: WebhookEvent, **fields: Any) -> None:
    """How an attempt ended, in one statement: thousands of events may wait for it."""
    WebhookEvent.objects.filter(pk=row.pk).update(attempts=F("attempts") + 1, **fields)


@transaction.atomic
def replay(row: WebhookEvent) -> None:
    """Work through an event again; what it led to before does not happen twice."""
    WebhookEvent.objects.filter(pk=row.pk).update(
        outcome=WebhookEvent.Outcome.RECEIVED, attempts=0, error=""
    )
    process.enqueue(event=row.pk)


def _dispatch(row: WebhookEvent, *, now: datetime) -> bool:
    """Whether the event is about something we keep."""
    # A bill that is only foretold does not exist: it cannot be fetched.
    if row.livemode != gateway.is_live() or row.type == "invoice.upcoming":
        return False
    try:
        return follow(json.loads(row.body)["data"]["object"], now=now)
    except gateway.NotFound:
        # Deleted at Stripe, or of another account: there is nothing to mirror.
        logger.warning("event %s is about something that is not there", row.stripe_id)
        return False


def follow(about: Shape, *, now: datetime) -> bool:
    """Fetch anew what an object is about, and do what follows; False: it is nothing we keep.
    Raises GatewayError."""
    known = FOLLOWED.get(about.get("object", ""))
    if known:
        known(about, now)
    return known is not None


def _session(about: Shape, now: datetime) -> None:
    if (about.get("metadata") or {}).get("order"):
        fulfilment.apply_session(gateway.retrieve_session(about["id"]), now=now)


def _subscription(about: Shape, now: datetime) -> None:
    subscriptions.refresh(about["id"], now=now)


def _invoice(about: Shape, now: datetime) -> None:
    subscriptions.refresh_invoice(about["id"], now=now)


def _refund(about: Shape, now: datetime) -> None:
    refunds.refresh_refund(about["id"], now=now)


def _dispute(about: Shape, now: datetime) -> None:
    refunds.refresh_dispute(about["id"], now=now)


def _charge(about: Shape, now: datetime) -> None:
    """A charge's own news: its refunds, and the balance transaction that may come later."""
    payment = id_of(about.get("payment_intent"))
    if not payment:
        return
    _payment_of(payment, now)
    if about.get("refunded") or about.get("amount_refunded"):
        for refund in gateway.refunds_of(payment):
            refunds.refresh_refund(refund["id"], now=now)


def _payment(about: Shape, now: datetime) -> None:
    if about.get("status") in ("succeeded", "requires_payment_method", "canceled"):
        _payment_of(about["id"], now)


def _payment_of(payment: str, now: datetime) -> None:
    if books.has_payment(payment):
        return
    payer = payers.of_payment(payment, now=now)
    if payer.invoice:
        subscriptions.refresh_invoice(payer.invoice.stripe_id, now=now)
    elif payer.order:
        confirm_by_payment(payer.order, payment, now=now)


def confirm_by_payment(order: Order, payment: str, *, now: datetime) -> None:
    """Look at what stands behind a payment. Raises GatewayError."""
    if order.session_id and not hasattr(order, "reservation"):
        fulfilment.confirm(order, now=now)
        return
    fulfilment.confirm_payment(payment, now=now)


def _setup(about: Shape, now: datetime) -> None:
    """A card was kept for an order: its page says so, too."""
    key = (about.get("metadata") or {}).get("order")
    order = Order.objects.filter(key=key, **gateway.ours()).first() if key else None
    if order and order.session_id and order.is_open:
        fulfilment.confirm(order, now=now)


def _card(about: Shape, now: datetime) -> None:
    """Another card, or the same with another date: of whatever the customer subscribes to."""
    customer = about["id"] if about["object"] == "customer" else id_of(about.get("customer"))
    if customer:
        held = Subscription.objects.filter(customer_id=customer, status__in=Subscription.LIVE)
        for stripe_id in held.filter(**gateway.ours()).values_list("stripe_id", flat=True):
            subscriptions.refresh(stripe_id, now=now)


FOLLOWED: dict[str, Callable[[Shape, datetime], None]] = {
    "checkout.session": _session,
    "subscription": _subscription,
    "invoice": _invoice,
    "refund": _refund,
    "dispute": _dispute,
    "charge": _charge,
    "payment_intent": _payment,
    "setup_intent": _setup,
    "payment_method": _card,
    "customer": _card,
}
