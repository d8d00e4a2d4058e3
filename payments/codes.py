"""Codes that open something: easy to read out and to type, hard to guess.

A code is derived from the site's secret, the key of what it belongs to and its number there. So it
can be shown and exported as often as one likes, and yet the database alone, which holds digests
made with the same secret, gives none of them away.
"""

import re
import unicodedata
import uuid
from collections.abc import Iterator

from django.conf import settings
from django.urls import reverse
from django.utils.crypto import salted_hmac

# No I, L, O, 0, 1. 31 of them, a prime: the check character notices every single wrong character
# and every two that were exchanged.
ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
LENGTH = 11  # and the check character; 31¹¹ is about 2⁵⁴
NOT_SPOKEN = re.compile(r"[\s\-‐-―−_.·]")
TYPED_AT_MOST = 60


class Mistyped(Exception):
    """No code is written like this; nothing needs to be looked up."""


def derive(key: uuid.UUID, serial: int, *, secret: str | None = None) -> str:
    """The code of this number below this key."""
    told = salted_hmac("payments.codes", f"{key}:{serial}", secret=secret, algorithm="sha256")
    rest = int.from_bytes(told.digest()[:16])
    letters = []
    for _each in range(LENGTH):
        rest, digit = divmod(rest, len(ALPHABET))
        letters.append(ALPHABET[digit])
    return _checked("".join(letters))


def digest(code: str, *, secret: str | None = None) -> str:
    """What the database keeps of a code."""
    return salted_hmac("payments.codes.kept", code, secret=secret, algorithm="sha256").hexdigest()


def digests(code: str) -> list[str]:
    """What may be kept of it: SECRET_KEY may have been changed since."""
    return [digest(code, secret=secret) for secret in _secrets()]


def again(key: uuid.UUID, serial: int, kept: str) -> str:
    """The code as it was handed out; empty if it was made with a secret that is no longer here."""
    for secret in _secrets():
        code = derive(key, serial, secret=secret)
        if digest(code, secret=secret) == kept:
            return code
    return ""


def read(typed: str) -> str:
    """The code that somebody typed: with dashes or without, small or large, full-width or not.

    Raises Mistyped.
    """
    code = NOT_SPOKEN.sub("", unicodedata.normalize("NFKC", typed[:TYPED_AT_MOST])).upper()
    if len(code) != LENGTH + 1 or set(code) - set(ALPHABET) or _checked(code[:-1]) != code:
        raise Mistyped
    return code


def shown(code: str) -> str:
    """ABCD-EFGH-JKMN"""
    return "-".join(code[start : start + 4] for start in range(0, len(code), 4))


def address(code: str) -> str:
    """The link that leads to redeeming it."""
    return f"{settings.BASE_URL}{reverse('redeem_code', args=[shown(code)])}"


def _checked(letters: str) -> str:
    weighed = sum(place * ALPHABET.index(letter) for place, letter in enumerate(letters, 2))
    # Weighted by 1, so that the whole sum is a multiple of 31.
    return letters + ALPHABET[-weighed % len(ALPHABET)]


def _secrets() -> Iterator[str]:
    yield settings.SECRET_KEY
    yield from settings.SECRET_KEY_FALLBACKS
