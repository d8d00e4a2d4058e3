"""Webhooks: signed, delivered, retried, and what may go wrong on the way."""

import json
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
import stripe
from django.core.management import CommandError, call_command

from operations import clock
from payments.sandbox import faults, outbox
from payments.sandbox.models import Delivery
from tests.sandbox import factories

pytestmark = pytest.mark.django_db


class Webhook:
    """A webhook that keeps what it was sent and answers as it is told."""

    def __init__(self) -> None:
        self.received: list[tuple[bytes, dict[str, str]]] = []
        self.status = 200

    def __call__(self, body: bytes, headers: dict[str, str]) -> int:
        self.received.append((body, headers))
        return self.status

    @property
    def kinds(self) -> list[str]:
        return [json.loads(body)["type"] for body, _ in self.received]

    def deliver(self) -> list[outbox.Attempt]:
        return outbox.deliver_due(self, clock.now())


@pytest.fixture
def webhook() -> Webhook:
    return Webhook()


def construct(body: bytes, headers: dict[str, str]) -> stripe.Event:
    return stripe.Webhook.construct_event(body, headers["Stripe-Signature"], outbox.SIGNING_SECRET)


def test_the_sdk_accepts_what_is_sent_and_nothing_altered(api: Any, webhook: Webhook) -> None:
    api.v1.customers.create({"name": "林岚"})
    webhook.deliver()
    body, headers = webhook.received[0]
    event = construct(body, headers)
    assert (event.type, event.data.object.name) == ("customer.created", "林岚")
    assert not event.livemode
    signature = headers["Stripe-Signature"]
    for altered in (
        (body.replace(b"customer.created", b"customer.deleted"), headers),
        (body + b" ", headers),
        (body, {"Stripe-Signature": signature[:-1] + ("1" if signature[-1] == "0" else "0")}),
        (body, outbox.headers_for(body, "whsec_another")),
        (body, outbox.headers_for(body, outbox.SIGNING_SECRET, age=timedelta(minutes=6))),
    ):
        with pytest.raises(stripe.SignatureVerificationError):
            construct(*altered)


def test_what_is_delivered_is_not_sent_again(api: Any, webhook: Webhook) -> None:
    api.v1.customers.create({})
    assert [attempt.status for attempt in webhook.deliver()] == [200]
    assert webhook.deliver() == []
    event = api.v1.events.list().data[0]
    assert event.pending_webhooks == 0
    assert event.request.id.startswith("req_")
    outbox.deliver_again(event.id, clock.now())
    webhook.deliver()
    assert webhook.kinds == ["customer.created"] * 2


def test_what_fails_is_retried_with_back_off_for_three_days(
    api: Any, webhook: Webhook, advance: Callable[..., object]
) -> None:
    api.v1.customers.create({})
    webhook.status = 500
    webhook.deliver()
    webhook.deliver()
    assert len(webhook.received) == 1
    assert [e.type for e in api.v1.events.list({"delivery_success": False}).data] == [
        "customer.created"
    ]
    advance(minutes=5)
    webhook.deliver()
    assert len(webhook.received) == 2
    for _ in range(12):
        advance(hours=12)
        webhook.deliver()
    assert len(webhook.received) == 7
    assert Delivery.objects.get().given_up
    webhook.status = 200
    outbox.deliver_again(api.v1.events.list().data[0].id, clock.now())
    webhook.deliver()
    assert api.v1.events.list({"delivery_success": False}).data == []


def test_a_webhook_that_cannot_be_reached_is_retried(
    api: Any, advance: Callable[..., object]
) -> None:
    def unreachable(body: bytes, headers: dict[str, str]) -> int:
        raise ConnectionRefusedError

    api.v1.customers.create({})
    assert [a.status for a in outbox.deliver_due(unreachable, clock.now())] == [0]
    advance(minutes=5)
    assert len(outbox.deliver_due(unreachable, clock.now())) == 1


def test_a_handler_may_call_the_sandbox(api: Any) -> None:
    def handler(body: bytes, headers: dict[str, str]) -> int:
        event = construct(body, headers)
        api.v1.customers.update(event.data.object.id, {"metadata": {"seen": event.type}})
        return 200

    made = api.v1.customers.create({})
    outbox.deliver_due(handler, clock.now())
    assert api.v1.customers.retrieve(made.id).metadata.seen == "customer.created"
    assert Delivery.objects.filter(delivered=False).count() == 1


def test_deliveries_may_come_twice(api: Any, webhook: Webhook) -> None:
    faults.plan("duplicate", match="price.")
    factories.price()
    webhook.deliver()
    assert webhook.kinds == ["product.created", "price.created", "price.created"]
    assert webhook.received[1][0] == webhook.received[2][0]


def test_deliveries_may_be_dropped_until_the_retry(
    api: Any, webhook: Webhook, advance: Callable[..., object]
) -> None:
    faults.plan("drop", match="price.")
    factories.price()
    webhook.deliver()
    assert webhook.kinds == ["product.created"]
    advance(minutes=5)
    webhook.deliver()
    assert webhook.kinds == ["product.created", "price.created"]


def test_deliveries_may_be_late(api: Any, webhook: Webhook, advance: Callable[..., object]) -> None:
    faults.plan("delay", match="product.")
    factories.price()
    webhook.deliver()
    advance(minutes=10)
    webhook.deliver()
    assert webhook.kinds == ["price.created", "product.created"]


def test_deliveries_may_come_in_reverse(api: Any, webhook: Webhook) -> None:
    faults.plan("reorder")
    factories.price()
    webhook.deliver()
    assert webhook.kinds == ["price.created", "product.created"]


def test_deliveries_may_be_replayed_with_an_old_signature(api: Any, webhook: Webhook) -> None:
    faults.plan("old_signature")
    api.v1.customers.create({})
    webhook.deliver()
    assert construct(*webhook.received[0])
    with pytest.raises(stripe.SignatureVerificationError, match="tolerance"):
        construct(*webhook.received[1])


def test_events_are_listed_by_type_and_time(api: Any, advance: Callable[..., object]) -> None:
    api.v1.customers.create({})
    later = int(clock.now().timestamp()) + 3600
    advance(days=1)
    factories.price()
    kinds = [e.type for e in api.v1.events.list({"created": {"gte": later}}).data]
    assert kinds == ["price.created", "product.created"]
    found = api.v1.events.list({"types": ["price.created", "customer.created"]}).data
    assert [event.type for event in found] == ["price.created", "customer.created"]
    assert api.v1.events.retrieve(found[0].id).data.object.object == "price"
    assert [e.type for e in api.v1.events.list({"type": "product.created"}).data] == [
        "product.created"
    ]
    advance(days=31)
    assert api.v1.events.list().data == []


def test_another_endpoint_has_its_own_secret_and_events(api: Any, webhook: Webhook) -> None:
    endpoint = api.v1.webhook_endpoints.create(
        {"url": "http://second.example/hook/", "enabled_events": ["price.created"]}
    )
    assert endpoint.secret.startswith("whsec_")
    listed = api.v1.webhook_endpoints.list().data
    assert {row.url for row in listed} == {
        "http://second.example/hook/",
        "http://localhost:8000/payments/webhook/",
    }
    assert not any(hasattr(row, "secret") for row in listed)
    factories.price()
    outbox.deliver_due(webhook, clock.now(), endpoint=endpoint.id)
    assert webhook.kinds == ["price.created"]
    body, headers = webhook.received[0]
    assert stripe.Webhook.construct_event(body, headers["Stripe-Signature"], endpoint.secret)


class Listener(BaseHTTPRequestHandler):
    received: list[bytes] = []

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        construct(body, {"Stripe-Signature": self.headers["Stripe-Signature"]})
        self.received.append(body)
        self.send_response(200)
        self.end_headers()

    def log_message(self, *args: Any) -> None:
        """Quietly."""


@pytest.fixture
def listening(settings: Any) -> Iterator[None]:
    """A web server at the site's address."""
    server = HTTPServer(("127.0.0.1", 0), Listener)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    settings.BASE_URL = f"http://127.0.0.1:{server.server_port}"
    Listener.received = []
    yield
    server.shutdown()
    server.server_close()


def test_the_command_delivers_over_http(
    api: Any, listening: None, capsys: pytest.CaptureFixture[str]
) -> None:
    api.v1.customers.create({})
    call_command("sandbox", "deliver")
    assert "200 customer.created evt_" in capsys.readouterr().out
    assert json.loads(Listener.received[0])["type"] == "customer.created"


def test_the_site_is_found_again_at_another_address(api: Any, settings: Any) -> None:
    for base in ("http://localhost:9999", "http://localhost:8000"):
        settings.BASE_URL = base
        urls = [row.url for row in api.v1.webhook_endpoints.list().data]
        assert urls == [f"{base}/payments/webhook/"]


@pytest.mark.django_db(transaction=True)
def test_the_thread_delivers_and_outlives_errors(
    clock: Any, listening: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    from django.db import connections

    api, tried, stop = factories.client(), threading.Event(), threading.Event()
    real, calls = outbox.deliver_over_http, []

    def first_broken(now: Any) -> list[outbox.Attempt]:
        calls.append(now)
        if len(calls) == 1:
            raise RuntimeError("the database is away")
        done = real(now)
        if done:
            tried.set()
        connections.close_all()
        return done

    monkeypatch.setattr(outbox, "deliver_over_http", first_broken)
    api.v1.customers.create({})
    thread = outbox.start_thread(stop, every=0.01)
    try:
        assert tried.wait(10)
    finally:
        stop.set()
        thread.join(10)
    assert len(Listener.received) == 1


def test_the_commands_move_time_and_reset(api: Any, capsys: pytest.CaptureFixture[str]) -> None:
    session = factories.session()
    call_command("sandbox", "advance", "--days", "2")
    assert api.v1.checkout.sessions.retrieve(session.id).status == "expired"
    call_command("sandbox", "due")
    assert "0 done" in capsys.readouterr().out
    call_command("sandbox", "reset")
    assert api.v1.events.list().data == []


@pytest.mark.parametrize("days", ["nan", "inf", "1e9", "-5", "soon"])
def test_a_time_that_cannot_be_moved_to_is_refused(db: None, days: str) -> None:
    with pytest.raises(CommandError, match="--days"):
        call_command("sandbox", "advance", f"--days={days}")
