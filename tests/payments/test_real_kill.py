"""Killed for real between charge and grant: another process opens what was paid."""

import json
import signal
from collections.abc import Iterator
from typing import Any

import pytest

from accounts.models import OutboxMessage
from courses.models import Grant
from operations import clock as site_clock
from payments.models import MoneyEntry, Order, WebhookEvent
from payments.sandbox import outbox
from payments.sandbox.models import StripeObject
from tests.factories import course
from tests.operations.processes import beside, manage
from tests.payments.conftest import Shop, post_webhook
from tests.payments.factories import course_price

pytestmark = pytest.mark.django_db(transaction=True)

# Confirms the order as the return page does, and dies on the way; no webhook comes either.
DIE = """
import os, signal
from operations import clock
from payments import fulfilment
from payments.models import Order
from courses import grants

def die(*args, **kwargs):
    os.kill(os.getpid(), signal.SIGKILL)

grants.sync = die
fulfilment.confirm(Order.objects.get(), now=clock.now())
"""


def test_killed_between_charge_and_grant_the_sweep_opens_it(shop: Shop, tmp_path, clock) -> None:
    order = shop.begin(shop.person(), course_price(course(lessons=1)))
    assert shop.pay(order).kind == "complete"
    env = beside(DATA=str(tmp_path))
    killed = manage("shell", "-v0", "-c", DIE, env=env)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    order.refresh_from_db()
    assert StripeObject.objects.filter(kind="charge").exists()
    assert order.status == Order.Status.OPEN
    assert not Grant.objects.exists()
    assert manage("sandbox", "advance", "--hours", "1", env=env).returncode == 0
    for _ in range(2):
        swept = manage("reconcile", env=env)
        assert swept.returncode == 0, swept.stderr
    order.refresh_from_db()
    assert order.status == Order.Status.FULFILLED
    assert Grant.objects.get().is_active(site_clock.now())
    assert MoneyEntry.objects.count() == 1
    assert OutboxMessage.objects.filter(key=f"order-paid-{order.pk}").count() == 1


# Everything between Stripe's charge and the mail, whoever brings the news.
STEPS = (
    "gateway.retrieve_session",
    "fulfilment.fulfil",
    "entitlement.lock",
    "books.record_charge",
    "letters.order_paid",
    "mail.queue",
    "entitlement.settle",
    "grants.sync",
)

# In a process of its own with one thread, which may fork: each child dies at its step, by -9,
# just before or just after it. PLAN: [who, step, when, order, event].
DIE_AT_EACH = """
import json, os, signal
from accounts import mail
from courses import grants
from django.db import connections
from operations import clock
from payments import books, entitlement, fulfilment, gateway, letters, webhooks
from payments.models import Order

def arm(step, when):
    module, name = step.split(".")
    module = globals()[module]
    real = getattr(module, name)
    def deadly(*args, **kwargs):
        if when == "after":
            real(*args, **kwargs)
        os.kill(os.getpid(), signal.SIGKILL)
    setattr(module, name, deadly)

connections.close_all()
died = []
for who, step, when, order, event in json.loads(PLAN):
    child = os.fork()
    if not child:
        try:
            arm(step, when)
            if who == "web":
                fulfilment.confirm(Order.objects.get(pk=order), now=clock.now())
            else:
                webhooks.process.call(event=event)
        finally:
            os._exit(1)
    died.append(os.WTERMSIG(os.waitpid(child, 0)[1]))
print(json.dumps(died))
"""


def plan() -> Iterator[list[str]]:
    for who in ("web", "worker"):
        for step in STEPS:
            for when in ("before", "after"):
                yield [who, step, when]


def test_killed_at_every_step_it_is_open_once_as_soon_as_a_worker_is_back(
    shop: Shop, tmp_path, clock
) -> None:
    price = course_price(course(lessons=1))
    wanted: list[list[Any]] = []
    for each in plan():
        order = shop.begin(shop.person(), price)
        assert shop.pay(order).kind == "complete"
        wanted.append([*each, order.pk])
    outbox.deliver_due(post_webhook, site_clock.now())  # and no worker runs
    for row in wanted:
        session = Order.objects.get(pk=row[3]).session_id
        row.append(WebhookEvent.objects.get(object_id=session).pk)
    script = f"PLAN = {json.dumps(wanted)!r}\n{DIE_AT_EACH}"
    killed = manage("shell", "-v0", "-c", script, env=beside(DATA=str(tmp_path)))
    assert killed.returncode == 0, killed.stderr
    assert set(json.loads(killed.stdout.splitlines()[-1])) == {signal.SIGKILL}

    shop.run_jobs()
    assert set(Order.objects.values_list("status", flat=True)) == {Order.Status.FULFILLED}
    assert Grant.objects.filter(withdrawn_at=None).count() == len(wanted)
    assert MoneyEntry.objects.count() == len(wanted)
    assert OutboxMessage.objects.filter(key__startswith="order-paid-").count() == len(wanted)
