"""Who works on what, and what was left behind.

The queue does not know that a worker was killed: its job would stay RUNNING for ever. So each
worker keeps a row beating, and what is held by one that has stopped goes back to the queue. A
lease by the job's own age would re-run long jobs.
"""

import atexit
import logging
import socket
import threading
import time
from datetime import datetime, timedelta
from types import TracebackType

from django.conf import settings
from django.db import close_old_connections, connections
from django.tasks import TaskResultStatus
from django.utils import timezone
from django.utils.crypto import get_random_string
from django_tasks_db.models import DBTaskResult

from operations import clock, jobs, periodic
from operations.models import WorkerBeat

FORGOTTEN_AFTER = timedelta(hours=1)
TICK_SECONDS = 60
GOODBYE_SECONDS = 5

logger = logging.getLogger("jobs")


def stale_after() -> timedelta:
    """The silence after which a worker counts as dead."""
    return timedelta(seconds=settings.WORKER_STALE_SECONDS)


def alive(*, now: datetime) -> set[str]:
    """The ids of the workers that are at work; `now` is real time."""
    beating = WorkerBeat.objects.filter(beat_at__gte=now - stale_after())
    return set(beating.values_list("worker_id", flat=True))


def reap(*, now: datetime) -> int:
    """Gives back to the queue what dead workers held, and settles what they left failed."""
    queue = DBTaskResult.objects.filter(backend_name=jobs.BACKEND)
    # In this order: a worker beats before it claims, so a claim seen here has its beat below.
    running = list(queue.running())
    living = alive(now=now) if running else set()
    released = 0
    for held in running:
        if not held.worker_ids or held.worker_ids[-1] not in living:
            released += _release(held=held, now=now)
    # A worker settles its own failures at once; one killed in between could not.
    for failed in queue.failed().filter(finished_at__lt=now - stale_after()):
        jobs.settle(failed=failed, now=now)
    WorkerBeat.objects.filter(beat_at__lt=now - FORGOTTEN_AFTER).delete()
    return released


def _release(*, held: DBTaskResult, now: datetime) -> int:
    if len(held.worker_ids) >= jobs.attempts_of(held.task_path):
        jobs.park(task_result=held, error="The worker died at every attempt.", now=now)
        return 0
    released = DBTaskResult.objects.filter(
        pk=held.pk, status=TaskResultStatus.RUNNING, started_at=held.started_at
    ).update(status=TaskResultStatus.READY)
    if released:
        logger.warning("job %s is run again: its worker died", held.task_path)
        jobs.call_for(held)
    return released


class Lease:
    """While held: a worker's row beats, dead workers' jobs are given back, and time ticks."""

    def __init__(self) -> None:
        self.worker_id = get_random_string(32)
        self._over = threading.Event()
        # A beat under way must not bring back the row that end() takes.
        self._row = threading.Lock()
        self._thread = threading.Thread(target=self._keep, name="worker-beat", daemon=True)

    def __enter__(self) -> "Lease":
        self.beat()
        self._thread.start()
        atexit.register(self.end)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        atexit.unregister(self.end)
        self.end()

    def end(self) -> None:
        """Says good-bye, so that whatever is still held is taken over at once."""
        self._over.set()
        is_still = self._row.acquire(timeout=GOODBYE_SECONDS)
        try:
            WorkerBeat.objects.filter(worker_id=self.worker_id).delete()
        except Exception:
            logger.warning("a worker could not say good-bye", exc_info=True)
        finally:
            if is_still:
                self._row.release()

    def _keep(self) -> None:
        next_tick = time.monotonic()
        while not self._over.is_set():
            try:
                close_old_connections()
                self.beat()
                reap(now=timezone.now())
                if time.monotonic() >= next_tick:
                    next_tick = time.monotonic() + TICK_SECONDS
                    periodic.tick(now=clock.now())
                    jobs.call_for_waiting()
            except Exception:
                logger.exception("a worker's beat failed")
                connections.close_all()
            self._over.wait(settings.WORKER_STALE_SECONDS / 6)
        connections.close_all()

    def beat(self) -> None:
        """Says that this worker lives; nothing once it has said good-bye."""
        with self._row:
            if self._over.is_set():
                return
            WorkerBeat.objects.update_or_create(
                worker_id=self.worker_id,
                defaults={"host": socket.gethostname(), "beat_at": timezone.now()},
            )
