"""What is sent to others: a picture for a chat's preview, and a poster to be photographed."""

from dataclasses import dataclass, replace

from PIL import Image
from qrcode import QRCode
from qrcode.constants import ERROR_CORRECT_M

from courses.drawing.characters import can_set
from courses.drawing.design import Design
from courses.drawing.families import family_of, glyph, seal
from courses.drawing.lettering import NOTHING, Setting, set_title, wrap
from courses.drawing.palette import INK, INK_SOFT, PAPER
from courses.drawing.sheet import Box, Point, Sheet

CARD = Box(0, 0, 1200, 630)
CARD_ART = Box(728, 0, 472, 630)
POSTER = Box(0, 0, 1080, 1440)
POSTER_ART = Box(0, 0, 1080, 760)
GIFT_ART = Box(0, 0, 1080, 380)
SQUARE = Box(0, 0, 1080, 1080)
SQUARE_ART = Box(0, 0, 1080, 560)
# Where 大字 stands, and how large: off the right of a card, off the top of a poster.
GLYPHS = {
    CARD_ART: (640, (1042, 315)),
    POSTER_ART: (1000, (560, 290)),
    GIFT_ART: (860, (560, 60)),
    SQUARE_ART: (900, (560, 190)),
}
CODE = 210  # at most
EDGE = 86  # where the art of a poster begins, too (families.MARGIN)


@dataclass(frozen=True)
class Words:
    """What stands beside the art. All of it is public."""

    title: str
    over: str = ""  # small, above the title: of which course
    line: str = ""  # a promise, a question, a summary
    site: str = ""
    foot: str = ""  # on a gift, above the seal: until when
    address: str = ""  # where the code on a poster leads


def draw_card(design: Design, words: Words, picture: Image.Image | None = None) -> Image.Image:
    """1200 × 630; `picture`, in the shape of CARD_ART, stands in for the drawn art."""
    sheet = Sheet(CARD.width, CARD.height, pixels=1200, fill=PAPER)
    _art(sheet, CARD_ART, design, picture)
    text = Box(68, 72, CARD_ART.left - 2 * 68, CARD.height - 144)
    _write(sheet, text, words, largest=88, line=30)
    sign(sheet, (text.left, text.foot - 48), 48, design.seal, words.site)
    return sheet.finish()


def draw_poster(design: Design, words: Words, picture: Image.Image | None = None) -> Image.Image:
    """1080 × 1440; `picture`, in the shape of POSTER_ART, stands in for the drawn art."""
    sheet = Sheet(POSTER.width, POSTER.height, pixels=1080, fill=PAPER)
    _art(sheet, POSTER_ART, design, picture)
    code = draw_code(sheet, words.address, (POSTER.right - EDGE, POSTER.foot - EDGE))
    text = Box(EDGE, POSTER_ART.foot + 64, POSTER.width - 2 * EDGE, 0)
    _write(sheet, text, words, largest=96, line=34, line_width=code.left - EDGE - 48)
    sign(sheet, (EDGE, POSTER.foot - EDGE - 60), 60, design.seal, words.site)
    return sheet.finish()


def draw_square(design: Design, words: Words, picture: Image.Image | None = None) -> Image.Image:
    """1400 × 1400, looked at small; `picture`, in the shape of SQUARE_ART, for the drawn art."""
    sheet = Sheet(SQUARE.width, SQUARE.height, pixels=1400, fill=PAPER)
    _art(sheet, SQUARE_ART, design, picture)
    title = _fit(set_title(words.title), 118, SQUARE.width - 2 * EDGE)
    sheet.lines(title, (EDGE, SQUARE_ART.foot + 44), INK)
    sign(sheet, (EDGE, SQUARE.foot - 56 - 60), 60, design.seal, words.site)
    return sheet.finish()


def draw_gift(design: Design, words: Words, picture: Image.Image | None = None) -> Image.Image:
    """1080 × 1440, with room for a message; `picture`, in the shape of GIFT_ART, for the art."""
    sheet = Sheet(POSTER.width, POSTER.height, pixels=1080, fill=PAPER)
    _art(sheet, GIFT_ART, design, picture)
    code = draw_code(sheet, words.address, (POSTER.right - EDGE, POSTER.foot - EDGE))
    text = Box(EDGE, GIFT_ART.foot + 56, POSTER.width - 2 * EDGE, 0)
    is_short = len(words.line) <= 60
    _write(sheet, text, words, largest=84, line=44 if is_short else 32, most=4 if is_short else 8)
    sign(sheet, (EDGE, POSTER.foot - EDGE - 60), 60, design.seal, words.site)
    if words.foot and can_set(words.foot):
        foot = wrap(words.foot, size=28, width=code.left - EDGE - 48, most=1)
        sheet.lines(foot, (EDGE, POSTER.foot - EDGE - 60 - 56), INK_SOFT)
    return sheet.finish()


def _art(sheet: Sheet, box: Box, design: Design, picture: Image.Image | None) -> None:
    if picture is None and family_of(design) is glyph:
        # On the whole sheet: at the edge of its box, which nobody sees, it would be cut.
        size, centre = GLYPHS[box]
        sheet.word(design.glyph, centre, size, design.colour)
        return
    if picture is None:
        art = Sheet(
            box.width, box.height, pixels=round(box.width * sheet.scale), fill=PAPER, larger=1
        )
        family_of(design)(art, replace(design, seal=""), NOTHING)  # the seal stands by the name
        picture = art.finish()
    sheet.paste(picture, box)


def _write(
    sheet: Sheet,
    box: Box,
    words: Words,
    *,
    largest: float,
    line: float,
    line_width: float = 0,
    most: int = 2,
) -> None:
    top = box.top
    if words.over and can_set(words.over):
        sheet.lines(
            wrap(words.over, size=line - 2, width=box.width, most=1), (box.left, top), INK_SOFT
        )
        top += (line - 2) * 1.9
    title = _fit(set_title(words.title), largest, box.width)
    sheet.lines(title, (box.left, top), INK)
    if words.line:
        running = wrap(words.line, size=line, width=line_width or box.width, most=most)
        spaced = Setting(running.lines, line, leading=1.55)
        sheet.lines(spaced, (box.left, top + title.height + line * 1.1), INK_SOFT)


def _fit(title: Setting, largest: float, width: float) -> Setting:
    if not title.lines:
        return title
    widest = title.width / title.size
    three = 0.76 if len(title.lines) > 2 else 1.0
    return title.no_larger_than(min(largest * three, width / widest))


def sign(sheet: Sheet, corner: Point, side: float, character: str, name: str) -> None:
    """The seal, and whose it is."""
    left, top = corner
    seal(sheet, Box(left, top, side, side), character)
    if can_set(name):
        size = side * 0.5
        left += side * 1.35 if can_set(character) else 0
        sheet.lines(Setting((name,), size), (left, top + (side - size) / 2), INK)


def draw_code(sheet: Sheet, address: str, foot: Point) -> Box:
    """A QR code from its lower right corner; the box of its modules."""
    rows = matrix(address)
    module = CODE // len(rows)
    side = module * len(rows)
    box = Box(foot[0] - side, foot[1] - side, side, side)
    for down, row in enumerate(rows):
        for across, is_dark in enumerate(row):
            if is_dark:
                corner = box.left + across * module, box.top + down * module
                sheet.fill(Box(*corner, module, module), INK)
    return box


def matrix(address: str) -> list[list[bool]]:
    """The modules of a QR code, without its quiet zone."""
    code = QRCode(error_correction=ERROR_CORRECT_M, border=0)
    code.add_data(address)
    code.make(fit=True)
    return [[bool(module) for module in row] for row in code.get_matrix()]
