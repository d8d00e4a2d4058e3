"""Which mails are due at an instant, all of them, from rows alone."""

from datetime import date, timedelta

import pytest

from accounts.models import OutboxMessage
from courses.models import Grant
from payments import reminders
from payments.models import Pause
from tests.factories import MembershipFactory, UserFactory, course
from tests.payments.factories import NOW, SubscriptionFactory

pytestmark = pytest.mark.django_db
DAY, SECOND = timedelta(days=1), timedelta(seconds=1)
FAR = NOW + 60 * DAY


def mails(now=NOW):
    """What is queued at that instant, and nothing more when it is asked again."""
    OutboxMessage.objects.all().delete()
    reminders.send_due(now)
    reminders.send_due(now)
    return sorted(OutboxMessage.objects.values_list("key", flat=True))


# --- renewals ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "is_told"),
    [
        ({"period_end": NOW}, False),
        ({"period_end": NOW + SECOND}, True),
        ({"period_end": NOW + 5 * DAY}, True),
        ({"period_end": NOW + 5 * DAY + SECOND}, False),
        ({"status": "trialing"}, True),
        ({"status": "past_due"}, False),
        ({"status": "canceled"}, False),
        ({"cancel_at_period_end": True}, False),
        ({"collection_paused": True}, False),
        ({"account": "acct_another"}, False),
        ({"livemode": True}, False),
        ({"learner": None}, False),
    ],
)
def test_a_renewal_is_told_within_five_days_of_it(fields, is_told):
    row = SubscriptionFactory(**{"period_end": NOW + 3 * DAY} | fields)
    told = f"renewal-notice-{row.pk}-{row.period_end:%Y%m%d}"
    assert mails() == ([told] if is_told else [])


def paused(resumes, ended=None, *, at_stripe=True, **fields):
    stamp = int(resumes.timestamp())
    row = SubscriptionFactory(
        collection_paused=at_stripe,
        object={"pause_collection": {"resumes_at": stamp}} if at_stripe else {},
        **{"period_end": NOW - 20 * DAY} | fields,
    )
    Pause.objects.create(
        subscription=row,
        months=1,
        asked_at=NOW - 40 * DAY,
        begins_at=NOW - 20 * DAY,
        resumes_at=resumes,
        resumed_at=ended,
    )
    return row


@pytest.mark.parametrize(
    ("resumes", "fields", "is_told"),
    [
        (NOW, {}, False),
        (NOW + SECOND, {}, True),
        (NOW + 5 * DAY, {}, True),
        (NOW + 5 * DAY + SECOND, {}, False),
        (NOW + DAY, {"ended": NOW}, False),
        (NOW + DAY, {"at_stripe": False}, False),
        (NOW + DAY, {"status": "canceled"}, False),
        (NOW + DAY, {"livemode": True}, False),
        (NOW + DAY, {"account": "acct_another"}, False),
    ],
)
def test_the_end_of_a_pause_is_told_as_a_renewal(resumes, fields, is_told):
    row = paused(resumes, **fields)
    told = f"renewal-notice-{row.pk}-{resumes:%Y%m%d}"
    assert mails() == ([told] if is_told else [])


def test_of_another_pause_that_is_over_nothing_is_told():
    row = paused(NOW + 9 * DAY)
    Pause.objects.create(
        subscription=row,
        months=1,
        asked_at=NOW - 90 * DAY,
        begins_at=NOW - 80 * DAY,
        resumes_at=NOW + DAY,
        resumed_at=NOW - 70 * DAY,
    )
    assert mails() == []


# --- terms that end ------------------------------------------------------------------------------


def grant(learner=None, **fields):
    usual = {
        "learner": learner or UserFactory(),
        "source_kind": Grant.Source.PURCHASE,
        "source_id": f"order-{Grant.objects.count()}",
        "starts_at": NOW - 90 * DAY,
        "ends_at": NOW + 3 * DAY,
    }
    if "course" not in fields:
        usual["membership"] = MembershipFactory()
    return Grant.objects.create(**usual | fields)


@pytest.mark.parametrize(
    ("fields", "is_told"),
    [
        ({"ends_at": NOW}, False),
        ({"ends_at": NOW + SECOND}, True),
        ({"ends_at": NOW + 14 * DAY}, True),
        ({"ends_at": NOW + 14 * DAY + SECOND}, False),
        ({"ends_at": None}, False),
        ({"source_kind": "redeem_code"}, True),
        ({"source_kind": "subscription"}, False),
        ({"withdrawn_at": NOW}, False),
        ({"starts_at": NOW + SECOND}, False),
    ],
)
def test_a_term_that_ends_is_told_within_fourteen_days(fields, is_told):
    row = grant(**fields)
    grant(course=course())
    told = [f"term-ending-{row.pk}-{row.ends_at:%Y%m%d}"] if is_told else []
    assert mails() == told


@pytest.mark.parametrize(
    ("fields", "is_told"),
    [
        ({"ends_at": NOW + 20 * DAY}, False),
        ({"ends_at": None}, False),
        ({"ends_at": FAR, "starts_at": NOW + 3 * DAY}, False),
        ({"ends_at": NOW + 3 * DAY - SECOND, "source_kind": "subscription"}, True),
        ({"ends_at": NOW + 20 * DAY, "withdrawn_at": NOW}, True),
    ],
)
def test_a_term_that_something_follows_is_not_told(fields, is_told):
    row = grant()
    grant(row.learner, membership=row.membership, **fields)
    grant(row.learner, ends_at=FAR)
    grant(membership=row.membership, ends_at=FAR)
    assert mails() == ([f"term-ending-{row.pk}-20261126"] if is_told else [])


# --- cards ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "is_told"),
    [
        ({"card_expires_on": date(2026, 10, 31)}, True),
        ({"card_expires_on": date(2026, 12, 23)}, True),
        ({"card_expires_on": date(2026, 12, 24)}, False),
        ({"card_expires_on": None}, False),
        ({"period_end": NOW + 30 * DAY, "card_expires_on": date(2026, 12, 23)}, False),
        ({"status": "trialing"}, True),
        ({"status": "canceled"}, False),
        ({"cancel_at_period_end": True}, False),
        ({"period_end": NOW}, False),
        ({"period_end": NOW - SECOND}, False),
        ({"account": "acct_another"}, False),
    ],
)
def test_a_card_that_will_be_old_is_told_within_thirty_days(fields, is_told):
    fields = {"period_end": FAR, "card_expires_on": date(2026, 11, 1)} | fields
    row = SubscriptionFactory(card="visa 4242", **fields)
    told = f"card-expiring-{row.pk}-{row.card_expires_on:%Y%m}" if is_told else ""
    assert mails() == ([told] if told else [])


# --- payments that failed ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("since", "day"),
    [
        (NOW + SECOND, None),
        (NOW, 0),
        (NOW - 3 * DAY + SECOND, 0),
        (NOW - 3 * DAY, 3),
        (NOW - 6 * DAY + SECOND, 3),
        (NOW - 6 * DAY, 6),
        (NOW - 7 * DAY + SECOND, 6),
    ],
)
def test_a_failure_is_told_on_its_day_and_the_third_and_sixth_after(since, day):
    row = SubscriptionFactory(status="past_due", past_due_since=since)
    SubscriptionFactory(status="unpaid", past_due_since=since)
    SubscriptionFactory(status="past_due")
    SubscriptionFactory(status="past_due", past_due_since=since, livemode=True)
    told = [] if day is None else [f"payment-failed-{row.pk}-{since:%Y%m%d}-{day}"]
    assert mails() == told


def test_when_grace_is_over_the_end_is_told_instead():
    since = NOW - 7 * DAY
    row = SubscriptionFactory(status="past_due", past_due_since=since)
    assert mails() == [f"membership-ended-{row.pk}-{since:%Y%m%d}"]


def test_a_failure_of_no_known_day_is_not_told():
    reminders.remind_of_failure(SubscriptionFactory(status="past_due"), now=NOW)
    assert not OutboxMessage.objects.exists()
