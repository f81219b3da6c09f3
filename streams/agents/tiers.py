"""The tier agent: broker topics in, tier topics out. A shell: decisions are the shard's, records the publisher's."""

import asyncio
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

import structlog
from faust.types.tuples import TP

from infra import metrics
from infra.alarm import Alarm
from infra.batches import FetchedBatch
from infra.commits import Committed, rewind, start
from infra.metrics import Metric
from infra.transport import BatchApp
from schemas import topics
from streams import takeover
from streams.agents.orders import OrderListener
from streams.kernels.state import Rules
from streams.orders import Duties, View
from streams.publishing import CLOSED, OPENED, STAGE, Publisher
from streams.shard import Shard
from tierfeed.domain.selection import FOR_S, MEMORY_S, REST_S
from tierfeed.errors import ConfigError, UpstreamError
from tierfeed.settings import Settings

log = structlog.get_logger(__name__)

HELD_HIGH, HELD_LOW = 200_000, 100_000
"""Events of one broker that may wait for the others before its partition is held back."""
MARK_US = 5_000_000
REWIND_SLACK_US = 10_000_000
EXCUSE_S = 30.0
WATCH_S = 1.0


def rules_of(settings: Settings) -> Rules:
    stream = settings.stream
    return Rules(
        heartbeat_timeout_us=stream.heartbeat_timeout_s * 1_000_000,
        quote_lifetime_us=stream.quote_lifetime_s * 1_000_000,
        line_horizon_us=stream.line_horizon_s * 1_000_000,
        jump_spreads=stream.jump_spreads,
        jump_fraction=stream.jump_percent / 100,
        lead_for_s=FOR_S,
        lead_rest_us=REST_S * 1_000_000,
    )


@dataclass(slots=True)
class _Owned:
    """One shard in work."""

    shard: Shard
    publisher: Publisher
    dead_lettered: dict[str, int]
    marks: dict[str, list[tuple[int, int]]] = field(default_factory=dict)
    """Per topic: (time, offset) every few seconds, for the rewind of the next takeover."""
    held: set[str] = field(default_factory=set)
    waiting_since: float | None = None
    due_s: float = math.inf
    """When its next live timer is due, by the clock of the event loop."""
    obeyed: int = -1
    """The version of the duties that the shard has been told."""


class TierWorker:
    """Owns shards: takes them over, feeds them, lets them go. The `Placement` of the stream app."""

    def __init__(self, settings: Settings, ids: dict[str, int]) -> None:
        self.settings, self.ids = settings, ids
        self.brokers, self.tiers = tuple(sorted(settings.brokers)), settings.tiers()
        self.topics = {topics.ticks(broker): b for b, broker in enumerate(self.brokers)}
        self.app: BatchApp
        self._owned: dict[int, _Owned] = {}
        self._fed: set[int] = set()
        self._alarm: Alarm | None = None
        self._progress = 0
        self.duties = Duties(self.brokers, self.tiers)
        self._orders = OrderListener(settings.kafka, self.duties, topics.ticks(self.brokers[0]), self._views)

    # -- Placement

    async def assigned(self, partitions: frozenset[TP], committed: Mapping[TP, Committed]) -> Mapping[TP, int]:
        shards = {tp.partition for tp in partitions}
        self._refuse_unequal(partitions, shards)
        if not shards:
            return {}
        started = time.monotonic()
        # What is ordered has to be known before a tick is read again that it had a part in.
        await self._orders.ready()
        memories = await asyncio.to_thread(self._recall, shards)
        if not all(memory.closed for memory in memories.values()):
            await asyncio.sleep(self.settings.stream.delivery_timeout_ms / 1000)
            memories = await asyncio.to_thread(self._recall, shards)
        for p, memory in memories.items():
            self._owned[p] = self._take_over(p, memory)
        for tp, was in committed.items():
            lane = self._owned[tp.partition].shard.aligner.lanes[self.topics[tp.topic]]
            lane.read = bool(was.offset)
        self.app.rd_producer.flush()
        seconds = time.monotonic() - started
        metrics.count(Metric.TAKEOVERS, len(shards), stage=STAGE)
        metrics.observe(Metric.TAKEOVER_SECONDS, seconds, stage=STAGE)
        log.info("took over", shards=sorted(shards), seconds=round(seconds, 2))
        return {tp: start(was) for tp, was in committed.items()}

    def _refuse_unequal(self, partitions: frozenset[TP], shards: set[int]) -> None:
        missing = sorted(f"{topic}/{p}" for p in shards for topic in self.topics if TP(topic, p) not in partitions)
        if missing:
            raise ConfigError(
                f"broker topics must have equal partition counts, so that one worker sees a symbol of all brokers: "
                f"{', '.join(missing)} did not come with the others"
            )

    def _recall(self, shards: set[int]) -> dict[int, takeover.Memory]:
        tails = takeover.Tails(self.settings.kafka)
        try:
            return takeover.recall(tails, shards, self.brokers, self.tiers, self.ids)
        finally:
            tails.close()

    def _take_over(self, p: int, memory: takeover.Memory) -> _Owned:
        rules, told = rules_of(self.settings), memory.told
        shard = Shard(self.brokers, self.tiers, rules, self.ids)
        shard.prime(memory.published, told.heartbeats_us)
        publisher = Publisher(self.app.rd_producer, p, self.brokers, self.tiers, shard.symbols.names, self.ids, rules)
        publisher.epoch = memory.epoch + 1
        publisher.resume(told)
        publisher.published_us = lambda: shard.clock_us(time.time_ns() // 1000)
        shard.on_end, publisher.has = publisher.gaps.end, shard.has
        publisher.announce(OPENED, max(told.heartbeats_us.values(), default=0))
        return _Owned(shard, publisher, memory.dead_lettered)

    async def revoked(self, partitions: frozenset[TP]) -> None:
        for p in {tp.partition for tp in partitions}:
            owned = self._owned.pop(p, None)
            if owned is not None:
                owned.publisher.announce(CLOSED, owned.shard.time_us() or 0)
        self.app.rd_producer.flush()

    def metadata(self, tp: TP) -> str:
        owned = self._owned.get(tp.partition)
        marks = owned.marks.get(tp.topic) if owned else None
        if owned is None or not marks:
            return ""
        # Far enough back that a quote which the first tick of the rewind merely repeats has come too; and everything
        # has come, as it was, that has a part in who leads.
        lifetime_s = self.settings.stream.quote_lifetime_s
        back_us = (lifetime_s + max(lifetime_s, MEMORY_S)) * 1_000_000 + REWIND_SLACK_US
        horizon = (owned.shard.time_us() or 0) - back_us
        while len(marks) > 1 and marks[1][0] <= horizon:
            marks.pop(0)
        return rewind(marks[0][1])

    # -- work

    def on_batch(self, batch: FetchedBatch) -> None:
        """Feed one batch to its shard; publish what comes out once all that arrived with it has been fed."""
        owned = self._owned.get(batch.partition)
        if owned is None:
            return
        self._progress += 1
        metrics.observe(Metric.BATCH_RECORDS, len(batch.messages), stage=STAGE)
        broker = self.topics[batch.topic]
        for poison in owned.shard.read(batch, broker):
            if poison.offset > owned.dead_lettered.get(batch.topic, -1):
                owned.publisher.dead_letter(batch.topic, poison)
        self._mark(owned, batch, broker)
        self._fed.add(batch.partition)
        if not self.app.consumer.has_more:
            self._apply_fed()

    def _apply_fed(self) -> None:
        """A shard's brokers arrive one by one, and together: its records are made once."""
        for p in self._fed:
            if (owned := self._owned.get(p)) is not None:
                self._advance(owned)
                self._balance(owned, p)
        self._fed.clear()
        self._wake()

    def _mark(self, owned: _Owned, batch: FetchedBatch, broker: int) -> None:
        if not batch.messages:
            return
        marks = owned.marks.setdefault(batch.topic, [])
        now = owned.shard.aligner.lanes[broker].time
        if not marks:
            marks.append((now, batch.first_offset))
        elif now - marks[-1][0] >= MARK_US:
            # Not behind the batch: of a broker that has fallen silent its last records are read again, for they tell
            # since when, and whether it said that it ends.
            marks.append((now, batch.first_offset))

    def _advance(self, owned: _Owned) -> None:
        now = time.time_ns() // 1000
        if owned.obeyed != self.duties.version:
            self._obey(owned, now)
        owned.shard.advance(now, owned.publisher.emit)
        owned.publisher.heartbeat(owned.shard.time_us())
        due_us = owned.shard.next_due_us(now)
        owned.due_s = math.inf if due_us is None else time.monotonic() + due_us / 1_000_000
        self.app.rd_producer.poll()

    def _obey(self, owned: _Owned, now_us: int) -> None:
        """Tell the shard what is ordered, once it has a live clock: on tape time there is none to obey by."""
        clock_us = owned.shard.clock_us(now_us)
        if clock_us is not None:
            owned.shard.obey(self.duties.in_force(clock_us - now_us, now_us))
            owned.obeyed = self.duties.version

    def _views(self) -> dict[int, View]:
        """What is to be known of the shards to answer for them."""
        views, now_us = {}, time.time_ns() // 1000
        for p, owned in self._owned.items():
            shard = owned.shard
            if (clock_us := shard.clock_us(now_us)) is not None:
                views[p] = View(clock_us, shard.in_force(), shard.symbols.names if shard.live else None)
        return views

    async def beside(self) -> None:
        """What goes on beside the batches, until cancelled or until one of it fails."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self.watch())
                tasks.create_task(self._orders.run())
        except ExceptionGroup as errors:
            raise errors.exceptions[0] from errors

    def _balance(self, owned: _Owned, p: int) -> None:
        """Hold back a broker that is far ahead of the others; let it go on once they have caught up."""
        for topic, b in self.topics.items():
            held = owned.shard.aligner.lanes[b].held
            if held > HELD_HIGH and topic not in owned.held:
                owned.held.add(topic)
                self.app.consumer.hold(TP(topic, p))
            elif held < HELD_LOW and topic in owned.held:
                owned.held.discard(topic)
                self.app.consumer.let_go(TP(topic, p))

    def _wake(self) -> None:
        """Wake up when the next live timer is due, for a last value goes out without a next tick."""
        due_s = min((owned.due_s for owned in self._owned.values()), default=math.inf)
        if self._alarm is None:
            self._alarm = Alarm(asyncio.get_running_loop(), self._on_alarm)
        # Set too early it looks again when it rings.
        if due_s < self._alarm.at_s:
            self._alarm.set(due_s)

    def _on_alarm(self) -> None:
        try:
            now_s = time.monotonic()
            for owned in self._owned.values():
                if owned.due_s <= now_s:
                    self._advance(owned)
        except Exception as error:  # noqa: BLE001  an alarm has no caller: the app ends, nothing is committed
            self.app.fail(error)
            return
        self._wake()

    def close(self) -> None:
        """No alarm rings any more."""
        if self._alarm is not None:
            self._alarm.close()

    async def watch(self) -> None:
        """Excuse a broker that everyone waits for in vain; end the worker when nothing moves while there is lag."""
        seen, since = -1, time.monotonic()
        while True:
            await asyncio.sleep(WATCH_S)
            for p, owned in self._owned.items():
                self._excuse(p, owned)
                self._report(p, owned)
            now = time.monotonic()
            if self._progress != seen or not self._lag():
                seen, since = self._progress, now
            elif now - since > self.settings.stream.stall_s:
                self.app.fail(UpstreamError(f"no progress for {now - since:.0f} s while records are waiting"))
                return

    def _excuse(self, p: int, owned: _Owned) -> None:
        aligner = owned.shard.aligner
        lane = aligner.lanes[aligner.blocking()]
        if owned.shard.live or not aligner.held or not lane.at_end:
            owned.waiting_since = None
        elif owned.waiting_since is None:
            owned.waiting_since = time.monotonic()
        elif time.monotonic() - owned.waiting_since > EXCUSE_S:
            lane.excused = True
            owned.waiting_since = None
            log.warning("no longer waiting for a silent broker", broker=self.brokers[aligner.blocking()], shard=p)
            self._advance(owned)

    def _report(self, p: int, owned: _Owned) -> None:
        metrics.put(Metric.ALIGN_HELD, owned.shard.aligner.held, partition=p)
        now, clock = owned.shard.time_us(), owned.shard.clock_us(time.time_ns() // 1000)
        if now is not None and clock is not None:
            metrics.put(Metric.ENGINE_LAG, (clock - now) / 1_000_000, partition=p)

    def _lag(self) -> bool:
        """Whether records are waiting on a partition that is not held back."""
        return any(
            not owned.shard.aligner.lanes[b].at_end and topic not in owned.held
            for owned in self._owned.values()
            for topic, b in self.topics.items()
        )
