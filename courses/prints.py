"""The bytes of a picture: drawn, or cut out of an uploaded one."""

import io
from typing import Any

from PIL import Image
from wagtail.images.models import Filter, SourceImageIOError

from courses.depicted import CARD, LARGE, POSTER, SQUARE, Subject
from courses.drawing import covers, share
from courses.drawing.design import Design
from courses.drawing.sheet import Box
from courses.models import PrivateImage

ENCODING: dict[str, dict[str, Any]] = {
    "avif": {"format": "AVIF", "quality": 62, "speed": 7, "subsampling": "4:4:4"},
    "webp": {"format": "WEBP", "quality": 82, "method": 3},
    "jpg": {"format": "JPEG", "quality": 88, "subsampling": "4:4:4", "optimize": True},
    "png": {"format": "PNG", "compress_level": 7},
}


def make(subject: Subject, shape: str, suffix: str) -> bytes:
    """The picture of this shape, in the format of its suffix."""
    draw = {CARD: _card, POSTER: _poster, SQUARE: _square}.get(shape)
    picture = draw(subject) if draw else _cover(subject, int(shape))
    file = io.BytesIO()
    picture.save(file, **ENCODING[suffix])
    return file.getvalue()


def gift(design: Design, words: share.Words, image: PrivateImage | None) -> bytes:
    """The card of a gift, PNG; `image` stands in for the drawn art."""
    picture = share.draw_gift(design, words, _cut(image, share.GIFT_ART))
    file = io.BytesIO()
    picture.save(file, **ENCODING["png"])
    return file.getvalue()


def _cover(subject: Subject, width: int) -> Image.Image:
    uploaded = _uploaded(subject, Box(0, 0, width, width * 4 // 3))
    return uploaded or covers.draw(subject.design, width, has_title=width in LARGE)


def _card(subject: Subject) -> Image.Image:
    if subject.kind == "article" and (picture := _uploaded(subject, share.CARD)):
        return picture
    return share.draw_card(subject.design, subject.words, _uploaded(subject, share.CARD_ART))


def _poster(subject: Subject) -> Image.Image:
    return share.draw_poster(subject.design, subject.words, _uploaded(subject, share.POSTER_ART))


def _square(subject: Subject) -> Image.Image:
    return share.draw_square(subject.design, subject.words, _uploaded(subject, share.SQUARE_ART))


def _uploaded(subject: Subject, box: Box) -> Image.Image | None:
    """The uploaded picture in the shape of a box, around its focal point; None if there is none."""
    return _cut(subject.image, box)


def _cut(image: PrivateImage | None, box: Box) -> Image.Image | None:
    if image is None:
        return None
    size = round(box.width), round(box.height)
    cut = Filter(spec=f"fill-{size[0]}x{size[1]}|format-png")
    try:
        file = image.generate_rendition_file(cut)
    except SourceImageIOError:  # the file is gone: better a drawn picture than none
        return None
    with file, Image.open(file) as picture:
        return picture.convert("RGB").resize(size, Image.Resampling.LANCZOS)
