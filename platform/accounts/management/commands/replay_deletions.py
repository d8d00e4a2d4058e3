from typing import Any

from django.core.management.base import BaseCommand

from accounts import privacy
from operations import clock


class Command(BaseCommand):
    help = "After a restore: deletes again the accounts that were deleted since the backup."

    def handle(self, **options: Any) -> None:
        replayed = privacy.replay(now=clock.now())
        self.stdout.write(f"{replayed.deleted} accounts deleted again.")
        for reason in replayed.must_stay:
            self.stdout.write(f"One is deleted later: {reason}")
