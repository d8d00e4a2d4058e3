"""What the pictures of the overview are made of."""

from dataclasses import dataclass


@dataclass(frozen=True)
class RowBar:
    """A row of a table with its bar. `share`: how long it is, of a hundred."""

    label: str
    shown: tuple[str, ...]
    share: int
    url: str = ""


@dataclass(frozen=True)
class Piece:
    """A part of a bar, above zero or below."""

    key: str
    label: str
    value: int
    shown: str
    url: str = ""


@dataclass(frozen=True)
class Wave:
    """A bar of several pieces. `label` stands under it, `words` in the table; `gained` and `lost`:
    the sums of the pieces above zero and below."""

    words: str
    label: str
    pieces: list[Piece]
    closing: str
    gained: str
    lost: str
