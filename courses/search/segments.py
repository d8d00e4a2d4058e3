"""The words of a text, as the search index keeps them and as a query asks for them.

Chinese has no spaces. A run of its characters is indexed as every character and every pair, and
asked for by its pairs: so 认知 is found in 终身学习与认知升级, without a dictionary that would know
one word and not the next. What is written with spaces is kept in whole words. Capitals, accents
and full-width forms make no difference.
"""

import re
import unicodedata
from functools import lru_cache

# Characters of scripts without spaces: Chinese, the Japanese syllables, Korean.
HAN = (
    "\u3005-\u3007\u3041-\u3096\u30a1-\u30fa\u30fc-\u30ff\u3400-\u4dbf\u4e00-\u9fff"
    "\uac00-\ud7a3\uf900-\ufaff\U00020000-\U000323af"
)
RUN = re.compile(rf"[{HAN}]+|(?:(?![{HAN}])[^\W_])+")
IS_HAN = re.compile(rf"[{HAN}]")
LONGEST_WORD = 40
LONGEST_TEXT = 50_000  # PostgreSQL takes one megabyte of words for one page


@lru_cache(maxsize=8192)
def _fold(character: str) -> str:
    parts = unicodedata.normalize("NFKD", character).casefold()
    return unicodedata.normalize("NFC", "".join(c for c in parts if not unicodedata.combining(c)))


def fold(text: str) -> tuple[str, list[int]]:
    """The text without what makes no difference, and for each of its characters the place of
    the one it came from: 「ＡＩ ½」 → 「ai 1⁄2」."""
    folded = [_fold(character) for character in text]
    origins = [place for place, letters in enumerate(folded) for _ in letters]
    return "".join(folded), origins


def runs(text: str) -> list[str]:
    """What stands together in one script: 「GDP增长，2026」 → gdp, 增长, 2026."""
    return [run.group()[:LONGEST_WORD] for run in RUN.finditer(fold(text)[0])]


def is_han(run: str) -> bool:
    return bool(IS_HAN.match(run))


def pairs(run: str) -> list[str]:
    return [run[at : at + 2] for at in range(len(run) - 1)]


def indexed(text: str) -> str:
    """What the index gets of a text, parted by spaces."""
    words: list[str] = []
    for match in RUN.finditer(fold(text[:LONGEST_TEXT])[0]):
        run = match.group()
        words += [*run, *pairs(run)] if is_han(run) else [run[:LONGEST_WORD]]
    return " ".join(words)


def asked(run: str) -> list[str]:
    """The words by which a run is looked for; all of them must be there."""
    return pairs(run) if is_han(run) and len(run) > 1 else [run]
