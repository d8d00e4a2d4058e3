"""What the database itself keeps from being changed: prices and the books.

Triggers, put in place after migrations: rebuilding a table, as SQLite's migrations do, drops them.
"""

from typing import Any

from django.db import connections, models

from payments.models import MoneyEntry, Price


def install(**kwargs: Any) -> None:
    """Make the rows fixed in the database just migrated; again changes nothing."""
    using = kwargs.get("using", "default")
    if using != "default":
        return
    _fix(using, Price, list(Price.FIXED))
    _fix(using, MoneyEntry, [field.attname for field in MoneyEntry._meta.concrete_fields])


def _fix(using: str, model: type[models.Model], columns: list[str]) -> None:
    connection = connections[using]
    table = model._meta.db_table
    name = f"{table}_is_fixed"
    of = ", ".join(connection.ops.quote_name(column) for column in columns)
    if connection.vendor == "sqlite":
        statements = [
            f'CREATE TRIGGER IF NOT EXISTS "{name}" BEFORE UPDATE OF {of} ON "{table}" '
            f"BEGIN SELECT RAISE(ABORT, '{table} never changes'); END"
        ]
    else:
        statements = [
            f'CREATE OR REPLACE FUNCTION "{name}"() RETURNS trigger LANGUAGE plpgsql AS $$ '
            f"BEGIN RAISE EXCEPTION '{table} never changes' "
            "USING ERRCODE = 'integrity_constraint_violation'; END $$",
            f'CREATE OR REPLACE TRIGGER "{name}" BEFORE UPDATE OF {of} ON "{table}" '
            f'FOR EACH ROW EXECUTE FUNCTION "{name}"()',
        ]
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
