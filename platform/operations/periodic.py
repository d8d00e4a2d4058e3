"""What is done again and again: `@periodic(minutes=5)` on a function of `now`.

A tick queues a job for each function whose slot has come; whichever process ticks first queues
it, and the job brings the retries.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.tasks import TaskResultStatus
from django_tasks_db.models import DBTaskResult

from operations import clock
from operations.jobs import job
from operations.models import PeriodicRun

Function = Callable[[datetime], object]


@dataclass(frozen=True)
class Periodic:
    name: str
    minutes: int
    function: Function

    def slot(self, now: datetime) -> int:
        return int(now.timestamp()) // (self.minutes * 60)


_registered: dict[str, Periodic] = {}


def periodic(*, minutes: int) -> Callable[[Function], Function]:
    """Registers a function that `tick` runs once per slot of so many minutes, somewhere."""

    def register(function: Function) -> Function:
        name = f"{function.__module__}.{function.__qualname__}"
        _registered[name] = Periodic(name=name, minutes=minutes, function=function)
        return function

    return register


def tick(*, now: datetime) -> list[str]:
    """Queues what is due, once per slot across all processes; gives the names."""
    return [each.name for each in list(_registered.values()) if _queue(each, now=now)]


def _queue(each: Periodic, *, now: datetime) -> bool:
    slot = each.slot(now)
    with transaction.atomic():
        run, first = PeriodicRun.objects.get_or_create(name=each.name, defaults={"slot": slot})
        if not first:
            if run.slot >= slot:
                return False
            newer = PeriodicRun.objects.filter(pk=run.pk, slot__lt=slot).update(slot=slot)
            if not newer:
                return False
        if _still_queued(each.name):
            return False
        run_periodic.enqueue(name=each.name)
        return True


def _still_queued(name: str) -> bool:
    return DBTaskResult.objects.filter(
        task_path=run_periodic.module_path,
        status__in=[TaskResultStatus.READY, TaskResultStatus.RUNNING],
        args_kwargs__kwargs__name=name,
    ).exists()


@job(attempts=3)
def run_periodic(name: str) -> None:
    _registered[name].function(clock.now())
