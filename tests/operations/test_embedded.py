"""Threads beside the development server: once, and only where it serves."""

import time
import urllib.request

import pytest

from operations.models import WorkerBeat
from tests.operations.processes import beside, free_port, start, wait_until


@pytest.mark.django_db(transaction=True)
def test_the_development_server_brings_its_worker_and_takes_it_along(tmp_path) -> None:
    port = free_port()
    env = beside(DATA=str(tmp_path), DEBUG="1", PORT=str(port))
    log = tmp_path / "log"
    serving = start("runserver", "--noreload", f"127.0.0.1:{port}", env=env, log=log)
    try:
        wait_until(lambda: WorkerBeat.objects.count() == 1, seconds=90)
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=30) as answer:
            assert answer.status == 200
        assert WorkerBeat.objects.count() == 1
        serving.send_signal(2)
        serving.wait(timeout=30)
        assert not WorkerBeat.objects.exists(), log.read_text()
    finally:
        serving.kill()
        serving.wait()


def test_what_is_registered_is_started_once(monkeypatch) -> None:
    from operations import embedded

    started: list[float] = []

    def begin() -> None:
        started.append(time.monotonic())

    monkeypatch.setattr(embedded, "_registered", [])
    embedded.register(begin)
    embedded.register(begin)
    embedded.start_all()
    assert len(started) == 1
