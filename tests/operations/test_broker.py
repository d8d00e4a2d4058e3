"""Jobs by way of a broker: the row is the truth, the message its number."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import transaction
from django.tasks import TaskResultStatus
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from operations import broker, jobs, leases
from tests.operations import sample_jobs
from tests.operations.brokers import messages, through
from tests.operations.processes import free_port

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _broker(settings):
    """A broker in this process."""
    with through(settings, "memory://"):
        yield


@pytest.fixture
def commit(django_capture_on_commit_callbacks):
    """`with commit():` is a transaction of its own."""
    return lambda: django_capture_on_commit_callbacks(execute=True)


def keys(settings) -> list[str]:
    return [arguments[0] for arguments, _ in messages(settings)]


def test_a_message_is_sent_with_the_commit_and_bears_the_rows_number_alone(
    settings, commit
) -> None:
    with commit():
        sample_jobs.note.enqueue(file="", line="a secret")
        assert messages(settings) == []
    [(arguments, headers)] = messages(settings)
    assert arguments == [str(DBTaskResult.objects.get().pk)]
    assert "secret" not in str(headers)


def test_nothing_is_sent_of_a_transaction_that_failed(settings, commit) -> None:
    with commit(), transaction.atomic():
        sample_jobs.note.enqueue(file="", line="")
        transaction.set_rollback(True)
    assert messages(settings) == []


def test_a_broker_that_is_not_there_keeps_nobody_from_queueing(settings, commit) -> None:
    there, settings.CELERY_BROKER_URL = (
        settings.CELERY_BROKER_URL,
        f"amqp://guest:guest@127.0.0.1:{free_port()}//",
    )
    with commit():
        sample_jobs.note.enqueue(file="", line="")
    settings.CELERY_BROKER_URL = there
    assert messages(settings) == []
    jobs.call_for_waiting()
    assert keys(settings) == [str(DBTaskResult.objects.get().pk)]


def test_what_was_sent_is_not_sent_again_before_it_may_be_lost(settings, commit) -> None:
    with commit():
        sample_jobs.note.enqueue(file="", line="")
    assert len(messages(settings)) == 1
    assert broker.send_waiting() == 0
    broker.cache.clear()  # as time does
    assert broker.send_waiting() == 1
    assert len(messages(settings)) == 1


def failed(*, tried: int) -> DBTaskResult:
    DBTaskResult.objects.update(
        status=TaskResultStatus.FAILED,
        worker_ids=["w"] * tried,
        finished_at=timezone.now(),
        traceback="ValueError: x",
    )
    return DBTaskResult.objects.get()


def test_a_failed_job_is_called_for_when_its_pause_is_over(settings, commit) -> None:
    with commit():
        sample_jobs.note.enqueue(file="", line="")
    messages(settings)
    with commit():
        jobs.settle(failed=failed(tried=1), now=timezone.now())
    [(_, headers)] = messages(settings)
    pause = datetime.fromisoformat(headers["eta"]) - datetime.now(UTC)
    assert timedelta(seconds=9) < pause <= timedelta(seconds=12)


def test_a_long_pause_is_spent_in_the_database(settings, commit) -> None:
    with commit():
        sample_jobs.note.enqueue(file="", line="")
    messages(settings)
    with commit():
        jobs.settle(failed=failed(tried=5), now=timezone.now())
    assert broker.send_waiting() == 0
    DBTaskResult.objects.update(run_after=timezone.now())
    assert broker.send_waiting() == 1
    assert len(messages(settings)) == 1


def test_what_a_dead_worker_held_is_called_for_at_once(settings, commit) -> None:
    with commit():
        sample_jobs.note.enqueue(file="", line="")
    messages(settings)
    DBTaskResult.objects.update(
        status=TaskResultStatus.RUNNING, worker_ids=["dead"], started_at=timezone.now()
    )
    with commit():
        assert leases.reap(now=timezone.now()) == 1
    assert len(messages(settings)) == 1


def test_of_a_doubled_message_one_does_nothing(commit) -> None:
    with commit():
        sample_jobs.note.enqueue(file="", line="")
    key = str(DBTaskResult.objects.get().pk)
    assert broker.claim(key, worker_id="w1") is not None
    assert broker.claim(key, worker_id="w2") is None
    assert DBTaskResult.objects.get().worker_ids == ["w1"]


def test_acknowledged_when_done_one_at_a_time_and_confirmed() -> None:
    conf = broker.app("amqp://host//", "jobs").conf
    assert conf.task_acks_late
    assert conf.task_reject_on_worker_lost
    assert conf.worker_prefetch_multiplier == 1
    assert conf.broker_transport_options["confirm_publish"]
    held = broker.app("redis://host", "jobs").conf.broker_transport_options["visibility_timeout"]
    assert held > broker.LONGEST_HELD.total_seconds()
