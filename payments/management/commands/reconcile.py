"""Compare our books with Stripe's, and mend."""

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from operations import clock
from payments import gateway, reconciliation

WIDTH = 30


class Command(BaseCommand):
    help = "Looks at Stripe for what should have been told by now, mends it, names differences."

    def handle(self, *args: Any, **options: Any) -> None:
        if not gateway.is_set_up():
            raise CommandError("There is no Stripe: set STRIPE_SECRET_KEY (docs/stripe.md).")
        try:
            report = reconciliation.sweep_all(now=clock.now(), progress=self._show)
        except gateway.GatewayError as error:
            raise CommandError(f"Stripe could not be asked: {error}") from error
        self.stdout.write(
            f"Looked at {report.looked_at} objects, mended {report.mended}, "
            f"took in {report.missed_events} missed events."
        )
        for line in report.differences:
            self.stdout.write(f"Difference: {line}")
        if not report.differences:
            self.stdout.write("No difference is open.")

    def _show(self, what: str, done: int, total: int) -> None:
        if not sys.stderr.isatty():
            return
        filled = WIDTH * done // max(total, 1)
        end = "\n" if done == total and what != "events" else ""
        bar = "█" * filled + "·" * (WIDTH - filled)
        self.stderr.write(f"\r{bar} {done}/{total} {what}", ending=end)
