"""What people agree to when they sign up. The texts belong to the floors above, which register
where the version now in force is found."""

from collections.abc import Callable
from datetime import datetime

from accounts.models import Consent, User

Version = Callable[[], str]
_versions: dict[str, Version] = {}


def register_text(kind: str, version: Version) -> None:
    """`version` gives the version of the published text, or "" where none is."""
    _versions[kind] = version


def record(*, user: User, now: datetime) -> None:
    """The person agreed to everything that signing up asks for, as it stands."""
    for kind in Consent.Kind.values:
        version = _versions[kind]() if kind in _versions else ""
        Consent.objects.get_or_create(user=user, kind=kind, version=version, defaults={"at": now})
