"""Deliveries of events to webhook endpoints: signed, retried with back-off, given up after three
days. The faults that may befall them: faults.py."""

import hashlib
import hmac
import json
import logging
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import close_old_connections
from django.db.models import QuerySet

from operations import clock
from payments.sandbox import endpoints, events, faults, store
from payments.sandbox.endpoints import SIGNING_SECRET as SIGNING_SECRET
from payments.sandbox.faults import Kind
from payments.sandbox.models import Delivery, StripeObject

# (raw body, headers) -> the status of the answer
Send = Callable[[bytes, dict[str, str]], int]

log = logging.getLogger("payments.sandbox")

# From one attempt to the next; the last repeats until three days are over.
BACK_OFF = [
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=12),
]
GIVE_UP_AFTER = timedelta(days=3)
# While an attempt is under way nobody else makes it.
LEASE = timedelta(minutes=1)
DELAY = timedelta(minutes=10)
OLD = timedelta(minutes=10)


@dataclass(frozen=True)
class Attempt:
    """What was sent, and what came back: 0 where nothing did."""

    event_id: str
    kind: str
    status: int


def sign(body: bytes, secret: str, second: int) -> str:
    """The Stripe-Signature header for a raw body, at a real second."""
    signed = str(second).encode() + b"." + body
    return f"t={second},v1={hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()}"


def body_of(event: StripeObject) -> bytes:
    return json.dumps(event.data, indent=2, ensure_ascii=False).encode()


def headers_for(body: bytes, secret: str, *, age: timedelta = timedelta()) -> dict[str, str]:
    """Signatures keep real time, whatever the sandbox's clock says."""
    return {
        "Content-Type": "application/json; charset=utf-8",
        "Stripe-Signature": sign(body, secret, int(time.time() - age.total_seconds())),
        "User-Agent": "Stripe/1.0 (sandbox)",
    }


def due(now: datetime) -> "QuerySet[Delivery]":
    waiting = Delivery.objects.filter(delivered=False, given_up=False, due__lte=store.stamp(now))
    return waiting.order_by("due", "id").select_related("event", "endpoint")


def deliver_due(send: Send, now: datetime, *, endpoint: str = endpoints.OWN_ID) -> list[Attempt]:
    """Makes every delivery to one endpoint that is due, once. What happens meanwhile (a handler
    that calls the sandbox) waits for the next call. No transaction is open while sending."""
    batch = list(due(now).filter(endpoint__stripe_id=endpoint))
    if batch and faults.strikes((Kind.REORDER,), ""):
        batch.reverse()
    attempts: list[Attempt] = []
    for delivery in batch:
        attempts += _deliver(delivery, send, now)
    return attempts


def _deliver(delivery: Delivery, send: Send, now: datetime) -> list[Attempt]:
    if not _lease(delivery, now):
        return []
    kind = delivery.event.data["type"]
    fault = faults.strikes((Kind.DROP, Kind.DELAY, Kind.DUPLICATE, Kind.OLD_SIGNATURE), kind)
    if fault == Kind.DELAY:
        Delivery.objects.filter(pk=delivery.pk).update(due=store.stamp(now + DELAY))
        return []
    statuses = [0] if fault == Kind.DROP else [_send(delivery, send)]
    _record(delivery, statuses[0], now)
    if fault == Kind.DUPLICATE:
        statuses.append(_send(delivery, send))
    if fault == Kind.OLD_SIGNATURE:
        statuses.append(_send(delivery, send, age=OLD))
    return [Attempt(delivery.event.stripe_id, kind, status) for status in statuses]


def _lease(delivery: Delivery, now: datetime) -> bool:
    """False where another process is at it."""
    with store.transaction():
        mine = due(now).filter(pk=delivery.pk, attempts=delivery.attempts)
        return bool(mine.update(due=store.stamp(now + LEASE)))


def _send(delivery: Delivery, send: Send, *, age: timedelta = timedelta()) -> int:
    body = body_of(delivery.event)
    try:
        return send(body, headers_for(body, delivery.endpoint.private["secret"], age=age))
    except OSError as error:
        log.info("webhook not delivered: %s", error)
        return 0


def _record(delivery: Delivery, status: int, now: datetime) -> None:
    delivery.attempts += 1
    delivery.status = status
    delivery.delivered = 200 <= status < 300
    if not delivery.delivered:
        wait = BACK_OFF[min(delivery.attempts, len(BACK_OFF)) - 1]
        delivery.due = store.stamp(now + wait)
        last = delivery.first_due + int(GIVE_UP_AFTER.total_seconds())
        delivery.given_up = delivery.due > last
    with store.transaction():
        delivery.save()
        if delivery.delivered:
            events.count_pending(StripeObject.objects.get(pk=delivery.event_id))


def deliver_again(event_id: str, now: datetime) -> None:
    """Queues an event once more for all its endpoints, whatever became of it."""
    with store.transaction():
        Delivery.objects.filter(event=store.get("event", event_id)).update(
            delivered=False,
            given_up=False,
            attempts=0,
            due=store.stamp(now),
            first_due=store.stamp(now),
        )


def poster(url: str) -> Send:
    """Sends over HTTP. Raises OSError where nothing answers."""

    def post(body: bytes, headers: dict[str, str]) -> int:
        request = urllib.request.Request(url, data=body, headers=headers)  # noqa: S310
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
                return int(answer.status)
        except urllib.error.HTTPError as error:
            with error:
                return error.code

    return post


def deliver_over_http(now: datetime) -> list[Attempt]:
    """Makes all due deliveries to every endpoint."""
    endpoints.own(now)
    attempts: list[Attempt] = []
    for endpoint in store.every("webhook_endpoint").filter(
        pk__in=due(now).values("endpoint").distinct()
    ):
        attempts += deliver_due(poster(endpoint.data["url"]), now, endpoint=endpoint.stripe_id)
    return attempts


def start_thread(stop: threading.Event | None = None, *, every: float = 1.0) -> threading.Thread:
    """Delivers in the background of the serving process until `stop` is set. An error is logged
    and does not end it."""
    stopped = stop or threading.Event()

    def run() -> None:
        while not stopped.wait(every):
            close_old_connections()
            try:
                deliver_over_http(clock.now())
            except Exception:
                log.exception("the sandbox could not deliver webhooks")

    thread = threading.Thread(target=run, name="sandbox-webhooks", daemon=True)
    thread.start()
    return thread
