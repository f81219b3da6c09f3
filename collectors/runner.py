"""Runs one collector: what is there already, the announcement, the ticks, reconnects, and an end that is told."""

import asyncio
import contextlib
import logging
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from collectors.lanes import Lane
from collectors.player import ScriptCollector
from collectors.port import Batch, Collector, Ledger, SessionLostError, Stream
from collectors.publisher import Publisher
from collectors.records import RecordEncoder
from collectors.replay.tape import SHIPPED, Tape, read_tape
from collectors.resume import Resume, fresh, resume
from collectors.script import Script
from collectors.tail import lacking_sessions, read_dead, read_tails
from infra import metrics
from infra.metrics import Metric
from infra.registry import SchemaIds, schema_ids
from schemas import topics
from tierfeed.domain.words import Feed, Line, SessionKind
from tierfeed.errors import ConfigError, UpstreamError
from tierfeed.settings import KafkaSettings, Settings

PROGRESS_EVERY_S = 0.1
BULK_LINGER_MS = 5.0
"""At full speed nobody waits for one tick, and larger batches compress better."""
AWAIT_S = 60.0
AWAIT_STEP_S = 0.2

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectSpec:
    """What to collect.

    `tape`: a file, or one that is read already. `speed`: N times as fast, 0 as fast as possible. `rebase`: the tape
    begins now (or at `rebase_at_us`, a whole second) and runs for ever. `await_brokers`: no tick before the sessions of
    these brokers are on their topics, too.
    """

    broker: str
    tape: Path | Tape = SHIPPED
    speed: float = 0.0
    rebase: bool = False
    rebase_at_us: int | None = None
    await_brokers: tuple[str, ...] = ()
    redistribution_permitted: bool = False


@dataclass(frozen=True, slots=True)
class Retry:
    """How a lost session is opened again: after delays that double up to a cap, each shortened by chance.

    `attempts` None: for ever.
    """

    first_s: float = 0.5
    cap_s: float = 60.0
    attempts: int | None = None

    def delay_s(self, failed: int, chance: float) -> float:
        """Before the attempt after `failed` ones that failed. `chance` in [0, 1)."""
        return min(self.cap_s, self.first_s * 2.0 ** min(failed - 1, 32)) * (1 - chance / 2)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a collector is. `phase`: announced, playing, done."""

    broker: str
    phase: str
    published: int
    total: int | None
    time_us: int | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run did: ticks published now, ticks found there already, rows dead-lettered now."""

    broker: str
    feed: Feed
    published: int
    found: int
    dead: int
    ledger: Ledger | None = None


Report = Callable[[Progress], None]


async def collect(
    settings: Settings,
    spec: CollectSpec,
    *,
    stop: asyncio.Event,
    progress: Report | None = None,
    go: asyncio.Event | None = None,
) -> Outcome:
    """Publish one broker of a tape until it ends or `stop` is set. No tick before `go` is set, where there is one.

    Raises ConfigError where the tape, the topic or what it holds does not fit, before anything is published;
    UpstreamError where the Kafka cluster does not take the records.
    """
    tape = spec.tape if isinstance(spec.tape, Tape) else await asyncio.to_thread(read_tape, spec.tape)
    script = tape.script(spec.broker)
    collector = ScriptCollector(script, speed=spec.speed, rebase=spec.rebase, rebase_at_us=spec.rebase_at_us)
    topic = topics.PATTERNS["ticks"].topic(settings.kafka.partitions, broker=spec.broker)
    ids = await asyncio.to_thread(schema_ids, settings.registry, [topic])
    run = Run(settings.kafka, collector, ids, permitted=spec.redistribution_permitted, progress=progress)
    await run.prepare(script)

    async def gate() -> None:
        if spec.await_brokers:
            names = [topics.ticks(broker) for broker in spec.await_brokers]
            await _others(lambda left: lacking_sessions(settings.kafka, left, ids.by_id, script.start_us), names, stop)
        if go is not None:
            await _either(go, stop)

    return await run.to_end(stop, gate)


async def _others(lacking: Callable[[Sequence[str]], list[str]], names: list[str], stop: asyncio.Event) -> None:
    """Wait until the other brokers have announced. Raises UpstreamError."""
    deadline = time.monotonic() + AWAIT_S
    while not stop.is_set() and (names := await asyncio.to_thread(lacking, names)):
        if time.monotonic() > deadline:
            raise UpstreamError(f"no session on {', '.join(names)} within {AWAIT_S:g} s")
        await asyncio.sleep(AWAIT_STEP_S)


async def _either(go: asyncio.Event, stop: asyncio.Event) -> None:
    waits = [asyncio.ensure_future(event.wait()) for event in (go, stop)]
    await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    for wait in waits:
        wait.cancel()


class Run:
    """One collector's run, for any implementation of the port."""

    def __init__(
        self,
        kafka: KafkaSettings,
        collector: Collector,
        ids: SchemaIds,
        *,
        permitted: bool = False,
        progress: Report | None = None,
        retry: Retry | None = None,
        stall_s: float = 30.0,
    ) -> None:
        if collector.feed is Feed.LIVE and not permitted:
            raise ConfigError(
                f"broker {collector.broker}: redistribution_permitted is false: a real broker's ticks may not be "
                f"published before an operator has set it"
            )
        self._kafka, self._collector, self._ids, self._stall_s = kafka, collector, ids, stall_s
        self._topic = topics.ticks(collector.broker)
        self._progress, self._retry = progress, retry or Retry()
        self._open: dict[Stream, None] = {}
        self._script: Script | None = None
        self._buried: set[tuple[str, int]] = set()
        self._dead = self._time_us = 0
        self._told_at = 0.0

    async def prepare(self, script: Script | None = None) -> Resume:
        """Look at the topic. With the `script` of a resumable collector: where to go on. Raises ConfigError."""
        self._script = script
        seen = await asyncio.to_thread(read_tails, self._kafka, self._topic, self._ids.by_id)
        resumable = script is not None and self._collector.resumable
        place = resume(script, self._topic, seen) if script is not None and resumable else fresh(seen)
        if script is not None and script.dead:
            self._buried = await asyncio.to_thread(read_dead, self._kafka, self._topic)
        lanes = {
            at: Lane(cursor, dict(place.counts.get(at, {})), place.last_us.get(at, 0))
            for at, cursor in place.done.items()
        }
        collector = self._collector
        records = RecordEncoder(collector.broker, collector.feed, collector.speed, self._ids)
        linger_ms = 0.0 if collector.speed else BULK_LINGER_MS
        self._publisher = Publisher(
            self._kafka, self._topic, records, lanes, linger_ms=linger_ms, stall_s=self._stall_s
        )
        self._place = place
        return place

    async def to_end(self, stop: asyncio.Event, gate: Callable[[], Awaitable[None]] | None = None) -> Outcome:
        """Publish until the feed ends or `stop` is set. A lost session is ended, told and opened again."""
        try:
            await self._collected(stop, gate)
            if stop.is_set():
                await self._end("stopped")
            await self._publisher.flush()
        except BaseException:
            self._publisher.abandon()
            raise
        self._report("done", always=True)
        return Outcome(
            broker=self._collector.broker,
            feed=self._collector.feed,
            published=self._publisher.ticks_published,
            found=self._place.ticks,
            dead=self._dead,
            ledger=self._script.ledger if self._script else None,
        )

    async def _collected(self, stop: asyncio.Event, gate: Callable[[], Awaitable[None]] | None) -> None:
        failed = 0
        while not stop.is_set():
            try:
                await self._publish(await self._collector.announce(stop))
                await self._publisher.flush()
                self._report("announced", always=True)
                if gate is not None:
                    await gate()
                    gate = None
                if self._place.stopped:
                    await self._publisher.tell(SessionKind.SESSION_START, [*self._open], "resumed", self._place.stopped)
                async for batch in self._collector.batches(stop, self._place.from_us):
                    failed = 0
                    await self._publish(batch)
                    self._report("playing")
                return
            except SessionLostError as error:
                failed += 1
                await self._lost(error, failed, stop)

    async def _publish(self, batch: Batch) -> None:
        dead = tuple(letter for letter in batch.dead if (letter.file, letter.line) not in self._buried)
        self._buried |= {(letter.file, letter.line) for letter in dead}
        self._dead += len(dead)
        before = self._publisher.ticks_published
        await self._publisher.publish(replace(batch, dead=dead))
        for event in batch.events:
            if event.kind is SessionKind.SESSION_END:
                self._open.pop((event.line, event.session), None)
            else:
                self._open[event.line, event.session] = None
        if len(batch.ticks):
            self._time_us = int(batch.ticks.received_us[-1])
        self._count(batch, self._publisher.ticks_published - before, len(dead))

    def _count(self, batch: Batch, published: int, dead: int) -> None:
        broker = self._collector.broker
        for line, ticks in enumerate(np.bincount(batch.ticks.line).tolist()):
            if ticks:
                metrics.count(Metric.TICKS_RECEIVED, ticks, broker=broker, line=Line(line).name)
        metrics.count(Metric.TICKS_PUBLISHED, published, broker=broker)
        beats = sum(event.kind is SessionKind.HEARTBEAT for event in batch.events)
        metrics.count(Metric.SESSION_HEARTBEATS, beats, broker=broker)
        if dead:
            metrics.count(Metric.DEAD_LETTERS, dead, stage="collector", topic=self._topic)

    async def _end(self, reason: str) -> None:
        await self._publisher.tell(SessionKind.SESSION_END, [*self._open], reason)
        self._open.clear()

    async def _lost(self, error: SessionLostError, failed: int, stop: asyncio.Event) -> None:
        """End the lost sessions and wait for the next attempt. Raises UpstreamError when there is none."""
        broker, limit = self._collector.broker, self._retry.attempts
        await self._end(f"lost: {error}")
        await self._publisher.flush()
        if limit is not None and failed >= limit:
            raise UpstreamError(f"broker {broker}: gave up after {failed} attempts: {error}") from error
        # Many collectors that lost one venue together must not come back together; no secret depends on it.
        delay_s = self._retry.delay_s(failed, random.random())
        _log.warning("session lost", extra={"broker": broker, "error": str(error), "retry_s": round(delay_s, 2)})
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), delay_s)

    def _report(self, phase: str, *, always: bool = False) -> None:
        now = time.monotonic()
        if self._progress is None or not (always or now - self._told_at >= PROGRESS_EVERY_S):
            return
        self._told_at = now
        total = len(self._script.ticks) if self._script and self._collector.resumable else None
        done = self._publisher.ticks_published + self._place.ticks
        self._progress(Progress(self._collector.broker, phase, done, total, self._time_us or None))
