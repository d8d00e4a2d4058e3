"""Jobs as an app would write them; they leave a trace in files, which outlive their process."""

import time
from datetime import datetime
from pathlib import Path

from operations.jobs import job

ran_at: list[datetime] = []


@job
def note(file: str, line: str) -> None:
    with Path(file).open("a") as log:
        log.write(f"{line}\n")


@job(attempts=3)
def fail(file: str) -> None:
    note.call(file=file, line="failed")
    raise ValueError("the shop is closed")


@job(attempts=3)
def hold(file: str, release: str) -> None:
    """Begins, then waits until the file `release` is there."""
    note.call(file=file, line="begun")
    while not Path(release).exists():
        time.sleep(0.02)
    note.call(file=file, line="done")


@job
def note_twice(file: str) -> None:
    note.call(file=file, line="first")
    note.enqueue(file=file, line="second")


def tell(now: datetime) -> None:
    ran_at.append(now)
