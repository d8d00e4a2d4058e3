"""Background jobs: tried again with back-off, then parked where staff see them.

A job is queued in the caller's transaction and may run more than once (its worker can be killed
at any moment): it must be idempotent.
"""

import hashlib
import json
import logging
import random
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, overload

from django.conf import settings
from django.db import transaction
from django.tasks import Task, TaskResultStatus, task
from django.utils.module_loading import import_string
from django_tasks_db.models import DBTaskResult

from operations.models import ParkedJob

BACKEND = "jobs"
ATTEMPTS = 8
FIRST_PAUSE = timedelta(seconds=10)
LONGEST_PAUSE = timedelta(hours=3)

logger = logging.getLogger("jobs")
_attempts: dict[str, int] = {}


class JobGone(Exception):
    """The parked job's code is no longer there."""


@overload
def job(function: Callable[..., Any], /) -> Task: ...
@overload
def job(*, attempts: int = ATTEMPTS) -> Callable[[Callable[..., Any]], Task]: ...
def job(
    function: Callable[..., Any] | None = None, /, *, attempts: int = ATTEMPTS
) -> Task | Callable[[Callable[..., Any]], Task]:
    """Makes a module-level function a job: `send.enqueue(message=12)` (arguments are JSON)."""

    def make(function: Callable[..., Any]) -> Task:
        made: Task = task(backend=BACKEND)(function)
        _attempts[made.module_path] = attempts
        return made

    return make(function) if function is not None else make


def attempts_of(path: str) -> int:
    """How often the job at this dotted path is tried."""
    return _attempts.get(path, ATTEMPTS)


def settle(*, failed: DBTaskResult, now: datetime) -> None:
    """Puts a failed job back in the queue for later, or parks it after its last attempt.

    `now` is real time: the queue's run_after is compared with it.
    """
    tried = len(failed.worker_ids)
    if tried >= attempts_of(failed.task_path):
        park(task_result=failed, error=_error_of(failed), now=now)
        return
    run_after = now + pause_after(tried)
    moved = DBTaskResult.objects.filter(pk=failed.pk, status=TaskResultStatus.FAILED).update(
        status=TaskResultStatus.READY, run_after=run_after, finished_at=None
    )
    if moved:
        logger.warning("job %s failed, attempt %d; next at %s", failed.task_path, tried, run_after)
        call_for(failed, after=run_after - now)


def call_for(row: DBTaskResult, *, after: timedelta = timedelta()) -> None:
    """Has the broker call a worker for a job that is in the queue again. Without a broker the
    workers ask for themselves."""
    if settings.CELERY_BROKER_URL:
        from operations import broker

        transaction.on_commit(lambda: broker.send([row], after=after))


def call_for_waiting() -> None:
    """The same for all that nobody was called for yet."""
    if settings.CELERY_BROKER_URL:
        from operations import broker

        broker.send_waiting()


def pause_after(tried: int) -> timedelta:
    """10 s, 30 s, 90 s … three hours; each up to a fifth longer, lest jobs march in step."""
    pause = min(FIRST_PAUSE * 3 ** max(tried - 1, 0), LONGEST_PAUSE)
    return pause * random.uniform(1, 1.2)  # noqa: S311


def park(*, task_result: DBTaskResult, error: str, now: datetime) -> None:
    """Moves a job from the queue to where staff see it; the same job is parked once."""
    with transaction.atomic():
        deleted, _ = DBTaskResult.objects.filter(
            pk=task_result.pk, status=task_result.status, started_at=task_result.started_at
        ).delete()
        if not deleted:
            return
        ParkedJob.objects.update_or_create(
            fingerprint=_fingerprint(task_result.task_path, task_result.args_kwargs),
            defaults={
                "path": task_result.task_path,
                "arguments": task_result.args_kwargs,
                "attempts": len(task_result.worker_ids),
                "error": error[:300],
                "traceback": task_result.traceback,
                "parked_at": now,
            },
        )
    logger.error("job %s parked: %s", task_result.task_path, error)


def run_again(*, parked: ParkedJob) -> None:
    """Queues a parked job anew. Raises JobGone."""
    with transaction.atomic():
        if not ParkedJob.objects.filter(pk=parked.pk).delete()[0]:
            return
        try:
            again = import_string(parked.path)
        except ImportError as error:
            raise JobGone(parked.path) from error
        again.enqueue(*parked.arguments["args"], **parked.arguments["kwargs"])


def _error_of(failed: DBTaskResult) -> str:
    """The traceback's last line: class and message."""
    lines = failed.traceback.strip().splitlines()
    return lines[-1] if lines else failed.exception_class_path


def _fingerprint(path: str, arguments: dict[str, Any]) -> str:
    text = json.dumps([path, arguments], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()
