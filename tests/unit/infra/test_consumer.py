"""What is acknowledged, and so may be committed."""

from types import SimpleNamespace
from typing import Any

from faust.types.tuples import TP

from infra.batches import Ledger
from infra.consumer import Consumer

PLACE = TP("ticks.a", 0)


def consumer(generation: int) -> Consumer:
    """One that has no cluster: acknowledging needs none."""
    made = Consumer.__new__(Consumer)
    made.app = SimpleNamespace(consumer_generation_id=generation)  # type: ignore[assignment]
    made._ledgers = {PLACE: Ledger()}
    return made


def event(end_offset: int, generation: int) -> Any:
    return SimpleNamespace(tp=PLACE, offset=end_offset, generation_id=generation, acked=False)


def test_only_the_acknowledged_beginning_may_be_committed() -> None:
    reader = consumer(1)
    for end in (10, 20, 30):
        reader._ledgers[PLACE].delivered(end)
    for end, committable in ((20, None), (10, 20), (30, 30)):
        reader.ack(event(end, 1))
        assert reader._new_offset(PLACE) == committable


def test_what_an_earlier_assignment_was_given_says_nothing_of_what_was_read_again() -> None:
    reader = consumer(2)
    for end in (10, 20):
        reader._ledgers[PLACE].delivered(end)
    reader.ack(event(20, 1))
    reader.ack(event(10, 2))
    assert reader._new_offset(PLACE) == 10
