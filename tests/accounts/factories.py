"""People for tests, with the keys they carry."""

import time
from typing import Any

import factory
from allauth.account.models import EmailAddress
from allauth.mfa.totp.internal import auth as totp
from django.contrib.auth.models import Group

from accounts import roles
from accounts.models import User

PASSWORD = "mulberry-paper-42"
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


class UserFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = User
        skip_postgeneration_save = True

    email = factory.Sequence(lambda n: f"reader{n}@example.com")
    name = factory.Sequence(lambda n: f"读者{n}")

    @factory.post_generation
    def password(self, create: bool, given: str | None, **kwargs: Any) -> None:
        if given:
            self.set_password(given)
        else:
            self.set_unusable_password()
        self.save()

    @factory.post_generation
    def verified(self, create: bool, given: bool | None, **kwargs: Any) -> None:
        EmailAddress.objects.create(
            user=self, email=self.email, primary=True, verified=given is not False
        )

    @factory.post_generation
    def roles(self, create: bool, given: list[str] | None, **kwargs: Any) -> None:
        for role in given or []:
            self.groups.add(Group.objects.get(name=role))


def operator(**kwargs: Any) -> User:
    kwargs.setdefault("password", PASSWORD)
    return UserFactory(roles=[roles.OPERATOR], **kwargs)


def give_app(user: User) -> None:
    """The person has an authenticator app that holds SECRET."""
    totp.TOTP.activate(user, SECRET)


def app_code(steps: int = 0) -> str:
    """What that app shows now, or so many steps ago (negative) or ahead."""
    return totp.format_hotp_value(totp.hotp_value(SECRET, int(time.time()) // 30 + steps))
