"""Heartbeats are acknowledged at once and written a little later, by a thread."""

import threading
from typing import Any

from django.apps import AppConfig
from django.db import connections

LATE = 3.0  # seconds


class BrokenConfig(AppConfig):
    name = "tests.torture.broken"
    label = "broken"

    def ready(self) -> None:
        from learning import progress

        record = progress.record

        def later(*args: Any, **named: Any) -> None:
            try:
                record(*args, **named)
            finally:
                connections.close_all()

        def acknowledge_first(*args: Any, **named: Any) -> None:
            timer = threading.Timer(LATE, later, args, named)
            timer.daemon = True
            timer.start()

        progress.record = acknowledge_first
