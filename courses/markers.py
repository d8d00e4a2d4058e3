"""Markers: where the parts of a long recording begin. What an editor writes, or else what the text
shows: its headings, at the first sentence heard after each."""

import re
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

LINE = re.compile(r"^(?:(\d{1,2}):)?(\d{1,2}):([0-5]\d)\s+(\S.*)$")
MOST = 60
LONGEST = 80  # characters of a title


@dataclass(frozen=True)
class Marker:
    start: float  # seconds
    title: str


def parse(text: str) -> list[Marker]:
    """One a line, `4:18 title` or `1:04:18 title`, in order of time; empty lines are passed over.

    Raises ValidationError that names the first line that is wrong.
    """
    found: list[Marker] = []
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip():
            found.append(_read(line.strip(), number, after=found[-1].start if found else -1.0))
    if len(found) > MOST:
        raise ValidationError(_("More than %(most)s markers."), params={"most": MOST})
    return found


def _read(line: str, number: int, *, after: float) -> Marker:
    match = LINE.match(line)
    if match is None:
        raise _wrong(number, _("It must look like 4:18 title."))
    hours, minutes, seconds, title = match.groups()
    start = int(hours or 0) * 3600 + int(minutes) * 60 + int(seconds)
    if start <= after:
        raise _wrong(number, _("It begins before the one above it."))
    if len(title) > LONGEST:
        raise _wrong(number, _("Its title is longer than 80 characters."))
    return Marker(float(start), title)


def _wrong(line: int, reason: str) -> ValidationError:
    return ValidationError(_("Line %(line)s: %(reason)s"), params={"line": line, "reason": reason})


def validate_markers(text: str) -> None:
    """A form's validator: says which line is wrong."""
    parse(text)
