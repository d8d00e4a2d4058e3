"""What the courses do by the clock."""

from datetime import datetime

from django.core.management import call_command

from operations.periodic import periodic


@periodic(minutes=1)
def publish_scheduled(now: datetime) -> None:
    """Open and close what editors set a time for, to the minute."""
    call_command("publish_scheduled")
