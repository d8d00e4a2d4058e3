"""Asking for letters by mail, saying yes to it in that mail, ending them."""

from datetime import datetime, timedelta

from django.conf import settings
from django.core import signing
from django.db import transaction
from django.db.models import QuerySet
from django.urls import reverse

from accounts import mail
from growth import sources
from growth.models import LetterSubscription
from growth.sources import Source

YES, NO = "growth.letters.yes", "growth.letters.no"
GOOD_FOR = timedelta(days=7)  # what asks whether one meant it
PROOF_KEPT = timedelta(days=3 * 366)  # after its end; that long a claim may be made


class UnknownAddress(Exception):
    """No mail of ours led there, or it is too old."""


@transaction.atomic
def ask(*, email: str, source: Source, language: str, now: datetime) -> None:
    """Mails there whether letters are wanted; one that is had already, once a day at most.
    Nobody is told whether an address was known."""
    row, _new = LetterSubscription.objects.get_or_create(
        email=email.lower(),
        instructor=source,
        defaults={"language": language, "asked_at": now},
    )
    row = LetterSubscription.objects.select_for_update().get(pk=row.pk)
    if row.is_on:
        return
    before = f"{row.ended_at:%H%M%S}" if row.ended_at else ""  # who ended them asks anew
    row.language, row.asked_at = language, now
    row.confirmed_at = row.ended_at = None
    row.save()
    token = signing.dumps([str(row.key), now.isoformat()], salt=YES)
    mail.queue(
        key=f"letters-asked:{row.key}:{now:%Y-%m-%d}{before}",
        to=row.email,
        template="letters_asked",
        context={
            "name": sources.name_of(source),
            "url": settings.BASE_URL + reverse("letters_yes", args=[token]),
            "days": GOOD_FOR.days,
        },
        language=language,
        now=now,
    )


def read_yes(token: str, *, now: datetime) -> LetterSubscription:
    """What the mail asked about. Raises UnknownAddress."""
    try:
        key, asked = signing.loads(token, salt=YES)
        asked_at = datetime.fromisoformat(asked)
    except (signing.BadSignature, ValueError, TypeError):
        raise UnknownAddress from None
    row = LetterSubscription.objects.filter(key=key).select_related("instructor").first()
    if row is None or now > asked_at + GOOD_FOR:
        raise UnknownAddress
    if row.ended_at and row.ended_at > asked_at:  # ended since: one asks anew
        raise UnknownAddress
    return row


@transaction.atomic
def confirm(row: LetterSubscription, *, now: datetime) -> None:
    """Twice is once."""
    open_ones = LetterSubscription.objects.filter(pk=row.pk, confirmed_at=None)
    open_ones.update(confirmed_at=now)


def stop_address(row: LetterSubscription) -> str:
    """Of the page that ends it; it never runs out, for a mail may be read years later."""
    token = signing.dumps(str(row.key), salt=NO)
    return settings.BASE_URL + reverse("letters_no", args=[token])


def read_no(token: str) -> LetterSubscription:
    """Raises UnknownAddress."""
    try:
        key = signing.loads(token, salt=NO)
        return LetterSubscription.objects.select_related("instructor").get(key=key)
    except (signing.BadSignature, LetterSubscription.DoesNotExist):
        raise UnknownAddress from None


def end(row: LetterSubscription, *, now: datetime) -> None:
    """Twice is once."""
    LetterSubscription.objects.filter(pk=row.pk, confirmed_at__isnull=False, ended_at=None).update(
        ended_at=now
    )


def readers(source: Source) -> QuerySet[LetterSubscription]:
    """Who gets the letters of `source`."""
    wanted = LetterSubscription.objects.filter(confirmed_at__isnull=False, ended_at=None)
    return wanted.filter(instructor=source)


def of_address(email: str) -> list[LetterSubscription]:
    """What an address gets, the publisher's first."""
    rows = LetterSubscription.objects.filter(email=email.lower())
    rows = rows.filter(confirmed_at__isnull=False, ended_at=None).select_related("instructor")
    return sorted(rows, key=lambda row: (row.instructor is not None, str(row.instructor)))


def forget(*, now: datetime) -> int:
    """Those never confirmed, once nobody can confirm them; gives how many."""
    old = LetterSubscription.objects.filter(confirmed_at=None, asked_at__lt=now - GOOD_FOR)
    return old.delete()[0]


def forget_ended(*, now: datetime) -> int:
    """Gives how many."""
    return LetterSubscription.objects.filter(ended_at__lt=now - PROOF_KEPT).delete()[0]
