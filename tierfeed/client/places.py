"""How far each partition was taken, and what of that is to be committed. No I/O, no clocks."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from aiokafka import TopicPartition
from aiokafka.structs import OffsetAndMetadata

from tierfeed.client.reader import Beat, PartitionReader

BEGAN: Final = "tierfeed from={}"
"""Metadata of a partition's first commit since it was assigned or sought: where consumption began, for the meter."""


@dataclass(slots=True)
class Place:
    """One partition from where reading began. `taken`: the offset behind all that was taken."""

    began: int
    reader: PartitionReader
    taken: int = field(init=False)
    committed: int | None = None

    def __post_init__(self) -> None:
        self.taken = self.began


def commits(places: Mapping[TopicPartition, Place]) -> dict[TopicPartition, OffsetAndMetadata]:
    """What Kafka does not know yet."""
    return {
        tp: OffsetAndMetadata(place.taken, BEGAN.format(place.began) if place.committed is None else "")
        for tp, place in places.items()
        if place.committed != place.taken
    }


def lag(places: Mapping[TopicPartition, Place], highwater: Callable[[TopicPartition], int | None]) -> dict[int, int]:
    """Records per partition that are there and not taken; of those whose end is known."""
    ends = {tp: highwater(tp) for tp in places}
    return {tp.partition: max(end - places[tp].taken, 0) for tp, end in ends.items() if end is not None}


def beats(places: Mapping[TopicPartition, Place]) -> dict[int, Beat]:
    """The newest heartbeat of every partition that had one."""
    return {tp.partition: place.reader.beat for tp, place in places.items() if place.reader.beat is not None}


def is_live(places: Mapping[TopicPartition, Place], after_ms: float) -> bool:
    """Whether there are partitions, and the newest heartbeat of each came to the topic then or later."""
    found = beats(places)
    return bool(found) and len(found) == len(places) and all(beat.appended_ms >= after_ms for beat in found.values())
