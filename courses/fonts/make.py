"""Cuts the font of pictures out of Noto Serif CJK: `make font` (docs/development.md)."""

import sys
from pathlib import Path

from fontTools.subset import Options, Subsetter, load_font, save_font
from fontTools.ttLib import TTCollection

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from courses.drawing.characters import drawable

TARGET = Path(__file__).with_name("NotoSerifSC-Bold.otf")
FACE = "Noto Serif CJK SC Bold"


def number_of(face: str, collection: Path) -> int:
    with TTCollection(str(collection), lazy=True) as fonts:
        names = [font["name"].getDebugName(4) for font in fonts]
    return names.index(face)


def cut(collection: Path) -> None:
    options = Options(font_number=number_of(FACE, collection), hinting=False)
    options.layout_features = ["kern"]
    font = load_font(str(collection), options)
    subsetter = Subsetter(options)
    subsetter.populate(text="".join(sorted(drawable())))
    subsetter.subset(font)
    save_font(font, str(TARGET), options)
    missing = [character for character in drawable() if ord(character) not in font.getBestCmap()]
    if missing:
        sys.exit(f"This font lacks {''.join(sorted(missing))}.")


if __name__ == "__main__":
    cut(Path(sys.argv[1]))
