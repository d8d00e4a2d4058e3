"""What a start needs first: tables, roles, hashed files. Each is done only when it is due."""

import fcntl
import hashlib
from pathlib import Path
from typing import IO

from django.conf import settings
from django.contrib.staticfiles import finders
from django.core.management import CommandError, call_command
from django.core.management.sql import emit_post_migrate_signal
from django.db import connections, router
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.graph import MigrationGraph


def lock_data_folder() -> IO[str]:
    """Held until this process ends: a second site in one folder would change the first one's
    addresses and do its work twice. Raises CommandError."""
    lock = (settings.DATA / "running").open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.close()
        raise CommandError(
            f"A site runs in {settings.DATA} already. Stop it, or give this one a folder of its "
            "own: make run DATA=second"
        ) from None
    return lock


def migrate_what_is_due() -> list[str]:
    """Migrates the databases that need it; gives their names."""
    own = [alias for alias in connections if alias not in settings.REPLICAS]
    due = [alias for alias in own if has_plan(alias)]
    for alias in due:
        call_command("migrate", database=alias, verbosity=0, interactive=False)
    if "default" not in due:
        call_command("createcachetable", verbosity=0)  # the cache's settings may have changed
        # Roles and site follow their code, which may have changed without a migration.
        emit_post_migrate_signal(verbosity=0, interactive=False, db="default")
    return due


def has_plan(alias: str) -> bool:
    """Whether something is left to migrate there."""
    executor = MigrationExecutor(connections[alias])
    return bool(executor.migration_plan(last_migrations(alias, executor.loader.graph)))


def last_migrations(alias: str, graph: MigrationGraph) -> list[tuple[str, str]]:
    """App and name, for each app that may have tables in this database."""
    return [leaf for leaf in graph.leaf_nodes() if router.allow_migrate(alias, leaf[0])]


def collect_static_when_stale() -> bool:
    """Collects, hashes and compresses the static files if one of them changed."""
    stamp = Path(settings.STATIC_ROOT) / ".collected"
    state = _state_of_static_files()
    if stamp.exists() and stamp.read_text() == state:
        return False
    call_command("collectstatic", verbosity=0, interactive=False, clear=True)
    stamp.write_text(state)
    return True


def _state_of_static_files() -> str:
    digest = hashlib.sha256()
    for finder in finders.get_finders():
        for name, storage in finder.list(["CVS", ".*", "*~"]):
            status = Path(storage.path(name)).stat()
            digest.update(f"{name}:{status.st_size}:{status.st_mtime_ns}\n".encode())
    return digest.hexdigest()
