"""`/metrics`: what was counted, and what the database says when somebody looks.

What stands (jobs that wait, orders by state) is read in a few queries whose number is constant;
each machine gives the same answer. Upper apps register their readers in AppConfig.ready().
"""

import logging
import shutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import DatabaseError
from django.db.models import Case, Count, Min, When
from django.http import HttpRequest, HttpResponse
from django.tasks import TaskResult, TaskResultStatus
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django_tasks_db.models import DBTaskResult, get_date_max

from operations import counts, health, jobs, leases
from operations.models import ParkedJob

logger = logging.getLogger("operations")

JOB_RUNS = counts.Count(
    "rizhi_job_runs", "Jobs run by workers of this machine.", ("job", "outcome")
)


@dataclass(frozen=True)
class Measure:
    """A figure as it stands, by the values of its label (one without a label has the value "")."""

    name: str
    about: str
    figures: dict[str, float]
    label: str = ""


Reader = Callable[[], Iterable[Measure]]
_readers: list[Reader] = []


def register(reader: Reader) -> None:
    """Registers a function that reads measures of an app."""
    if reader not in _readers:
        _readers.append(reader)


def is_asked_rightly(request: HttpRequest) -> bool:
    """Whether it bears the token."""
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    return kind.lower() == "bearer" and constant_time_compare(token, settings.METRICS_TOKEN)


def metrics(request: HttpRequest) -> HttpResponse:
    """Everything, in Prometheus' text format."""
    from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
    from prometheus_client.multiprocess import MultiProcessCollector

    registry = CollectorRegistry()
    MultiProcessCollector(registry, path=str(counts.folder()))
    registry.register(_Standing())
    response = HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)
    response["Cache-Control"] = "no-store"
    return response


class _Standing:
    """Prometheus' collector of what is read at each look."""

    def collect(self) -> Iterator[Any]:
        from prometheus_client.core import GaugeMetricFamily

        for reader in _readers:
            try:
                found = list(reader())
            except DatabaseError:
                # What can be said is said; rizhi_ready tells that the database is away.
                logger.warning("measures could not be read", exc_info=True)
                continue
            for measure in found:
                labels = [measure.label] if measure.label else []
                family = GaugeMetricFamily(measure.name, measure.about, labels=labels)
                for value, figure in measure.figures.items():
                    family.add_metric([value] if labels else [], figure)
                yield family


def count_run(task_result: TaskResult, **kwargs: Any) -> None:
    """Hears that a worker has done a job, or failed."""
    done = task_result.status == TaskResultStatus.SUCCESSFUL
    JOB_RUNS.add(task_result.task.module_path, "done" if done else "failed")


def readiness() -> list[Measure]:
    found = {name: float(fine) for name, fine in health.checks().items()}
    return [Measure("rizhi_ready", "Whether each check of /readyz is fine.", found, "check")]


def background() -> list[Measure]:
    now = timezone.now()
    waiting, oldest = _waiting(now)
    failing = DBTaskResult.objects.ready().exclude(exception_class_path="").count()
    return [
        Measure("rizhi_jobs_waiting", "Jobs that are due.", {"": waiting}),
        Measure("rizhi_jobs_oldest_seconds", "How long the oldest of them is due.", {"": oldest}),
        Measure("rizhi_jobs_failing", "Jobs that failed and are tried again.", {"": failing}),
        Measure("rizhi_jobs_parked", "Jobs set aside.", {"": ParkedJob.objects.count()}),
        Measure("rizhi_workers", "Workers alive.", {"": len(leases.alive(now=now))}),
    ]


def disk() -> list[Measure]:
    usage = shutil.disk_usage(settings.DATA)
    return [
        Measure("rizhi_disk_bytes", "Size of the data folder's disk.", {"": usage.total}),
        Measure("rizhi_disk_free_bytes", "What is free of it.", {"": usage.free}),
    ]


def _waiting(now: datetime) -> tuple[int, float]:
    """How many jobs are due, and for how many seconds the oldest is."""
    since = Case(When(run_after=get_date_max(), then="enqueued_at"), default="run_after")
    due = DBTaskResult.objects.ready().filter(backend_name=jobs.BACKEND)
    found = due.order_by().aggregate(number=Count("pk"), oldest=Min(since))
    oldest = (now - found["oldest"]).total_seconds() if found["oldest"] else 0
    return found["number"], oldest
