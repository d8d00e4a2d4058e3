"""Killed for real between charge and grant: another process opens what was paid."""

import signal

import pytest

from accounts.models import OutboxMessage
from courses.models import Grant
from operations import clock as site_clock
from payments.models import MoneyEntry, Order
from payments.sandbox.models import StripeObject
from tests.factories import course
from tests.operations.processes import beside, manage
from tests.payments.conftest import Shop
from tests.payments.factories import course_price

pytestmark = pytest.mark.django_db(transaction=True)

# Confirms the order as the return page does, and dies on the way: `{step}` is where.
DIE = """
import os, signal
from operations import clock
from payments import fulfilment, letters
from payments.models import Order
from courses import grants

def die(*args, **kwargs):
    os.kill(os.getpid(), signal.SIGKILL)

{step} = die
fulfilment.confirm(Order.objects.get(), now=clock.now())
"""


@pytest.mark.parametrize("step", ["grants.sync", "letters.order_paid", "fulfilment.fulfil"])
def test_killed_between_charge_and_grant_another_process_opens_it(
    shop: Shop, tmp_path, clock, step: str
) -> None:
    order = shop.begin(shop.person(), course_price(course(lessons=1)))
    assert shop.pay(order).kind == "complete"
    env = beside(DATA=str(tmp_path))
    killed = manage("shell", "-v0", "-c", DIE.format(step=step), env=env)
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
