from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts import lost_second_step
from accounts.models import User


class Command(BaseCommand):
    help = "Takes the second step of a person off who lost it: where no other operator is left."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email", help="whose")
        parser.add_argument("--reason", required=True, help="for the site's history")

    def handle(self, *, email: str, reason: str, **options: Any) -> None:
        person = User.objects.filter(email=email.lower(), is_active=True).first()
        if person is None or not lost_second_step.has_one(person):
            raise CommandError(f"Nobody with the address {email} has a second step.")
        lost_second_step.take_off(person, by=None, reason=reason)
        self.stdout.write("It is off; they were signed out everywhere and told by mail.")
