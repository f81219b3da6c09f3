"""The latest agent: the newest record of every symbol, compacted, for new subscribers and for takeovers.

At most one record a second per symbol, the last value guaranteed. The header `source_offset` says which tier record it
is a copy of; `complete_to`, that every tier record before that offset is reflected.
"""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import structlog
from faust.types.tuples import TP

from infra import metrics
from infra.batches import FetchedBatch
from infra.commits import Committed, rewind, start
from infra.metrics import Metric
from infra.transport import BatchApp
from schemas import topics
from schemas.catalogue import schema
from schemas.codec import Decoder, Frame
from schemas.topics import COMPLETE_TO, SOURCE_OFFSET
from tierfeed.settings import Settings

log = structlog.get_logger(__name__)

STAGE = "latest"
INTERVAL_S = 1.0
TICK_S = 0.1


class _Waiting(NamedTuple):
    """A symbol's newest record, at `offset`, and since which record the symbol waits."""

    since: int
    offset: int
    value: bytes


@dataclass(slots=True)
class _Partition:
    epoch: int = 0
    waiting: dict[bytes, _Waiting] = field(default_factory=dict)
    sent: dict[bytes, float] = field(default_factory=dict)
    quotes_to: int = 0
    """One past the newest quote read."""


class LatestWorker:
    """The `Placement` of the latest app."""

    def __init__(self, settings: Settings, ids: dict[str, int]) -> None:
        self.settings, self.ids = settings, ids
        self.records = {topics.tier(tier.name): (tier.name, tier.record) for tier in settings.tiers()}
        self._decoders = {record: Decoder(schema(record), ids[record]) for _, record in self.records.values()}
        self._partitions: dict[TP, _Partition] = {}
        self.app: BatchApp

    async def assigned(self, partitions: frozenset[TP], committed: Mapping[TP, Committed]) -> Mapping[TP, int]:
        self._partitions = {tp: _Partition() for tp in partitions}
        return {tp: start(was) for tp, was in committed.items()}

    async def revoked(self, partitions: frozenset[TP]) -> None:
        for tp in partitions:
            self._send(tp, float("inf"))
            self._partitions.pop(tp, None)
        self.app.rd_producer.flush()

    def metadata(self, tp: TP) -> str:
        """What waits for its second is acknowledged; whoever takes over reads it again."""
        partition = self._partitions.get(tp)
        waiting = [entry.since for entry in partition.waiting.values()] if partition else []
        return rewind(min(waiting)) if waiting else ""

    def on_batch(self, batch: FetchedBatch) -> None:
        """Remember each symbol's newest record; records of an older epoch behind a newer one are discarded."""
        tp = TP(batch.topic, batch.partition)
        partition = self._partitions.get(tp)
        if partition is None or not batch.messages:
            return
        record = self.records[batch.topic][1]
        payloads = batch.payloads
        frame = Frame.of(payloads)
        rows = np.flatnonzero(frame.ids == self.ids[record])
        columns = self._decoders[record].decode(frame, rows)
        epochs = np.where(columns.ok, columns.longs("epoch"), -1)
        newest = np.maximum.accumulate(np.maximum(epochs, partition.epoch)) if len(epochs) else epochs
        fresh = epochs >= newest
        if stale := int((columns.ok & ~fresh).sum()):
            metrics.count(Metric.STALE_EPOCH_RECORDS, stale, reader=STAGE, tier=self.records[batch.topic][0])
        for i in rows[fresh].tolist():
            message = batch.messages[i]
            offset, before = message.offset(), partition.waiting.get(message.key())
            since = offset if before is None else before.since
            partition.waiting[message.key()] = _Waiting(since, offset, payloads[i] or b"")
        if len(newest):
            partition.epoch = int(newest[-1])
        if len(rows):
            partition.quotes_to = int(batch.offsets()[rows[-1]]) + 1
        self._send(tp, time.monotonic())

    async def flush_due(self) -> None:
        """Send what has waited its second, until cancelled."""
        while True:
            await asyncio.sleep(TICK_S)
            now = time.monotonic()
            for tp in list(self._partitions):
                self._send(tp, now)

    def _send(self, tp: TP, now: float) -> None:
        partition = self._partitions.get(tp)
        if partition is None or not partition.waiting:
            return
        due = [key for key in partition.waiting if now - partition.sent.get(key, -INTERVAL_S) >= INTERVAL_S]
        topic = topics.latest(self.records[tp.topic][0])
        for n, key in enumerate(due, 1):
            _, offset, value = partition.waiting.pop(key)
            partition.sent[key] = now
            # True only once nothing older waits: the last one sent of a round may say more than the others.
            left = min((entry.since for entry in partition.waiting.values()), default=partition.quotes_to)
            complete = left if n == len(due) else min(left, offset)
            headers = [(SOURCE_OFFSET, str(offset).encode()), (COMPLETE_TO, str(complete).encode())]
            self.app.rd_producer.send(topic, tp.partition, value, key, headers)
