"""How quickly a worker gets through an inbox of 10,000 events, and what memory it takes."""

import os
import subprocess
import sys
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Max, Min
from django_tasks_db.models import DBTaskResult

from payments.models import WebhookEvent
from tests.bench.load import LoadFailed
from tests.bench.queries import answer
from tests.bench.rows import events
from tests.bench.wsgi import Application
from tests.operations.processes import ROOT

EVENTS = 10_000


@dataclass(frozen=True)
class Drained:
    events: int
    took: timedelta
    megabytes: float  # the worker's most

    @property
    def rate(self) -> float:
        return self.events / self.took.total_seconds()

    def __str__(self) -> str:
        return (
            f"One worker drained {self.events} events at {self.rate:.0f} a second, "
            f"with {self.megabytes:.0f} MB at most."
        )


def fill(application: Application, number: int) -> None:
    """Events come in by the view, as Stripe posts them; what came before is gone."""
    WebhookEvent.objects.all().delete()
    DBTaskResult.objects.all().delete()
    for request in events(number):
        if answer(application, request).status != 204:
            raise LoadFailed("an event was refused")


def drain(env: dict[str, str]) -> Drained:
    """A real worker, to the end of its queue; timed between the first and the last event."""
    command = [sys.executable, "manage.py", "worker", "--batch"]
    working = subprocess.Popen(
        command, cwd=ROOT, env={**env, "LOG_LEVEL": "WARNING"}, stdin=subprocess.DEVNULL
    )
    _, status, used = os.wait4(working.pid, 0)
    working.returncode = os.waitstatus_to_exitcode(status)
    done = WebhookEvent.objects.filter(outcome=WebhookEvent.Outcome.DONE)
    if working.returncode or done.count() < WebhookEvent.objects.count():
        raise LoadFailed("the worker left events undone")
    times = done.aggregate(first=Min("processed_at"), last=Max("processed_at"))
    largest = used.ru_maxrss / (1024 if sys.platform == "linux" else 1024**2)
    return Drained(done.count(), times["last"] - times["first"], largest)
