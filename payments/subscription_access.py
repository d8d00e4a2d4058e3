"""Until when a subscription opens what it is for: the access table of Stripe's states."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings

from payments.models import Subscription

# A late webhook locks nobody out.
LEEWAY = timedelta(days=1)
CLOSED = ("unpaid", "incomplete", "incomplete_expired", "paused", "canceled")


@dataclass(frozen=True)
class Until:
    """`known` is false in a state this table does not have: then nothing new is opened."""

    ends_at: datetime | None
    known: bool = True


def until(subscription: Subscription, *, standing: datetime | None, now: datetime) -> Until:
    """When access ends, computed from what was fetched. `standing` is the end declared before,
    if any; without one a closed subscription opens nothing at all (ends_at None)."""
    status, period_end = subscription.status, subscription.period_end
    if status in ("trialing", "active") and period_end is not None:
        return Until(_of_running(subscription, period_end, standing))
    if status == "past_due":
        return Until(grace_ends(subscription) or standing)
    if status in CLOSED:
        if standing is None:
            return Until(None)
        return Until(min(standing, subscription.ended_at or now))
    return Until(standing, known=False)


def grace_ends(subscription: Subscription) -> datetime | None:
    """The last instant of grace after a failed renewal."""
    if subscription.past_due_since is None:
        return None
    return subscription.past_due_since + timedelta(days=settings.GRACE_DAYS)


def _of_running(
    subscription: Subscription, period_end: datetime, standing: datetime | None
) -> datetime:
    unpaid = subscription.collection_paused or subscription.period_is_unpaid
    if unpaid and not settings.PAUSED_KEEPS_ACCESS:
        # Periods roll on unpaid while it is paused: the one paid for is the last that counts.
        return min(standing or period_end, period_end)
    if subscription.cancel_at is not None:
        return min(period_end, subscription.cancel_at)
    if subscription.cancel_at_period_end:
        return period_end
    return period_end + LEEWAY
