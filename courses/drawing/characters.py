"""Which characters the font of pictures has: GBK's Chinese ones, the signs of GB 2312, and what
Latin titles are written in.

Known without the font, so that courses/fonts/make.py cuts exactly these out of the whole one.
"""

from functools import cache

# A soft hyphen (0xAD) is nothing to draw.
LATIN = (range(0x20, 0x7F), range(0xA0, 0xAD), range(0xAE, 0x100))
# Names are written in far more than GB 2312 has (玥, 喆, 昇), and in traditional characters.
CHINESE = range(0x4E00, 0x9FA6)
# Dashes, quotation marks, dots and signs that GB 2312 lacks or has in another width.
SIGNS = "–—‘’“”…·•‹›«»€™−－～「」『』〈〉《》【】〔〕、。，：；？！（）￥％＆＋＝／〇"


@cache
def drawable() -> frozenset[str]:
    """Every character that may stand in a picture."""
    latin = {chr(code) for codes in LATIN for code in codes}
    return frozenset(latin | {chr(code) for code in CHINESE} | set(SIGNS) | set(_gb2312()))


def _gb2312() -> str:
    """The standard's characters, its signs among them."""
    rows = (bytes([row, cell]) for row in range(0xA1, 0xF8) for cell in range(0xA1, 0xFF))
    return "".join(pair.decode("gb2312", errors="ignore") for pair in rows)


def can_set(text: str) -> bool:
    """Whether all of it can be drawn; if not, none is: a box says less than nothing."""
    return bool(text.strip()) and set(text) <= drawable()
