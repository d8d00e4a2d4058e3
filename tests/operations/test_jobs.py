"""Background jobs: run, tried again, parked, run again by hand."""

from datetime import timedelta

import pytest
import time_machine
from django.db import transaction
from django.tasks import TaskResultStatus
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from operations import jobs
from operations.models import ParkedJob
from tests.operations import sample_jobs

pytestmark = pytest.mark.django_db


@pytest.fixture
def file(tmp_path):
    return tmp_path / "log"


def lines(file) -> list[str]:
    return file.read_text().splitlines() if file.exists() else []


def test_a_job_runs_with_what_it_was_given(run_jobs, file) -> None:
    sample_jobs.note.enqueue(file=str(file), line="你好")
    assert lines(file) == []
    run_jobs()
    assert lines(file) == ["你好"]


def test_what_a_job_queues_runs_too(run_jobs, file) -> None:
    sample_jobs.note_twice.enqueue(file=str(file))
    run_jobs()
    assert lines(file) == ["first", "second"]


def test_a_job_of_a_transaction_that_failed_never_runs(run_jobs, file) -> None:
    with transaction.atomic():
        sample_jobs.note.enqueue(file=str(file), line="never")
        transaction.set_rollback(True)
    run_jobs()
    assert lines(file) == []


def test_a_failing_job_is_tried_again_later_and_then_parked(run_jobs, file) -> None:
    sample_jobs.fail.enqueue(file=str(file))
    start = timezone.now()
    run_jobs()
    run_jobs()  # not due yet
    assert lines(file) == ["failed"]
    for minutes in (1, 2):
        with time_machine.travel(start + timedelta(minutes=minutes), tick=False):
            run_jobs()
    assert lines(file) == ["failed"] * 3
    parked = ParkedJob.objects.get()
    assert parked.path == "tests.operations.sample_jobs.fail"
    assert parked.attempts == 3
    assert "the shop is closed" in parked.error
    assert "Traceback" in parked.traceback
    assert not DBTaskResult.objects.exists()


def test_the_pauses_grow_up_to_three_hours() -> None:
    pauses = [jobs.pause_after(tried).total_seconds() for tried in range(1, 12)]
    assert 10 <= pauses[0] <= 12
    assert 30 <= pauses[1] <= 36
    assert max(pauses) <= 3 * 3600 * 1.2
    assert sum(pauses[:7]) > 2 * 3600


def test_the_same_job_parked_twice_is_shown_once(file) -> None:
    for day in (1, 2):
        sample_jobs.fail.enqueue(file=str(file))
        row = DBTaskResult.objects.get()
        jobs.park(task_result=row, error=f"error {day}", now=timezone.now())
    assert [parked.error for parked in ParkedJob.objects.all()] == ["error 2"]


def test_a_parked_job_run_again_has_all_its_attempts(run_jobs, file) -> None:
    sample_jobs.note.enqueue(file=str(file), line="at last")
    row = DBTaskResult.objects.get()
    jobs.park(task_result=row, error="no luck", now=timezone.now())
    jobs.run_again(parked=ParkedJob.objects.get())
    assert DBTaskResult.objects.get().worker_ids == []
    run_jobs()
    assert lines(file) == ["at last"]
    assert not ParkedJob.objects.exists()


def test_a_parked_job_whose_code_is_gone_stays_parked() -> None:
    parked = ParkedJob.objects.create(
        path="learning.gone.forever",
        arguments={"args": [], "kwargs": {}},
        fingerprint="x",
        attempts=8,
        error="",
        parked_at=timezone.now(),
    )
    with pytest.raises(jobs.JobGone):
        jobs.run_again(parked=parked)
    assert ParkedJob.objects.filter(pk=parked.pk).exists()


def test_a_job_whose_code_is_gone_is_tried_again_for_a_new_release_may_bring_it(run_jobs) -> None:
    DBTaskResult.objects.create(
        args_kwargs={"args": [], "kwargs": {}},
        task_path="learning.gone.forever",
        backend_name="jobs",
    )
    run_jobs()
    row = DBTaskResult.objects.get()
    assert row.status == TaskResultStatus.READY
    assert row.run_after > timezone.now()
