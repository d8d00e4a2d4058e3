"""What is offered to whoever is about to cancel, from rows alone."""

from datetime import timedelta

import pytest
from django.urls import reverse

from payments import retention
from payments.models import Pause
from payments.retention import Instead
from tests.payments.factories import NOW, OfferFactory, PriceFactory, SubscriptionFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_english")]


def subscribed(interval="month", amount=3900, **fields):
    price = PriceFactory(offer=OfferFactory(interval=interval), amount=amount)
    return SubscriptionFactory(
        **{"offer": price.offer, "amount": amount, "object": {"id": "sub_1"}} | fields
    )


def beside(row, interval, amount):
    offer = OfferFactory(membership=row.offer.membership, interval=interval)
    return PriceFactory(offer=offer, amount=amount)


def test_a_pause_is_offered_to_whoever_may_pause(settings):
    settings.RETENTION_OFFER = "pause"
    row = subscribed()
    beside(row, "year", 36500)
    assert retention.instead(row, now=NOW) == Instead(
        "No time just now? You can pause for one to three months; nothing is charged then.",
        "Pause instead",
        reverse("subscription_pause", args=[row.pk]),
    )
    Pause.objects.create(
        subscription=row,
        months=1,
        asked_at=NOW,
        begins_at=NOW,
        resumes_at=NOW + timedelta(days=30),
    )
    assert retention.instead(row, now=NOW) is None


def test_the_plan_is_offered_that_costs_least_by_the_month(settings):
    settings.RETENTION_OFFER = "cheaper"
    row = subscribed()
    beside(row, "quarter", 10500)
    year = beside(row, "year", 36500)
    assert retention.instead(row, now=NOW) == Instead(
        "Too dear? 全部课程 at CN¥365/year costs less by the month.",
        "See the other plan",
        reverse("subscription_switch_to", args=[row.pk, year.offer.key]),
    )


@pytest.mark.parametrize(
    ("own", "other", "is_offered"),
    [
        (("month", 3900), ("year", 46799), True),
        (("month", 3900), ("year", 46800), False),
        (("year", 36500), ("month", 3900), False),
        (("year", 36500), ("month", 3041), True),
    ],
)
def test_a_plan_that_costs_as_much_is_not_offered(settings, own, other, is_offered):
    settings.RETENTION_OFFER = "cheaper"
    row = subscribed(*own)
    beside(row, *other)
    assert (retention.instead(row, now=NOW) is not None) == is_offered


@pytest.mark.parametrize("wanted", ["cheaper", ""])
def test_nothing_is_offered_where_there_is_nothing_else_or_nothing_is_set(settings, wanted):
    settings.RETENTION_OFFER = wanted
    row = subscribed()
    assert retention.instead(row, now=NOW) is None
    if not wanted:
        beside(row, "year", 36500)
        assert retention.instead(row, now=NOW) is None
