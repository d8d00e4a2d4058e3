"""Which passwords are taken, after NIST SP 800-63B-4, section 3.1.1.

Length and what everybody knows count; digits, capitals and signs are nobody's business, and a
password is good until its owner changes it. Fifteen characters for all: a learner's password is the
only factor they have, and a second factor of staff can be taken off.
"""

import gzip
import re
import unicodedata
from functools import cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth import password_validation
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

SHORTEST, LONGEST = 15, 256
FEWEST_DIFFERENT = 5  # characters
LEFT_OVER = 8  # characters beside the names that a thief knows
# What people in China choose, and Django's list lacks. Written for this site.
OURS = Path(__file__).with_name("common_passwords.txt")


def normalised(password: str) -> str:
    """One form for what keyboards write in several: full-width letters, composed accents."""
    return unicodedata.normalize("NFKC", password)


class Length:
    """Between fifteen and 256 characters as people count them."""

    def validate(self, password: str, user: Any = None) -> None:
        length = len(normalised(password))
        if length < SHORTEST:
            words = ngettext(
                "At least %(number)d character.", "At least %(number)d characters.", SHORTEST
            )
            raise ValidationError(words % {"number": SHORTEST}, code="password_too_short")
        if length > LONGEST:
            words = ngettext(
                "At most %(number)d character.", "At most %(number)d characters.", LONGEST
            )
            raise ValidationError(words % {"number": LONGEST}, code="password_too_long")

    def get_help_text(self) -> str:
        return _("At least 15 characters: a few words with spaces are fine.")


class NotKnown:
    """Not what is tried first: a known password, two of them in a row, one over and over, a run
    along the keyboard, or little beside the site's name and one's own."""

    def validate(self, password: str, user: Any = None) -> None:
        plain = normalised(password).casefold()
        if _is_known(plain) or _is_run(plain) or _is_little_beside(plain, _context(user)):
            raise ValidationError(
                _("This password is tried first by those who guess. Choose another."),
                code="password_too_common",
            )

    def get_help_text(self) -> str:
        return _("Nothing that is easily guessed.")


@cache
def known() -> frozenset[str]:
    """The 20,000 that come with Django, and ours."""
    theirs = Path(password_validation.__file__).with_name("common-passwords.txt.gz")
    with gzip.open(theirs, "rt", encoding="utf-8") as lines:
        found = {line.strip().casefold() for line in lines}
    ours = (line.strip() for line in OURS.read_text(encoding="utf-8").splitlines())
    return frozenset(found | {line for line in ours if line and not line.startswith("#")})


def _is_known(plain: str) -> bool:
    bare = re.sub(r"[\s._-]+", "", plain)
    return any(_is_one_or_two(_unit(each)) or _is_one_or_two(each) for each in {plain, bare})


def _is_one_or_two(text: str) -> bool:
    cuts = range(1, len(text))
    return text in known() or any(text[:cut] in known() and text[cut:] in known() for cut in cuts)


def _unit(text: str) -> str:
    """abcabcabc → abc; what repeats nothing, whole."""
    found = (text + text).find(text, 1)
    return text[:found]


RUNS = (
    *("01234567890", "abcdefghijklmnopqrstuvwxyz", "qwertyuiop", "asdfghjkl", "zxcvbnm"),
    *("1qaz2wsx3edc4rfv5tgb6yhn7ujm", "qazwsxedcrfvtgbyhnujm"),
)


def _is_run(plain: str) -> bool:
    """Few characters again and again, or pieces of rows of the keyboard and nothing else."""
    if len(set(plain)) < FEWEST_DIFFERENT:
        return True
    rest = plain
    while rest:
        taken = max((_shared(rest, row) for row in (*RUNS, *(r[::-1] for r in RUNS))), default=0)
        if taken < 3:
            return False
        rest = rest[taken:]
    return True


def _shared(text: str, row: str) -> int:
    """How much of the beginning of `text` stands in `row` as it is."""
    length = 0
    while length < len(text) and text[: length + 1] in row:
        length += 1
    return length


def _context(user: Any) -> set[str]:
    """The site's names, the person's, and the parts of their address."""
    words = {"rizhi", "日知", settings.WAGTAIL_SITE_NAME, *settings.HOST.split(".")}
    if user is not None:
        words |= set(re.split(r"[\W_]+", f"{user.email} {user.name}"))
    return {word.casefold() for word in words if len(word) > 1}


def _is_little_beside(plain: str, words: set[str]) -> bool:
    rest = plain
    for word in sorted(words, key=len, reverse=True):
        rest = rest.replace(word, "")
    return rest != plain and len(re.sub(r"[\W\d_]+", "", rest)) < LEFT_OVER
