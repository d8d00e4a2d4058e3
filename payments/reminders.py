"""What learners are told in time: of renewals, terms that end, old cards, failed payments."""

from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, Q, QuerySet

from courses.models import Grant
from operations.rows import each
from payments import gateway, letters, upcoming
from payments.models import Subscription
from payments.subscription_access import grace_ends

NOTICE = timedelta(days=5)
CARD_NOTICE = timedelta(days=30)
TERM_NOTICE = timedelta(days=14)
FAILED_DAYS = (0, 3, 6)
AT_A_TIME = 500


def send_due(now: datetime) -> None:
    """Queue every mail that is due at `now`; run again it queues none twice."""
    for grant in each(_ending_terms(now), at_a_time=AT_A_TIME):
        letters.term_ending(grant, now=now)
    if not _may_be_told(now).exists():
        return
    for subscription in each(_renewing(now), at_a_time=AT_A_TIME):
        _notice(subscription, now=now)
    for subscription in each(_ending_pauses(now), at_a_time=AT_A_TIME):
        _notice(subscription, now=now)
    for subscription in each(_with_old_cards(now), at_a_time=AT_A_TIME):
        _warn_of_card(subscription, now=now)
    failing = _subscriptions().filter(status="past_due", past_due_since__lte=now)
    for subscription in each(failing, at_a_time=AT_A_TIME):
        remind_of_failure(subscription, now=now)


def _may_be_told(now: datetime) -> QuerySet[Subscription]:
    """All that the questions below ask of a subscription itself, in one."""
    near = Q(period_end__gt=now, period_end__lte=now + NOTICE)
    old_card = Q(card_expires_on__lte=(now + CARD_NOTICE).date())
    failing = Q(status="past_due")
    return _subscriptions().filter(near | old_card | failing | Q(collection_paused=True))


def _subscriptions() -> QuerySet[Subscription]:
    ours = Subscription.objects.filter(**gateway.ours())
    return ours.select_related("learner", "offer__membership")


def _renewing(now: datetime) -> QuerySet[Subscription]:
    return (
        _subscriptions()
        .filter(status__in=["trialing", "active"], collection_paused=False)
        .filter(period_end__gt=now, period_end__lte=now + NOTICE)
        .prefetch_related("changes__price__offer")
    )


def _ending_pauses(now: datetime) -> QuerySet[Subscription]:
    """A pause's end is a renewal."""
    return (
        _subscriptions()
        .filter(
            collection_paused=True,
            pauses__resumed_at=None,
            pauses__resumes_at__gt=now,
            pauses__resumes_at__lte=now + NOTICE,
        )
        .prefetch_related("changes__price__offer")
    )


def _ending_terms(now: datetime) -> QuerySet[Grant]:
    """Of memberships that do not renew themselves, where nothing follows."""
    soon = now + TERM_NOTICE
    later = Grant.objects.filter(
        Q(ends_at=None) | Q(ends_at__gt=OuterRef("ends_at")),
        learner=OuterRef("learner"),
        membership=OuterRef("membership"),
        withdrawn_at=None,
    )
    return (
        Grant.objects.filter(membership__isnull=False, ends_at__lte=soon)
        .exclude(source_kind=Grant.Source.SUBSCRIPTION)
        .active(now)
        .filter(~Exists(later))
        .select_related("learner", "membership")
    )


def _notice(subscription: Subscription, *, now: datetime) -> None:
    if charge := upcoming.next_charge(subscription):
        letters.renewal_notice(subscription, charge, now=now)


def _with_old_cards(now: datetime) -> QuerySet[Subscription]:
    """Whose card expires within thirty days, or has expired."""
    expiring = _subscriptions().filter(
        status__in=["trialing", "active"], card_expires_on__lte=(now + CARD_NOTICE).date()
    )
    return expiring.prefetch_related("changes__price__offer")


def _warn_of_card(subscription: Subscription, *, now: datetime) -> None:
    charge = upcoming.charge_after_card(subscription)
    if charge and charge.at > now:
        letters.card_expiring(subscription, charge, now=now)


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
