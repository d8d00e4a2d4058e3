"""What the database itself keeps, whoever asks: installed anew, as after a migration."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.db.models import QuerySet

from payments import fixed_rows
from payments.models import MoneyEntry, Price, RevenueShare
from tests.factories import course
from tests.insights.world import entry
from tests.payments.factories import NOW, PriceFactory

pytestmark = pytest.mark.django_db


def refused(act: Any) -> bool:
    try:
        with transaction.atomic():
            act()
            transaction.set_rollback(True)
    except DatabaseError:
        return True
    return False


def what_is_refused() -> dict[str, bool]:
    """Asked past our own models, which refuse the most of it by themselves."""
    of: dict[Any, Any] = {
        model: QuerySet(model).filter() for model in (Price, MoneyEntry, RevenueShare)
    }
    return {
        "a price's amount": refused(lambda: of[Price].update(amount=1)),
        "a price's end": refused(lambda: of[Price].update(ends_at=NOW + timedelta(days=1))),
        "a price's making": refused(lambda: of[Price].update(created_at=NOW - timedelta(days=1))),
        "an entry": refused(lambda: of[MoneyEntry].update(source="ch_2")),
        "an entry goes": refused(lambda: of[MoneyEntry]._raw_delete("default")),
        "a share": refused(lambda: of[RevenueShare].update(basis_points=1)),
        "a share goes": refused(lambda: of[RevenueShare]._raw_delete("default")),
    }


def forget_what_was_installed() -> None:
    with connection.cursor() as cursor:
        for model in (Price, MoneyEntry, RevenueShare):
            table = model._meta.db_table
            for name in (f"{table}_is_fixed", f"{table}_is_kept"):
                of = "" if connection.vendor == "sqlite" else f'ON "{table}"'
                cursor.execute(f'DROP TRIGGER IF EXISTS "{name}" {of}')


def test_prices_entries_and_shares_are_kept_as_they_are():
    forget_what_was_installed()
    for using in ("default", "sandbox", "default"):  # again changes nothing
        fixed_rows.install(using)
    page: Any = course()
    PriceFactory()
    entry("2026-11-23 12:00", 9900)
    RevenueShare.objects.create(
        course=page, instructor=page.instructor, basis_points=3000, starts_at=NOW, created_at=NOW
    )
    assert what_is_refused() == {
        "a price's amount": True,
        "a price's end": True,
        "a price's making": False,
        "an entry": True,
        "an entry goes": True,
        "a share": True,
        "a share goes": True,
    }
