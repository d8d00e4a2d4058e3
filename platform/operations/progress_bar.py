"""How far a command is, for who looks on."""

import sys
from types import TracebackType

from django.core.management.base import OutputWrapper

WIDTH = 30


class Bar:
    """A line that fills up, a new one for each part of the work; nothing where nobody looks."""

    def __init__(self, out: OutputWrapper) -> None:
        self.out = out
        self.is_watched = sys.stderr.isatty()
        self.part = ""

    def __enter__(self) -> "Bar":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.part:
            self.out.write("")

    def show(self, what: str, done: int, total: int) -> None:
        if not self.is_watched:
            return
        if self.part not in ("", what):
            self.out.write("")
        self.part = what
        filled = WIDTH * done // max(total, 1)
        bar = "█" * filled + "·" * (WIDTH - filled)
        self.out.write(f"\r{bar} {done}/{total} {what}", ending="")
        self.out.flush()
