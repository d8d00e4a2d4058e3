"""A certificate as an Open Badge: what wallets and other sites read and check by themselves.

An OpenBadgeCredential of Open Badges 3.0 (1EdTech), in the data model of W3C's Verifiable
Credentials 2.0, signed as a JWT (§8.2): the credential itself is the payload.
https://www.imsglobal.org/spec/ob/v3p0/
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from courses import depicted
from learning import badge_keys, credentials
from learning.credential_pictures import asked_words
from learning.models import Credential, RevokedBadge
from learning.models.credentials import badge_of

CONTEXTS = [
    "https://www.w3.org/ns/credentials/v2",
    "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json",
    "https://purl.imsglobal.org/spec/ob/v3p0/extensions.json",  # of the list and the schema
]
SCHEMA = (
    "https://purl.imsglobal.org/spec/ob/v3p0/schema/json/ob_v3p0_achievementcredential_schema.json"
)


def sign(row: Credential) -> str:
    """The whole badge as a JWT. A certificate that says the same gives the same."""
    with translation.override(settings.LANGUAGE_CODE):  # whoever takes it, it says the same
        badge = describe(row)
    claims = {
        "iss": badge["issuer"]["id"],
        "jti": badge["id"],
        "sub": badge["credentialSubject"]["id"],
        "nbf": int(_valid_from(row).timestamp()),
    }
    return badge_keys.sign({**badge, **claims})


def describe(row: Credential) -> dict[str, Any]:
    issuer = {
        "id": _absolute("/"),
        "type": ["Profile"],
        "name": row.publisher,
        "url": _absolute("/"),
    }
    return {
        "@context": CONTEXTS,
        "id": badge_of(row.number).urn,
        "type": ["VerifiableCredential", "OpenBadgeCredential"],
        "name": f"{_('Certificate')} · {row.title}",
        "issuer": issuer,
        "validFrom": _instant(_valid_from(row)),
        "awardedDate": _instant(row.issued_at),
        "credentialSubject": _subject(row, issuer),
        "credentialStatus": {"id": list_address(), "type": "1EdTechRevocationList"},
        "credentialSchema": [{"id": SCHEMA, "type": "1EdTechJsonSchemaValidator2019"}],
    }


def _subject(row: Credential, issuer: dict[str, Any]) -> dict[str, Any]:
    """The learner by the name on the certificate, and by nothing that leads further.

    A hash of the mail's address would be guessed by whoever knows the address.
    """
    return {
        "id": f"{_absolute(row.get_absolute_url())}#holder",
        "type": ["AchievementSubject"],
        "identifier": [
            {
                "type": "IdentityObject",
                "identityType": "name",
                "identityHash": row.name,
                "hashed": False,
            }
        ],
        "achievement": {
            # By its number, for the addresses of pages change.
            "id": f"{_absolute('/')}#{row.kind}-{row.target_id}",
            "type": ["Achievement"],
            "achievementType": "CertificateOfCompletion",
            "name": row.title,
            "description": _description(row),
            "criteria": {"narrative": asked_words(row)},
            "creator": issuer,
        },
    }


def _description(row: Credential) -> str:
    if row.kind == Credential.Kind.TRACK:
        return _("Certificate of the track “%(title)s”.") % {"title": row.title}
    if not row.instructor:
        return _("Certificate of the course “%(title)s”.") % {"title": row.title}
    names = {"title": row.title, "name": row.instructor}
    return _("Certificate of the course “%(title)s” by %(name)s.") % names


def _valid_from(row: Credential) -> datetime:
    """Of two badges with one id the later one counts: that with the corrected name."""
    return credentials.corrected_at(row) or row.issued_at


def _instant(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _absolute(path: str) -> str:
    return depicted.absolute(path)


# --- what was withdrawn -------------------------------------------------------------------------


def list_address() -> str:
    return _absolute(reverse("badge_revocations"))


def revocations() -> dict[str, Any]:
    """A 1EdTech Revocation List (https://www.imsglobal.org/spec/vcrl/v1p0/)."""
    rows: Iterable[tuple[UUID, str]] = RevokedBadge.objects.order_by("at", "pk").values_list(
        "badge", "ground"
    )
    with translation.override(settings.LANGUAGE_CODE):
        grounds = {value: str(label) for value, label in Credential.Ground.choices}
    return {
        "id": list_address(),
        "issuer": _absolute("/"),
        "revokedCredential": [
            {"id": badge.urn, "revoked": True, "revocationReason": grounds[ground]}
            for badge, ground in rows
        ],
    }
