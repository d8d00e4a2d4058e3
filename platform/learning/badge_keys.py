"""The site's keys for Open Badges: one signs, former ones go on verifying what they signed.

RSA with SHA-256 (RS256) is what Open Badges 3.0 asks of everybody (§8.2.3). A key is named by the
address of its public half, which ends in its thumbprint (RFC 7638): docs/adr/0018.
"""

import json
import re
from base64 import urlsafe_b64encode
from functools import cache
from hashlib import sha256
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.urls import reverse

LEAST_BITS, NEW_BITS = 2048, 3072
BLOCK = re.compile(r"-----BEGIN ([A-Z ]+)-----.+?-----END \1-----", re.DOTALL)
PEM = serialization.Encoding.PEM

type Jwk = dict[str, str]


def is_on() -> bool:
    """Whether certificates are signed."""
    return bool(settings.OPEN_BADGES_KEY)


def check() -> None:
    """Raises ImproperlyConfigured, in words, where a key cannot be used."""
    _halves()


def published() -> dict[str, Jwk]:
    """The public halves by their thumbprints: of the key that signs, then of former ones."""
    return {thumbprint(half): _jwk(half) for half in _halves()}


def sign(payload: dict[str, Any]) -> str:
    """A JWS in compact form (RFC 7515)."""
    key = _signing_key(settings.OPEN_BADGES_KEY)
    # §8.2.3 allows no header besides `alg`, `kid`, `jwk` and `typ`. The key itself is left out:
    # whoever trusts a key that a badge brings along trusts anybody.
    header = {"alg": "RS256", "kid": _address(key.public_key()), "typ": "JWT"}
    signed = ".".join(_part(json.dumps(each).encode()) for each in (header, payload))
    return f"{signed}.{_part(key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256()))}"


def make() -> str:
    """A new private key, as text."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=NEW_BITS)
    form, locked = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    return key.private_bytes(PEM, form, locked).decode()


def public_half() -> str:
    """Of the key that signs, as OPEN_BADGES_OLD_KEYS takes it."""
    half = _signing_key(settings.OPEN_BADGES_KEY).public_key()
    return half.public_bytes(PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()


def thumbprint(key: rsa.RSAPublicKey) -> str:
    whole = json.dumps(_numbers(key), sort_keys=True, separators=(",", ":"))
    return _part(sha256(whole.encode()).digest())


def _numbers(key: rsa.RSAPublicKey) -> Jwk:
    of = key.public_numbers()
    return {"kty": "RSA", "n": _number(of.n), "e": _number(of.e)}


def _jwk(key: rsa.RSAPublicKey) -> Jwk:
    return {**_numbers(key), "alg": "RS256", "use": "sig", "kid": _address(key)}


def _address(key: rsa.RSAPublicKey) -> str:
    return f"{settings.BASE_URL}{reverse('badge_key', args=[thumbprint(key)])}"


def _number(of: int) -> str:
    return _part(of.to_bytes((of.bit_length() + 7) // 8, "big"))


def _part(of: bytes) -> str:
    return urlsafe_b64encode(of).rstrip(b"=").decode()


# --- reading the settings -----------------------------------------------------------------------


def _halves() -> list[rsa.RSAPublicKey]:
    signing = [_signing_key(settings.OPEN_BADGES_KEY).public_key()] if is_on() else []
    return [*signing, *_old_keys(settings.OPEN_BADGES_OLD_KEYS)]


@cache
def _signing_key(text: str) -> rsa.RSAPrivateKey:
    try:
        key = serialization.load_pem_private_key(_lines(text).encode(), password=None)
    except TypeError:
        raise ImproperlyConfigured("OPEN_BADGES_KEY is locked with a password.") from None
    except (ValueError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, rsa.RSAPrivateKey):
        raise ImproperlyConfigured(
            "OPEN_BADGES_KEY is not the text of a private RSA key (PEM); "
            "`manage.py open_badges_key` makes one while it is empty."
        )
    _measure("OPEN_BADGES_KEY", key.key_size)
    return key


@cache
def _old_keys(text: str) -> tuple[rsa.RSAPublicKey, ...]:
    text = _lines(text)
    if BLOCK.sub("", text).strip():
        raise ImproperlyConfigured("OPEN_BADGES_OLD_KEYS holds something besides keys (PEM).")
    return tuple(_old_key(found[0], found[1]) for found in BLOCK.finditer(text))


def _old_key(text: str, label: str) -> rsa.RSAPublicKey:
    if "PRIVATE" in label:
        raise ImproperlyConfigured(
            "OPEN_BADGES_OLD_KEYS holds a private key. Only its public half belongs there."
        )
    try:
        key = serialization.load_pem_public_key(text.encode())
    except (ValueError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, rsa.RSAPublicKey):
        raise ImproperlyConfigured("OPEN_BADGES_OLD_KEYS holds what is no public RSA key (PEM).")
    _measure("OPEN_BADGES_OLD_KEYS", key.key_size)
    return key


def _measure(name: str, bits: int) -> None:
    if bits < LEAST_BITS:
        raise ImproperlyConfigured(f"{name} has a key of {bits} bits; {LEAST_BITS} are the least.")


def _lines(text: str) -> str:
    """A file of settings has one line for each: its breaks are written `\\n`."""
    return text.replace("\\n", "\n")
