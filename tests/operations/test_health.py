"""`/healthz` and `/readyz`."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from operations import health
from operations.models import WorkerBeat
from tests.operations import sample_jobs


def beat(*, seconds_ago: float = 0) -> None:
    at = timezone.now() - timedelta(seconds=seconds_ago)
    WorkerBeat.objects.create(worker_id="w", host="here", beat_at=at)


def ready(client: Client) -> tuple[int, dict[str, bool]]:
    answer = client.get("/readyz")
    assert answer["Cache-Control"] == "no-store"
    return answer.status_code, answer.json()["checks"]


@pytest.mark.django_db
def test_healthz_asks_the_database_nothing(client, django_assert_num_queries) -> None:
    with django_assert_num_queries(0):
        answer = client.get("/healthz")
    assert (answer.status_code, answer.text) == (200, "ok\n")


def test_probes_need_no_host_name_and_are_not_sent_to_https(client, settings) -> None:
    settings.SECURE_SSL_REDIRECT = True
    assert client.get("/healthz", headers={"Host": "10.1.2.3"}).status_code == 200


@pytest.mark.django_db
def test_ready_when_a_worker_beats_and_nothing_waits(client) -> None:
    beat()
    status, checks = ready(client)
    assert status == 200
    assert checks == {"database": True, "migrations": True, "worker": True, "jobs": True}


@pytest.mark.django_db
def test_not_ready_without_a_worker(client) -> None:
    beat(seconds_ago=60)
    status, checks = ready(client)
    assert status == 503
    assert not checks["worker"]


@pytest.mark.django_db
def test_ready_without_a_worker_where_none_is_wanted(client, settings) -> None:
    settings.WORKER_REQUIRED = False
    assert ready(client)[0] == 200


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("field", "minutes", "expected"),
    [
        ("enqueued_at", -14, 200),
        ("enqueued_at", -16, 503),
        ("run_after", -16, 503),
        ("run_after", 60, 200),
    ],
)
def test_not_ready_while_jobs_wait_too_long(client, field, minutes, expected) -> None:
    beat()
    sample_jobs.note.enqueue(file="", line="")
    DBTaskResult.objects.update(**{field: timezone.now() + timedelta(minutes=minutes)})
    assert ready(client)[0] == expected


@pytest.mark.django_db
def test_not_ready_before_the_migrations(client, monkeypatch) -> None:
    beat()
    monkeypatch.setattr(health, "_migrated", set())
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'operations'")
    status, checks = ready(client)
    assert status == 503
    assert not checks["migrations"]


@pytest.mark.django_db
def test_not_ready_when_the_database_fails(client, monkeypatch) -> None:
    from django.db import OperationalError

    def fail() -> bool:
        raise OperationalError("gone")

    monkeypatch.setattr(health, "_database", fail)
    status, checks = ready(client)
    assert status == 503
    assert not checks["database"]
