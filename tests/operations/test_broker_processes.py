"""Workers that a real broker calls: late, killed in mid-job, told to end."""

import signal

import pytest
from django_tasks_db.models import DBTaskResult

from operations import health
from operations.models import WorkerBeat
from tests.operations import sample_jobs
from tests.operations.brokers import through, url_of
from tests.operations.processes import beside, free_port, lines, start, wait_until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]


@pytest.fixture(params=["rabbitmq", "redis"])
def worker(request, settings, tmp_path):
    """Starts workers of this test's database and queue; none outlives the test."""
    started = []

    def run():
        env = beside(
            DATA=str(tmp_path),
            WORKER_STALE_SECONDS="2",
            CELERY_BROKER_URL=settings.CELERY_BROKER_URL,
            CELERY_QUEUE=settings.CELERY_QUEUE,
            REDIS_URL=url_of("redis"),
        )
        started.append(start("worker", env=env, log=tmp_path / "worker.log"))
        return started[-1]

    with through(settings, url_of(request.param)):
        yield run
        for process in started:
            process.kill()
            process.wait()


def test_what_was_not_told_and_what_was_killed_is_done_once(worker, settings, tmp_path) -> None:
    log, release, late = tmp_path / "log", tmp_path / "release", tmp_path / "late"
    there, settings.CELERY_BROKER_URL = settings.CELERY_BROKER_URL, nobody()
    sample_jobs.note.enqueue(file=str(late), line="sent by the next tick")
    settings.CELERY_BROKER_URL = there
    sample_jobs.hold.enqueue(file=str(log), release=str(release))
    first = worker()
    wait_until(lambda: lines(log) == ["begun"])
    assert health.checks()["worker"]
    first.send_signal(signal.SIGKILL)
    first.wait()
    [held] = DBTaskResult.objects.filter(status="RUNNING", task_path__endswith=".hold")
    release.touch()
    second = worker()
    wait_until(lambda: DBTaskResult.objects.filter(pk=held.pk, status="SUCCESSFUL").exists())
    wait_until(lambda: bool(lines(late)))
    second.send_signal(signal.SIGTERM)
    assert second.wait(timeout=30) == 0
    assert lines(log) == ["begun", "begun", "done"]
    assert lines(late) == ["sent by the next tick"]
    assert WorkerBeat.objects.count() == 1  # of the killed one, who could not say good-bye


def nobody() -> str:
    return f"amqp://guest:guest@127.0.0.1:{free_port()}//"
