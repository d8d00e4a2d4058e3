import itertools

from hypothesis import given
from hypothesis import strategies as st

from learning.ranges import JOIN, Ranges, at_most, seconds, union

tenths = st.integers(0, 6000).map(lambda number: number / 10)
stretches = st.lists(st.tuples(tenths, tenths).map(sorted), max_size=12)


@given(stretches, stretches)
def test_union_does_not_depend_on_which_comes_first(one: Ranges, other: Ranges) -> None:
    assert union(one, other) == union(other, one)


@given(stretches, stretches, stretches)
def test_union_does_not_depend_on_which_meet_first(a: Ranges, b: Ranges, c: Ranges) -> None:
    assert union(union(a, b), c) == union(a, union(b, c)) == union(a, b, c)


@given(stretches)
def test_union_with_itself_changes_nothing(some: Ranges) -> None:
    assert union(some, some) == union(some) == union(union(some))


@given(stretches, stretches)
def test_a_union_is_sorted_apart_and_holds_all_it_was_made_of(one: Ranges, other: Ranges) -> None:
    joined = union(one, other)
    for before, after in itertools.pairwise(joined):
        assert before[1] + JOIN < after[0]
    for start, end in [*one, *other]:
        assert any(a <= start and end <= b for a, b in joined)


@given(stretches, stretches)
def test_a_union_is_no_longer_than_its_parts_and_their_small_gaps(one: Ranges, two: Ranges) -> None:
    joined = union(one, two)
    parts = seconds(list(one)) + seconds(list(two))
    assert seconds(joined) <= parts + JOIN * (len(one) + len(two)) + 1e-6


@given(stretches, st.integers(1, 5))
def test_many_ranges_become_few_by_their_narrowest_gaps(some: Ranges, count: int) -> None:
    whole = union(some)
    few = at_most(count, whole)
    assert len(few) == min(count, len(whole))
    if whole:
        assert (few[0][0], few[-1][1]) == (whole[0][0], whole[-1][1])
    kept = sorted(after[0] - before[1] for before, after in itertools.pairwise(few))
    gaps = sorted(after[0] - before[1] for before, after in itertools.pairwise(whole))
    assert kept == gaps[len(gaps) - len(kept) :]


def test_seconds_between_touching_ranges_are_not_counted_twice() -> None:
    assert seconds(union([[0, 10], [5, 20]], [[20, 30]])) == 30
