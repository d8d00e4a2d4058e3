"""Is Stripe set up as this site needs it?"""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from payments import stripe_check


class Command(BaseCommand):
    help = "Checks the keys, the webhook endpoint, the API version and the prices at Stripe."

    def handle(self, *args: Any, **options: Any) -> None:
        problems = 0
        for finding in stripe_check.findings():
            mark = "ok     " if finding.ok else "PROBLEM"
            self.stdout.write(f"{mark} {finding.about}: {finding.words}")
            problems += not finding.ok
        if problems:
            raise CommandError(f"{problems} to put right; docs/stripe.md says how.")
        self.stdout.write("All is well.")
