"""What is counted as it happens, for Prometheus. Without METRICS_TOKEN nothing is.

Each process counts into files of its own (prometheus_client's way for several processes), which
`/metrics` adds up for its machine. Only what grows is counted here: what a dead process left stays
true, and is removed when the site starts (platform/deploy/gunicorn.conf.py). What stands is asked
of the database (operations.measures).
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.conf import settings


@dataclass(frozen=True)
class Count:
    """A count by labels, whose values are few and never name a person: `BEATS.add("accepted")`."""

    name: str  # without _total, which the exposition adds
    about: str
    labels: tuple[str, ...]

    def __post_init__(self) -> None:
        declared.append(self)

    def add(self, *values: str) -> None:
        if settings.METRICS_TOKEN:
            _made("Counter", self).labels(*values).inc()


@dataclass(frozen=True)
class Seconds:
    """How long something took, by labels, in classes."""

    name: str
    about: str
    labels: tuple[str, ...]
    classes: tuple[float, ...]

    def __post_init__(self) -> None:
        declared.append(self)

    def add(self, seconds: float, *values: str) -> None:
        if settings.METRICS_TOKEN:
            _made("Histogram", self, buckets=self.classes).labels(*values).observe(seconds)


declared: list[Count | Seconds] = []


@lru_cache
def _made(kind: str, what: Count | Seconds, **options: Any) -> Any:
    import prometheus_client  # costs time and memory: only where somebody looks

    make: Callable[..., Any] = getattr(prometheus_client, kind)
    return make(what.name, what.about, what.labels, registry=None, **options)


def folder() -> Path:
    """Where the processes of this machine count."""
    return Path(os.environ["PROMETHEUS_MULTIPROC_DIR"])
