"""What an uploaded file must be: of the kind its name says, whole, and not too large."""

import struct
import zipfile
from collections.abc import Callable

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.base import File
from django.utils.translation import gettext as _
from PIL import Image
from tinytag import TinyTag
from tinytag.tinytag import TinyTagException

MB = 1024 * 1024
LARGEST = {"audio": 300 * MB, "video": 4096 * MB, "document": 100 * MB}
# A recording may be this much shorter than its own header says before it counts as cut off.
TOLERANCE = 0.95
EXACT = ("mp3", "wav")  # others tell a nominal bitrate
OFFICE = ("docx", "epub", "pptx", "xlsx", "zip")
TEXTS = ("csv", "md", "txt")

# MPEG audio frame headers (ISO/IEC 11172-3, 2.4.2.3): kilobits a second by [version 1 or 2], and
# samples a second of version 1, for layer III.
BITRATES = (
    (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
)
RATES = (44_100, 48_000, 32_000)
FRAMES_TO_SEE = 4


def suffix(file: File) -> str:
    return (file.name or "").rpartition(".")[2].lower()


def check_size(file: File, kind: str) -> None:
    """`kind` is audio, video or document. Raises ValidationError."""
    if file.size > LARGEST[kind]:
        words = {"size": -(-file.size // MB), "limit": LARGEST[kind] // MB}
        raise ValidationError(
            _("This file has %(size)d MB; at most %(limit)d MB can be uploaded.") % words
        )


def read_duration(file: File) -> float:
    """The playing time in seconds. Raises ValidationError where it is no sound or video."""
    file.seek(0)
    looks_right = SIGNATURES[suffix(file)](file)
    file.seek(0)
    try:
        tag = TinyTag.get(filename=file.name, file_obj=file) if looks_right else None
    except (TinyTagException, OSError, ValueError, struct.error) as error:
        raise _broken() from error
    finally:
        file.seek(0)
    if tag is None:
        raise _broken()
    if not tag.duration:
        raise ValidationError(_("This file has no playing time: it may be broken."))
    told = tag.duration * (tag.bitrate or 0) * 1000 / 8  # bytes
    if suffix(file) in EXACT and file.size < told * TOLERANCE:
        raise ValidationError(_("This file is cut off: it is shorter than it says."))
    return float(tag.duration)


def _broken() -> ValidationError:
    return ValidationError(_("This file could not be read as sound or video: it may be broken."))


def _begins(at: int, *marks: bytes) -> Callable[[File], bool]:
    def check(file: File) -> bool:
        file.seek(at)
        return file.read(max(map(len, marks))).startswith(marks)

    return check


def _is_mp3(file: File) -> bool:
    """A few frames follow each other, after an ID3 tag if there is one."""
    head = file.read(10)
    at = 0
    if head.startswith(b"ID3"):
        size = [byte & 0x7F for byte in head[6:10]]
        at = 10 + (size[0] << 21 | size[1] << 14 | size[2] << 7 | size[3])
    for _frame in range(FRAMES_TO_SEE):
        file.seek(at)
        length = _frame_length(file.read(4))
        if not length:
            return False
        at += length
    return True


def _frame_length(header: bytes) -> int:
    """Bytes to the next frame; 0 where no layer III frame begins."""
    if len(header) < 4 or header[0] != 0xFF or header[1] & 0xE6 != 0xE2:
        return 0
    version = header[1] >> 3 & 3  # 3: version 1, 2: version 2, 0: version 2.5
    bitrate, rate, padding = header[2] >> 4, header[2] >> 2 & 3, header[2] >> 1 & 1
    if version == 1 or bitrate in (0, 15) or rate == 3:
        return 0
    is_first = version == 3
    samples = RATES[rate] // {3: 1, 2: 2, 0: 4}[version]
    return (144 if is_first else 72) * 1000 * BITRATES[not is_first][bitrate] // samples + padding


SIGNATURES: dict[str, Callable[[File], bool]] = {
    "mp3": _is_mp3,
    "m4a": _begins(4, b"ftyp"),
    "m4v": _begins(4, b"ftyp"),
    "mp4": _begins(4, b"ftyp"),
    "ogg": _begins(0, b"OggS"),
    "wav": _begins(0, b"RIFF"),
    "flac": _begins(0, b"fLaC", b"ID3"),
}


def check_document(file: File) -> None:
    """Raises ValidationError where the content is not what the name says."""
    kind = suffix(file)
    file.seek(0)
    if kind == "pdf":
        whole = b"%PDF-" in file.read(1024)
    elif kind in OFFICE:
        whole = zipfile.is_zipfile(file)
    elif kind in TEXTS:
        whole = _is_text(file)
    else:  # a picture or a sound beside the lesson
        whole = kind not in SIGNATURES or SIGNATURES[kind](file)
    file.seek(0)
    if not whole:
        words = {"kind": kind.upper()}
        raise ValidationError(_("This is no %(kind)s file, or it is broken.") % words)


def _is_text(file: File) -> bool:
    try:
        for block in file.chunks():
            if b"\0" in block:
                return False
    finally:
        file.seek(0)
    return True


def check_picture(file: File) -> None:
    """Reads the whole picture once, as its renditions will, unless it has too many pixels: Wagtail
    would read it to count them. Raises ValidationError."""
    file.seek(0)
    try:
        with Image.open(file) as picture:
            if picture.width * picture.height > settings.WAGTAILIMAGES_MAX_IMAGE_PIXELS:
                raise ValidationError(
                    _("This picture has too many pixels; at most %(limit)s can be taken.")
                    % {"limit": f"{settings.WAGTAILIMAGES_MAX_IMAGE_PIXELS:,}"}
                )
            picture.load()
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise ValidationError(_("This picture is broken or cut off.")) from error
    finally:
        file.seek(0)
