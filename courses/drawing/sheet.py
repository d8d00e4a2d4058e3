"""A sheet to draw on: coordinates in the units of the design, edges smoothed by drawing larger."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from PIL import Image, ImageDraw

from courses.drawing.lettering import HANGING, Run, Setting, font, runs
from courses.drawing.palette import Colour

Point = tuple[float, float]


@dataclass(frozen=True)
class Box:
    """A part of a sheet."""

    left: float
    top: float
    width: float
    height: float

    @property
    def right(self) -> float:
        return self.left + self.width

    @property
    def foot(self) -> float:
        return self.top + self.height

    def inset(self, by: float) -> "Box":
        return Box(self.left + by, self.top + by, self.width - 2 * by, self.height - 2 * by)

    def at(self, across: float, down: float) -> Point:
        """A point by its shares (0 to 1) of width and height."""
        return self.left + self.width * across, self.top + self.height * down


class Sheet:
    """`width` × `height` in units of the design, `pixels` wide in the end."""

    def __init__(
        self, width: float, height: float, *, pixels: int, fill: Colour, larger: int = 0
    ) -> None:
        self.box = Box(0, 0, width, height)
        # What a unit of a cover (900 × 1200) is here.
        self.unit = min(width, height * 0.75) / 900
        self.size = (pixels, round(pixels * height / width))
        self.larger = larger or (4 if pixels <= 300 else 3 if pixels <= 600 else 2)
        self.scale = pixels * self.larger / width
        large = (self.size[0] * self.larger, self.size[1] * self.larger)
        self.image = Image.new("RGB", large, fill)
        self.pen = ImageDraw.Draw(self.image)

    def finish(self) -> Image.Image:
        return self.image.reduce(self.larger)

    def _points(self, points: Iterable[Point]) -> list[Point]:
        return [(x * self.scale, y * self.scale) for x, y in points]

    def _within(self, box: Box) -> tuple[float, float, float, float]:
        """Its first and last pixels, at least one each way."""
        (left, top), (right, foot) = self._points([(box.left, box.top), (box.right, box.foot)])
        return left, top, max(right - 1, left), max(foot - 1, top)

    def fill(self, box: Box, colour: Colour) -> None:
        self.pen.rectangle(self._within(box), fill=colour)

    def frame(self, box: Box, colour: Colour, width: float) -> None:
        """Four strokes inside the box's edges."""
        for side in (
            Box(box.left, box.top, box.width, width),
            Box(box.left, box.foot - width, box.width, width),
            Box(box.left, box.top, width, box.height),
            Box(box.right - width, box.top, width, box.height),
        ):
            self.fill(side, colour)

    def rounded(self, box: Box, radius: float, colour: Colour) -> None:
        self.pen.rounded_rectangle(self._within(box), radius * self.scale, fill=colour)

    def disc(self, centre: Point, radius: float, colour: Colour) -> None:
        (x, y), size = self._points([centre])[0], radius * self.scale
        self.pen.ellipse((x - size, y - size, x + size, y + size), fill=colour)

    def shape(self, points: Sequence[Point], colour: Colour) -> None:
        self.pen.polygon(self._points(points), fill=colour)

    def paste(self, picture: Image.Image, box: Box) -> None:
        """A picture of the box's shape."""
        (left, top), (width, height) = self._points([(box.left, box.top), (box.width, box.height)])
        whole = picture.convert("RGB").resize(
            (round(width), round(height)), Image.Resampling.LANCZOS
        )
        self.image.paste(whole, (round(left), round(top)))

    # --- words ---

    def word(self, text: str, centre: Point, size: float, colour: Colour) -> None:
        """Something short around a point, by the middle of its own ink."""
        face = font(round(size * self.scale))
        left, top, right, foot = face.getbbox(text)
        x, y = self._points([centre])[0]
        self.pen.text((x - (left + right) / 2, y - (top + foot) / 2), text, fill=colour, font=face)

    def lines(self, setting: Setting, corner: Point, colour: Colour) -> None:
        """Lines across, from their upper left corner."""
        face = font(round(setting.size * self.scale))
        left, top = corner
        for number, line in enumerate(setting.lines):
            # The square of a Chinese character reaches from 0.88 above the base line to 0.12 below.
            base = top + number * setting.pitch + setting.size * 0.88
            (point,) = self._points([(left, base)])
            self.pen.text(point, line, fill=colour, font=face, anchor="ls")

    def columns(self, setting: Setting, corner: Point, colour: Colour) -> None:
        """The same lines downwards, from their upper right corner to the left."""
        right, top = corner
        for number, line in enumerate(setting.lines):
            x = right - setting.size / 2 - number * setting.pitch
            y = top
            for run in runs(line):
                self._upright_or_turned(run, (x, y), setting.size, colour)
                y += run.length * setting.size

    def _upright_or_turned(self, run: Run, top: Point, size: float, colour: Colour) -> None:
        x, y = top
        face = font(round(size * self.scale))
        if not run.is_turned:
            if run.text in HANGING:
                x, y = x + size * 0.55, y - size * 0.55
            (point,) = self._points([(x, y + size * 0.88)])
            self.pen.text(point, run.text, fill=colour, font=face, anchor="ms")
            return
        length, side = round(face.getlength(run.text)), round(size * self.scale)
        mask = Image.new("L", (length, side))
        ImageDraw.Draw(mask).text((0, side * 0.88), run.text, fill=255, font=face, anchor="ls")
        turned = mask.transpose(Image.Transpose.ROTATE_270)
        (point,) = self._points([(x, y + run.gap * size)])
        self.image.paste(colour, (round(point[0] - side / 2), round(point[1])), turned)
