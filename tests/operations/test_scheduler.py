"""The scheduler: `manage.py tick --every 60` as a process of its own."""

import signal

import pytest

from operations.models import PeriodicRun
from tests.operations.processes import beside, environment, free_port, start, wait_until


@pytest.fixture
def scheduler(tmp_path):
    """Starts a scheduler; none outlives the test."""
    started = []

    def run(env):
        log = tmp_path / "scheduler.log"
        started.append(start("tick", "--every", "60", env=env, log=log))
        return started[-1]

    yield run
    for process in started:
        process.kill()
        process.wait()


@pytest.mark.django_db(transaction=True)
def test_it_ticks_and_ends_at_once_when_told(scheduler, tmp_path) -> None:
    process = scheduler(beside(DATA=str(tmp_path)))
    wait_until(lambda: PeriodicRun.objects.exists())
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=20) == 0


def test_it_waits_for_a_database_that_does_not_answer(scheduler, tmp_path) -> None:
    nobody = f"postgres://nobody@127.0.0.1:{free_port()}/nothing"
    process = scheduler(environment(DATA=str(tmp_path), DATABASE_URL=nobody))
    wait_until(lambda: "a tick failed" in (tmp_path / "scheduler.log").read_text())
    assert process.poll() is None
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=20) == 0
