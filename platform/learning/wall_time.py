"""How much of what players claim counts as time studied.

Nobody studies longer than time passes. A session counts from the issue of its token at the
earliest (`started_at`, see progress.record): what a visitor heard before signing in moves the
progress, not the study day. And sessions that overlap, on two devices say, count together at
most the time from the first one's start to the last one's end: studying twice at once is
studying once wherever the clock shows it.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple


class Span(NamedTuple):
    started_at: datetime
    updated_at: datetime
    wall: float


def seconds_studied(spans: Iterable[Span]) -> float:
    """Wall-clock seconds of study in these sessions."""
    total = claimed = 0.0
    start: datetime | None = None
    end: datetime | None = None
    for span in sorted(spans):
        if start is None or end is None or span.started_at > end:
            total += _allowed(claimed, start, end)
            claimed, start, end = 0.0, span.started_at, span.updated_at
        claimed += _allowed(span.wall, span.started_at, span.updated_at)
        end = max(end, span.updated_at)
    return total + _allowed(claimed, start, end)


def _allowed(claimed: float, start: datetime | None, end: datetime | None) -> float:
    return min(claimed, (end - start).total_seconds()) if start and end else 0.0
