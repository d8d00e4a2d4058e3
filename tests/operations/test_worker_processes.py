"""Workers as real processes: killed in mid-job, told to end, taking turns."""

import signal

import pytest
from django_tasks_db.models import DBTaskResult

from operations.models import WorkerBeat
from tests.operations import sample_jobs
from tests.operations.processes import beside, lines, manage, start, wait_until

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def worker(tmp_path):
    """Starts workers of this test's database; none outlives the test."""
    started = []

    def run():
        env = beside(DATA=str(tmp_path), WORKER_STALE_SECONDS="2")
        started.append(start("worker", env=env, log=tmp_path / "worker.log"))
        return started[-1]

    yield run
    for process in started:
        process.kill()
        process.wait()


def test_a_job_whose_worker_was_killed_is_run_again(worker, tmp_path) -> None:
    log, release = tmp_path / "log", tmp_path / "release"
    sample_jobs.hold.enqueue(file=str(log), release=str(release))
    first = worker()
    wait_until(lambda: lines(log) == ["begun"])
    first.send_signal(signal.SIGKILL)
    first.wait()
    assert DBTaskResult.objects.filter(status="RUNNING").count() == 1
    release.touch()
    worker()
    wait_until(lambda: lines(log) == ["begun", "begun", "done"])
    wait_until(lambda: not DBTaskResult.objects.filter(status="RUNNING").exists())


def test_a_worker_told_to_end_finishes_what_it_holds(worker, tmp_path) -> None:
    log, release = tmp_path / "log", tmp_path / "release"
    sample_jobs.hold.enqueue(file=str(log), release=str(release))
    process = worker()
    wait_until(lambda: lines(log) == ["begun"])
    process.send_signal(signal.SIGTERM)
    release.touch()
    assert process.wait(timeout=30) == 0
    assert lines(log) == ["begun", "done"]
    assert not WorkerBeat.objects.exists()


def test_a_batch_ends_when_nothing_is_due(tmp_path) -> None:
    for line in ("one", "two"):
        sample_jobs.note.enqueue(file=str(tmp_path / "log"), line=line)
    ended = manage("worker", "--batch", env=beside(DATA=str(tmp_path)))
    assert ended.returncode == 0, ended.stderr
    assert sorted(lines(tmp_path / "log")) == ["one", "two"]


def test_the_queues_own_command_is_refused_for_its_jobs_could_not_be_missed(tmp_path) -> None:
    ended = manage("db_worker", env=beside(DATA=str(tmp_path)))
    assert ended.returncode == 1
    assert "manage.py worker" in ended.stderr
