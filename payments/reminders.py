"""What learners are told in time: renewals to come, renewals that failed, the end."""

from datetime import datetime, timedelta

from payments import letters
from payments.models import Subscription
from payments.subscription_access import grace_ends

NOTICE = timedelta(days=5)
FAILED_DAYS = (0, 3, 6)


def send_due(now: datetime) -> None:
    """Queue every mail that is due at `now`; run again it queues none twice."""
    subscriptions = Subscription.objects.select_related("learner", "offer__membership")
    coming = subscriptions.filter(
        status__in=["trialing", "active"], period_end__gt=now, period_end__lte=now + NOTICE
    )
    for subscription in coming.iterator(chunk_size=500):
        if subscription.renews:
            letters.renewal_notice(subscription, now=now)
    failing = subscriptions.filter(status="past_due", past_due_since__lte=now)
    for subscription in failing.iterator(chunk_size=500):
        remind_of_failure(subscription, now=now)


def remind_of_failure(subscription: Subscription, *, now: datetime) -> None:
    """The latest reminder that is due after a failed renewal, or that grace is over."""
    ends = grace_ends(subscription)
    since = subscription.past_due_since
    if ends is None or since is None:
        return
    if now >= ends:
        letters.membership_ended(subscription, ended_at=ends, now=now)
        return
    due = [day for day in FAILED_DAYS if now >= since + timedelta(days=day)]
    letters.payment_failed(subscription, day=max(due), grace_ends=ends, now=now)
