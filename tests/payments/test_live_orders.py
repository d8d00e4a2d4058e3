"""Where real money was taken, no sandbox starts."""

import pytest
from django.db import connection

from payments import live_orders
from payments.models import Order
from tests.payments.factories import OrderFactory

pytestmark = pytest.mark.django_db


def test_only_an_order_of_live_mode_is_one():
    assert not live_orders.exist()
    OrderFactory()
    assert not live_orders.exist()
    OrderFactory(livemode=True)
    assert live_orders.exist()


def test_a_database_without_tables_has_none(monkeypatch):
    OrderFactory(livemode=True)
    names = [n for n in connection.introspection.table_names() if n != Order._meta.db_table]
    monkeypatch.setattr(connection.introspection, "table_names", lambda: names)
    assert not live_orders.exist()
