"""What every test has: both databases, made once; the clock; the queue; the log."""

import hashlib
import logging
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from datetime import datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

# Everything that goes through the sandbox is held against Stripe's contract.
pytest_plugins = ["tests.contract.plugin"]

ROOT = Path(__file__).resolve().parent.parent
TEMPLATES = ROOT / "var" / "test"
DB_FIXTURES = {"db", "transactional_db", "live_server"}
MAY_BE_SKIPPED = {"postgres", "sqlite", "stripe_live"}


def pytest_sessionstart(session: pytest.Session) -> None:
    """The site speaks Chinese in the tests too."""
    from django.conf import settings

    from operations import translations

    translations.compile_stale(settings.LOCALE_PATHS)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    from django.conf import settings
    from django.db import connections

    sqlite = connections["default"].vendor == "sqlite"
    for item in items:
        _widen_database_marker(item, list(settings.DATABASES))
        if sqlite and item.get_closest_marker("postgres"):
            item.add_marker(pytest.mark.skip(reason="needs PostgreSQL: make test-services"))
        if not sqlite and item.get_closest_marker("sqlite"):
            item.add_marker(pytest.mark.skip(reason="SQLite's limit on its file"))
        if item.get_closest_marker("stripe_live") and not os.environ.get("STRIPE_TEST_SECRET_KEY"):
            item.add_marker(pytest.mark.skip(reason="needs STRIPE_TEST_SECRET_KEY"))


def _widen_database_marker(item: pytest.Item, aliases: list[str]) -> None:
    """Both databases for every test, and what migrations made put back after a flush."""
    marker = item.get_closest_marker("django_db")
    fixtures = set(getattr(item, "fixturenames", ()))
    if marker is None and not fixtures & DB_FIXTURES:
        return
    options: dict[str, Any] = {"databases": aliases, **(marker.kwargs if marker else {})}
    if options.get("transaction") or fixtures & {"transactional_db", "live_server"}:
        options.setdefault("serialized_rollback", True)
    item.add_marker(pytest.mark.django_db(**options), append=False)


# --- the databases -----------------------------------------------------------------------------


@pytest.fixture(scope="session")
def django_db_keepdb(django_db_keepdb: bool) -> bool:
    """On SQLite the migrated file is copied from the last run with the same migrations."""
    from django.db import connections

    return django_db_keepdb or connections["default"].vendor == "sqlite"


@pytest.fixture(scope="session")
def django_db_modify_db_settings() -> None:
    """Names are each process's own already (settings_test): no suffix for xdist on SQLite."""
    from django.db import connections
    from pytest_django.fixtures import _set_suffix_to_test_databases

    if connections["default"].vendor != "sqlite":
        if worker := os.environ.get("PYTEST_XDIST_WORKER"):
            _set_suffix_to_test_databases(suffix=worker)
        return
    for alias in connections:
        template = template_of(alias)
        if template.exists():
            Path(_test_name(alias)).write_bytes(template.read_bytes())


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """Leaves a copy of the fresh databases for the next run; no server of a test holds on to one
    that is to be dropped."""
    from django.db import connections

    if connections["default"].vendor == "sqlite":
        _keep_templates(connections)
    yield
    if connections["default"].vendor == "postgresql":
        with django_db_blocker.unblock():
            for alias in connections:
                with connections[alias].cursor() as cursor:
                    cursor.execute(END_OTHERS)


END_OTHERS = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


def _keep_templates(connections: Any) -> None:
    TEMPLATES.mkdir(parents=True, exist_ok=True)
    for alias in connections:
        if not Path(_test_name(alias)).exists() or template_of(alias).exists():
            continue
        for old in TEMPLATES.glob(f"{alias}-*.sqlite3"):
            old.unlink(missing_ok=True)
        unfinished = TEMPLATES / f"{alias}-{os.getpid()}.part"
        with sqlite3.connect(_test_name(alias)) as source:
            source.execute("VACUUM INTO ?", [str(unfinished)])
        source.close()
        unfinished.replace(template_of(alias))


def _test_name(alias: str) -> str:
    from django.conf import settings

    return str(settings.DATABASES[alias]["TEST"]["NAME"])


def template_of(alias: str) -> Path:
    """Named by all that shapes a fresh database: a changed migration means a new one."""
    shaping = [ROOT / "requirements-dev.txt", *sorted(ROOT.glob("*/**/migrations/*.py"))]
    digest = hashlib.sha256()
    for file in shaping:
        digest.update(str(file.relative_to(ROOT)).encode())
        digest.update(file.read_bytes())
    return TEMPLATES / f"{alias}-{digest.hexdigest()[:16]}.sqlite3"


@pytest.fixture(scope="session", autouse=True)
def _what_is_kept_gives_way_between_tests() -> None:
    """Around tests with real transactions tables are emptied and filled again: without the
    triggers of operations.fixed_rows."""
    from django.db.backends.base.creation import BaseDatabaseCreation
    from django.db.backends.sqlite3.base import DatabaseOperations

    flush = DatabaseOperations.execute_sql_flush
    fill = BaseDatabaseCreation.deserialize_db_from_string

    def flushes(operations: Any, statements: list[str]) -> None:
        with _without_triggers(operations.connection):
            flush(operations, statements)

    def fills(creation: Any, data: str) -> None:
        with _without_triggers(creation.connection):
            fill(creation, data)

    DatabaseOperations.execute_sql_flush = flushes  # type: ignore[method-assign,assignment]
    BaseDatabaseCreation.deserialize_db_from_string = fills  # type: ignore[method-assign,assignment]


@contextmanager
def _without_triggers(connection: Any) -> Iterator[None]:
    sqlite = connection.vendor == "sqlite"
    ask = (
        "SELECT name, tbl_name, sql FROM sqlite_master WHERE type = 'trigger'"
        if sqlite
        else "SELECT tgname, tgrelid::regclass::text, '' FROM pg_trigger WHERE NOT tgisinternal"
    )
    with connection.cursor() as cursor:
        cursor.execute(ask)
        ours = [row for row in cursor.fetchall() if row[0].endswith(("_is_fixed", "_is_kept"))]
        for name, table, _ in ours:
            away = f'ALTER TABLE {table} DISABLE TRIGGER "{name}"'
            cursor.execute(f'DROP TRIGGER "{name}"' if sqlite else away)
        yield
        for name, table, sql in ours:
            cursor.execute(sql or f'ALTER TABLE {table} ENABLE TRIGGER "{name}"')


# --- what tests ask for ------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def _nothing_cached() -> None:
    """No test sees another's rate limits or cached pages."""
    from django.core.cache import cache

    cache.clear()


@pytest.fixture
def run_jobs(db: None, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Runs every job that is due, and what these queue. A failing one is tried later or parked."""
    from django_tasks_db.management.commands import db_worker

    from operations import worker

    # The worker closes what it takes for a stale connection: the one with the test's transaction.
    monkeypatch.setattr(db_worker, "close_old_connections", lambda: None)

    def run() -> None:
        worker.make(worker_id="the-tests", batch=True, interval=0).run()

    return run


class MovableClock:
    """The site's clock, which tests may move ahead."""

    def now(self) -> datetime:
        from operations import clock

        return clock.now()

    def move(self, by: timedelta) -> datetime:
        from operations import clock

        clock.move(by)
        return clock.now()


@pytest.fixture
def clock() -> Iterator[MovableClock]:
    """Moves the site's clock; real time is back afterwards."""
    from operations import clock as site_clock

    yield MovableClock()
    site_clock._file().unlink(missing_ok=True)


# --- nothing is skipped in silence ------------------------------------------------------------


_skipped: list[str] = []


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.skipped and not MAY_BE_SKIPPED & set(report.keywords):
        _skipped.append(report.nodeid)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Where it must count (CI), a skipped test is a failed one."""
    if os.environ.get("CI") and _skipped and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if os.environ.get("CI"):
        for nodeid in _skipped:
            terminalreporter.write_line(f"skipped, which counts as failed: {nodeid}")


@pytest.fixture
def log_of() -> Iterator[Callable[[], str]]:
    """What a log file of a server would hold, from now on."""
    from operations import logs

    stream = StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logs.JsonFormatter())
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    yield stream.getvalue
    root.removeHandler(handler)
    root.setLevel(level)


@pytest.fixture
def no_room() -> Callable[[], AbstractContextManager[None]]:
    """Times at which the database's file may not grow, nor has room in it (SQLite only)."""
    from django.db import OperationalError, connection

    @contextmanager
    def full() -> Iterator[None]:
        with connection.cursor() as cursor:
            cursor.execute("CREATE TABLE filling (bytes)")
            cursor.execute("PRAGMA max_page_count = 1")  # which is as many as there are
            with suppress(OperationalError):
                while True:
                    cursor.execute("INSERT INTO filling VALUES (zeroblob(4000))")
        try:
            yield
        finally:
            with connection.cursor() as cursor:
                cursor.execute("PRAGMA max_page_count = 4294967294")
                cursor.execute("DROP TABLE filling")

    return full
