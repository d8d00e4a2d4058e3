"""Heartbeats as they arrive: read, checked, made sound.

JSON `{"token", "session", "seq", "position", "ranges", "wall", "read_to", "ago"}`, cumulative for
its session; `ago` is how many seconds ago the last of it was studied (0 if left out). What cannot
be true is nonsense and refused; what may be a rounding is clipped.
"""

import json
import uuid
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from learning.ranges import Ranges, at_most, seconds, union

LARGEST = 32 * 1024  # bytes
MOST_RANGES = 200
FASTEST = 3.0
ROUNDING = 1.05  # players report late and round
SLACK = 30.0  # seconds: files and players differ about lengths
# A visitor's session is kept in the browser for a week before sign-in.
LONGEST_WALL = timedelta(days=7, hours=12).total_seconds()
LONGEST_AGO = timedelta(days=31).total_seconds()  # a lesson kept for offline study
LARGEST_SEQ = 2**31 - 1
LARGEST_NUMBER = 1e9


class Nonsense(Exception):
    """No player sends this; the message says why."""


@dataclass(frozen=True)
class Beat:
    session: uuid.UUID
    seq: int
    position: float
    ranges: Ranges
    wall: float
    read_to: float
    ago: float = 0.0

    def within(self, duration: float) -> "Beat":
        """The same within content of so many seconds. Raises Nonsense."""
        end = max([self.position, *(end for _, end in self.ranges)])
        if end > duration + SLACK:
            raise Nonsense("beyond the lesson's end")
        clipped = union([min(a, duration), min(b, duration)] for a, b in self.ranges)
        ranges = at_most(MOST_RANGES, [[a, b] for a, b in clipped if b > a])
        wall = min(self.wall, LONGEST_WALL)
        if seconds(ranges) > wall * FASTEST * ROUNDING + SLACK:
            raise Nonsense("more content than time")
        position = min(self.position, duration)
        return replace(self, position=position, ranges=ranges, wall=wall)


def message_of(body: bytes) -> dict[str, Any]:
    """What a player sends, with its token. Raises Nonsense."""
    try:
        message = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Nonsense("not JSON") from error
    if not isinstance(message, dict) or not isinstance(message.get("token"), str):
        raise Nonsense("no token")
    return message


def read(body: bytes) -> tuple[str, Beat]:
    """The token and the beat. Raises Nonsense."""
    message = message_of(body)
    return message["token"], Beat(
        session=_session(message.get("session")),
        seq=_seq(message.get("seq")),
        position=_number(message.get("position")),
        ranges=_ranges(message.get("ranges")),
        wall=_number(message.get("wall")),
        read_to=_number(message.get("read_to"), most=1.0, digits=3),
        ago=min(_number(message.get("ago", 0)), LONGEST_AGO),
    )


def _session(value: Any) -> uuid.UUID:
    try:
        return uuid.UUID(value)
    except (ValueError, TypeError, AttributeError) as error:
        raise Nonsense("session is no UUID") from error


def _seq(value: Any) -> int:
    if type(value) is not int or not 0 <= value <= LARGEST_SEQ:
        raise Nonsense("seq is no count")
    return value


def _number(value: Any, *, most: float = LARGEST_NUMBER, digits: int = 1) -> float:
    # True is an int to Python, and NaN a float that lies nowhere.
    if type(value) not in (int, float) or not 0 <= value <= most:
        raise Nonsense("not a number from 0 on")
    return round(float(value), digits)


def _ranges(value: Any) -> Ranges:
    if not isinstance(value, list):
        raise Nonsense("ranges are no list")
    ranges = []
    for pair in value:
        if not isinstance(pair, list) or len(pair) != 2:
            raise Nonsense("a range is a pair")
        start, end = _number(pair[0]), _number(pair[1])
        if end < start:
            raise Nonsense("a range runs backwards")
        ranges.append([start, end])
    return ranges
