"""Where there is no sandbox, there is nothing of it; and it never stands beside real money."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.checks import Tags, run_checks
from django.db import connections

from payments import live_orders
from payments.sandbox import checks
from payments.sandbox.models import StripeObject
from tests.payments.factories import OrderFactory

ROOT = Path(__file__).resolve().parent.parent.parent

WITHOUT = """
import django; django.setup()
from django.apps import apps
from django.conf import settings
from django.urls import resolve
assert not apps.is_installed("payments.sandbox")
assert list(settings.DATABASES) == ["default"]
tables = [model._meta.db_table for model in apps.get_models()]
assert not [name for name in tables if name.startswith("sandbox_")], tables
for path in ("/sandbox/", "/sandbox/v1/customers/", "/sandbox/checkout/cs_1/"):
    # Wagtail is asked for a page, and there is none.
    assert resolve(path).view_name == "wagtail_serve", resolve(path)
"""


def test_without_it_there_are_neither_addresses_nor_tables(tmp_path: Path) -> None:
    switched_off = ({"STRIPE_SANDBOX": "0"}, {"STRIPE_SANDBOX": "1", "STRIPE_SECRET_KEY": "sk_x"})
    running = [start(tmp_path, settings) for settings in switched_off]
    for process in running:
        _, errors = process.communicate(timeout=120)
        assert process.returncode == 0, errors


def start(data: Path, settings: dict[str, str]) -> subprocess.Popen[str]:
    env = {k: v for k, v in os.environ.items() if k not in {"DATABASE_URL", "TEST_DATA", "DATA"}}
    env |= {
        "DATA": str(data),
        "DEBUG": "0",
        "SECRET_KEY": "only-for-the-tests",
        "DJANGO_SETTINGS_MODULE": "settings",
        "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'platform'}",
        **settings,
    }
    return subprocess.Popen(
        [sys.executable, "-c", WITHOUT], env=env, stderr=subprocess.PIPE, text=True
    )


def test_its_tables_are_in_its_own_database_only() -> None:
    assert StripeObject.objects.db == "sandbox"


@pytest.mark.django_db
def test_neither_database_has_the_others_tables() -> None:
    for alias, expected in (("default", False), ("sandbox", True)):
        tables = connections[alias].introspection.table_names()
        assert any(name.startswith("sandbox_") for name in tables) is expected
        assert ("accounts_user" in tables) is not expected


@pytest.mark.django_db
def test_a_stripe_key_beside_it_is_an_error(settings: Any) -> None:
    assert "sandbox.E001" not in [message.id for message in run_checks(tags=[Tags.security])]
    settings.STRIPE_SECRET_KEY = "sk_live_1"
    assert "sandbox.E001" in [message.id for message in run_checks(tags=[Tags.security])]


def test_live_orders_beside_it_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def found(databases: list[str]) -> list[str | None]:
        return [m.id for m in checks.no_live_orders_beside_the_sandbox(None, databases)]

    monkeypatch.setattr(checks, "live_order_probes", [lambda: False])
    assert found(["default"]) == []
    monkeypatch.setattr(checks, "live_order_probes", [lambda: False, lambda: True])
    assert found(["default"]) == ["sandbox.E002"]
    assert found(["sandbox"]) == []


@pytest.mark.django_db
def test_orders_of_the_sandbox_are_no_live_orders() -> None:
    OrderFactory()
    assert not live_orders.exist()
    OrderFactory(livemode=True)
    assert live_orders.exist()
