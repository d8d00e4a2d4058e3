"""The access table, line by line: until when a subscription opens what it is for."""

from datetime import timedelta

import pytest

from payments.subscription_access import Until, grace_ends, until
from tests.payments.factories import NOW, SubscriptionFactory

pytestmark = pytest.mark.django_db
END = NOW + timedelta(days=30)
BEFORE, LATER = END - timedelta(days=10), END + timedelta(days=10)
DAY = timedelta(days=1)
VOID = {"id": "in_1", "billing_reason": "subscription_cycle", "status": "void"}
DRAFT = VOID | {"status": "draft"}


@pytest.mark.parametrize(
    ("fields", "standing", "expected"),
    [
        ({"status": "active"}, None, END + DAY),
        ({"status": "trialing"}, None, END + DAY),
        ({"status": "active"}, LATER, END + DAY),
        ({"status": "active", "cancel_at_period_end": True}, None, END),
        ({"status": "active", "cancel_at": BEFORE}, None, BEFORE),
        ({"status": "active", "cancel_at": LATER}, None, END),
        ({"status": "active", "collection_paused": True}, None, END),
        ({"status": "active", "collection_paused": True}, BEFORE, BEFORE),
        ({"status": "active", "collection_paused": True}, LATER, END),
        ({"status": "active", "object": {"latest_invoice": VOID}}, BEFORE, BEFORE),
        ({"status": "active", "object": {"latest_invoice": DRAFT}}, BEFORE, END + DAY),
        ({"status": "past_due", "past_due_since": END}, None, END + 7 * DAY),
        ({"status": "past_due", "past_due_since": None}, LATER, LATER),
        ({"status": "unpaid"}, None, None),
        ({"status": "unpaid"}, LATER, NOW),
        ({"status": "unpaid"}, NOW - DAY, NOW - DAY),
        ({"status": "canceled", "ended_at": BEFORE}, LATER, BEFORE),
        ({"status": "canceled", "ended_at": BEFORE}, BEFORE - DAY, BEFORE - DAY),
        ({"status": "incomplete"}, None, None),
        ({"status": "incomplete_expired"}, None, None),
        ({"status": "paused"}, LATER, NOW),
    ],
)
def test_each_state_has_its_end(fields, standing, expected):
    row = SubscriptionFactory(**{"period_end": END} | fields)
    assert until(row, standing=standing, now=NOW) == Until(expected)


@pytest.mark.parametrize(
    "fields", [{"status": "to_be_invented"}, {"status": "active", "period_end": None}]
)
@pytest.mark.parametrize("standing", [None, LATER])
def test_what_is_not_known_changes_nothing(fields, standing):
    row = SubscriptionFactory(**{"period_end": END} | fields)
    assert until(row, standing=standing, now=NOW) == Until(standing, known=False)


def test_a_site_may_leave_what_is_paused_open(settings):
    settings.PAUSED_KEEPS_ACCESS = True
    row = SubscriptionFactory(period_end=END, collection_paused=True)
    assert until(row, standing=BEFORE, now=NOW) == Until(END + DAY)


def test_grace_is_counted_from_the_first_failure(settings):
    settings.GRACE_DAYS = 3
    assert grace_ends(SubscriptionFactory(past_due_since=NOW)) == NOW + 3 * DAY
    assert grace_ends(SubscriptionFactory()) is None
