"""Workers: as a thread beside the development server, or as `manage.py worker`."""

import logging
import threading
import time

from django.db import close_old_connections, connections
from django.tasks import TaskResultStatus
from django.utils import timezone
from django_tasks_db.management.commands.db_worker import Worker
from django_tasks_db.models import DBTaskResult

from operations import jobs, periodic, request_id
from operations.leases import Lease

INTERVAL = 1.0
PERIODIC = periodic.run_periodic.module_path
LONGEST_PAUSE = 30.0

logger = logging.getLogger("jobs")


class JobWorker(Worker):
    """django-tasks-db's worker, which settles what failed."""

    def run_task(self, db_task_result: DBTaskResult) -> None:
        began = time.monotonic()
        with request_id.bound(f"job-{db_task_result.pk.hex[:8]}"):
            super().run_task(db_task_result)
            if db_task_result.status == TaskResultStatus.FAILED:
                jobs.settle(failed=db_task_result, now=timezone.now())
            else:
                seconds = time.monotonic() - began
                # What runs each minute is worth a line only to those who ask for more.
                level = logging.DEBUG if db_task_result.task_path == PERIODIC else logging.INFO
                logger.log(level, "job %s done in %.2f s", db_task_result.task_path, seconds)


def make(*, worker_id: str, batch: bool = False, interval: float = INTERVAL) -> JobWorker:
    """A worker for every queue of the jobs; with `batch` it ends when nothing is due."""
    return JobWorker(
        queue_names=["*"],
        excluded_queue_names=[],
        interval=interval,
        batch=batch,
        backend_name=jobs.BACKEND,
        startup_delay=False,
        max_tasks=None,
        worker_id=worker_id,
    )


def drain() -> None:
    """Runs everything that is due, in this thread."""
    with Lease() as lease:
        make(worker_id=lease.worker_id, batch=True).run()


def start_thread() -> threading.Thread:
    """Starts the worker that lives beside the development server."""
    thread = threading.Thread(target=supervise, name="worker", daemon=True)
    thread.start()
    return thread


def supervise(over: threading.Event | None = None) -> None:
    """Works until told to stop. A worker that dies of a database error is followed by another.

    Each has an id of its own, so that what the dead one held is run again.
    """
    over = over or threading.Event()
    pause = 1.0
    while not over.is_set():
        began = time.monotonic()
        try:
            close_old_connections()
            with Lease() as lease:
                make(worker_id=lease.worker_id).run()
        except Exception:
            logger.exception("the worker died and is started anew in %d s", pause)
            connections.close_all()
        pause = 1.0 if time.monotonic() - began > LONGEST_PAUSE else min(pause * 2, LONGEST_PAUSE)
        over.wait(pause)
