from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.management import call_command
from django.db.models.signals import pre_migrate
from django.utils.translation import gettext_lazy as _


class OperationsConfig(AppConfig):
    name = "operations"
    verbose_name = _("Operations")

    def ready(self) -> None:
        from operations import embedded, upkeep, worker  # noqa: F401

        embedded.register(worker.start_thread)
        pre_migrate.connect(make_cache_table, sender=self, dispatch_uid="operations.cache")
        if settings.METRICS_TOKEN:
            from django.tasks.signals import task_finished

            from operations import measures

            for reader in (measures.readiness, measures.background, measures.disk):
                measures.register(reader)
            task_finished.connect(measures.count_run, dispatch_uid="operations.measures")


def make_cache_table(using: str, **kwargs: Any) -> None:
    """Where the database keeps the cache: before anything that a migration calls looks there."""
    if using == "default":
        call_command("createcachetable", verbosity=0)
