"""django-tasks-db's own worker has no beat: what it runs would be taken for abandoned."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError


class Command(BaseCommand):
    help = "Not used here: see `manage.py worker`."

    def handle(self, *args: Any, **options: Any) -> None:
        raise CommandError("Use `manage.py worker`: it runs every queue and can be missed.")
