"""With a key in the environment, and nothing else changed, the site talks to Stripe over the wire.

Stripe is played by the sandbox in a second process, reached by STRIPE_API_BASE.
"""

import socket
import subprocess
import sys
import time
from io import StringIO
from pathlib import Path

import pytest
import stripe
from django.core.management import CommandError, call_command
from django.urls import reverse

from operations import clock as site_clock
from payments import checkout, fulfilment
from payments.models import MoneyEntry, Order, StripePrice, WebhookEvent
from payments.stripe_check import WANTED_EVENTS
from tests.factories import UserFactory, course
from tests.operations.processes import ROOT, environment, manage, wait_until
from tests.payments.factories import course_price

pytestmark = pytest.mark.django_db(transaction=True)
KEY = "sk_test_not_a_real_key"


@pytest.fixture(scope="module")
def stripe_elsewhere(tmp_path_factory):
    """The sandbox as a process of its own; gives its address and its command line."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    env = environment(
        DATA=str(tmp_path_factory.mktemp("stripe")),
        BASE_URL=f"http://127.0.0.1:{port}",
        LOG_LEVEL="WARNING",
        SANDBOX_KEY=KEY,
    )
    assert manage("migrate", "--database", "sandbox", "-v0", env=env).returncode == 0
    command = [
        sys.executable, "-m", "gunicorn", "--pythonpath", "platform", "--threads", "4",
        "--bind", f"127.0.0.1:{port}", "--no-control-socket", "wsgi",
    ]  # fmt: skip
    with (Path(env["DATA"]) / "server.log").open("wb") as said:
        server = subprocess.Popen(command, cwd=ROOT, env=env, stdout=said, stderr=said)
    try:
        wait_until(lambda: answers(port))
        yield f"http://127.0.0.1:{port}", env
    finally:
        server.terminate()
        server.wait(timeout=20)


def answers(port):
    with socket.socket() as attempt:
        return attempt.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture
def real_key(settings, stripe_elsewhere):
    settings.STRIPE_SANDBOX = False
    settings.STRIPE_SECRET_KEY = KEY
    settings.STRIPE_API_BASE = f"{stripe_elsewhere[0]}/sandbox"
    settings.STRIPE_WEBHOOK_SECRETS = []


PAY = """
from operations import clock
from payments.sandbox import completing
form = completing.filled("4242424242424242")
print(completing.pay_by_card("{session}", form, now=clock.now()).kind)
"""


def test_a_purchase_over_the_wire(real_key, stripe_elsewhere, live_server, settings, run_jobs):
    at_stripe = stripe.StripeClient(KEY, base_addresses={"api": settings.STRIPE_API_BASE})
    endpoint = at_stripe.v1.webhook_endpoints.create(
        {
            "url": live_server.url + reverse("payments_webhook"),
            "enabled_events": list(WANTED_EVENTS),  # type: ignore[arg-type]
        }
    )
    settings.STRIPE_WEBHOOK_SECRETS = [endpoint.secret]
    settings.BASE_URL = live_server.url
    price = course_price(course(lessons=1))
    started = checkout.start(buyer=UserFactory(), price=price, now=site_clock.now())
    assert started.url.startswith(stripe_elsewhere[0])
    pay = PAY.format(session=started.order.session_id)
    assert "complete" in manage("shell", "-v0", "-c", pay, env=stripe_elsewhere[1]).stdout
    told = manage("sandbox", "deliver", env=stripe_elsewhere[1])
    assert "204 checkout.session.completed" in told.stdout, told.stderr
    run_jobs()
    order = Order.objects.get()
    assert (order.status, order.livemode) == (Order.Status.FULFILLED, False)
    assert MoneyEntry.objects.get().amount == price.amount
    assert WebhookEvent.objects.filter(outcome="done").exists()
    said = StringIO()
    call_command("stripe_check", stdout=said)
    assert "test mode: no money moves" in said.getvalue()
    assert "All is well." in said.getvalue()


def test_nobody_at_the_other_end_is_said_plainly(real_key, settings):
    settings.STRIPE_API_BASE = "http://127.0.0.1:9"
    settings.STRIPE_SECRET_KEY = "sk_test_another"
    began = time.monotonic()
    with pytest.raises(checkout.StripeUnavailable):
        checkout.start(buyer=UserFactory(), price=course_price(course()), now=site_clock.now())
    assert time.monotonic() - began < 20
    said = StringIO()
    with pytest.raises(CommandError):
        call_command("stripe_check", stdout=said)
    assert "Stripe could not be asked" in said.getvalue()


def test_a_key_that_stripe_does_not_accept_is_said_plainly(real_key, settings):
    settings.STRIPE_SECRET_KEY = "sk_live_wrong"
    said = StringIO()
    with pytest.raises(CommandError):
        call_command("stripe_check", stdout=said)
    assert "does not accept the key" in said.getvalue()


@pytest.mark.parametrize(
    ("key", "words"),
    [("", "not set"), ("pk_test_x", "publishable"), ("whatever", "begins with sk_test_")],
)
def test_a_key_that_is_none_is_said_before_stripe_is_asked(settings, key, words):
    settings.STRIPE_SANDBOX = False
    settings.STRIPE_SECRET_KEY = key
    said = StringIO()
    with pytest.raises(CommandError):
        call_command("stripe_check", stdout=said)
    assert words in said.getvalue()


def test_a_price_changed_at_stripe_is_found(real_key, stripe_elsewhere, settings):
    price = course_price(course())
    buyer = UserFactory()
    checkout.start(buyer=buyer, price=price, now=site_clock.now())
    at_stripe = stripe.StripeClient(KEY, base_addresses={"api": settings.STRIPE_API_BASE})
    at_stripe.v1.prices.update(StripePrice.objects.get().stripe_id, {"active": False})
    said = StringIO()
    with pytest.raises(CommandError):
        call_command("stripe_check", stdout=said)
    assert "archived at Stripe" in said.getvalue()
    assert "Stripe has none for" in said.getvalue()
    fulfilment.confirm(Order.objects.get(), now=site_clock.now())
    assert Order.objects.get().status == Order.Status.OPEN
