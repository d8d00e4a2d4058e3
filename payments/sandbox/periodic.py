"""What the site's tick does for the sandbox."""

from datetime import datetime

from operations.periodic import periodic
from payments.sandbox import timers


@periodic(minutes=1)
def run_sandbox_timers(now: datetime) -> None:
    timers.run_due(now)
