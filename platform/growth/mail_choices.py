"""Who wants which mails, and the mails that they may end with one tap (RFC 8058)."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.core import signing
from django.db import transaction
from django.db.models import Q, QuerySet
from django.urls import reverse

from accounts import mail
from accounts.models import User
from growth.models import MailChoice

SALT = "growth.mails"
Kind = MailChoice.Kind


class UnknownAddress(Exception):
    """No mail of ours led there."""


def of(user: User) -> MailChoice:
    """Those of `user`, or what holds for who never chose (then unsaved)."""
    return MailChoice.objects.filter(user=user).first() or MailChoice(user=user)


def wanted_by(kind: MailChoice.Kind) -> QuerySet[User]:
    """Everybody active who wants mails of this kind."""
    people = User.objects.filter(is_active=True)
    if kind is Kind.REMINDERS:
        return people.exclude(mail_choice__reminders=False)
    return people.filter(Q(mail_choice__offers=True))


@transaction.atomic
def choose(*, user: User, now: datetime, **wanted: bool) -> MailChoice:
    """`reminders` and `offers` as they are named; what is not stays."""
    User.objects.select_for_update(no_key=True).get(pk=user.pk)
    row = of(user)
    for name, value in wanted.items():
        setattr(row, name, value)
    if wanted.get("offers") and row.offers_wanted_at is None:
        row.offers_wanted_at = now
    if not row.offers:
        row.offers_wanted_at = None
    row.changed_at = now
    row.save()
    return row


def queue(
    kind: MailChoice.Kind,
    *,
    user: User,
    key: str,
    template: str,
    context: dict[str, Any],
    now: datetime,
) -> bool:
    """A mail with its own way out, in the outbox once per key. The caller has asked `wanted_by`."""
    return mail.queue(
        key=key,
        to=user.email,
        template=template,
        context=context,
        language=user.language,
        now=now,
        user=user,
        unsubscribe=settings.BASE_URL + reverse("stop_mails", args=[token_of(user, kind)]),
    )


def token_of(user: User, kind: MailChoice.Kind) -> str:
    """Never runs out: a mail may be read years later."""
    return signing.dumps([user.pk, str(kind)], salt=SALT)


def read_token(token: str) -> tuple[User, MailChoice.Kind]:
    """Raises UnknownAddress."""
    try:
        pk, kind = signing.loads(token, salt=SALT)
        return User.objects.get(pk=pk, is_active=True), Kind(kind)
    except (signing.BadSignature, User.DoesNotExist, TypeError, ValueError):
        raise UnknownAddress from None
