"""Unions of stretches of content, in seconds: [[from, to], …], sorted and apart."""

from collections.abc import Iterable
from itertools import chain, pairwise

type Ranges = list[list[float]]

# Players report the time in steps: what lies this close together was played through.
JOIN = 0.5


def union(*several: Iterable[list[float]], join: float = JOIN) -> Ranges:
    """All of them together; those at most `join` apart become one.

    Commutative, associative and idempotent: each result is what spans a chain of stretches with
    no wider gap, whichever were put together first.
    """
    joined: Ranges = []
    for start, end in sorted(chain.from_iterable(several)):
        if joined and start <= joined[-1][1] + join:
            joined[-1][1] = max(joined[-1][1], end)
        else:
            joined.append([start, end])
    return joined


def seconds(ranges: Ranges) -> float:
    """How much content that is, each second once."""
    return sum(end - start for start, end in ranges)


def at_most(count: int, ranges: Ranges) -> Ranges:
    """Those of a union, joined over their narrowest gaps until there are no more than `count`."""
    gaps = [after[0] - before[1] for before, after in pairwise(ranges)]
    widest = sorted(range(len(gaps)), key=gaps.__getitem__, reverse=True)[: count - 1]
    bounds = [0, *(number + 1 for number in sorted(widest)), len(ranges)]
    return [[ranges[a][0], ranges[b - 1][1]] for a, b in pairwise(bounds) if b > a]
