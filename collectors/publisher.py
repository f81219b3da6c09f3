"""Batches to `ticks.<broker>`: in order on every partition, with back-pressure, and never silently lost."""

import asyncio
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import confluent_kafka as ck
import numpy as np

from collectors.lanes import Lane, Lanes
from collectors.port import Batch, DeadLetter, SessionEvent, Stream, Ticks
from collectors.records import RecordEncoder
from infra import metrics
from infra.kafka import producer
from infra.metrics import Metric
from schemas.topics import dlq
from tierfeed.domain.words import SessionKind
from tierfeed.errors import UpstreamError
from tierfeed.settings import KafkaSettings

QUEUE_RECORDS = 100_000
"""Records handed to librdkafka and not yet stored: about 12 MB of ticks."""
FULL_QUEUE_WAIT_S = 0.002
FLUSH_SLICE_S = 0.2
SESSION_HEADER = [("kind", b"SessionRecord")]


def wall_clock_us() -> int:
    return time.time_ns() // 1000


class Publisher:
    """Publishes one broker's batches: idempotent, acks=all.

    A record is retried until it is stored; when none has been for `stall_s`, UpstreamError. What a partition then holds
    is a beginning of what was handed over for it, without holes.
    """

    def __init__(
        self,
        kafka: KafkaSettings,
        topic: str,
        records: RecordEncoder,
        lanes: Mapping[int, Lane],
        *,
        linger_ms: float = 0.0,
        stall_s: float = 30.0,
        now_us: Callable[[], int] = wall_clock_us,
    ) -> None:
        self.topic = topic
        self._lanes = Lanes(lanes)
        self._stall_s, self._now_us = stall_s, now_us
        self._records = records
        self._failed: str | None = None
        # message.timeout.ms 0: a record that times out would leave a hole that later records jump over.
        self._rd = producer(
            kafka,
            linger_ms=linger_ms,
            message_timeout_ms=0,
            queue_buffering_max_messages=2 * QUEUE_RECORDS,
            on_delivery=self._on_failure,
        )
        self.handed = self.ticks_published = 0
        self._turn = asyncio.Lock()
        """One batch after the other: none is cut in two by what is filled in."""
        self._stored, self._stored_at = 0, time.monotonic()

    def _on_failure(self, error: ck.KafkaError | None, message: ck.Message) -> None:
        if error is None:
            return
        metrics.count(Metric.PUBLISH_FAILURES, stage="collector", topic=self.topic)
        if self._failed is None:
            self._failed = f"{message.topic()}/{message.partition()}: {error.str()}"

    @property
    def reached_us(self) -> int:
        """Up to when every partition holds what there was."""
        return min(self._lanes[at].last_us for at in self._lanes.partitions)

    async def publish(self, batch: Batch) -> None:
        """Hand a batch over; waits while too much is on its way. Raises UpstreamError."""
        async with self._turn:
            await self._publish(batch)

    async def _publish(self, batch: Batch) -> None:
        plans = self._lanes.plan(batch)
        rows = np.sort(np.concatenate([plan.rows for plan in plans]))
        payloads = self._records.ticks(batch.ticks.take(rows))
        keys = [symbol.encode() for symbol in batch.ticks.symbols]
        codes = batch.ticks.symbol[rows].tolist()
        messages = [{"key": keys[code], "value": value} for code, value in zip(codes, payloads, strict=True)]
        events, counts = (np.concatenate([getattr(plan, name) for plan in plans]) for name in ("events", "counts"))
        sessions = iter(self._records.sessions(batch.events, events, counts, self._now_us()))
        for plan in plans:
            mine = [messages[place] for place in np.searchsorted(rows, plan.rows).tolist()]
            await self._room(len(mine) + len(plan.events))
            self._hand_over(plan.partition, mine, plan.places.tolist(), sessions)
        for letter in batch.dead:
            await self._room(1)
            self._dead(letter)
        self._poll()

    async def fill(self, ticks: Ticks, now_us: int | None) -> None:
        """Hand ticks over that are no part of the live order. They are received when what each partition holds last
        was, so that time does not go ahead of what is still to come; or at `now_us`. Raises UpstreamError.

        Sessions count the ticks that came in their course: these are none of them.
        """
        async with self._turn:
            home = np.array([self._lanes.home(symbol) for symbol in ticks.symbols], np.int64)[ticks.symbol]
            for at in np.unique(home).tolist():
                lane, rows = self._lanes[at], np.flatnonzero(home == at)
                lane.last_us = max(lane.last_us, now_us or 0)
                mine = replace(ticks.take(rows), received_us=np.full(len(rows), lane.last_us, np.int64))
                keys = [ticks.symbols[code].encode() for code in mine.symbol.tolist()]
                await self._room(len(rows))
                payloads = self._records.ticks(mine)
                self._queue(at, [{"key": key, "value": value} for key, value in zip(keys, payloads, strict=True)])
                self.handed += len(rows)
            self._poll()

    def _hand_over(
        self, partition: int, ticks: list[dict[str, Any]], places: list[int], sessions: Iterator[bytes]
    ) -> None:
        done = 0
        for place in places:
            self._queue(partition, ticks[done:place])
            self._rd.produce(self.topic, next(sessions), None, partition, headers=SESSION_HEADER)
            done = place
        self._queue(partition, ticks[done:])
        self.handed += len(ticks) + len(places)
        self.ticks_published += len(ticks)

    def _queue(self, partition: int, messages: list[dict[str, Any]]) -> None:
        if messages and self._rd.produce_batch(self.topic, messages, partition) != len(messages):
            error = next(message["_error"] for message in messages if "_error" in message)
            raise UpstreamError(f"ticks could not be queued for {self.topic}/{partition}: {error}")

    def _dead(self, letter: DeadLetter) -> None:
        headers = [
            ("error", letter.error.encode()),
            ("stage", b"collector"),
            ("source_file", letter.file.encode()),
            ("source_line", str(letter.line).encode()),
        ]
        partition = self._lanes.home(letter.symbol)
        self._rd.produce(dlq(self.topic), letter.value, letter.symbol.encode(), partition, headers=headers)
        self.handed += 1

    async def tell(
        self, kind: SessionKind, streams: Sequence[Stream], reason: str, only: Iterable[int] | None = None
    ) -> None:
        """A start or end outside the planned course, with its reason, behind what each partition (of `only`) holds."""
        async with self._turn:
            await self._tell(kind, streams, reason, only)

    async def _tell(
        self, kind: SessionKind, streams: Sequence[Stream], reason: str, only: Iterable[int] | None
    ) -> None:
        for at in self._lanes.partitions if only is None else only:
            lane = self._lanes[at]
            told = [SessionEvent(kind, *stream, lane.last_us, reason=reason) for stream in streams]
            counts = np.array([lane.count(stream) for stream in streams], np.int64)
            await self._room(len(told))
            payloads = self._records.sessions(told, np.arange(len(told)), counts, self._now_us())
            self._hand_over(at, [], [0] * len(told), iter(payloads))

    async def _room(self, records: int) -> None:
        """Wait until the queue has room: librdkafka's own limit is never met, so nothing is refused out of order."""
        self._poll()
        while len(self._rd) + records > QUEUE_RECORDS and len(self._rd):
            await asyncio.sleep(FULL_QUEUE_WAIT_S)
            self._poll()

    async def flush(self) -> None:
        """Wait until everything handed over is stored. Raises UpstreamError."""
        while await asyncio.to_thread(self._rd.flush, FLUSH_SLICE_S):
            self._poll()
        self._poll()

    def _poll(self) -> None:
        self._rd.poll(0)
        if self._failed is not None:
            raise UpstreamError(f"a record could not be delivered to {self._failed}")
        waiting, now = len(self._rd), time.monotonic()
        if self.handed - waiting != self._stored or not waiting:
            self._stored, self._stored_at = self.handed - waiting, now
        elif now - self._stored_at > self._stall_s:
            metrics.count(Metric.PUBLISH_FAILURES, waiting, stage="collector", topic=self.topic)
            raise UpstreamError(f"{self.topic}: {waiting} records wait, none was stored for {self._stall_s:g} s")

    def abandon(self) -> None:
        """Give up what is not stored yet: the run has failed, and said so."""
        self._rd.purge()
