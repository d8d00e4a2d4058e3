"""What Prometheus is told of money, from rows on both sides of each limit."""

from datetime import timedelta
from typing import Any

import pytest

from operations import clock as site_clock
from payments import measures
from payments.models import Difference
from tests.payments.factories import ACCOUNT, OrderFactory, WebhookEventFactory

pytestmark = pytest.mark.django_db
SECOND, HOUR, DAY = timedelta(seconds=1), timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def now(monkeypatch) -> Any:
    at = site_clock.now()
    monkeypatch.setattr(site_clock, "now", lambda: at)
    return at


def figures(found: list[Any]) -> dict[str, Any]:
    """Those that are not nothing, by name."""
    told = {each.name.removeprefix("rizhi_"): each.figures for each in found}
    return {
        name: {label: value for label, value in values.items() if value}
        for name, values in told.items()
    }


def test_orders_of_the_last_day_by_state_and_open_differences(now):
    for status, age in [
        ("fulfilled", DAY),
        ("fulfilled", HOUR),
        ("open", DAY),
        ("open", DAY + SECOND),
        ("expired", 2 * DAY - SECOND),
        ("refunded", SECOND),
    ]:
        OrderFactory(fulfilled=status == "fulfilled", status=status, created_at=now - age)
    for number in range(3):
        fields = {"ended_at": now, "ending": "gone"} if number == 2 else {}
        Difference.objects.create(
            account=ACCOUNT, object_id=str(number), since=now, seen_at=now, **fields
        )
    told = {"orders_of_a_day": {"fulfilled": 2, "open": 1, "refunded": 1}, "differences": {"": 2}}
    assert figures(measures.orders()) == told


def test_a_state_without_orders_is_told_too(now):
    states, differences = measures.orders()
    assert set(states.figures.values()) == {0.0}
    assert {"open", "paid", "fulfilled", "expired", "refunded", "parked"} <= set(states.figures)
    assert differences.figures == {"": 0}


def event(outcome: str, sent: Any, **fields: Any) -> None:
    WebhookEventFactory(outcome=outcome, sent_at=sent, **fields)


def test_how_far_the_inbox_is_behind(now):
    event("received", now - 10 * SECOND, received_at=now)
    event("received", now - 40 * SECOND, received_at=now - DAY)
    event("failed", now - 30 * SECOND)
    event("parked", now - DAY)
    event("parked", now - 2 * DAY)
    for outcome, took, received in [
        ("done", 5, HOUR),
        ("ignored", 9, HOUR),
        ("done", 7, SECOND),
        ("done", 60, HOUR + SECOND),
    ]:
        event(
            outcome,
            now - received,
            received_at=now - received,
            processed_at=now - received + took * SECOND,
        )
    event("parked", now - HOUR, received_at=now, processed_at=now)
    event("failed", now - 25 * SECOND, received_at=now, processed_at=now)
    assert figures(measures.stripe_events()) == {
        "stripe_events_waiting": {"": 4},
        "stripe_events_oldest_seconds": {"": 40},
        "stripe_events_parked": {"": 3},
        "stripe_events_slowest_seconds": {"": 9},
    }


def test_where_nothing_waits_nothing_is_old(now):
    nothing = [{"": 0}] * 4
    assert [each.figures for each in measures.stripe_events()] == nothing
    event("received", now + 5 * SECOND)
    oldest = measures.stripe_events()[1]
    assert oldest.figures == {"": 0}
