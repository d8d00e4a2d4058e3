from typing import Any

from django.core.management.base import BaseCommand

from accounts import privacy
from operations import clock


class Command(BaseCommand):
    help = "After a restore: deletes again the accounts that were deleted since the backup."

    def handle(self, **options: Any) -> None:
        self.stdout.write(f"{privacy.replay(now=clock.now())} accounts deleted again.")
