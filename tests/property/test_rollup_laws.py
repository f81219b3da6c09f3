"""Rollups take hours in portions: every hour once, in order, and no portion larger than it has to be."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from sinks.rollups import CHUNK_RECORDS, _chunks

HOURS = st.lists(st.integers(1, 3 * CHUNK_RECORDS // 2)).map(
    lambda sizes: [(3600 * at, n) for at, n in enumerate(sizes)]
)


@given(HOURS)
def test_portions_are_all_hours_in_order(hours: list[tuple[int, int]]) -> None:
    assert [hour for chunk in _chunks(hours) for hour in chunk] == [hour for hour, _ in hours]


@given(HOURS)
def test_a_portion_that_is_too_large_is_one_hour_and_none_could_take_the_next_one_in(
    hours: list[tuple[int, int]],
) -> None:
    size = dict(hours)
    portions = list(_chunks(hours))
    assert all(len(each) == 1 or sum(size[hour] for hour in each) <= CHUNK_RECORDS for each in portions)
    for each, after in pairwise(portions):
        assert sum(size[hour] for hour in each) + size[after[0]] > CHUNK_RECORDS
