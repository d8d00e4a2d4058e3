"""`/metrics`: who may read it, what it says, and that it costs nothing where it is off."""

import os
import re
import runpy
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import yaml
from django.test import Client
from django.utils import timezone

from operations import counts, jobs, measures
from operations.models import WorkerBeat
from tests.operations import sample_jobs
from tests.operations.processes import ROOT

TOKEN = "read-by-prometheus-only"
BEARER = {"Authorization": f"Bearer {TOKEN}"}
ALERTS = ROOT / "platform" / "deploy" / "alerts.yml"


@pytest.fixture
def read(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[[], dict[str, float]]:
    """Switches measuring on; gives what can be read, by name and labels."""
    from payments import measures as money

    settings.METRICS_TOKEN = TOKEN
    settings.MIDDLEWARE = ["operations.middleware.MetricsMiddleware", *settings.MIDDLEWARE]
    readers = [measures.readiness, measures.background, measures.disk]
    monkeypatch.setattr(measures, "_readers", [*readers, money.orders, money.stripe_events])
    before = figures(Client().get("/metrics", headers=BEARER).text)

    def now() -> dict[str, float]:
        found = figures(Client().get("/metrics", headers=BEARER).text)
        # Counts go on from one test to the next; what stands does not.
        return {
            name: value - (before.get(name, 0) if "_total" in name or "_count" in name else 0)
            for name, value in found.items()
        }

    return now


def figures(text: str) -> dict[str, float]:
    lines = [line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#")]
    return {name: float(value) for name, value in lines}


@pytest.mark.django_db
def test_off_there_is_no_such_page_and_nothing_is_counted(client: Client, settings) -> None:
    assert "operations.middleware.MetricsMiddleware" not in settings.MIDDLEWARE
    refused = client.get("/metrics", follow=True, headers={"Authorization": "Bearer "})
    assert refused.status_code == 404
    counts.Count("rizhi_never", "Is not counted.", ("kind",)).add("any")
    assert not [
        file for file in counts.folder().glob("*.db") if b"rizhi_never" in file.read_bytes()
    ]


@pytest.mark.django_db
@pytest.mark.parametrize(
    "said", ["", "Bearer", "Bearer wrong", f"Basic {TOKEN}", f"Bearer {TOKEN}é"]
)
def test_without_the_token_there_is_no_such_page(read, said: str) -> None:
    refused = Client().get("/metrics", follow=True, headers={"Authorization": said})
    assert refused.status_code == 404


@pytest.mark.django_db
def test_requests_are_counted_by_route_and_class_never_by_path(read, client: Client) -> None:
    client.get("/courses/?secret=1")
    client.get("/courses/no-such-course/")
    client.generic("BREW", "/no/such/page/")
    client.get("/healthz")
    found = read()
    assert found['rizhi_requests_total{method="GET",route="courses/",status="200"}'] == 1
    course = 'rizhi_requests_total{method="GET",route="courses/<str:slug>/",status="404"}'
    assert found[course] == 1
    timed = 'rizhi_request_seconds_count{method="GET",status="%s",url_class="%s"}'
    assert found[timed % (200, "public")] == 1
    assert found[timed % (404, "public")] == 1
    assert found[timed % (200, "health")] == 1
    said = Client().get("/metrics", headers=BEARER).text
    assert 'method="other"' in said
    assert not re.search("no-such-course|no/such|secret|BREW", said)


@pytest.mark.django_db
def test_what_waits_and_who_works_is_read_from_the_database(read, run_jobs, tmp_path) -> None:
    WorkerBeat.objects.create(worker_id="w", host="here", beat_at=timezone.now())
    gone = timezone.now() - timedelta(minutes=10)
    WorkerBeat.objects.create(worker_id="dead", host="here", beat_at=gone)
    sample_jobs.note.enqueue(file=str(tmp_path / "log"), line="one")
    from django_tasks_db.models import DBTaskResult

    DBTaskResult.objects.update(enqueued_at=gone)
    found = read()
    assert found["rizhi_workers"] == 1
    assert found["rizhi_jobs_waiting"] == 1
    assert 600 <= found["rizhi_jobs_oldest_seconds"] < 700
    assert found['rizhi_ready{check="database"}'] == 1
    assert found["rizhi_disk_free_bytes"] > 0

    jobs.park(task_result=DBTaskResult.objects.get(), error="No.", now=timezone.now())
    found = read()
    assert found["rizhi_jobs_waiting"] == found["rizhi_jobs_oldest_seconds"] == 0
    assert found["rizhi_jobs_parked"] == 1


@pytest.mark.django_db
def test_jobs_are_counted_by_what_came_of_them(read, run_jobs, tmp_path) -> None:
    from django.tasks.signals import task_finished

    task_finished.connect(measures.count_run)
    try:
        sample_jobs.note.enqueue(file=str(tmp_path / "log"), line="one")
        sample_jobs.note.enqueue(file=str(tmp_path), line="a folder is no file")
        run_jobs()
    finally:
        task_finished.disconnect(measures.count_run)
    ran = 'rizhi_job_runs_total{job="tests.operations.sample_jobs.note",outcome="%s"}'
    assert read()[ran % "done"] == 1
    assert read()[ran % "failed"] == 1


@pytest.mark.django_db
def test_a_look_costs_the_same_however_much_there_is(read, django_assert_max_num_queries) -> None:
    from tests.payments.factories import OrderFactory, WebhookEventFactory

    read()
    OrderFactory.create_batch(8, created_at=timezone.now())
    WebhookEventFactory.create_batch(8)
    for line in range(8):
        sample_jobs.note.enqueue(file="", line=str(line))
    with django_assert_max_num_queries(11):
        Client().get("/metrics", headers=BEARER)


@pytest.mark.django_db
def test_with_the_database_away_the_rest_is_said(read, monkeypatch) -> None:
    from django.db import OperationalError

    def fail() -> list[measures.Measure]:
        raise OperationalError("gone")

    monkeypatch.setattr(measures, "_readers", [fail, measures.disk])
    assert read()["rizhi_disk_bytes"] > 0


@pytest.mark.django_db
def test_the_processes_of_a_machine_add_up_after_their_end_too(read) -> None:
    for _ in range(2):
        subprocess.run([sys.executable, "-c", COUNTING], env=environment_of_counting(), check=True)
    assert read()['rizhi_counted_total{kind="any"}'] == 2


COUNTING = """
from django.conf import settings
settings.configure(METRICS_TOKEN="any")
from operations.counts import Count
Count("rizhi_counted", "Counted by a process that ends.", ("kind",)).add("any")
"""


def environment_of_counting() -> dict[str, str]:
    where = str(counts.folder())
    return {"PYTHONPATH": str(ROOT / "platform"), "PROMETHEUS_MULTIPROC_DIR": where}


def test_at_the_start_the_dead_are_forgotten_and_the_living_are_not(tmp_path, monkeypatch) -> None:
    gone = subprocess.Popen(["true"])
    gone.wait()
    for process in (gone.pid, os.getpid()):
        (tmp_path / f"counter_{process}.db").touch()
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))
    conf = runpy.run_path(str(ROOT / "platform" / "deploy" / "gunicorn.conf.py"))
    conf["on_starting"](None)
    assert [file.name for file in tmp_path.iterdir()] == [f"counter_{os.getpid()}.db"]


# --- the rules ---------------------------------------------------------------------------------

RULES = [rule for group in yaml.safe_load(ALERTS.read_text())["groups"] for rule in group["rules"]]


def names_declared() -> set[str]:
    """Every name that can be read, as the code declares it."""
    import learning.views  # noqa: F401
    import operations.middleware  # noqa: F401
    from payments import measures as money

    readers = [measures.readiness, measures.background, measures.disk]
    readers += [money.orders, money.stripe_events]
    names = {measure.name for reader in readers for measure in reader()}
    for made in counts.declared:
        if isinstance(made, counts.Count):
            names.add(f"{made.name}_total")
        else:
            names |= {f"{made.name}_{part}" for part in ("bucket", "count", "sum")}
    return names


@pytest.mark.django_db
def test_every_figure_that_a_rule_names_is_measured() -> None:
    known = names_declared() | {rule["record"] for rule in RULES if "record" in rule} | {"up"}
    for rule in RULES:
        bare = re.sub(r'"[^"]*"|\[[^\]]*\]|\{[^}]*\}|by \([^)]*\)', " ", rule["expr"])
        named = set(re.findall(r"\b(?:up|rizhi[a-z0-9_:]*)\b", bare))
        assert named, rule
        assert named <= known, f"{rule}: {named - known}"


@pytest.mark.django_db
def test_every_label_that_a_rule_asks_for_can_be() -> None:
    from operations.url_classes import UrlClass
    from payments.checkout import CannotStart

    def among(kind: type[Exception]) -> set[str]:
        return {kind.__name__}.union(*(among(each) for each in kind.__subclasses__()))

    expressions = " ".join(rule["expr"] for rule in RULES)
    classes = set("|".join(re.findall(r'url_class=~"([^"]+)"', expressions)).split("|"))
    assert classes <= {str(each) for each in UrlClass}
    outcomes = set(re.findall(r'outcome="([^"]+)"', expressions))
    assert outcomes <= among(CannotStart) | {"failed", "refused", "started"}
    assert set(re.findall(r'le="([^"]+)"', expressions)) == {"1.0"}


def test_every_alert_says_what_is_wrong_and_how_urgent_it_is() -> None:
    alerts = [rule for rule in RULES if "alert" in rule]
    assert len({rule["alert"] for rule in alerts}) == len(alerts) > 10
    for rule in alerts:
        assert rule["labels"]["severity"] in {"page", "ticket"}
        assert rule["annotations"]["summary"]
