"""The same drawing as a PDF: words stay words, in the house's font, of which each file holds the
characters it uses.

Character codes are the glyphs' numbers in that part of the font, and a table says which character
each one is: so that whoever reads it can search and copy (ISO 32000-1, 9.7.5 and 9.10.3).
"""

import io
import logging
from collections.abc import Iterable
from functools import cached_property
from typing import Any

import pydyf
from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont

from courses.drawing.lettering import FONT, Setting, ems
from courses.drawing.palette import Colour
from courses.drawing.sheet import Box, Point, Sheet

ROUND = 0.5523  # of a radius: how far a curve's handles reach for a quarter of a circle
logging.getLogger("fontTools").setLevel(logging.WARNING)  # else it tells the log each character
SYSTEM = "/CIDSystemInfo << /Registry (Adobe) /Ordering (Identity) /Supplement 0 >> def"


class Paper(Sheet):
    """A page to draw on as on a sheet, `points` wide. It has no pixels: `finish` is `as_pdf`."""

    def __init__(self, width: float, height: float, *, points: float, fill: Colour) -> None:
        self.box = Box(0, 0, width, height)
        self.unit = min(width, height * 0.75) / 900
        self.scale = points / width
        self.stream = pydyf.Stream(compress=True)
        self.texts: list[tuple[str, Point, float, Colour]] = []
        self.fill(self.box, fill)

    # --- shapes ---

    def fill(self, box: Box, colour: Colour) -> None:
        self._colour(colour)
        self.stream.rectangle(*self._place((box.left, box.foot)), *self._sizes(box))
        self.stream.fill()

    def rounded(self, box: Box, radius: float, colour: Colour) -> None:
        left, right, top, foot = box.left, box.right, box.top, box.foot
        far, near = radius, radius * (1 - ROUND)  # from a corner: where its curve ends, its handles
        self._colour(colour)
        self.stream.move_to(*self._place((left + far, top)))
        for start, *curve in (
            ((right - far, top), (right - near, top), (right, top + near), (right, top + far)),
            ((right, foot - far), (right, foot - near), (right - near, foot), (right - far, foot)),
            ((left + far, foot), (left + near, foot), (left, foot - near), (left, foot - far)),
            ((left, top + far), (left, top + near), (left + near, top), (left + far, top)),
        ):
            self.stream.line_to(*self._place(start))
            self.stream.curve_to(*(part for point in curve for part in self._place(point)))
        self.stream.fill()

    # --- words ---

    def word(self, text: str, centre: Point, size: float, colour: Colour) -> None:
        x, y = centre
        self.texts.append((text, (x - ems(text) * size / 2, y + size * 0.38), size, colour))

    def lines(self, setting: Setting, corner: Point, colour: Colour) -> None:
        left, top = corner
        for number, line in enumerate(setting.lines):
            base = top + number * setting.pitch + setting.size * 0.88
            self.texts.append((line, (left, base), setting.size, colour))

    # --- the file ---

    def as_pdf(self, *, title: str, language: str) -> bytes:
        face = Face("".join(text for text, *_place in self.texts))
        for text, base, em, colour in self.texts:
            self._colour(colour)
            self.stream.begin_text()
            self.stream.set_font_size("F", em * self.scale)
            self.stream.set_text_matrix(1, 0, 0, 1, *self._place(base))
            self.stream.stream.append(f"<{face.codes(text)}> Tj".encode())
            self.stream.end_text()
        pdf = pydyf.PDF()
        pdf.info["Title"] = pydyf.String(title)
        pdf.catalog["Lang"] = pydyf.String(language)
        font = face.add_to(pdf)
        pdf.add_object(self.stream)
        size = (self.box.width * self.scale, self.box.height * self.scale)
        pdf.add_page(
            pydyf.Dictionary(
                {
                    "Type": "/Page",
                    "Parent": pdf.pages.reference,
                    "MediaBox": pydyf.Array([0, 0, *(round(each, 2) for each in size)]),
                    "Contents": self.stream.reference,
                    "Resources": pydyf.Dictionary({"Font": pydyf.Dictionary({"F": font})}),
                }
            )
        )
        out = io.BytesIO()
        pdf.write(out, version=b"1.7")
        return out.getvalue()

    def _colour(self, colour: Colour) -> None:
        self.stream.set_color_rgb(*(round(part / 255, 4) for part in colour))

    def _place(self, point: Point) -> Point:
        """In points from the lower left corner, where a PDF begins."""
        x, y = point
        return round(x * self.scale, 3), round((self.box.height - y) * self.scale, 3)

    def _sizes(self, box: Box) -> Point:
        return round(box.width * self.scale, 3), round(box.height * self.scale, 3)


class Face:
    """The part of the font that some text needs."""

    def __init__(self, text: str) -> None:
        options = Options(hinting=False, layout_features=[], name_IDs=[6])
        self.font = TTFont(io.BytesIO(FONT.read_bytes()), lazy=True)
        self.characters = sorted(set(text))
        subsetter = Subsetter(options)
        subsetter.populate(text=text)
        subsetter.subset(self.font)

    @cached_property
    def numbers(self) -> dict[str, int]:
        """By character, its glyph's, as the font itself counts them (CIDs: 9.7.4.2)."""
        names = self.font.getBestCmap()
        return {each: int(names[ord(each)].removeprefix("cid")) for each in self.characters}

    def codes(self, text: str) -> str:
        return "".join(f"{self.numbers[each]:04X}" for each in text)

    def add_to(self, pdf: pydyf.PDF) -> bytes:
        """Adds all a reader needs of it; gives where it is."""
        name = f"/AAAAAA+{self.font['name'].getDebugName(6)}"
        file = pydyf.Stream([self._data()], {"Subtype": "/CIDFontType0C"}, compress=True)
        table = pydyf.Stream([self._table().encode()], compress=True)
        head, metrics = self.font["head"], self.font["OS/2"]
        descriptor = pydyf.Dictionary(
            {
                "Type": "/FontDescriptor",
                "FontName": name,
                "Flags": 4,
                "FontBBox": pydyf.Array([head.xMin, head.yMin, head.xMax, head.yMax]),
                "ItalicAngle": 0,
                "Ascent": metrics.sTypoAscender,
                "Descent": metrics.sTypoDescender,
                "CapHeight": metrics.sCapHeight,
                "StemV": 120,
            }
        )
        for each in (file, table, descriptor):
            pdf.add_object(each)
        descriptor["FontFile3"] = file.reference
        system = {"Registry": "(Adobe)", "Ordering": "(Identity)", "Supplement": 0}
        below = pydyf.Dictionary(
            {
                "Type": "/Font",
                "Subtype": "/CIDFontType0",
                "BaseFont": name,
                "CIDSystemInfo": pydyf.Dictionary(system),
                "FontDescriptor": descriptor.reference,
                "DW": 1000,
                "W": pydyf.Array(self._widths()),
            }
        )
        pdf.add_object(below)
        font = pydyf.Dictionary(
            {
                "Type": "/Font",
                "Subtype": "/Type0",
                "BaseFont": name,
                "Encoding": "/Identity-H",
                "DescendantFonts": pydyf.Array([below.reference]),
                "ToUnicode": table.reference,
            }
        )
        pdf.add_object(font)
        return bytes(font.reference)

    def _data(self) -> bytes:
        """The outlines alone: with the tables around them, readers count glyphs in two ways."""
        return bytes(self.font["CFF "].compile(self.font))

    def _widths(self) -> list[Any]:
        names, per_em = self.font.getBestCmap(), self.font["head"].unitsPerEm
        found: list[Any] = []
        for each, number in sorted(self.numbers.items(), key=lambda pair: pair[1]):
            width = self.font["hmtx"][names[ord(each)]][0] * 1000 / per_em
            found += [number, pydyf.Array([round(width)])]
        return found

    def _table(self) -> str:
        """Which character each code is."""
        rows = [
            f"<{number:04X}> <{each.encode('utf-16-be').hex().upper()}>"
            for each, number in self.numbers.items()
        ]
        parts = [rows[i : i + 100] for i in range(0, len(rows), 100)]  # at most so many at once
        return "\n".join(_cmap(parts))


def _cmap(parts: Iterable[list[str]]) -> list[str]:
    told = ["/CIDInit /ProcSet findresource begin", "12 dict begin", "begincmap", SYSTEM]
    told += ["/CMapName /Adobe-Identity-UCS def", "/CMapType 2 def"]
    told += ["1 begincodespacerange", "<0000> <FFFF>", "endcodespacerange"]
    for rows in parts:
        told += [f"{len(rows)} beginbfchar", *rows, "endbfchar"]
    return [*told, "endcmap", "CMapName currentdict /CMap defineresource pop", "end", "end"]
