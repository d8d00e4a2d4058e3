"""Parting the large tables of study by learner, on PostgreSQL (`manage.py partition`).

The learner stands first in their keys, so a learner's rows are all in one part and every query
that names a learner reads one. Django knows no difference: the table keeps its name, its
constraints and its indexes under their names.
"""

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from learning.models import LedgerEntry, LessonProgress, PlaySession, StudyDay

TABLES = [model._meta.db_table for model in (PlaySession, LessonProgress, StudyDay, LedgerEntry)]
PARTS = 32
# Whoever waits for the table keeps everybody behind it waiting: rather give up and try again.
LONGEST_WAIT = "10s"


class NotPossible(Exception):
    """Only PostgreSQL has partitions."""


def part(table: str, *, parts: int = PARTS) -> bool:
    """Parts a table by learner, all at once or not at all; False if it is parted already.

    Beats wait meanwhile, and are sent again by who gives up. Raises NotPossible.
    """
    if connection.vendor != "postgresql":
        raise NotPossible("Only PostgreSQL parts tables.")
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL lock_timeout = '{LONGEST_WAIT}'")
        cursor.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
        if is_parted(table, cursor):
            return False
        keys, others = _definitions(table, cursor)
        whole = f"{table}_whole"
        cursor.execute(f"ALTER TABLE {table} RENAME TO {whole}")
        cursor.execute(
            f"CREATE TABLE {table} (LIKE {whole} INCLUDING DEFAULTS INCLUDING CONSTRAINTS"
            " INCLUDING STORAGE INCLUDING COMMENTS) PARTITION BY HASH (learner_id)"
        )
        for number in range(parts):
            cursor.execute(
                f"CREATE TABLE {table}_{number} PARTITION OF {table}"
                f" FOR VALUES WITH (MODULUS {parts}, REMAINDER {number})"
            )
        cursor.execute(f"INSERT INTO {table} SELECT * FROM {whole}")  # noqa: S608
        cursor.execute(f"DROP TABLE {whole}")
        for definition in [*keys, *others]:
            cursor.execute(definition)
    with connection.cursor() as cursor:
        cursor.execute(f"ANALYZE {table}")
    return True


def is_parted(table: str, cursor: CursorWrapper) -> bool:
    cursor.execute("SELECT relkind = 'p' FROM pg_class WHERE oid = %s::regclass", [table])
    return bool(cursor.fetchone()[0])


def _definitions(table: str, cursor: CursorWrapper) -> tuple[list[str], list[str]]:
    """What makes the table's keys, other indexes and triggers anew, under their names. A key
    without the learner would be refused by PostgreSQL, and nothing would have happened."""
    cursor.execute(
        "SELECT format('ALTER TABLE %%I ADD CONSTRAINT %%I %%s', %s::text, conname,"
        " pg_get_constraintdef(oid)), conindid"
        " FROM pg_constraint WHERE conrelid = %s::regclass AND contype IN ('p', 'u')",
        [table, table],
    )
    keys = cursor.fetchall()
    cursor.execute(
        "SELECT pg_get_indexdef(indexrelid) FROM pg_index"
        " WHERE indrelid = %s::regclass AND indexrelid != ALL(%s)",
        [table, [index for _, index in keys]],
    )
    indexes = [row[0] for row in cursor.fetchall()]
    cursor.execute(
        "SELECT pg_get_triggerdef(oid) FROM pg_trigger"
        " WHERE tgrelid = %s::regclass AND NOT tgisinternal",
        [table],
    )
    triggers = [row[0] for row in cursor.fetchall()]
    return [definition for definition, _ in keys], [*indexes, *triggers]
