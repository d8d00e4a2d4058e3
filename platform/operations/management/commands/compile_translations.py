"""`manage.py compile_translations`: makes the .mo files that are missing or old."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from operations import translations


class Command(BaseCommand):
    help = "Compiles the translations that changed (with Babel; gettext is not needed)."
    requires_system_checks: list[str] = []

    def handle(self, **options: Any) -> None:
        for path in translations.compile_stale(settings.LOCALE_PATHS):
            self.stdout.write(f"{path.parent.parent.name}: {path.name}")
