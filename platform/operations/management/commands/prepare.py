"""`manage.py prepare`: what has to be done once before processes of this version start."""

from typing import Any

from django.core.files.storage import default_storage
from django.core.management.base import BaseCommand

from operations import preparation


class Command(BaseCommand):
    help = "Migrates the databases that need it, makes what else is missing; run it once."

    def handle(self, **options: Any) -> None:
        for alias in preparation.migrate_what_is_due():
            self.stdout.write(f"The {alias} database is up to date.")
        if prepare := getattr(default_storage, "prepare", None):  # an object store
            prepare()
        self.stdout.write("Ready for the processes of this version.")
