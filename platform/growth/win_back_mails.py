"""The mail that tells who was a member of their own code: only to who asked for offers by mail.
The code itself, and whom it is made for: payments.win_back."""

from datetime import datetime, timedelta

from django.conf import settings
from django.urls import reverse
from django.utils import translation

from growth import mail_choices
from growth.models import MailChoice
from learning import days
from pages import dates
from payments.models import WinBack

FRESH = timedelta(days=2)


def tell(*, now: datetime) -> int:
    """Once each, while the code is new and nobody used it; gives how many."""
    wanted = mail_choices.wanted_by(MailChoice.Kind.OFFERS)
    codes = (
        WinBack.objects.filter(made_at__gt=now - FRESH, learner__in=wanted)
        .filter(promotion__is_active=True, promotion__ends_at__gt=now)
        .exclude(promotion__uses__used_at__isnull=False)
        .select_related("learner", "promotion")
    )
    return sum(_tell(each, now=now) for each in codes.order_by("pk"))


def _tell(code: WinBack, *, now: datetime) -> bool:
    learner, ends_at = code.learner, code.promotion.ends_at
    assert ends_at is not None  # noqa: S101 — asked for above
    with translation.override(learner.language):
        until = dates.day(days.day_of(ends_at, days.zone_of(learner)))
    return mail_choices.queue(
        MailChoice.Kind.OFFERS,
        user=learner,
        key=f"win-back:{code.pk}",
        template="win_back",
        context={
            "code": code.promotion.code,
            "percent": code.promotion.percent,
            "until": until,
            "url": settings.BASE_URL + reverse("membership"),
        },
        now=now,
    )
