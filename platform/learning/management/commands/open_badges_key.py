"""`manage.py open_badges_key`: makes a key that signs Open Badges, for OPEN_BADGES_KEY."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from learning import badge_keys


class Command(BaseCommand):
    help = "Prints a new private key for OPEN_BADGES_KEY. Nothing else is changed."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--public",
            action="store_true",
            help="the public half of the present key instead, for OPEN_BADGES_OLD_KEYS",
        )

    def handle(self, *, public: bool, **options: Any) -> None:
        if not public:
            self.stdout.write(badge_keys.make(), ending="")
        elif badge_keys.is_on():
            self.stdout.write(badge_keys.public_half(), ending="")
        else:
            raise CommandError("OPEN_BADGES_KEY is empty: there is no key yet.")
