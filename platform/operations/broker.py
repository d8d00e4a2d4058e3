"""Jobs by way of a broker: Celery on RabbitMQ or Redis, where CELERY_BROKER_URL says so.

The row in the database stays the truth: what is to be done, by whom, how often it was tried. A
message bears the row's number alone, so that one lost, doubled or late does no harm: whoever gets
it first claims the row, and what was sent and never claimed is sent again.
"""

import logging
from collections.abc import Iterable, Iterator
from datetime import timedelta
from functools import cache as kept
from functools import partial
from itertools import batched
from typing import Any

from celery import Celery, signals
from celery.exceptions import WorkerShutdown
from django.conf import settings
from django.core.cache import cache
from django.db import close_old_connections, connections, transaction
from django.tasks import TaskResultStatus
from django_tasks_db import DatabaseBackend
from django_tasks_db.models import DBTaskResult
from django_tasks_db.utils import exclusive_transaction

from operations import jobs

TASK = "operations.run"
# Nobody claimed it for so long: the message may be lost.
SENT_AGAIN_AFTER = timedelta(minutes=10)
# A worker holds what is for later; what is for much later waits in the database instead.
LONGEST_HELD = timedelta(minutes=2)
# Redis gives back what a silent worker took. The row's lease is quicker.
VISIBILITY = timedelta(minutes=15)
# Whoever queues a job does not wait longer for a broker that does not answer.
PATIENCE_SECONDS = 2.0
AT_ONCE = 1000

logger = logging.getLogger("jobs")


class BrokeredBackend(DatabaseBackend):
    """The database's queue, which tells the broker of each job once it is committed."""

    def enqueue(self, task: Any, args: Any, kwargs: Any) -> Any:
        result = super().enqueue(task, args, kwargs)
        if task.run_after is None:
            transaction.on_commit(partial(send, [result.db_result]))
        return result


@kept
def app(url: str, queue: str) -> Celery:
    """Celery, as we use it: one job at a time, acknowledged when it is done."""
    made = Celery("rizhi", broker=url, set_as_current=False, fixups=[])
    amqp = url.startswith(("amqp", "pyamqp"))
    made.conf.update(
        task_default_queue=queue,
        task_ignore_result=True,
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        worker_prefetch_multiplier=1,
        worker_enable_remote_control=False,
        worker_redirect_stdouts=False,
        broker_connection_retry_on_startup=True,
        broker_connection_timeout=PATIENCE_SECONDS,
        broker_transport_options={"confirm_publish": True, "write_timeout": PATIENCE_SECONDS}
        if amqp
        else {
            "visibility_timeout": VISIBILITY.total_seconds(),
            "socket_connect_timeout": PATIENCE_SECONDS,
        },
    )
    return made


def ours() -> Celery:
    return app(settings.CELERY_BROKER_URL, settings.CELERY_QUEUE)


# --- sending -----------------------------------------------------------------------------------


def send(rows: Iterable[DBTaskResult], *, after: timedelta = timedelta()) -> None:
    """Tells the broker of jobs. What it cannot be told now, `send_waiting` tells it later."""
    if after > LONGEST_HELD:
        return
    for row in rows:
        try:
            ours().send_task(
                TASK,
                args=[str(row.pk)],
                countdown=after.total_seconds() or None,
                confirm_timeout=PATIENCE_SECONDS,  # short of memory, RabbitMQ confirms nothing
                retry_policy={"max_retries": 1, "interval_start": 0},
            )
            cache.set(_mark(row), 1, SENT_AGAIN_AFTER.total_seconds())
        except Exception as problem:
            logger.warning("the broker was not told of a job: %s", type(problem).__name__)
            return


def send_waiting() -> int:
    """Sends what is due and nobody was told of, or so long ago that it may be lost."""
    sent = 0
    for rows in batched(_waiting(), AT_ONCE):
        marks = {_mark(row): row for row in rows}
        known = cache.get_many(list(marks))
        lost = [row for mark, row in marks.items() if mark not in known]
        send(lost)
        sent += len(lost)
    return sent


def _waiting() -> Iterator[DBTaskResult]:
    due = DBTaskResult.objects.ready().filter(backend_name=jobs.BACKEND)
    return due.only("pk", "worker_ids").iterator(chunk_size=AT_ONCE)


def _mark(row: DBTaskResult) -> str:
    """Of a job and its attempt: the next one is sent anew."""
    return f"job-sent-{row.pk}-{len(row.worker_ids)}"


# --- working -----------------------------------------------------------------------------------


def work(*, worker_id: str) -> int:
    """Works on what the broker sends until told to stop; gives the exit code.

    A first SIGTERM lets the job in hand end. A job whose row cannot be kept ends the worker, as
    it does without a broker: its lease is over, and another takes the job up.
    """
    from operations import worker

    runner = worker.make(worker_id=worker_id)
    celery = ours()

    @celery.task(name=TASK)
    def run(key: str) -> None:
        try:
            close_old_connections()
            if row := claim(key, worker_id=worker_id):
                runner.run_task(row)
        except Exception as problem:
            logger.exception("the worker gives up")
            connections.close_all()
            raise WorkerShutdown(1) from problem

    signals.setup_logging.connect(_keep_our_logging)
    for told_by_us in ("celery.worker.strategy", "celery.app.trace"):
        logging.getLogger(told_by_us).setLevel(logging.WARNING)
    working = celery.Worker(pool="solo", concurrency=1, quiet=True, without_mingle=True)
    working.start()
    return working.exitcode or 0


def claim(key: str, *, worker_id: str) -> DBTaskResult | None:
    """The job, now this worker's; None where it is done, gone, or somebody else's."""
    with exclusive_transaction():
        row = DBTaskResult.objects.filter(pk=key, status=TaskResultStatus.READY).get_locked()
        if row is not None:
            row.claim(worker_id)
    return row


def _keep_our_logging(**told: Any) -> None:
    """Celery sets up none of its own where somebody listens for that."""
