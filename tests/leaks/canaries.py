"""Words that stand where something is paid for, unpublished or personal: one in each such field.

Whoever hears one has seen that field. `hear` finds them however an answer wraps them up: escaped,
percent-encoded, in an archive, as the colour of a picture, as the digest of a file.
"""

import gzip
import hashlib
import html
import io
import re
import zipfile
from enum import StrEnum
from typing import Any
from urllib.parse import unquote

from PIL import Image

STEM = "金丝雀"
ASCII_STEM = "jinsique"  # where only ASCII is kept: names of pictures, browsers, e-mails


class Kind(StrEnum):
    PAID = "paid"  # for who may open the lesson
    SHELF = "shelf"  # names and notes that editors give to files
    DRAFT = "draft"  # what is not out
    NAME = "name"  # of a course that is not out: whoever sets its price reads it
    TITLE = "title"  # that a page which is out will have: whoever links to pages reads it
    LABEL = "label"  # of files: whoever chooses files picks from them
    PERSON = "person"  # a buyer's: finance reads it
    OWN = "own"  # a learner's, and nobody else's
    TALK = "talk"  # said under a paid lesson: for who may open it, and who moderates
    KEY = "key"  # what is right: for who has answered, and who wrote it


_TABLE = {
    Kind.PAID: """
        text quote source alt caption heading callout language code question cell card
        attachment documenttitle documentname documentbytes documenttag
        quizprompt quizchoice quizitem
        cue marker audiobytes audiotag videobytes picture gone goneaudio
    """,
    Kind.SHELF: """
        bodycue picturetitle picturenote picturename audiotitle audioname videotitle videoname
        comment
    """,
    Kind.DRAFT: """
        edit editbody lessontitle lessonquestion lessonsummary lessonbody articletitle articlebody
        tracktitle trackaim coursepromise withdrawn withdrawnpicture draftpicture draftmedia
        reviewer
    """,
    Kind.NAME: "coursetitle",
    Kind.TITLE: "editedtitle",
    Kind.LABEL: "label",
    Kind.PERSON: "buyername buyermail refundnote",
    Kind.TALK: "talktext talkreply",
    Kind.OWN: "task thought tag",
    Kind.KEY: "quizkey quizwhy quizmodel",
}
KINDS: dict[str, Kind] = {name: kind for kind, names in _TABLE.items() for name in names.split()}
# Pictures are known by their colour: no drawn cover has one like these.
COLOURS = {"picture": (255, 0, 255), "draftpicture": (0, 255, 0), "withdrawnpicture": (0, 255, 255)}
NEAR = 14  # what AVIF and WebP change of a colour
PIXELS = 16  # a side of the grid that is looked at
SPOKEN = re.compile(f"(?:{STEM}|{ASCII_STEM})([a-z]+)")
HEXADECIMAL = re.compile(r"[0-9a-f]{16,128}")
PICTURE_MAGIC = (b"\x89PNG", b"\xff\xd8\xff", b"RIFF", b"GIF8")
DIGESTS = ("md5", "sha1", "sha256")


def word(name: str) -> str:
    """The canary of this name. Raises KeyError for one that is not in the table."""
    return f"{STEM}{name}" if KINDS[name] else ""


def ascii_word(name: str) -> str:
    return f"{ASCII_STEM}{name}" if KINDS[name] else ""


def of_kind(*kinds: Kind) -> set[str]:
    return {name for name, kind in KINDS.items() if kind in kinds}


def noise(name: str, *, begin: bytes = b"") -> bytes:
    """A file in which every stretch of a hundred bytes bears the canary."""
    return begin + f"{word(name)} ".encode() * 200


def picture(name: str) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (80, 60), COLOURS[name]).save(file, "PNG")
    return file.getvalue()


def digests(content: bytes) -> set[str]:
    """The beginnings of what a careless ETag might be made of."""
    return {hashlib.new(kind, content).hexdigest()[:16] for kind in DIGESTS}


def digests_in(text: str, known: dict[str, str]) -> set[str]:
    """The canaries whose files' digests are said here; `known` has them by their beginning."""
    return {known[run[:16]] for run in HEXADECIMAL.findall(text.lower()) if run[:16] in known}


def hear(data: bytes | str, *, asked: str = "") -> set[str]:
    """The names of the canaries in this. `asked`: words of the question that an answer may say
    back."""
    text = data if isinstance(data, str) else _unpacked(data)
    found = set() if isinstance(data, str) else _seen(data)
    for form in _forms(text):
        found |= set(SPOKEN.findall(_without(form, asked)))
    return {_whole(name) for name in found}


def _whole(name: str) -> str:
    """One that was cut short is the first that begins so; what follows one is not part of it."""
    if name in KINDS:
        return name
    beginnings = [each for each in KINDS if each.startswith(name) or name.startswith(each)]
    return max(beginnings, key=len, default=name)


def _without(text: str, asked: str) -> str:
    return text.replace(asked.lower(), " ") if asked else text


def _forms(text: str) -> set[str]:
    """As it stands, and with each wrapping taken off."""
    text = text.lower()
    plain = unquote(html.unescape(re.sub(r"\\+u([0-9a-f]{4})", _character, text)))
    return {plain, re.sub(r"</?(?:mark|em|b|span)[^>]*>", "", plain)}


def _character(match: re.Match[str]) -> str:
    return chr(int(match[1], 16))


def _unpacked(data: bytes) -> str:
    if data.startswith(b"\x1f\x8b"):
        data = gzip.decompress(data)
    if data.startswith(b"PK\x03\x04"):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            data = b"\n".join(archive.read(name) for name in archive.namelist())
    return data.decode("utf-8", "replace")


def _seen(data: bytes) -> set[str]:
    """The canaries whose colour is in the picture, if it is one."""
    if not data.startswith(PICTURE_MAGIC) and data[4:12] != b"ftypavif":
        return set()
    try:
        image = Image.open(io.BytesIO(data)).convert("RGB").resize((PIXELS, PIXELS), Image.NEAREST)
    except OSError:  # a part of one, which shows nothing
        return set()
    shown = set(image.get_flattened_data())
    return {name for name, colour in COLOURS.items() if any(_near(colour, one) for one in shown)}


def _near(colour: tuple[int, ...], other: Any) -> bool:
    return all(abs(a - b) <= NEAR for a, b in zip(colour, other, strict=True))
