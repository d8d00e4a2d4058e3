from django.apps import AppConfig
from django.conf import settings
from django.utils.translation import gettext_lazy as _


class OperationsConfig(AppConfig):
    name = "operations"
    verbose_name = _("Operations")

    def ready(self) -> None:
        from operations import embedded, upkeep, worker  # noqa: F401

        embedded.register(worker.start_thread)
        if settings.METRICS_TOKEN:
            from django.tasks.signals import task_finished

            from operations import measures

            for reader in (measures.readiness, measures.background, measures.disk):
                measures.register(reader)
            task_finished.connect(measures.count_run, dispatch_uid="operations.measures")
