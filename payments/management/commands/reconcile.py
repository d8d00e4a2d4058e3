"""Compare our books with Stripe's, and mend."""

from argparse import ArgumentParser, ArgumentTypeError
from datetime import datetime, timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from operations import clock
from operations.progress_bar import Bar
from payments import differences, gateway, reconciliation

LONGEST_DAYS = 36500


def _instant(text: str) -> datetime:
    """With its zone, as `manage.py restore` says it."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError(f"{text!r} is no instant like 2026-11-28T03:00:00+00:00") from None
    if found.tzinfo is None:
        raise ArgumentTypeError(f"{text!r} does not say its time zone, e.g. +00:00")
    return found


def _days(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and 0 < int(text) <= LONGEST_DAYS):
        raise ArgumentTypeError(f"{text!r} is no number of days from 1 to {LONGEST_DAYS}")
    return int(text)


class Command(BaseCommand):
    help = "Looks at Stripe for what should have been told by now, mends it, names differences."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--since",
            type=_instant,
            help="when the backup was made that was restored: what happened since is taken in",
        )

        parser.add_argument(
            "--days",
            type=_days,
            default=0,
            help="compare only what Stripe made in so many days (without: everything)",
        )

    def handle(
        self, *args: Any, since: datetime | str | None = None, days: int = 0, **options: Any
    ) -> None:
        since = _instant(since) if isinstance(since, str) else since
        if since and since > clock.now():
            raise CommandError(f"{since} is still to come: name when the backup was made.")
        if not gateway.is_set_up():
            raise CommandError("There is no Stripe: set STRIPE_SECRET_KEY (docs/stripe.md).")
        try:
            with Bar(self.stderr) as bar:
                report, run = reconciliation.compare(
                    now=clock.now(),
                    made_since=clock.now() - timedelta(days=days) if days else None,
                    progress=bar.show,
                    restored_from=since,
                )
        except gateway.GatewayError as error:
            raise CommandError(f"Stripe could not be asked: {error}") from error
        self.stdout.write(
            f"Looked at {run.looked_at} objects, mended {run.mended}, "
            f"took in {run.missed_events} missed events."
        )
        if since:
            self.stdout.write(f"Made {report.found_orders} paid orders anew.")
        none = True
        for line in differences.still_open():
            none = False
            self.stdout.write(f"Difference: {line}")
        if none:
            self.stdout.write("No difference is open.")
