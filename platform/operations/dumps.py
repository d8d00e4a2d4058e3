"""A database as a file, and back: SQLite by its own copy, PostgreSQL by its own programs.

Both are one moment of the database, taken while the site runs. Passwords go by the environment.
"""

import os
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.postgresql.client import DatabaseClient
from django.db.migrations.recorder import MigrationRecorder

# All or nothing: in one transaction with what is loaded.
EMPTY = "DROP SCHEMA public CASCADE; CREATE SCHEMA public;"


class DumpFailed(Exception):
    """The database could not be copied or loaded; the message says why. Nothing has changed."""


def engine(alias: str) -> str:
    """`sqlite` or `postgresql`."""
    return connections[alias].vendor


def is_empty(alias: str) -> bool:
    return not connections[alias].introspection.table_names()


def migrations(alias: str) -> list[str]:
    """What was migrated, as `app.name`."""
    applied = MigrationRecorder(connections[alias]).applied_migrations()
    return sorted(f"{app}.{name}" for app, name in applied)


def dump(alias: str, file: Path) -> None:
    """Copies a database into a new file. Raises DumpFailed."""
    if engine(alias) == "sqlite":
        with closing(sqlite3.connect(_path(alias), timeout=60)) as source:
            source.execute("VACUUM INTO ?", [str(file)])
        return
    command, env = _client(connections[alias], "pg_dump")
    _run([*command, "-Fc", "--no-owner", "--no-privileges", "-f", str(file)], env)


def load(alias: str, file: Path) -> None:
    """Puts what a file holds in the place of all that the database holds. Raises DumpFailed."""
    connections[alias].close()
    if engine(alias) == "sqlite":
        with (
            closing(sqlite3.connect(file)) as source,
            closing(sqlite3.connect(_path(alias), timeout=60)) as target,
        ):
            source.backup(target)
        return
    command, env = _client(connections[alias], "psql")
    with TemporaryDirectory(dir=file.parent) as folder:
        script = Path(folder) / "script.sql"
        # Written out first: psql could not tell a script that broke off from a whole one.
        _run(["pg_restore", "--no-owner", "--no-privileges", "-f", str(script), str(file)], env)
        whole = ["-X", "-q", "-v", "ON_ERROR_STOP=1", "--single-transaction"]
        _run([*command, *whole, "-c", EMPTY, "-f", str(script)], env)


def _path(alias: str) -> str:
    return str(connections[alias].settings_dict["NAME"])


def _client(connection: BaseDatabaseWrapper, program: str) -> tuple[list[str], dict[str, str]]:
    """The command with whom and where to ask; the password is in the environment."""
    arguments, env = DatabaseClient.settings_to_cmd_args_env(connection.settings_dict, [])
    return [program, *arguments[1:]], {**os.environ, **(env or {})}


def _run(command: list[str], env: dict[str, str]) -> None:
    try:
        done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)  # noqa: S603
    except FileNotFoundError as missing:
        raise DumpFailed(f"{command[0]} is not installed (PostgreSQL's client).") from missing
    if done.returncode:
        raise DumpFailed(done.stderr.strip().splitlines()[0] if done.stderr else command[0])
