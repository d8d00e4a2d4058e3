"""Django's `migrate`; a database that is one app's own is spared the migrations of the others."""

from typing import Any

from django.core.management.commands import migrate
from django.db.migrations.loader import MigrationLoader

from operations import preparation


class Command(migrate.Command):
    def handle(self, *args: Any, **options: Any) -> None:
        graph = MigrationLoader(None).graph
        own = {app for app, _name in preparation.last_migrations(options["database"], graph)}
        if not options["app_label"] and len(own) == 1:
            # All others would be walked through for nothing: half a minute for the sandbox.
            options |= {"app_label": own.pop(), "run_syncdb": False}
        super().handle(*args, **options)
