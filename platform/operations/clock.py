"""The one clock of rules and jobs.

Under the sandbox it runs ahead of real time by an offset that people and tests may move, so that
periods, grace and access move together. Signatures, cookies and leases keep real time.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.utils import timezone

_seen: tuple[tuple[int, int, int], timedelta] | None = None
# While a story of what was is told, in this process alone: how far its clock is from real time.
_told: timedelta | None = None


class ClockFixed(Exception):
    """The clock cannot be moved: real time rules here, or it would go backwards."""


def now() -> datetime:
    """The present instant (UTC), as the site's rules see it."""
    return timezone.now().astimezone(UTC) + offset()


def offset() -> timedelta:
    """How far the clock is ahead of real time; zero without the sandbox."""
    global _seen
    if not settings.STRIPE_SANDBOX:
        return timedelta()
    if _told is not None:
        return _told
    try:
        status = os.stat(_file())
    except FileNotFoundError:
        return timedelta()
    # Every process keeps what it read until the file is another one.
    key = (status.st_mtime_ns, status.st_ino, status.st_size)
    if _seen is None or _seen[0] != key:
        _seen = (key, timedelta(seconds=float(_file().read_text())))
    return _seen[1]


def move(by: timedelta) -> timedelta:
    """Moves the clock ahead for every process (in `set_back`: for that story); gives the new
    offset. Raises ClockFixed."""
    global _told
    if not settings.STRIPE_SANDBOX:
        raise ClockFixed("Only the sandbox's clock can be moved.")
    if by < timedelta():
        raise ClockFixed("The clock does not go backwards.")
    if _told is not None:
        _told += by
        return _told
    file = _file()
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.with_name(f"{file.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        moved = offset() + by
        fresh = file.with_name(f"{file.name}.new")
        fresh.write_text(f"{moved.total_seconds()!r}\n")
        fresh.replace(file)
    return moved


@contextmanager
def set_back(by: timedelta) -> Iterator[None]:
    """Within it the clock begins so much earlier and can be moved on: for telling the sandbox what
    was. Nothing else should run meanwhile. Raises ClockFixed."""
    global _told
    if not settings.STRIPE_SANDBOX:
        raise ClockFixed("Only the sandbox's clock can be moved.")
    _told = offset() - by
    try:
        yield
    finally:
        _told = None


def _file() -> Path:
    return Path(settings.DATA) / "clock-offset"
