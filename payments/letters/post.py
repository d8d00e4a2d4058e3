"""What letters share: into the outbox, and how they say amounts, days and addresses."""

from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.urls import reverse
from django.utils import timezone, translation

from accounts import mail
from accounts.models import OutboxMessage, User
from pages import dates
from payments import money
from payments.models import Order


def queue(key: str, to: User, template: str, context: dict[str, Any], now: datetime) -> bool:
    if not to.is_active:
        return False
    return mail.queue(
        key=key,
        to=to.email,
        template=template,
        context=context,
        language=to.language,
        now=now,
        user=to,
        about=OutboxMessage.About.MONEY,
    )


def queue_to(
    email: str,
    key: str,
    giver: User,
    template: str,
    context: dict[str, Any],
    language: str,
    now: datetime,
) -> bool:
    """To somebody who may have no account: the mail is the giver's, in data and deletion."""
    return mail.queue(
        key=key,
        to=email,
        template=template,
        context=context,
        language=language,
        now=now,
        user=giver,
        about=OutboxMessage.About.PRESENT,
    )


def page_of(order: Order) -> str:
    return settings.BASE_URL + reverse("order", args=[order.key])


def address_of(order: Order) -> str:
    offer = order.price.offer
    if offer.course is not None:
        return str(offer.course.full_url or settings.BASE_URL)
    if offer.bundle is not None:
        return settings.BASE_URL + offer.bundle.get_absolute_url()
    return settings.BASE_URL + "/courses/"


def amount(to: User, amount: int, currency: str) -> str:
    return money.in_words(amount, currency, to.language)


def day(to: User, at: datetime | None) -> str:
    """The day as the person's calendar has it, in their language."""
    if at is None:
        return ""
    zone = ZoneInfo(to.time_zone)
    with translation.override(to.language), timezone.override(zone):
        return dates.day(at)


def date_in_words(to: User, day: date) -> str:
    with translation.override(to.language):
        return dates.day(day)


def last_day(to: User, ends: datetime | None) -> str:
    return day(to, ends - timedelta(seconds=1) if ends else None)
