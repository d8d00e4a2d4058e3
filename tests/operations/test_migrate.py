"""`manage.py migrate`: what is walked through in which database."""

import pytest
from django.core.management import call_command
from django.db import connections

pytestmark = pytest.mark.django_db


def recorded(alias: str) -> set[str]:
    with connections[alias].cursor() as cursor:
        cursor.execute("SELECT DISTINCT app FROM django_migrations")
        return {app for (app,) in cursor.fetchall()}


def test_the_sandboxs_database_is_spared_what_has_no_tables_there(capsys) -> None:
    call_command("migrate", database="sandbox")
    assert recorded("sandbox") == {"sandbox"}
    call_command("migrate")
    assert {"payments", "wagtailcore"} < recorded("default")
    assert capsys.readouterr().out.count("No migrations to apply.") == 2


def test_another_apps_migrations_can_still_be_named(capsys) -> None:
    call_command("migrate", "payments", database="sandbox", plan=True)
    assert "payments.0001_initial" in capsys.readouterr().out
