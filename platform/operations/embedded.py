"""Threads that the development server runs beside the site, so that no extra terminal is needed.

Upper apps register theirs in AppConfig.ready(); only the process that serves starts them.
"""

from collections.abc import Callable

Start = Callable[[], object]

_registered: list[Start] = []


def register(start: Start) -> None:
    """Registers a function that starts a supervised daemon thread and returns."""
    if start not in _registered:
        _registered.append(start)


def start_all() -> None:
    """Starts everything registered; called once by the serving process."""
    for start in _registered:
        start()
