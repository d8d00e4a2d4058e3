"""The number by which one request (or job) is found in the log."""

import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

SHOWN = 8
_ACCEPTED = re.compile(r"[A-Za-z0-9_-]{8,64}")
_current: ContextVar[str] = ContextVar("request_id", default="")


def current() -> str:
    """The id of the request or job at work here; empty outside both."""
    return _current.get()


def shown() -> str:
    """What a person reads out to us: the first characters of the id."""
    return current()[:SHOWN].upper()


def accept(offered: str | None) -> str:
    """The id a proxy gave, if it looks like one; otherwise a new one."""
    return offered if offered and _ACCEPTED.fullmatch(offered) else uuid.uuid4().hex


@contextmanager
def bound(value: str) -> Iterator[str]:
    """Marks everything logged inside with this id."""
    token = _current.set(value)
    try:
        yield value
    finally:
        _current.reset(token)
