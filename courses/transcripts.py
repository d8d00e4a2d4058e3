"""WebVTT: checking what editors upload, reading its cues."""

import re
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

TIMES = re.compile(
    r"^(?:(\d{2,}):)?([0-5]\d):([0-5]\d)\.(\d{3})[ \t]+-->[ \t]+"
    r"(?:(\d{2,}):)?([0-5]\d):([0-5]\d)\.(\d{3})(?:[ \t]+\S.*)?$"
)
TAGS = re.compile(r"<[^<>]*>")


@dataclass(frozen=True)
class Cue:
    """A sentence and when it is heard, in seconds."""

    start: float
    end: float
    text: str


class BrokenTranscript(ValueError):
    """The text is not WebVTT; `line` says where (counted from 1)."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(reason)
        self.line = line
        self.reason = reason


def seconds(hours: str | None, minutes: str, secs: str, millis: str) -> float:
    return int(hours or 0) * 3600 + int(minutes) * 60 + int(secs) + int(millis) / 1000


def parse(text: str) -> list[Cue]:
    """The cues of a WebVTT file (https://www.w3.org/TR/webvtt1/), in order of time.

    Raises BrokenTranscript with the number of the first line that is wrong. Stricter than players
    are: cues must not run backwards, and none may be empty.
    """
    lines = text.removeprefix("\ufeff").splitlines()
    if not lines or not re.match(r"^WEBVTT([ \t].*)?$", lines[0]):
        raise BrokenTranscript(1, _("The first line must be WEBVTT."))
    cues: list[Cue] = []
    # The header goes to the first empty line: Kind: captions, say.
    head = next((i for i, line in enumerate(lines) if not line.strip()), len(lines))
    position = next((i for i in range(1, head) if "-->" in lines[i]), head)
    while position < len(lines):
        end = next((i for i in range(position, len(lines)) if not lines[i].strip()), len(lines))
        block = lines[position:end]
        earliest = cues[-1].start if cues else 0.0
        if block and (cue := _read_block(block, position + 1, earliest)):
            cues.append(cue)
        position = end + 1
    return cues


def _read_block(block: list[str], first_line: int, not_before: float) -> Cue | None:
    if re.match(r"^(NOTE|STYLE|REGION)([ \t]|$)", block[0]):
        return None
    timing = next((i for i, line in enumerate(block[:2]) if "-->" in line), None)
    if timing is None:
        raise BrokenTranscript(first_line, _("A cue needs a line of times with -->."))
    line = first_line + timing
    match = TIMES.match(block[timing].strip())
    if match is None:
        raise BrokenTranscript(line, _("The times must look like 00:00:01.000 --> 00:00:04.000."))
    groups = match.groups()
    start, end = seconds(*groups[:4]), seconds(*groups[4:])
    if end <= start:
        raise BrokenTranscript(line, _("A cue must end after it begins."))
    if start < not_before:
        raise BrokenTranscript(line, _("A cue begins before the one above it."))
    words = TAGS.sub("", " ".join(block[timing + 1 :])).strip()
    if not words:
        raise BrokenTranscript(line, _("A cue has no text."))
    return Cue(start, end, words)


def validate_transcript(text: str) -> None:
    """A form's validator: says which line is wrong."""
    try:
        parse(text)
    except BrokenTranscript as error:
        raise ValidationError(
            _("Line %(line)s: %(reason)s"), params={"line": error.line, "reason": error.reason}
        ) from error
