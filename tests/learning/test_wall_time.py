from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from learning.wall_time import Span, seconds_studied

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def span(start: float, end: float, wall: float) -> Span:
    return Span(NOON + timedelta(seconds=start), NOON + timedelta(seconds=end), wall)


spans = st.lists(
    st.tuples(st.integers(0, 5000), st.integers(0, 5000), st.integers(0, 9000)).map(
        lambda each: span(min(each[:2]), max(each[:2]), each[2])
    ),
    max_size=8,
)


def test_two_devices_one_after_the_other_add_up() -> None:
    assert seconds_studied([span(0, 600, 600), span(1000, 1300, 300)]) == 900


def test_two_devices_at_once_count_once() -> None:
    assert seconds_studied([span(0, 600, 600), span(0, 600, 600)]) == 600


def test_two_devices_that_overlap_count_no_more_than_the_clock_shows() -> None:
    assert seconds_studied([span(0, 600, 600), span(300, 900, 600)]) == 900


def test_breaks_inside_overlapping_sessions_leave_room_for_both() -> None:
    assert seconds_studied([span(0, 3600, 600), span(1000, 1600, 600)]) == 1200


def test_a_claim_beyond_its_own_time_is_cut() -> None:
    assert seconds_studied([span(0, 10, 100_000)]) == 10


def test_nothing_is_nothing() -> None:
    assert seconds_studied([]) == 0


@given(spans)
def test_never_more_than_was_claimed_nor_than_passed(some: list[Span]) -> None:
    counted = seconds_studied(some)
    assert 0 <= counted <= sum(each.wall for each in some)
    if some:
        first = min(each.started_at for each in some)
        last = max(each.updated_at for each in some)
        assert counted <= (last - first).total_seconds()


@given(spans, st.randoms())
def test_the_order_does_not_matter(some: list[Span], random: object) -> None:
    shuffled = list(some)
    random.shuffle(shuffled)
    assert seconds_studied(shuffled) == seconds_studied(some)
