"""`manage.py tick`: queues the periodic work that is due, for cron where no worker ticks."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from operations import clock, leases, periodic, worker


class Command(BaseCommand):
    help = "Gives back what dead workers held and queues the periodic work that is due."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--run", action="store_true", help="run what is queued here, too")

    def handle(self, *, run: bool, **options: Any) -> None:
        leases.reap(now=timezone.now())
        for name in periodic.tick(now=clock.now()):
            self.stdout.write(name)
        if run:
            worker.drain()
