"""What a larger site turns on by settings; what is not turned on is not even loaded."""

from pathlib import Path

from tests.operations.processes import environment, manage

ENGINES = ("celery", "kombu", "amqp", "django_tasks_celery", "opensearchpy", "storages", "boto3")
OURS = ("operations.broker", "operations.replicas", "courses.search.opensearch")
SAY = f"""
import sys
from django.conf import settings
from django.test import Client
from django.urls import get_resolver
from django.tasks import task_backends
from wagtail.search.backends import get_search_backend
get_resolver().url_patterns, task_backends["jobs"], get_search_backend()
Client().handler.load_middleware()
print("loaded:", *sorted({{*{ENGINES + OURS}}} & {{*sys.modules}}))
print("sessions:", settings.SESSION_ENGINE.rpartition(".")[2])
print("cursors:", not settings.DATABASES["default"]["DISABLE_SERVER_SIDE_CURSORS"])
"""
ALL = {
    "DATABASE_URL": "postgres://rizhi@127.0.0.1/rizhi",
    "DATABASE_REPLICA_URLS": "postgres://rizhi@127.0.0.1/one, postgres://rizhi@127.0.0.1/two",
    "PGBOUNCER": "1",
    "REDIS_URL": "redis://127.0.0.1/0",
    "SESSIONS_IN_CACHE": "1",
    "CELERY_BROKER_URL": "amqp://127.0.0.1//",
    "OPENSEARCH_URL": "http://127.0.0.1:9200",
}


def said(**env: str) -> dict[str, str]:
    shown = manage("shell", "-v0", "-c", SAY, env=environment(**env))
    assert shown.returncode == 0, shown.stderr
    return dict(line.split(":", 1) for line in shown.stdout.splitlines())


def test_what_is_not_turned_on_is_not_loaded(tmp_path: Path) -> None:
    told = said(DATA=str(tmp_path), DATABASE_URL=ALL["DATABASE_URL"])
    assert told == {"loaded": "", "sessions": " db", "cursors": " True"}


def test_what_is_turned_on_is(tmp_path: Path) -> None:
    told = said(DATA=str(tmp_path), **ALL)
    loaded = "amqp celery courses.search.opensearch kombu opensearchpy operations.broker"
    assert told == {
        "loaded": f" {loaded} operations.replicas",
        "sessions": " cache",
        "cursors": " False",
    }


def test_sessions_are_not_kept_in_a_cache_of_one_process(tmp_path: Path) -> None:
    refused = manage("check", env=environment(DATA=str(tmp_path), SESSIONS_IN_CACHE="1"))
    assert refused.returncode != 0
    assert "SESSIONS_IN_CACHE needs REDIS_URL" in refused.stderr
