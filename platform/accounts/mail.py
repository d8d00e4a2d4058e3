"""Mail: a row in the outbox, in the same transaction as the fact it tells; a job sends it."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.db.models import F
from django.template import Context, TemplateDoesNotExist
from django.template.loader import get_template, render_to_string
from django.utils import translation

from accounts.models import OutboxMessage, User
from operations import clock
from operations.jobs import job

CAUGHT = "django.core.mail.backends.dummy.EmailBackend"


class NotSent(Exception):
    """The mail server refused, or was not there. Says neither what nor to whom: it is logged."""


@dataclass(frozen=True)
class Rendered:
    subject: str
    text: str
    html: str


@transaction.atomic
def queue(
    *,
    key: str,
    to: str,
    template: str,
    context: dict[str, Any],
    language: str,
    now: datetime,
    user: User | None = None,
    about: str = "",
    unsubscribe: str = "",
) -> bool:
    """Writes the mail `templates/emails/<template>` once per key; False if it was there already.

    `unsubscribe`: the address that ends mails of this kind, for those one may end.
    """
    if OutboxMessage.objects.filter(key=key).exists():
        return False
    mail = render(template, {"unsubscribe": unsubscribe, **context}, language)
    message, created = OutboxMessage.objects.get_or_create(
        key=key,
        defaults={
            "user": user,
            "to": to,
            "language": language,
            "subject": mail.subject,
            "text": mail.text,
            "html": mail.html,
            "about": about,
            "unsubscribe": unsubscribe,
            "created_at": now,
        },
    )
    if created:
        send.enqueue(message=message.pk)  # a row of this transaction too: seen when it commits
    return created


class CannotSend(Exception):
    """Nobody to send it to: the account is closed."""


@transaction.atomic
def send_again(message: OutboxMessage, *, now: datetime) -> OutboxMessage:
    """The same words in a mail of its own, to the account's present address. Raises CannotSend."""
    if message.user is None or not message.user.is_active:
        raise CannotSend
    OutboxMessage.objects.select_for_update().get(pk=message.pk)  # one at a time counts
    number = OutboxMessage.objects.filter(key__startswith=f"{message.key}+").count() + 1
    again = OutboxMessage.objects.create(
        key=f"{message.key}+{number}",
        user=message.user,
        to=message.user.email,
        language=message.language,
        subject=message.subject,
        text=message.text,
        html=message.html,
        about=message.about,
        unsubscribe=message.unsubscribe,
        created_at=now,
    )
    send.enqueue(message=again.pk)
    return again


@job(attempts=8)
def send(message: int) -> None:
    """Hands one mail to the server. Twice at worst (killed in between), under one Message-ID."""
    row = OutboxMessage.objects.filter(pk=message, sent_at=None).exclude(text="").first()
    if row is None:
        return
    mine = OutboxMessage.objects.filter(pk=row.pk)
    if not server_is_set() and not settings.DEBUG:
        mine.update(caught=True)  # until there is one: upkeep.send_caught_mails
        return
    mine.update(attempts=F("attempts") + 1)
    try:
        _as_mail(row).send()
    except Exception as problem:
        name = type(problem).__name__
        mine.update(error=name)
        raise NotSent(f"mail {row.pk}: {name}") from None
    mine.update(sent_at=clock.now(), caught=not server_is_set(), error="")


def server_is_set() -> bool:
    return settings.MAILERS["default"]["BACKEND"] != CAUGHT


def render(template: str, context: dict[str, Any], language: str) -> Rendered:
    """The text is the original; a mail without HTML of its own gets its paragraphs in ours."""
    with translation.override(language):
        context = {"base_url": settings.BASE_URL, "language": language, **context}
        subject = " ".join(_plain(f"emails/{template}_subject.txt", context).split())
        body = _plain(f"emails/{template}.txt", context).strip()
        context |= {"subject": subject, "body": body, "paragraphs": _paragraphs(body)}
        text = _plain("emails/base.txt", context).strip() + "\n"
        try:
            html = get_template(f"emails/{template}.html").render(context)
        except TemplateDoesNotExist:
            html = render_to_string("emails/base.html", context)
    return Rendered(subject=subject, text=text, html=html)


def _plain(name: str, context: dict[str, Any]) -> str:
    """Rendered as text: nothing in it is escaped."""
    template: Any = get_template(name)  # Django's own engine, whose inner template takes a Context
    return template.template.render(Context(context, autoescape=False))


def _paragraphs(body: str) -> list[dict[str, Any]]:
    """[{"kind": "text"|"code"|"link", "lines": [...]}]: a code or an address alone stands out."""
    found = []
    for part in re.split(r"\n\s*\n", body):
        lines = [line.strip() for line in part.strip().splitlines()]
        kind = "text"
        if len(lines) == 1 and re.fullmatch(r"\d{6}", lines[0]):
            kind = "code"
        elif len(lines) == 1 and re.fullmatch(r"https?://\S+", lines[0]):
            kind = "link"
        found.append({"kind": kind, "lines": lines})
    return found


def _as_mail(row: OutboxMessage) -> EmailMultiAlternatives:
    domain = settings.DEFAULT_FROM_EMAIL.rpartition("@")[2].rstrip("> ")
    headers = {"Message-ID": f"<outbox-{row.pk}@{domain}>", "Auto-Submitted": "auto-generated"}
    if row.unsubscribe:  # one click in the mail program: RFC 8058
        headers["List-Unsubscribe"] = f"<{row.unsubscribe}>"
        headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    mail = EmailMultiAlternatives(
        subject=row.subject,
        body=row.text,
        from_email=settings.DEFAULT_FROM_EMAIL,
        to=[row.to],
        headers=headers,
    )
    mail.attach_alternative(row.html, "text/html")
    return mail
