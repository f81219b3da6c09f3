"""Polls that pile up while the agents are busy become one batch per partition, and nothing of them is lost or moved."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from infra.batches import FetchedBatch, merged
from tests.builders import Message

PLACES = [("ticks.a", 0), ("ticks.a", 1), ("ticks.b", 0)]
# Per poll and place: nothing, or how many records came (0: only the end was told) and whether that was the end.
polls = st.lists(
    st.dictionaries(st.sampled_from(PLACES), st.tuples(st.integers(0, 3), st.booleans()), min_size=1), max_size=6
)


def fetched(script: list[dict[tuple[str, int], tuple[int, bool]]]) -> list[list[FetchedBatch]]:
    positions = dict.fromkeys(PLACES, 0)
    found = []
    for poll in script:
        batches = []
        for place, (count, at_end) in poll.items():
            messages: list[Any] = [Message(positions[place] + n) for n in range(count)]
            positions[place] += count
            batches.append(FetchedBatch(*place, messages, at_end or not count, positions[place]))
        found.append(batches)
    return found


@given(polls)
def test_polls_are_merged_partition_by_partition_in_order(script: list[Any]) -> None:
    came = fetched(script)
    if not came:
        return
    whole = merged(came)
    assert len({(batch.topic, batch.partition) for batch in whole}) == len(whole)
    for batch in whole:
        parts = [b for poll in came for b in poll if (b.topic, b.partition) == (batch.topic, batch.partition)]
        assert batch.messages == [message for part in parts for message in part.messages]
        assert (batch.at_end, batch.end_offset) == (parts[-1].at_end, parts[-1].end_offset)
    assert sum(len(batch.messages) for batch in whole) == sum(len(b.messages) for poll in came for b in poll)


@given(polls)
def test_what_was_fetched_is_left_as_it_is(script: list[Any]) -> None:
    came = fetched(script)
    if came:
        merged(came)
        assert came == fetched(script)
