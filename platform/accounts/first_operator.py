"""The first operator of an empty site: a signed address, of use only until somebody runs it."""

from datetime import timedelta

from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib.auth.models import Group
from django.core import signing
from django.db import transaction
from django.urls import reverse
from django.utils.translation import get_language

from accounts import roles
from accounts.models import User

SALT = "accounts.first_operator"
LIFETIME = timedelta(days=1)


class NotNeeded(Exception):
    """The site has an operator, or the address is forged or old."""


class EmailTaken(Exception):
    """Somebody has an account under this address."""


def link() -> str | None:
    """The address to open, or None when there is an operator."""
    if is_over():
        return None
    token = signing.dumps("first", salt=SALT)
    return settings.BASE_URL + reverse("first_operator", args=[token])


def is_over() -> bool:
    return roles.operators().exists()


def check(token: str) -> None:
    """Raises NotNeeded."""
    if is_over():
        raise NotNeeded
    try:
        signing.loads(token, salt=SALT, max_age=LIFETIME)
    except signing.BadSignature:
        raise NotNeeded from None


@transaction.atomic
def create(*, token: str, email: str, name: str, password: str) -> User:
    """Whoever has the address has the server: the e-mail counts as confirmed.

    Raises NotNeeded (also for the second of two at once) and EmailTaken.
    """
    group = Group.objects.select_for_update().get(name=roles.OPERATOR)
    check(token)
    if User.objects.filter(email__iexact=email).exists():
        raise EmailTaken
    user = User.objects.create_user(
        email, password or None, name=name, language=get_language() or settings.LANGUAGE_CODE
    )
    user.groups.add(group)
    EmailAddress.objects.create(user=user, email=user.email, primary=True, verified=True)
    return user
