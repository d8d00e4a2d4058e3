"""A passkey in software, as a browser would send it: it signs what it is asked, or misbehaves."""

import hashlib
import json
import os
import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from fido2 import cbor

PRESENT, VERIFIED, HAS_KEY = 0x01, 0x04, 0x40


def to_text(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def to_bytes(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


class SoftPasskey:
    def __init__(self, host: str = "testserver") -> None:
        self.host = host
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.id = os.urandom(32)
        self.owner = ""  # the user handle, once made
        self.count = 0

    def create(self, options: dict[str, Any], *, verified: bool = True) -> str:
        """What the browser posts after `navigator.credentials.create()`."""
        asked = options["publicKey"]
        self.owner = asked["user"]["id"]
        numbers = self.key.public_key().public_numbers()
        cose = {1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32), -3: numbers.y.to_bytes(32)}
        attested = bytes(16) + struct.pack(">H", len(self.id)) + self.id + cbor.encode(cose)
        data = self._data(HAS_KEY, verified) + attested
        attestation = cbor.encode({"fmt": "none", "attStmt": {}, "authData": data})
        return self._answer(
            {
                "clientDataJSON": self._client("webauthn.create", asked["challenge"]),
                "attestationObject": to_text(attestation),
                "transports": ["internal"],
            },
            {"credProps": {"rk": True}},
        )

    def get(self, options: dict[str, Any], *, verified: bool = True) -> str:
        """What the browser posts after `navigator.credentials.get()`."""
        client = self._client("webauthn.get", options["publicKey"]["challenge"])
        data = self._data(0, verified)
        signed = data + hashlib.sha256(to_bytes(client)).digest()
        return self._answer(
            {
                "clientDataJSON": client,
                "authenticatorData": to_text(data),
                "signature": to_text(self.key.sign(signed, ec.ECDSA(hashes.SHA256()))),
                "userHandle": self.owner,
            },
            {},
        )

    def _data(self, flags: int, verified: bool) -> bytes:
        self.count += 1
        flags |= PRESENT | (VERIFIED if verified else 0)
        return hashlib.sha256(self.host.encode()).digest() + struct.pack(">BI", flags, self.count)

    def _client(self, kind: str, challenge: str) -> str:
        origin = f"http://{self.host}"
        data = {"type": kind, "challenge": challenge, "origin": origin, "crossOrigin": False}
        return to_text(json.dumps(data).encode())

    def _answer(self, response: dict[str, Any], results: dict[str, Any]) -> str:
        return json.dumps(
            {
                "type": "public-key",
                "id": to_text(self.id),
                "rawId": to_text(self.id),
                "authenticatorAttachment": "platform",
                "clientExtensionResults": results,
                "response": response,
            }
        )
