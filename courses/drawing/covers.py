"""A whole cover: 3:4, in the units of 900 × 1200, as many pixels wide as it is asked for."""

from PIL import Image

from courses.drawing.design import Design
from courses.drawing.families import family_of
from courses.drawing.lettering import NOTHING, Setting, set_title
from courses.drawing.palette import PAPER
from courses.drawing.sheet import Sheet

WIDTH, HEIGHT = 900, 1200


def lettering(design: Design, *, has_title: bool) -> Setting:
    """The title as it is set; nothing on a small cover, or where the font lacks a character."""
    return set_title(design.title) if has_title else NOTHING


def draw(design: Design, pixels: int, *, has_title: bool = True) -> Image.Image:
    """The same design gives the same picture, always."""
    sheet = Sheet(WIDTH, HEIGHT, pixels=pixels, fill=PAPER)
    family_of(design)(sheet, design, lettering(design, has_title=has_title))
    return sheet.finish()
