"""Where reading begins on partitions that have newly come to a consumer."""

from collections.abc import Set
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from aiokafka import TopicPartition

from tierfeed.client.access import Access
from tierfeed.client.decoder import Decoder
from tierfeed.client.latest import read_latest
from tierfeed.client.snapshot import Snapshot, snapshot
from tierfeed.client.wanted import BEGINNING, RESUME

NOTHING = snapshot(())


@dataclass(frozen=True, slots=True)
class Begin:
    """The first offset to read on a partition, and what is known of it before."""

    offset: int
    known: Snapshot = NOTHING


async def begins(kafka: Any, places: Set[TopicPartition], wish: str | datetime) -> dict[TopicPartition, Begin]:
    """By the user's wish. A time means the first record that came to the topic then or later."""
    if wish == BEGINNING:
        offsets = dict(await kafka.beginning_offsets(places))
    else:
        offsets = dict(await kafka.end_offsets(places))
    if isinstance(wish, datetime):
        found = await kafka.offsets_for_times(dict.fromkeys(places, round(wish.timestamp() * 1000)))
        offsets |= {tp: at.offset for tp, at in found.items() if at is not None}
    elif wish == RESUME:
        committed = {tp: await kafka.committed(tp) for tp in places}
        offsets |= {tp: at for tp, at in committed.items() if at is not None}
    return {tp: Begin(offset) for tp, offset in offsets.items()}


async def begins_with_latest(
    kafka: Any, places: Set[TopicPartition], access: Access, topic: str, decoder: Decoder
) -> dict[TopicPartition, Begin]:
    """Behind the last values, where there are any: every record before `offset` is in them, or too old to be kept."""
    snapshots = await read_latest(access, topic, places, decoder)
    oldest = await kafka.beginning_offsets(places)
    return {tp: Begin(max(oldest[tp], known.start or 0), known) for tp, known in snapshots.items() if known.quotes}
