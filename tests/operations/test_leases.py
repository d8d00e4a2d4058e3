"""What a dead worker held is run again; what a living one holds is left alone."""

from datetime import timedelta

import pytest
from django.tasks import TaskResultStatus
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from operations import leases
from operations.models import ParkedJob, WorkerBeat
from tests.operations import sample_jobs

pytestmark = pytest.mark.django_db


def beat(worker_id: str, *, seconds_ago: float = 0) -> None:
    at = timezone.now() - timedelta(seconds=seconds_ago)
    WorkerBeat.objects.create(worker_id=worker_id, host="here", beat_at=at)


def held_by(*worker_ids: str) -> DBTaskResult:
    sample_jobs.hold.enqueue(file="", release="")
    DBTaskResult.objects.update(
        status=TaskResultStatus.RUNNING,
        worker_ids=list(worker_ids),
        started_at=timezone.now() - timedelta(days=1),
    )
    return DBTaskResult.objects.get()


def status() -> str:
    return str(DBTaskResult.objects.get().status)


def test_a_long_job_of_a_living_worker_is_left_alone() -> None:
    beat("w1", seconds_ago=20)
    held_by("w1")
    assert leases.reap(now=timezone.now()) == 0
    assert status() == "RUNNING"


@pytest.mark.parametrize("silent_for", [31, 3000])
def test_the_job_of_a_silent_worker_is_given_back(silent_for: float) -> None:
    beat("w1", seconds_ago=silent_for)
    beat("w2")
    held_by("w1")
    assert leases.reap(now=timezone.now()) == 1
    assert status() == "READY"


def test_the_job_of_a_worker_that_said_good_bye_is_given_back_at_once() -> None:
    held_by("w1")
    assert leases.reap(now=timezone.now()) == 1
    assert status() == "READY"


def test_after_good_bye_no_beat_brings_the_worker_back() -> None:
    lease = leases.Lease()
    lease.beat()
    assert lease.worker_id in leases.alive(now=timezone.now())
    lease.end()
    lease.beat()  # as its thread does that was about to
    assert not WorkerBeat.objects.exists()


def test_only_the_last_worker_to_claim_counts() -> None:
    beat("w2")
    held_by("w1", "w2")
    assert leases.reap(now=timezone.now()) == 0


def test_a_job_that_kills_every_worker_is_parked() -> None:
    held_by("w1", "w2", "w3")
    leases.reap(now=timezone.now())
    assert not DBTaskResult.objects.exists()
    assert "died" in ParkedJob.objects.get().error


def test_a_failure_nobody_settled_is_settled() -> None:
    row = held_by("w1")
    past = timezone.now() - timedelta(minutes=2)
    DBTaskResult.objects.filter(pk=row.pk).update(
        status=TaskResultStatus.FAILED, finished_at=past, traceback="ValueError: x"
    )
    leases.reap(now=timezone.now())
    row.refresh_from_db()
    assert row.status == TaskResultStatus.READY
    assert row.run_after > timezone.now()


def test_beats_long_past_are_forgotten() -> None:
    beat("w1", seconds_ago=7200)
    leases.reap(now=timezone.now())
    assert not WorkerBeat.objects.exists()
