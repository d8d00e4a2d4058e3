"""Periodic work: once per slot, whichever process ticks."""

from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import call_command

from operations import periodic
from tests.operations import sample_jobs

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
NAME = "tests.operations.sample_jobs.tell"


@pytest.fixture(autouse=True)
def _only_ours(monkeypatch):
    monkeypatch.setattr(periodic, "_registered", {})
    sample_jobs.ran_at.clear()
    periodic.periodic(minutes=5)(sample_jobs.tell)


def test_a_function_runs_once_per_slot(run_jobs) -> None:
    assert periodic.tick(now=NOON) == [NAME]
    assert periodic.tick(now=NOON + timedelta(minutes=4)) == []
    run_jobs()
    assert periodic.tick(now=NOON + timedelta(minutes=5)) == [NAME]
    run_jobs()
    assert len(sample_jobs.ran_at) == 2


def test_slots_that_were_missed_are_not_made_up_for(run_jobs) -> None:
    periodic.tick(now=NOON)
    run_jobs()
    periodic.tick(now=NOON + timedelta(days=3))
    run_jobs()
    assert len(sample_jobs.ran_at) == 2


def test_a_run_still_waiting_is_not_queued_twice(run_jobs) -> None:
    periodic.tick(now=NOON)
    assert periodic.tick(now=NOON + timedelta(minutes=5)) == []
    run_jobs()
    assert len(sample_jobs.ran_at) == 1


def test_it_is_told_the_time_of_the_sites_clock(run_jobs, clock) -> None:
    clock.move(timedelta(days=40))
    periodic.tick(now=clock.now())
    run_jobs()
    assert abs(sample_jobs.ran_at[0] - clock.now()) < timedelta(minutes=1)


def test_the_command_says_what_it_queued(capsys) -> None:
    call_command("tick")
    assert NAME in capsys.readouterr().out
    call_command("tick")
    assert capsys.readouterr().out == ""
