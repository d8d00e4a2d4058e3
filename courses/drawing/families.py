"""The five families of covers, and the one of learning paths (LOOK.md, "Covers").

Each fills a sheet of any shape with its art; a title has its place on that of a cover.
"""

import hashlib
import math
from collections.abc import Callable

from courses.drawing.characters import drawable
from courses.drawing.design import Design
from courses.drawing.lettering import Setting
from courses.drawing.palette import EMBER, INK, ON_SEAL, PAPER, SEAL, WHITE, mix
from courses.drawing.sheet import Box, Point, Sheet

MARGIN = 0.08  # of the width
Family = Callable[[Sheet, Design, Setting], None]


def seal(sheet: Sheet, box: Box, character: str) -> None:
    """The publisher's, 白文: the ground is red, the character left open."""
    if character in drawable():
        sheet.rounded(box, box.width * 0.09, SEAL)
        sheet.word(character, box.at(0.5, 0.5), box.width * 0.66, ON_SEAL)


def slip(sheet: Sheet, design: Design, title: Setting) -> None:
    """题签: cloth, and on it the slip of paper that names a thread-bound book."""
    box, colour, unit = sheet.box, design.colour, sheet.unit
    sheet.fill(box, colour)
    thread = mix(colour, WHITE, 0.07)
    for number in range(1, math.ceil(box.width / (36 * unit))):
        sheet.fill(Box(number * 36 * unit, 0, 2 * unit, box.height), thread)
    across = title.pitch * (len(title.lines) - 1) + title.size + 120 if title.lines else 336
    margin = box.width * MARGIN
    paper = Box(margin, margin, across * unit, box.height * 0.72)
    sheet.fill(paper, PAPER)
    sheet.frame(paper.inset(14 * unit), colour, 5 * unit)
    sheet.frame(paper.inset(25 * unit), colour, 2 * unit)
    if title.lines:
        sheet.columns(title, (paper.right - 60, paper.top + 66), INK)
    elif design.glyph:
        sheet.word(
            design.glyph, (paper.left + paper.width / 2, paper.top + 186 * unit), 216 * unit, INK
        )
    side = (84 if title.lines else 120) * unit
    corner = margin + side
    seal(sheet, Box(box.right - corner, box.foot - corner, side, side), design.seal)


def hills(sheet: Sheet, design: Design, title: Setting) -> None:
    """远山: four ranges, each nearer and darker, and a red sun above the farthest."""
    box = sheet.box
    sheet.fill(box, PAPER)
    lower = 0.05 * max(len(title.lines) - 2, 0)
    bases = [
        base + lower
        for base in ((0.50, 0.60, 0.71, 0.83) if title.lines else (0.40, 0.53, 0.67, 0.81))
    ]
    radius = sheet.unit * (60 if title.lines else 84)
    words = Box(72, 78, title.width + 72, title.height + 72)
    places = [(0.24, 0.5, 0.76)[design.pick(12, 3)], 0.5, 0.76, 0.84]
    suns = [_sun(sheet, design, place, bases[0], radius) for place in places]
    free = [(x, y) for x, y in suns if x - radius > words.right or y - radius > words.foot]
    sheet.disc((free or suns[-1:])[0], radius, SEAL)
    for layer, (share, base) in enumerate(zip((0.16, 0.32, 0.58, 1.0), bases, strict=True)):
        line = []
        for step in range(121):
            across = step / 120
            down = box.height * base + _ridge(design, layer, across) * sheet.unit
            line.append((box.width * across, min(down, box.foot)))
        corners = [(box.right, box.foot), (box.left, box.foot)]
        sheet.shape([*line, *corners], mix(PAPER, design.colour, share))
    sheet.lines(title, (72, 78), INK)


def _sun(sheet: Sheet, design: Design, across: float, base: float, radius: float) -> Point:
    """Above the farthest range, or half behind it."""
    ridge = sheet.box.height * base + _ridge(design, 0, across) * sheet.unit
    return sheet.box.width * across, ridge - radius * (0.25 if design.pick(13, 3) == 0 else 2.0)


def _ridge(design: Design, layer: int, across: float) -> float:
    """How far a range reaches below its base line there."""
    height = 36 + 58 * design.share(layer)
    phase = design.share(layer + 4) * math.tau
    waves = 0.65 + design.pick(layer + 8, 5) * 0.2
    angle = across * math.tau * waves + phase
    return height * (math.sin(angle) + 0.38 * math.sin(angle * 2.3 + phase))


def moon(sheet: Sheet, design: Design, title: Setting) -> None:
    """满月: a disc of paper, cut by still water."""
    box = sheet.box
    colour = design.colour
    sheet.fill(box, colour)
    free = box.height - (title.height + 72 + 48 if title.lines else 0)
    across, down = (
        (0.60, 0.50),
        (0.50, 0.50),
        (0.76, 0.54),
        (0.40, 0.48),
        (0.58, 0.56),
        (0.24, 0.52),
    )[design.pick(0, 6)]
    radius = min(box.width * (0.34 if title.lines else 0.40), free * 0.40)
    if not title.lines:
        across = 0.5 + (across - 0.5) * 0.4
    x, y = box.width * across, free * down
    sheet.disc((x, y), radius, PAPER)
    cuts = 4 + design.pick(1, 4)
    for number in range(cuts):
        deep = 0.12 + 0.80 * number / cuts
        thick = radius * (0.012 + 0.030 * number / cuts) * (1.0 if title.lines else 1.4)
        sheet.fill(Box(x - radius - 2, y + radius * deep, 2 * radius + 4, thick), colour)
    sheet.lines(title, (72, box.foot - 76 - title.height), PAPER)


def lattice(sheet: Sheet, design: Design, title: Setting) -> None:
    """窗格: a window's panes, one of them red."""
    box = sheet.box
    sheet.fill(box, PAPER)
    columns = 6
    margin = box.width * MARGIN
    side = (box.width - 2 * margin) / columns
    free = box.height - 2 * margin
    rows = (5 if len(title.lines) < 3 else 4) if title.lines else max(round(free / side), 1)
    top = margin if title.lines else (box.height - rows * side) / 2
    red = design.pick(9, columns * min(rows, 5))
    for number in range(rows * columns):
        row, column = divmod(number, columns)
        pane = Box(margin + column * side, top + row * side, side, side)
        _pane(sheet, pane.inset(side * 0.032), design, number, is_red=number == red)
    sheet.lines(
        title.no_larger_than(104 if len(title.lines) > 2 else 112),
        (72, top + rows * side + 44),
        INK,
    )


def _pane(sheet: Sheet, pane: Box, design: Design, number: int, *, is_red: bool) -> None:
    chance = hashlib.sha256(design.chance + bytes([number])).digest()[0]
    stroke = pane.width * 0.04
    if is_red:
        sheet.fill(pane, SEAL)
    elif chance < 88:
        sheet.fill(pane, design.colour)
    elif chance < 160:
        sheet.fill(pane, mix(PAPER, design.colour, 0.35))
    elif chance < 205:
        sheet.shape(
            [
                (pane.left, pane.foot),
                (pane.left, pane.foot - stroke),
                (pane.right - stroke, pane.top),
                (pane.right, pane.top),
                (pane.right, pane.top + stroke),
                (pane.left + stroke, pane.foot),
            ],
            design.colour,
        )
    else:
        sheet.frame(pane, mix(PAPER, design.colour, 0.6), stroke * 0.7)


def glyph(sheet: Sheet, design: Design, title: Setting) -> None:
    """大字: one character of the title, larger than the sheet."""
    box = sheet.box
    sheet.fill(box, PAPER)
    if not title.lines:
        size = max(sheet.unit * 1100, box.width * 0.95)
        sheet.word(design.glyph, box.at(0.52, 0.5), size, design.colour)
        return
    band = 0.70 if len(title.lines) < 3 else 0.64
    line = box.height * band
    sheet.word(design.glyph, (box.width * 0.56, box.height * (band - 0.34)), 980, design.colour)
    sheet.fill(Box(box.left, line, box.width, box.foot - line), PAPER)
    sheet.fill(Box(72, line, box.width - 144, 4), INK)
    sheet.lines(title.no_larger_than(108 if len(title.lines) < 3 else 100), (72, line + 40), INK)


def steps(sheet: Sheet, design: Design, title: Setting) -> None:
    """阶: a path's stages, each higher, the last one alight."""
    box = sheet.box
    sheet.fill(box, design.colour)
    number, gap = 5, box.width * 0.011
    margin = box.width * MARGIN
    width = (box.width - 2 * margin + gap) / number
    foot = box.height * (0.88 if title.lines else 0.86)
    highest = box.height * ((0.56 if len(title.lines) < 3 else 0.44) if title.lines else 0.72)
    for step in range(number):
        height = highest * (step + 0.55) / (number - 0.45)
        stage = Box(margin + step * width, foot - height, width - gap, height)
        sheet.fill(stage, EMBER if step == number - 1 else PAPER)
    sheet.lines(title, (72, 78), PAPER)


FAMILIES: tuple[Family, ...] = (slip, hills, moon, lattice, glyph)


def family_of(design: Design) -> Family:
    """A title keeps its family for ever."""
    if design.is_track:
        return steps
    family = FAMILIES[int.from_bytes(design.chance, "big") % len(FAMILIES)]
    return moon if family is glyph and not design.glyph else family
