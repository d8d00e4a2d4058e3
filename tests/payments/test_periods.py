"""Periods of any length from any day: each begins where the last one ends."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from courses.models import Grant
from payments import periods
from payments.sandbox import periods as stripes

ANCHORS = st.integers(1_704_067_200, 1_924_905_600).map(
    lambda second: datetime.fromtimestamp(second, UTC)
)
MONTHLY = {"interval": "month", "interval_count": 1}
YEARLY = {"interval": "year", "interval_count": 1}


@pytest.mark.parametrize(("recurring", "longest"), [(MONTHLY, 31), (YEARLY, 366)])
@given(anchor=ANCHORS)
def test_renewals_leave_no_gap_and_bill_no_day_twice(recurring, longest, anchor) -> None:
    ends = [int(anchor.timestamp())]
    for _ in range(26):
        ends.append(stripes.end_after(ends[0], ends[-1], recurring))
    for start, end in pairwise(ends):
        assert timedelta(days=longest - 3) <= timedelta(seconds=end - start)
        assert timedelta(seconds=end - start) <= timedelta(days=longest)
    # Counted from the anchor, so that a short February does not shorten what follows.
    assert datetime.fromtimestamp(ends[-1], UTC).day in (anchor.day, 28, 29, 30)


@given(start=ANCHORS, months=st.integers(1, 60))
def test_a_term_ends_as_stripe_would_count_it(start: datetime, months: int) -> None:
    assert periods.add_months(start, months) == stripes.add_months(start, months)


@given(start=ANCHORS, months=st.integers(1, 24))
def test_at_the_instant_between_two_terms_exactly_one_is_active(start, months) -> None:
    between = periods.add_months(start, months)
    first = Grant(starts_at=start, ends_at=between)
    second = Grant(starts_at=between, ends_at=periods.add_months(start, 2 * months))
    for moment in (between - timedelta(microseconds=1), between):
        assert [first.is_active(moment), second.is_active(moment)].count(True) == 1
