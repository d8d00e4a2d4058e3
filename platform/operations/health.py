"""`/healthz`: the process is up. `/readyz`: it may be sent visitors."""

import logging
import os
from collections.abc import Callable
from datetime import datetime, timedelta

from django.conf import settings
from django.core.cache import cache
from django.db import connections
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django_tasks_db.models import DBTaskResult, get_date_max

from operations import jobs, leases, preparation

logger = logging.getLogger("operations")
_migrated: set[str] = set()


def healthz(request: HttpRequest) -> HttpResponse:
    response = HttpResponse("ok\n", content_type="text/plain; charset=utf-8")
    response["Cache-Control"] = "no-store"
    return response


def readyz(request: HttpRequest) -> HttpResponse:
    """Each check by name; 503 when one fails."""
    found = checks()
    response = JsonResponse(
        {"ready": all(found.values()), "checks": found}, status=200 if all(found.values()) else 503
    )
    response["Cache-Control"] = "no-store"
    return response


def checks() -> dict[str, bool]:
    """What must be so before visitors are sent here, and whether it is."""
    now = timezone.now()
    named: dict[str, Callable[[], bool]] = {
        "database": _database,
        "migrations": _migrations,
        "worker": lambda: _worker(now),
        "jobs": lambda: _no_backlog(now),
        "cache": _cache,
        "files": _files,
    }
    found: dict[str, bool] = {}
    for name, check in named.items():
        try:
            found[name] = check()
        except Exception:  # whatever a database or cache that is away may raise
            logger.warning("readiness: %s", name, exc_info=True)
            found[name] = False
    return found


def failing() -> list[str]:
    """The names of the checks that fail."""
    return [name for name, fine in checks().items() if not fine]


def _database() -> bool:
    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT 1")
        return bool(cursor.fetchone() == (1,))


def _migrations() -> bool:
    """Whether nothing is left to migrate; once that is so, this process need not ask again."""
    for alias in connections:
        if alias not in _migrated and alias not in settings.REPLICAS:
            if preparation.has_plan(alias):
                return False
            _migrated.add(alias)
    return True


def _worker(now: datetime) -> bool:
    return not settings.WORKER_REQUIRED or bool(leases.alive(now=now))


def _no_backlog(now: datetime) -> bool:
    """Whether no job that is due has waited too long."""
    limit = now - timedelta(seconds=settings.BACKLOG_SECONDS)
    overdue = Q(run_after=get_date_max(), enqueued_at__lt=limit) | Q(run_after__lt=limit)
    due = DBTaskResult.objects.ready().filter(backend_name=jobs.BACKEND)
    return not due.filter(overdue).exists()


def _cache() -> bool:
    """Whether what all processes share answers: sessions, limits."""
    cache.set("readyz", "asked", timeout=60)
    return bool(cache.get("readyz") == "asked")


def _files() -> bool:
    """Whether the data folder takes files: uploads, the list of deleted accounts."""
    return os.access(settings.DATA, os.W_OK | os.X_OK)


PATHS = {"/healthz": healthz, "/readyz": readyz}
