"""The figures, against numbers worked out by hand (tests/insights/world.py)."""

from datetime import date, datetime
from fractions import Fraction
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from insights import figures, statement
from insights.rates import Churn, Movement, Rates, Recurring
from insights.spans import Span
from payments import recurring
from payments.models import Offer, Order
from tests.insights.world import at, business, entry, pay_bill, subscribe
from tests.payments.factories import InvoiceFactory, OfferFactory

pytestmark = pytest.mark.django_db
NOVEMBER = Span(date(2026, 11, 1), date(2026, 11, 20))  # as far as it has come
OCTOBER = Span.of_month(date(2026, 10, 1))


@pytest.fixture
def people() -> dict[str, Any]:
    return business()


def rates(currency: str, *instants: datetime) -> Rates:
    return Rates(figures.subscriptions(currency), instants)


def churn(span: Span) -> Churn:
    return rates("CNY", span.start, span.end).churn(span)


def movement(span: Span) -> list[Movement]:
    instants = [at for each in span.months() for at in (each.start, each.end)]
    return [rates("CNY", *instants).movement(each) for each in span.months()]


def worth(until: date) -> figures.Worth | None:
    return figures.worth(rates("CNY", *figures.instants_of_worth(until)), "CNY", until)


def test_revenue_is_every_payment_of_the_days(people):
    # Amy 39 + Gus 39 (00:30 on the 1st) + the course 99 × 2 = 276 yuan, in four payments.
    found = figures.takings("CNY", NOVEMBER)
    assert (found.revenue, found.number) == (27600, 4)
    # Amy 39, Bob 99, Cat 365, Eve 39, Fay 39, the course 99 (23:59 on the 31st) = 680.
    assert figures.takings("CNY", OCTOBER).revenue == 68000


def test_net_takes_off_what_went_back_in_the_days(people):
    # 276 − 99 (October's sale, given back in November) − 20 (disputed) = 157.
    assert figures.takings("CNY", NOVEMBER).net == 15700
    assert figures.takings("CNY", OCTOBER).net == 68000


def test_a_refund_that_failed_comes_back(people):
    entry("2026-11-09 12:00", 9900, kind="refund")
    assert figures.takings("CNY", NOVEMBER).net == 25600


def test_currencies_are_never_added_up(people):
    assert figures.currencies() == ["CNY", "JPY"]
    assert figures.takings("JPY", NOVEMBER).revenue == 1200
    assert rates("JPY", NOVEMBER.end).recurring(NOVEMBER.end).number == 0


def test_mrr_counts_a_quarter_by_three_and_a_year_by_twelve(people):
    # On 20 November: Amy 39, Bob 99/3 = 33, Cat 365/12, Fay 39 (failing), Gus 39. Not Dan (trial),
    # not Eve (ended). A year's: 12 × (39 + 39 + 39) + 4 × 99 + 365 = 1404 + 396 + 365 = 2165.
    found = rates("CNY", NOVEMBER.end).recurring(NOVEMBER.end)
    assert (found.yearly, found.number) == (216500, 5)
    # 2165 / 12 = 180.41666… → 180.42.
    assert found.monthly == 18042


def test_mrr_of_a_past_day_is_what_it_was_then(people):
    # At the end of October: Amy 39, Bob 33, Cat 365/12, Eve 39, Fay 39; Gus begins half an hour
    # later. A year's: 12 × 117 + 396 + 365 = 2165.
    assert rates("CNY", OCTOBER.end).recurring(OCTOBER.end) == Recurring(216500, 5)
    # At the end of 26 October Cat was in trial: 2165 − 365 = 1800, four of them.
    trial = Span(date(2026, 10, 26), date(2026, 10, 26))
    assert rates("CNY", trial.end).recurring(trial.end) == Recurring(180000, 4)


def test_churn_is_of_those_who_paid_when_the_days_began(people):
    # Five paid at the end of October; Eve ended on the 5th. Gus, who came later, is not counted.
    found = churn(NOVEMBER)
    assert (found.before, found.ended, found.share) == (5, 1, Fraction(1, 5))
    # When October began, Amy and Eve paid, and neither ended in it.
    assert churn(OCTOBER) == Churn(2, 0)
    # When September began nobody paid: there is no share of nothing.
    assert churn(Span.of_month(date(2026, 9, 1))).share is None


def test_past_due_is_who_fails_now(people):
    assert figures.past_due("CNY") == 1


def test_the_movement_leads_from_one_month_to_the_next(people):
    span = Span(date(2026, 9, 1), date(2026, 11, 20))
    september, october, november = movement(span)
    # September: Amy and Eve come, 2 × 468 (12 × 39) = 936 a year.
    assert (september.opening, september.new, september.closing) == (0, 93600, 93600)
    # October: Bob 396, Cat 365, Fay 468 come = 1229; 936 + 1229 = 2165.
    assert (october.new, october.churned, october.closing) == (122900, 0, 216500)
    # November: Gus comes with 468, Eve goes with 468.
    assert (november.new, november.churned, november.closing) == (46800, -46800, 216500)
    assert [each.expansion for each in (september, october, november)] == [0, 0, 0]
    for month in (september, october, november):
        assert month.closing == rates("CNY", month.span.end).recurring(month.span.end).yearly
    assert october.opening == september.closing
    assert november.opening == october.closing


def test_paying_more_is_expansion_and_paying_less_contraction(people):
    # Amy goes from 39 a month to 69: 12 × 30 = 360 more a year. Bob's quarter goes from 99 to 90:
    # 4 × 9 = 36 less a year.
    pay_bill(people["amy"], people["amy"].order, "2026-11-10 10:00", 6900, 12)
    pay_bill(people["bob"], people["bob"].order, "2026-11-10 10:00", 9000, 4)
    [november] = movement(NOVEMBER)
    assert (november.expansion, november.contraction) == (36000, -3600)
    assert november.closing == 216500 + 36000 - 3600


def test_who_went_and_comes_back_is_new(people):
    subscribe(people["month"], "2026-11-19 09:00", ("2026-11-19 09:00", 3900))
    [november] = movement(NOVEMBER)
    assert (november.new, november.churned) == (93600, -46800)


def test_revenue_by_day_has_every_day_and_adds_up(people):
    found = figures.revenue_by_day("CNY", NOVEMBER)
    amounts = {piece.first.day: amount for piece, amount in found if amount}
    # The 1st: Gus 39. The 2nd and 3rd: the course. The 5th: Amy 39.
    assert amounts == {1: 3900, 2: 9900, 3: 9900, 5: 3900}
    assert len(found) == 20
    assert sum(amount for _, amount in found) == figures.takings("CNY", NOVEMBER).revenue


@pytest.mark.parametrize(
    ("first", "last", "pieces"),
    [
        (date(2026, 9, 1), date(2026, 11, 20), 12),  # weeks: 1 September is a Tuesday
        (date(2025, 12, 15), date(2026, 11, 20), 12),  # months, the first and last in part
    ],
)
def test_many_days_are_shown_by_week_or_month_and_add_up(people, first, last, pieces):
    span = Span(first, last)
    found = figures.revenue_by_day("CNY", span)
    assert len(found) == pieces
    assert sum(piece.days for piece, _ in found) == span.days
    assert sum(amount for _, amount in found) == figures.takings("CNY", span).revenue


def test_revenue_by_offer_adds_up(people):
    found = dict(figures.takings_by_offer("CNY", NOVEMBER))
    course, month = people["book"].offer, people["month"]
    # The course: 2 × 99 paid, 99 and 20 back: 79. By the month: Amy and Gus, 78.
    assert (found[course].revenue, found[course].net) == (19800, 7900)
    assert (found[month].revenue, found[month].net) == (7800, 7800)
    assert set(found) == {course, month}
    assert sum(each.net for each in found.values()) == figures.takings("CNY", NOVEMBER).net


def test_a_bill_counts_for_the_plan_that_it_is_of(people):
    """And not for the one that was ordered, after a change of plan."""
    month = people["month"]
    year = Offer.objects.get(membership=month.membership, interval="year")
    order = Order.objects.filter(price__offer=month, subscription__isnull=False).earliest("pk")
    before = dict(figures.takings_by_offer("CNY", NOVEMBER))
    bill = InvoiceFactory(subscription=order.subscription, offer=year)
    entry("2026-11-10 12:00", 34613, order=order, invoice=bill)
    found = dict(figures.takings_by_offer("CNY", NOVEMBER))
    assert found[month] == before[month]
    assert found[year].revenue == 34613
    lines = {line.offer: line for line in statement.of_month(NOVEMBER, "CNY").lines}
    assert lines[year].charges == 34613


def test_what_belongs_to_no_order_has_a_line_of_its_own(people):
    entry("2026-11-09 12:00", 500)
    assert dict(figures.takings_by_offer("CNY", NOVEMBER))[None].revenue == 500


def test_a_cohort_is_who_first_paid_in_a_month(people):
    # September: Amy, Eve; Eve went in November. October: Bob, Cat (27th, after the trial), Fay.
    # November: Gus. Dan has not paid yet.
    september, october, november = figures.cohorts("CNY", date(2026, 11, 20))
    assert (september.month, september.size, september.kept) == (date(2026, 9, 1), 2, [2, 2, 1])
    assert september.shares[2] == Fraction(1, 2)
    assert (october.size, october.kept) == (3, [3, 3])
    assert (november.size, november.kept) == (1, [1])


def test_conversion_is_of_the_orders_begun_in_the_days(people):
    # November: Dan's trial, Gus, the course twice, and one that was never paid: 4 of 5.
    found = figures.conversion("CNY", NOVEMBER)
    assert (found.started, found.paid, found.share) == (5, 4, Fraction(4, 5))
    # Paid later, it counts for the day on which it was begun.
    Order.objects.filter(paid_at=None).update(paid_at=at("2026-11-19 12:00"), status="paid")
    assert figures.conversion("CNY", NOVEMBER).share == 1


def test_arpu_and_ltv_wait_for_six_months(people):
    # The first payment is of 5 September: six months are over at the end of 5 March.
    assert worth(date(2027, 3, 4)) is None
    found = worth(date(2027, 3, 5))
    assert found is not None
    # ARPU: 2165 / 12 / 5 = 36.0833… → 36.08.
    # The six months before March: September 2026 to February 2027. Who paid when each began:
    # 0, 2, 5, 5, 5, 5 = 22; one of them ended (Eve). A month loses 1/22: 36.0833 × 22 = 793.83.
    assert (found.arpu, found.ltv) == (3608, 79383)


def test_ltv_is_not_said_where_nobody_left(people):
    people["eve"].ended_at = None
    people["eve"].save()
    # Eve still pays: (4 × 468 + 396 + 365) / 12 / 6 = 36.569…
    assert worth(date(2027, 3, 5)) == figures.Worth(arpu=3657, ltv=None)


def test_yen_and_dinars_are_exact():
    year = OfferFactory(interval="year")
    # 12,001 yen a year, twice: 24,002 / 12 = 2000.17 → 2000 yen; each rounded alone would do too.
    for _ in range(2):
        subscribe(year, "2026-10-01 00:00", ("2026-10-01 00:00", 12001), currency="JPY")
    assert rates("JPY", NOVEMBER.end).recurring(NOVEMBER.end).monthly == 2000
    # 3.455 dinars a quarter, three of them: 4 × 10.365 / 12 = 3.455.
    quarter = OfferFactory(interval="quarter")
    for _ in range(3):
        subscribe(quarter, "2026-10-01 00:00", ("2026-10-01 00:00", 3455), currency="KWD")
    assert rates("KWD", NOVEMBER.end).recurring(NOVEMBER.end).monthly == 3455
    assert figures.takings("KWD", OCTOBER).revenue == 10365


@pytest.mark.parametrize(
    ("yearly", "month"), [(36500, 3042), (18, 2), (17, 1), (0, 0), (-468, -39)]
)
def test_a_months_rate_is_rounded_once_half_up(yearly, month):
    assert recurring.a_month(yearly) == month


def test_a_bill_at_midnight_belongs_to_the_day_that_begins(people):
    subscribe(people["month"], "2026-12-01 00:00", ("2026-12-01 00:00", 3900))
    november, december = Span.of_month(date(2026, 11, 1)), Span.of_month(date(2026, 12, 1))
    assert figures.takings("CNY", november).revenue == 27600
    assert figures.takings("CNY", december).revenue == 3900
    assert rates("CNY", november.end).recurring(november.end).number == 5
    assert rates("CNY", december.end).recurring(december.end).number == 6


def test_more_rows_cost_no_more_queries(people):
    def everything() -> None:
        figures.takings("CNY", NOVEMBER)
        figures.revenue_by_day("CNY", NOVEMBER)
        figures.takings_by_offer("CNY", NOVEMBER)
        rates("CNY", NOVEMBER.end).recurring(NOVEMBER.end)
        churn(NOVEMBER)
        movement(NOVEMBER)
        figures.cohorts("CNY", NOVEMBER.last)
        figures.conversion("CNY", NOVEMBER)
        worth(date(2027, 3, 5))

    with CaptureQueriesContext(connection) as few:
        everything()
    business()
    with CaptureQueriesContext(connection) as many:
        everything()
    assert len(many) == len(few)
