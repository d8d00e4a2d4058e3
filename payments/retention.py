"""The one thing that is offered to whoever is about to cancel, by the publisher's setting."""

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _

from payments import money, pausing, switching
from payments.models import Subscription


@dataclass(frozen=True)
class Instead:
    sentence: str
    label: str
    url: str


def instead(row: Subscription, *, now: datetime) -> Instead | None:
    """A pause, or a plan that costs less by the month; nothing where neither is possible."""
    wanted = settings.RETENTION_OFFER
    if wanted == "pause" and pausing.may_pause(row, now=now):
        return Instead(
            _("No time just now? You can pause for one to three months; nothing is charged then."),
            _("Pause instead"),
            reverse("subscription_pause", args=[row.pk]),
        )
    if wanted == "cheaper" and (found := switching.options(row)) and row.offer:
        months = switching.MONTHS[row.offer.interval or "month"]
        price = found[0]
        if switching.by_month(price) < (row.amount or 0) / months:
            amount = money.in_words(price.amount, price.currency)
            words = {
                "what": f"{price.offer.sellable}",
                "rate": f"{amount}/{money.per(price.offer.interval or 'month')}",
            }
            return Instead(
                _("Too dear? %(what)s at %(rate)s costs less by the month.") % words,
                _("See the other plan"),
                reverse("subscription_switch_to", args=[row.pk, price.offer.key]),
            )
    return None
