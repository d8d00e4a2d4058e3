"""The demo's cast: two learners, an instructor, five of staff with seeded second factors."""

import hashlib
import time
from dataclasses import dataclass

from allauth.account.models import EmailAddress
from allauth.mfa import app_settings
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value
from django.conf import settings
from django.contrib.auth.models import Group

from accounts.models import User

PASSWORD = "rizhi-demo-2026"  # noqa: S105 (the demo desk shows it; it exists under DEBUG only)


@dataclass(frozen=True)
class Person:
    """Someone of the cast; `role` is empty for learners, else a group's name."""

    key: str
    name: str
    role: str = ""

    @property
    def email(self) -> str:
        return f"{self.key}@example.com"

    @property
    def totp_secret(self) -> str:
        """Base32; stays the same through `make reset`, so that an authenticator keeps working."""
        digest = hashlib.sha256(f"{settings.SECRET_KEY}:{self.key}".encode()).digest()
        return "".join("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"[byte % 32] for byte in digest)

    def current_code(self) -> str:
        """The code that an authenticator app would show now."""
        counter = int(time.time()) // app_settings.TOTP_PERIOD
        return format_hotp_value(hotp_value(self.totp_secret, counter))


CAST = [
    Person("learner", "林岚"),
    Person("member", "陈一舟"),
    Person("instructor", "林若谷"),
    Person("editor", "沈编辑", "editor"),
    Person("moderator", "何版主", "moderator"),
    Person("finance", "吴会计", "finance"),
    Person("finance2", "冯出纳", "finance"),
    Person("operator", "郑运维", "operator"),
]


def seconds_left() -> int:
    """How long the current codes still hold."""
    return int(app_settings.TOTP_PERIOD - time.time() % app_settings.TOTP_PERIOD)


def make(person: Person) -> User:
    """The account, its address confirmed, its role and second factor set; idempotent."""
    user = User.objects.filter(email=person.email).first()
    if user is None:
        user = User.objects.create_user(person.email, PASSWORD, name=person.name)
    EmailAddress.objects.get_or_create(
        user=user, email=person.email, defaults={"primary": True, "verified": True}
    )
    if person.role:
        user.groups.add(Group.objects.get(name=person.role))
        if not Authenticator.objects.filter(user=user, type=Authenticator.Type.TOTP).exists():
            TOTP.activate(user, person.totp_secret)
    return user
