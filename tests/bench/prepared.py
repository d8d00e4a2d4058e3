"""The site made ready: tables, files, content, and what is asked of it."""

from typing import Any

from django.core.management import call_command
from django.db import connection, connections

from tests.bench import floor
from tests.bench.content import Say, Size, build
from tests.bench.load import Row
from tests.bench.queries import count
from tests.bench.rows import Rows
from tests.bench.wsgi import make

COMMANDS: list[tuple[str, dict[str, Any]]] = [
    ("compile_translations", {}),
    ("migrate", {}),
    ("migrate", {"database": "sandbox"}),
    ("collectstatic", {"interactive": False}),
]


def prepare(*, say: Say) -> list[tuple[Row, int]]:
    """Every row with the number of its queries."""
    say("preparing the database")
    for command, options in COMMANDS:
        call_command(command, verbosity=0, **options)
    _run(floor.TABLE)
    content = build(Size(), say=lambda what: say(f"  {what}"))
    _run("ANALYZE")
    say("counting queries")
    application = make()
    counted = [(row, count(row, application)) for row in Rows(content).all()]
    connections.close_all()
    return counted


def _run(sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql)
