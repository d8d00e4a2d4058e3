from typing import Any

from django.core.management.base import BaseCommand

from accounts import first_operator


class Command(BaseCommand):
    help = "Prints the address at which the first operator of an empty site is made."

    def handle(self, **options: Any) -> None:
        self.stdout.write(first_operator.link() or "There is an operator already.")
