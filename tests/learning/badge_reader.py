"""An Open Badge read as another site reads it: by a library that shares no line with ours, and
with nothing but what this site answers to anybody."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any
from urllib.parse import urlsplit

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from django.test import Client
from openbadgeslib.ob3 import OB3Verifier, OpenBadgeCredential


class NoSuchKey(Exception):
    """The site does not own the key that the badge names."""


def parts(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Header and payload, believed unseen."""
    header, payload, _signature = token.split(".")
    return json.loads(decoded(header)), json.loads(decoded(payload))


def decoded(part: str) -> bytes:
    return urlsafe_b64decode(part + "=" * (-len(part) % 4))


def encoded(told: Any) -> str:
    return urlsafe_b64encode(json.dumps(told).encode()).rstrip(b"=").decode()


def fetch(address: str) -> Any:
    answer = Client().get(urlsplit(address).path)
    if answer.status_code == 404:
        raise NoSuchKey(address)
    assert answer.status_code == 200
    return answer.json()


def key_of(jwk: dict[str, str]) -> rsa.RSAPublicKey:
    n, e = (int.from_bytes(decoded(jwk[name]), "big") for name in ("n", "e"))
    return rsa.RSAPublicNumbers(e, n).public_key()


def verify(token: str) -> OpenBadgeCredential:
    """Raises NoSuchKey, or the library's OB3VerificationError."""
    return OB3Verifier(key_of(fetch(parts(token)[0]["kid"]))).verify(token)


def is_revoked(token: str) -> bool:
    """As 1EdTech's own validator looks it up."""
    badge = parts(token)[1]
    assert badge["credentialStatus"]["type"] == "1EdTechRevocationList"
    listed = fetch(badge["credentialStatus"]["id"])["revokedCredential"]
    return any(each["id"] == badge["id"] and each.get("revoked", True) for each in listed)


def new_key(bits: int = 2048) -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=bits)
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()


def public_half(private: str) -> str:
    key = serialization.load_pem_private_key(private.encode(), password=None).public_key()
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_bytes(serialization.Encoding.PEM, form).decode()
