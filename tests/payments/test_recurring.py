"""The rate of subscriptions at an instant, and how it moved, from their bills alone."""

from datetime import timedelta
from typing import Any

import pytest

from payments import recurring
from payments.models import Subscription
from tests.payments.factories import NOW, InvoiceFactory, SubscriptionFactory

pytestmark = pytest.mark.django_db
DAY, SECOND = timedelta(days=1), timedelta(seconds=1)
LONG_AGO, SINCE = NOW - 90 * DAY, NOW - 30 * DAY


def began(at=LONG_AGO, **fields):
    return SubscriptionFactory(started_at=at, **fields)


def paid(row, at, rate, **fields):
    return InvoiceFactory(subscription=row, paid_at=at, yearly_rate=rate, **fields)


def rates(rows):
    return dict(rows.values_list("pk", "rate"))


def every():
    return Subscription.objects.all()


def test_the_rate_is_that_of_the_newest_bill_paid_before():
    row, none, in_trial = began(), began(), began(status="trialing")
    paid(row, NOW - SECOND, 300)
    paid(row, NOW - DAY, 200)
    paid(row, NOW, 400)
    paid(row, NOW - SECOND, 500, status="void")
    paid(row, NOW - SECOND, None)
    paid(in_trial, NOW - DAY, 0)
    at_once = began()
    paid(at_once, NOW - DAY, 700)
    paid(at_once, NOW - DAY, 800)
    ended, ends_now = began(ended_at=NOW - SECOND), began(ended_at=NOW)
    for each in (ended, ends_now):
        paid(each, NOW - DAY, 900)
    assert rates(every().annotate(rate=recurring.rate_at(NOW))) == {
        row.pk: 300,
        none.pk: 0,
        in_trial.pk: 0,
        at_once.pk: 800,
        ended.pk: recurring.ENDED,
        ends_now.pk: 900,
    }


def test_those_pay_that_have_begun_and_not_ended_and_have_a_rate():
    expected = {}
    cases: list[tuple[dict[str, Any], int | None]] = [
        ({"started_at": None}, 1),
        ({"started_at": NOW - SECOND}, 2),
        ({"started_at": NOW}, None),
        ({"ended_at": NOW}, 3),
        ({"ended_at": NOW - SECOND}, None),
    ]
    for fields, rate in cases:
        row = SubscriptionFactory(**{"started_at": LONG_AGO} | fields)
        paid(row, NOW - DAY, rate or 9)
        if rate:
            expected[row.pk] = rate
    paid(began(), NOW - DAY, 0)
    assert rates(recurring.paying(every(), NOW)) == expected


@pytest.mark.parametrize(
    ("kind", "moves"),
    [
        ("new", {(None, 1): 1, (None, 5): 5, (0, 1): 1, (0, 5): 5}),
        ("expansion", {(1, 5): 4}),
        ("contraction", {(5, 1): -4}),
        ("churned", {(1, 0): -1, (5, 0): -5, (1, "ended"): -1, (5, "ended"): -5}),
    ],
)
def test_a_rate_moves_in_one_of_four_ways(kind, moves):
    rows = {}
    for opening in (None, 0, 1, 5):
        for closing in (0, 1, 5, "ended"):
            row = began(ended_at=NOW - SECOND if closing == "ended" else None)
            rows[row.pk] = (opening, closing)
            if opening is not None:
                paid(row, SINCE - SECOND, opening)
            if closing != "ended":
                paid(row, SINCE, closing)
    found = rates(recurring.moved(every(), kind, SINCE, NOW))
    assert {rows[pk]: rate for pk, rate in found.items()} == moves


def test_a_first_payment_is_the_first_of_more_than_nothing():
    row, in_trial = began(), began()
    paid(row, NOW - DAY, 300)
    paid(row, NOW - 2 * DAY, 1)
    paid(row, NOW - 3 * DAY, 0)
    paid(row, NOW - 4 * DAY, 300, status="void")
    paid(in_trial, NOW - 5 * DAY, 0)
    found = recurring.with_first_payment(every())
    assert dict(found.values_list("pk", "first_paid_at")) == {
        row.pk: NOW - 2 * DAY,
        in_trial.pk: None,
    }


@pytest.mark.parametrize(
    ("yearly", "monthly"), [(0, 0), (5, 0), (6, 1), (17, 1), (18, 2), (36500, 3042)]
)
def test_a_month_is_a_twelfth_rounded_half_up(yearly, monthly):
    assert recurring.a_month(yearly) == monthly
