"""The one clock: it can be moved ahead under the sandbox, for every process."""

import subprocess
import sys
from datetime import timedelta

import pytest
from django.utils import timezone

from operations import clock as site_clock
from tests.operations.processes import environment


def test_the_clock_shows_real_time_until_it_is_moved() -> None:
    assert abs(site_clock.now() - timezone.now()) < timedelta(seconds=5)
    assert site_clock.offset() == timedelta()


def test_moves_add_up(clock) -> None:
    clock.move(timedelta(days=30))
    clock.move(timedelta(hours=2))
    assert site_clock.offset() == timedelta(days=30, hours=2)
    assert site_clock.now() - timezone.now() > timedelta(days=30)


def test_the_clock_does_not_go_backwards(clock) -> None:
    with pytest.raises(site_clock.ClockFixed):
        site_clock.move(timedelta(seconds=-1))
    assert site_clock.offset() == timedelta()


def test_without_the_sandbox_real_time_rules(clock, settings) -> None:
    clock.move(timedelta(days=30))
    settings.STRIPE_SANDBOX = False
    assert site_clock.offset() == timedelta()
    with pytest.raises(site_clock.ClockFixed):
        site_clock.move(timedelta(days=1))


def test_a_story_of_what_was_has_a_clock_of_its_own(clock, settings) -> None:
    clock.move(timedelta(days=3))
    with site_clock.set_back(timedelta(days=40)):
        site_clock.move(timedelta(days=10))
        assert site_clock.offset() == timedelta(days=-27)
    assert site_clock.offset() == timedelta(days=3)
    settings.STRIPE_SANDBOX = False
    with pytest.raises(site_clock.ClockFixed), site_clock.set_back(timedelta(days=1)):
        pass


def test_another_process_sees_the_move_and_this_one_sees_its(clock, settings) -> None:
    clock.move(timedelta(days=3))
    code = (
        "import django; django.setup()\n"
        "from datetime import timedelta\n"
        "from operations import clock\n"
        "print(clock.offset().days); clock.move(timedelta(days=4))"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code],
        env=environment(DATA=str(settings.DATA)),
        capture_output=True,
        text=True,
        check=True,
    )
    assert answer.stdout.strip() == "3"
    assert site_clock.offset() == timedelta(days=7)
