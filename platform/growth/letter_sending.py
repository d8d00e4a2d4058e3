"""Sending a letter: one mail an address, in batches that can be broken off and gone on with."""

from datetime import date, datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone, translation
from django.utils.text import Truncator

from accounts import mail
from accounts.models import User
from growth import letters, news, sources
from growth.models import Letter

BATCH = 200  # addresses in one transaction
WEEK = timedelta(days=7)
Status = Letter.Status


class NotOpen(Exception):
    """It is on its way already, or was stopped."""


def week_of(at: datetime) -> date:
    """The Monday of its week, by the site's clock."""
    day = timezone.localdate(at)
    return day - timedelta(days=day.weekday())


@transaction.atomic
def begin_due(*, now: datetime) -> list[int]:
    """Fixes what is new in every letter whose time has come; gives those that are under way."""
    due = Letter.objects.select_for_update().filter(status=Status.READY, send_at__lte=now)
    for letter in due:
        letter.status, letter.begun_at = Status.SENDING, now
        letter.news = news_told(letter, now=now)
        letter.addresses = letters.readers(letter.instructor).count()
        letter.save()
    return list(Letter.objects.filter(status=Status.SENDING).values_list("pk", flat=True))


@transaction.atomic
def send_batch(letter_id: int, *, now: datetime) -> bool:
    """Puts the next mails into the outbox; whether there may be more."""
    letter = Letter.objects.select_for_update().get(pk=letter_id)
    if letter.status != Status.SENDING:
        return False
    rows = letters.readers(letter.instructor).filter(pk__gt=letter.cursor).order_by("pk")
    batch = list(rows.select_related("instructor")[:BATCH])
    people = User.objects.filter(email__in=[row.email for row in batch])
    users = {user.email.lower(): user for user in people}
    for row in batch:
        letter.queued += mail.queue(
            key=f"letter:{letter.pk}:{row.pk}",
            to=row.email,
            template="letter",
            context=told(letter),
            language=row.language,
            now=now,
            user=users.get(row.email),
            unsubscribe=letters.stop_address(row),
        )
    if batch:
        letter.cursor = batch[-1].pk
    else:
        letter.status, letter.ended_at = Status.SENT, now
    letter.save(update_fields=["queued", "cursor", "status", "ended_at"])
    return bool(batch)


@transaction.atomic
def stop(letter_id: int, *, now: datetime) -> int:
    """Nothing more of it is sent; gives how many went out. Raises NotOpen."""
    letter = Letter.objects.select_for_update().get(pk=letter_id)
    if letter.status != Status.SENDING:
        raise NotOpen
    letter.status, letter.ended_at = Status.STOPPED, now
    letter.save(update_fields=["status", "ended_at"])
    return letter.queued


def send_copy(letter: Letter, *, to: User, now: datetime) -> None:
    """To who writes it, as it would go out now."""
    if letter.is_open:
        letter.news = news_told(letter, now=now)
    mail.queue(
        key=f"letter-copy:{letter.pk}:{to.pk}:{now.isoformat()}",
        to=to.email,
        template="letter",
        context=told(letter),
        language=to.language,
        now=now,
        user=to,
    )


def told(letter: Letter) -> dict[str, str]:
    """What its mail takes."""
    return {
        "title": letter.subject,
        "words": letter.words,
        "news": letter.news,
        "name": sources.name_of(letter.instructor),
    }


def news_told(letter: Letter, *, now: datetime) -> str:
    """What came out in the week before, two lines each; in the language of what is published."""
    if not letter.with_news:
        return ""
    with translation.override(settings.LANGUAGE_CODE):
        found = news.since([letter.instructor], now - WEEK, now)
    return "\n\n".join(
        f"{Truncator(each.title).chars(60)}{f' · {each.of}' if each.of else ''}\n"
        f"{settings.BASE_URL}{each.url}"
        for each in found
    )
