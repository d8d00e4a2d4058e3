"""What the database itself keeps from being changed or deleted, whoever asks.

Triggers, put in place after migrations: rebuilding a table, as SQLite's migrations do, drops them.
On PostgreSQL TRUNCATE still empties a table: only its owner may, who could drop the trigger, too.
"""

from collections.abc import Iterable

from django.db import connections, models

CHANGE, DELETE = "fixed", "kept"


def fix(using: str, model: type[models.Model], *, but: Iterable[str] = ()) -> None:
    """Values of these rows never change, but for the columns named."""
    columns = [field.attname for field in model._meta.concrete_fields if field.attname not in but]
    fix_columns(using, model, columns)


def fix_columns(using: str, model: type[models.Model], columns: Iterable[str]) -> None:
    quoted = [connections[using].ops.quote_name(column) for column in columns]
    unlike = "IS NOT" if connections[using].vendor == "sqlite" else "IS DISTINCT FROM"
    changes = " OR ".join(f"OLD.{column} {unlike} NEW.{column}" for column in quoted)
    _refuse(using, model, CHANGE, f"UPDATE OF {', '.join(quoted)}", f"WHEN ({changes})")


def keep(using: str, model: type[models.Model]) -> None:
    """No row is ever deleted."""
    _refuse(using, model, DELETE, "DELETE")


def _refuse(using: str, model: type[models.Model], how: str, event: str, when: str = "") -> None:
    connection = connections[using]
    table = model._meta.db_table
    name = f"{table}_is_{how}"
    if connection.vendor == "sqlite":
        statements = [
            f'DROP TRIGGER IF EXISTS "{name}"',
            f'CREATE TRIGGER "{name}" BEFORE {event} ON "{table}" {when} '
            f"BEGIN SELECT RAISE(ABORT, '{table} is {how}'); END",
        ]
    else:
        statements = [
            f'CREATE OR REPLACE FUNCTION "{name}"() RETURNS trigger LANGUAGE plpgsql AS $$ '
            f"BEGIN RAISE EXCEPTION '{table} is {how}' "
            "USING ERRCODE = 'integrity_constraint_violation'; END $$",
            f'CREATE OR REPLACE TRIGGER "{name}" BEFORE {event} ON "{table}" '
            f'FOR EACH ROW {when} EXECUTE FUNCTION "{name}"()',
        ]
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
