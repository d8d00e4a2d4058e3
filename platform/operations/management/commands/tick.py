"""`manage.py tick`: queues the periodic work that is due, for cron where no worker ticks.

With `--every 60` it is a process of its own, the scheduler, that ticks until told to stop.
"""

import logging
import signal
import sys
import time
from argparse import ArgumentParser
from types import FrameType
from typing import Any

from django.core.management.base import BaseCommand
from django.db import close_old_connections, connections
from django.utils import timezone

from operations import clock, jobs, leases, periodic, worker

logger = logging.getLogger("jobs")


class Command(BaseCommand):
    is_told = False  # to end
    help = "Gives back what dead workers held and queues the periodic work that is due."

    def add_arguments(self, parser: ArgumentParser) -> None:
        how = parser.add_mutually_exclusive_group()
        how.add_argument("--run", action="store_true", help="run what is queued here, too")
        how.add_argument("--every", type=float, metavar="SECONDS", help="go on until told to stop")

    def handle(self, *, run: bool, every: float | None, **options: Any) -> None:
        if every is None:
            self.tick()
            if run:
                worker.drain()
            return
        for asked in (signal.SIGTERM, signal.SIGINT):
            signal.signal(asked, self.end)
        while not self.is_told:
            try:
                close_old_connections()
                self.tick()
            except Exception:
                logger.exception("a tick failed")
                connections.close_all()
            self.rest(every)

    def rest(self, seconds: float) -> None:
        """In short naps: Python drops an exit that is raised in a finalizer."""
        until = time.monotonic() + seconds
        while not self.is_told and time.monotonic() < until:
            time.sleep(min(seconds, 1))

    def tick(self) -> None:
        leases.reap(now=timezone.now())
        for name in periodic.tick(now=clock.now()):
            self.stdout.write(name)
        jobs.call_for_waiting()

    def end(self, signum: int, frame: FrameType | None) -> None:
        """At once: what is under way is a transaction, and the next scheduler ticks again."""
        self.is_told = True
        sys.exit(0)
