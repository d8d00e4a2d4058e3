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


def beat_of(worker: str) -> None:
    WorkerBeat.objects.create(worker_id=worker, host="here", beat_at=timezone.now())


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
    assert set(checks) == {"database", "migrations", "worker", "jobs", "cache", "files"}
    assert all(checks.values())


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


@pytest.mark.django_db
def test_not_ready_when_the_cache_is_away(client, settings) -> None:
    beat()
    away = {"BACKEND": "django.core.cache.backends.redis.RedisCache"}
    settings.CACHES = {"default": {**away, "LOCATION": "redis://127.0.0.1:9/0"}}
    status, checks = ready(client)
    assert status == 503
    assert [name for name, fine in checks.items() if not fine] == ["cache"]


@pytest.mark.django_db
@pytest.mark.parametrize("address", ["/", "/courses/", "/search/?q=信任"])
def test_while_redis_is_away_pages_say_so(address: str, settings) -> None:
    away = {"BACKEND": "operations.redis_cache.RedisCache", "LOCATION": "redis://127.0.0.1:9/0"}
    settings.CACHES = {"default": away}
    settings.SHARED_SECONDS = 60
    answer = Client(raise_request_exception=False).get(address)
    assert (answer.status_code, answer["Retry-After"]) == (503, "30")
    assert "马上回来" in answer.text


@pytest.mark.django_db
def test_not_ready_when_nothing_can_be_written(client, settings, tmp_path) -> None:
    beat()
    settings.DATA = tmp_path / "unmounted"
    status, checks = ready(client)
    assert status == 503
    assert not checks["files"]


@pytest.mark.django_db
def test_being_ready_costs_the_same_however_much_waits(client, django_assert_num_queries) -> None:
    beat()
    ready(client)  # the migrations are looked at once
    for line in range(20):
        sample_jobs.note.enqueue(file="", line=str(line))
        beat_of(f"w{line}")
    with django_assert_num_queries(3):
        client.get("/readyz")
