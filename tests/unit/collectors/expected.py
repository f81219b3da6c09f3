"""What each partition must receive of a script, by the pure parts alone."""

from collections.abc import Iterable

from collectors.lanes import Lane, Lanes
from collectors.port import Batch
from collectors.records import RecordEncoder
from collectors.script import Script
from schemas.catalogue import ALL

WALL_US = 1
IDS = {schema.name: schema.id for schema in ALL}
BY_ID = {schema.id: schema for schema in ALL}


def published(script: Script, batches: Iterable[Batch], lanes: Lanes, speed: float = 0.0) -> dict[int, list[bytes]]:
    """Each partition's payloads, in order."""
    encoder = RecordEncoder(script.broker, script.feed, speed, IDS)
    found: dict[int, list[bytes]] = {at: [] for at in lanes.partitions}
    for batch in batches:
        for plan in lanes.plan(batch):
            ticks = encoder.ticks(batch.ticks.take(plan.rows))
            done = 0
            told = encoder.sessions(batch.events, plan.events, plan.counts, WALL_US)
            for place, payload in zip(plan.places.tolist(), told, strict=True):
                found[plan.partition] += [*ticks[done:place], payload]
                done = place
            found[plan.partition] += ticks[done:]
    return found


def whole(script: Script, partitions: int, records: int = 10_000, speed: float = 0.0) -> dict[int, list[bytes]]:
    """The script from its start to its end."""
    lanes = Lanes({at: Lane() for at in range(partitions)})
    return published(script, script.batches(records=records), lanes, speed)
