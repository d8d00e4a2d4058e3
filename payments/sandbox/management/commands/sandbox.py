"""manage.py sandbox deliver | due | advance --days 30 | reset"""

import math
from argparse import ArgumentTypeError
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from operations import clock
from payments.sandbox import outbox, store, time

LONGEST = 3660  # days at once: ten years


def _forwards(text: str) -> float:
    """How far to move. Time never goes back: what has happened has happened."""
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 <= number <= LONGEST:
        raise ArgumentTypeError(f"{text!r} is no number from 0 to {LONGEST}")
    return number


class Command(BaseCommand):
    help = "Works the Stripe sandbox: delivers webhooks, does what is due, moves time, resets."

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        actions.add_parser("deliver", help="deliver due webhooks over HTTP")
        actions.add_parser("due", help="do what is due, without moving time")
        advance = actions.add_parser("advance", help="move the site's clock")
        advance.add_argument("--days", type=_forwards, default=0)
        advance.add_argument("--hours", type=_forwards, default=0)
        actions.add_parser("reset", help="forget everything that is in the sandbox")

    def handle(self, *, action: str, days: float = 0, hours: float = 0, **options: Any) -> None:
        if action == "deliver":
            for attempt in outbox.deliver_over_http(clock.now()):
                self.stdout.write(f"{attempt.status} {attempt.kind} {attempt.event_id}")
        elif action == "due":
            self.stdout.write(f"{time.run_due(clock.now())} done")
        elif action == "advance":
            now = time.advance(by=timedelta(days=days, hours=hours))
            self.stdout.write(now.isoformat(timespec="seconds"))
        else:
            store.reset()
