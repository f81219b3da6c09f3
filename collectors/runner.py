"""Runs one collector: what is there already, the announcement, the ticks, reconnects, and an end that is told."""

import asyncio
import contextlib
import logging
import random
import time
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from collectors.filling import missing
from collectors.lanes import Lane
from collectors.orders import Obedience
from collectors.port import Batch, Collector, Ledger, SessionLostError, Stream
from collectors.publisher import Publisher
from collectors.records import RecordEncoder
from collectors.resume import Resume, fresh, resume
from collectors.script import Script
from collectors.tail import read_dead, read_held, read_tails
from infra import metrics
from infra.control import Control
from infra.metrics import Metric
from infra.principals import ALONE
from infra.registry import SchemaIds
from schemas import topics
from tierfeed.domain.commands import Command
from tierfeed.domain.words import Feed, Line, SessionKind
from tierfeed.errors import ConfigError, UpstreamError
from tierfeed.settings import KafkaSettings

PROGRESS_EVERY_S = 0.1
BULK_LINGER_MS = 5.0
"""At full speed nobody waits for one tick, and larger batches compress better."""
HELD_MARGIN_US = 60_000_000
"""What was received at a time has been appended this little before it at the earliest: clocks differ."""

_log = logging.getLogger(__name__)


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
        is_obeyed: bool = False,
        most_sessions: int | None = None,
    ) -> None:
        """`is_obeyed`: commands on the topic `control` are; the sessions' clock is the wall's."""
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
        self._is_obeyed, self._most_sessions = is_obeyed, most_sessions
        self._obedience: Obedience | None = None

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
        if self._is_obeyed:
            control = await asyncio.to_thread(Control, self._kafka, ALONE["collectors"], collector.broker)
            self._obedience = Obedience(control, collector, self._fill, self._most_sessions)
            await self._obedience.resume()
        return place

    async def to_end(self, stop: asyncio.Event, gate: Callable[[], Awaitable[None]] | None = None) -> Outcome:
        """Publish until the feed ends or `stop` is set. A lost session is ended, told and opened again."""
        try:
            await self._obeying(self._collected(stop, gate))
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

    async def _obeying(self, work: Coroutine[Any, Any, None]) -> None:
        """Work, and obey commands meanwhile."""
        if self._obedience is None:
            await work
            return
        working, serving = asyncio.ensure_future(work), asyncio.ensure_future(self._obedience.serve())
        try:
            await asyncio.wait({working, serving}, return_when=asyncio.FIRST_COMPLETED)
            await (working if working.done() else serving)
        finally:
            for task in (working, serving):
                task.cancel()
            await asyncio.gather(working, serving, return_exceptions=True)
            self._obedience.close()

    async def _fill(self, command: Command) -> int | None:
        """Publish what is missing of a span; how many of its ticks are filled in now. None: there is no history."""
        line, from_us, to_us = command.line, command.from_us, command.to_us
        if line is None or from_us is None or to_us is None:
            raise ConfigError(list(command.problems()))
        # A little more on either side, for a tick is placed by its neighbours. What comes later comes in its turn.
        since_us, until_us = from_us - HELD_MARGIN_US, min(to_us + HELD_MARGIN_US, self._publisher.reached_us)
        history = await self._collector.history(line, command.symbol, since_us, until_us)
        if history is None:
            return None
        where = self._kafka, self._topic, self._ids.by_id
        held = await asyncio.to_thread(read_held, *where, line, command.symbol, since_us - HELD_MARGIN_US)
        fill = missing(history, held, line, from_us, to_us)
        if len(fill.ticks):
            await self._publisher.fill(fill.ticks, None if self._open else time.time_ns() // 1000)
            await self._publisher.flush()
            metrics.count(Metric.TICKS_FILLED, len(fill.ticks), broker=command.broker, line=line.name)
        return fill.before + len(fill.ticks)

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
