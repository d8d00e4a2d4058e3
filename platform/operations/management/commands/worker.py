"""`manage.py worker`: runs background jobs and ticks, for servers where the site has no thread."""

import sys
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from operations import worker
from operations.leases import Lease


class Command(BaseCommand):
    help = "Runs background jobs and the periodic work until told to stop."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--batch", action="store_true", help="end when nothing is due")

    def handle(self, *, batch: bool, **options: Any) -> None:
        with Lease() as lease:
            if settings.CELERY_BROKER_URL and not batch:
                from operations import broker

                sys.exit(broker.work(worker_id=lease.worker_id))
            # A first SIGTERM lets the job in hand end; a second one ends it too.
            working = worker.make(worker_id=lease.worker_id, batch=batch)
            working.configure_signals()
            working.run()
