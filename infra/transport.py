"""A Faust transport on librdkafka that delivers batches.

Faust's own extension point (`faust.transport.drivers`, entry point group `faust.transports`), spoken to with the URL
scheme `librdkafka://`. Agents stay ordinary agents; what they receive is one event per fetched batch of one partition
(`FetchedBatch`), not one per record: a tick costs a microsecond of Python instead of two hundred.

A thread polls librdkafka and hands batches to the event loop, a bounded number ahead. Rebalance callbacks run on the
loop while librdkafka waits. Where a partition is read from is the `Placement`'s decision, and what it wants to
remember travels in the commit's metadata. See docs/adr/0001-faust-on-librdkafka.md.
"""

import asyncio
import contextlib
import ctypes
import functools
import gc
import itertools
import threading
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import CancelledError as FutureCancelled
from concurrent.futures import Future
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Protocol

import confluent_kafka as ck
import faust
import numpy as np
import numpy.typing as npt
import structlog
from faust.transport.base import Transport as BaseTransport
from faust.transport.consumer import Consumer as BaseConsumer
from faust.transport.drivers.aiokafka import Transport as AioTransport
from faust.types.tuples import TP, ConsumerMessage
from yarl import URL

from infra.producer import BatchProducer, FaustProducer
from tierfeed.errors import FencedError, UpstreamError
from tierfeed.settings import KafkaSettings

log = structlog.get_logger(__name__)

POLLS_AHEAD = 8
LOOK_S = 1.0
POLL_S = 0.1
PARTITION_EOF = -191
"""librdkafka's RD_KAFKA_RESP_ERR__PARTITION_EOF: not an error, the end of what there is."""
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
KEPT_BYTES = 256 << 20
GC_OBJECTS = 250_000
"""Objects between two searches for cycles: more than the batches in flight hold."""


@dataclass(slots=True)
class FetchedBatch:
    """Records of one partition in offset order, as one poll delivered them.

    `at_end` says that nothing more was waiting on the partition; such a batch may be empty.
    """

    topic: str
    partition: int
    messages: list[ck.Message]
    at_end: bool
    end_offset: int
    """One past the last offset read, also where `messages` is empty."""

    @property
    def payloads(self) -> list[bytes | None]:
        return [message.value() for message in self.messages]

    @property
    def first_offset(self) -> int:
        return int(self.messages[0].offset())

    @property
    def last_offset(self) -> int:
        return int(self.messages[-1].offset())

    def offsets(self) -> npt.NDArray[np.int64]:
        first, last, n = self.first_offset, self.last_offset, len(self.messages)
        if last - first == n - 1:
            return np.arange(first, last + 1, dtype=np.int64)
        return np.fromiter((m.offset() for m in self.messages), dtype=np.int64, count=n)

    def append_times_ms(self) -> npt.NDArray[np.int64]:
        return np.fromiter((m.timestamp()[1] for m in self.messages), dtype=np.int64, count=len(self.messages))


@dataclass(frozen=True, slots=True)
class Committed:
    """What the group last committed for a partition; `offset` is None where it never did."""

    offset: int | None
    metadata: str


class Placement(Protocol):
    """Decides where partitions are read from. Called on the event loop while the rebalance waits."""

    async def assigned(self, partitions: frozenset[TP], committed: Mapping[TP, Committed]) -> Mapping[TP, int]:
        """Take the partitions over; return the offset to start at for each (`OFFSET_BEGINNING` allowed)."""
        ...

    async def revoked(self, partitions: frozenset[TP]) -> None:
        """Let go of the partitions; nothing of them may be written after this returns."""
        ...

    def metadata(self, tp: TP) -> str:
        """What to remember with the commit of `tp`."""
        ...


class _Ledger:
    """In-order acknowledgements of one partition: what may be committed is the end of the acknowledged prefix.

    Faust's own ledger takes a batch's last offset for a single record's and would step over unfinished work.
    """

    __slots__ = ("acked", "committable", "end", "pending")

    def __init__(self) -> None:
        self.pending: deque[int] = deque()
        self.acked: set[int] = set()
        self.committable: int | None = None
        self.end: int | None = None

    def delivered(self, end_offset: int) -> None:
        self.end = end_offset
        self.pending.append(end_offset)

    def ack(self, end_offset: int) -> None:
        self.acked.add(end_offset)
        while self.pending and self.pending[0] in self.acked:
            self.committable = self.pending.popleft()
            self.acked.discard(self.committable)


class Consumer(BaseConsumer):  # type: ignore[misc]  # Faust has no types
    """Faust's consumer over confluent-kafka, batch-wise."""

    app: "BatchApp"

    async def on_start(self) -> None:
        self._ready: deque[list[FetchedBatch]] = deque()
        self._arrived = asyncio.Event()
        self._taken = asyncio.Event()
        self._handed = 0
        self._ends_told: dict[tuple[str, int], int] = {}
        self._is_told = False
        self._room = threading.Event()
        self._halt = threading.Event()
        self._pump_thread: threading.Thread | None = None
        self._orders: deque[tuple[Callable[[], Any], Future[Any]]] = deque()
        self._leaving = False
        self._owned: frozenset[TP] = frozenset()
        self._ledgers: dict[TP, _Ledger] = {}
        self._rd = ck.Consumer(self.app.consumer_config | {"on_commit": self._on_commit})
        await super().on_start()

    async def subscribe(self, topics: Iterable[str]) -> None:
        self._rd.subscribe(list(topics), on_assign=self._on_assign, on_revoke=self._on_revoke, on_lost=self._on_lost)
        if self._pump_thread is None:
            self._pump_thread = threading.Thread(target=self._pump, name="librdkafka-poll", daemon=True)
            self._pump_thread.start()

    # -- the polling thread

    def _pump(self) -> None:
        try:
            while not self._halt.is_set():
                self._obey()
                first = self._rd.poll(POLL_S)
                self.app.lease.renew()
                if first is None:
                    continue
                messages = [first, *self._rd.consume(self.app.batch_records, 0)]
                batches = self._by_partition(messages)
                if not batches:
                    continue
                self._ready.append(batches)
                if not self._is_told:
                    self._is_told = True
                    self.loop.call_soon_threadsafe(self._arrive)
                while len(self._ready) >= POLLS_AHEAD and not self._halt.is_set():
                    self._room.clear()
                    if len(self._ready) >= POLLS_AHEAD:
                        self._room.wait(POLL_S)
                    self.app.lease.renew()
                    self._obey()
        except Exception as error:  # noqa: BLE001  a thread has no caller: the app hears of whatever ended it
            if not self._halt.is_set():
                self.app.fail_from_thread(error)

    def _arrive(self) -> None:
        self._is_told = False
        self._arrived.set()

    def _by_partition(self, messages: list[ck.Message]) -> list[FetchedBatch]:
        """Sort one poll's records into batches.

        A batch that reaches what the cluster last said is the end is `at_end`. An end-of-partition event says it where
        no record does, and is passed over where a record has.
        """
        runs: dict[tuple[str, int], list[ck.Message]] = {}
        ends: dict[tuple[str, int], int] = {}
        for message in messages:
            error = message.error()
            key = (message.topic(), message.partition())
            if error is None:
                run = runs.get(key)
                if run is None:
                    runs[key] = [message]
                else:
                    run.append(message)
            elif error.code() == PARTITION_EOF:
                ends[key] = message.offset()
            elif error.fatal() or not error.retriable():
                raise UpstreamError(f"Kafka refused a fetch of {key[0]}/{key[1]}: {error.str()}")
        batches = []
        for (topic, partition), run in runs.items():
            end = run[-1].offset() + 1
            _, high = self._rd.get_watermark_offsets(ck.TopicPartition(topic, partition), cached=True)
            at_end = max(high, ends.pop((topic, partition), -1)) == end
            self._ends_told[topic, partition] = end if at_end else -1
            batches.append(FetchedBatch(topic, partition, run, at_end, end))
        for key, end in ends.items():
            if self._ends_told.get(key) != end:
                self._ends_told[key] = end
                batches.append(FetchedBatch(*key, [], True, end))
        return batches

    def _order(self, work: Callable[[], Any]) -> Future[Any]:
        """Have the polling thread do something with the consumer.

        No other thread may: every call waits for the lock that poll holds, and a thread that polls without a pause
        takes it again before anybody else wakes up.
        """
        future: Future[Any] = Future()
        self._orders.append((work, future))
        if self._pump_thread is None or not self._pump_thread.is_alive():
            self._obey()
        return future

    def _obey(self) -> None:
        while self._orders:
            work, future = self._orders.popleft()
            try:
                future.set_result(work())
            except Exception as error:  # noqa: BLE001  whoever ordered it hears of it
                future.set_exception(error)

    def _on_loop(self, work: Any) -> Any:
        """Run a coroutine on the event loop and wait for it, from the polling thread."""
        future = asyncio.run_coroutine_threadsafe(work, self.loop)
        while True:
            try:
                return future.result(POLL_S)
            except TimeoutError:
                if future.done():
                    raise
                self.app.lease.renew()
                self._obey()
                if self._halt.is_set():
                    future.cancel()
                    raise FutureCancelled from None

    def _on_assign(self, rd: ck.Consumer, partitions: list[ck.TopicPartition]) -> None:
        tps = frozenset(TP(p.topic, p.partition) for p in partitions)
        try:
            committed = {TP(p.topic, p.partition): _committed(p) for p in rd.committed(partitions, 10)} if tps else {}
            starts = self._on_loop(self.app.placement.assigned(tps, committed))
            self._owned = tps
            self._ledgers = {tp: _Ledger() for tp in tps}
            self._ends_told = {}
            rd.assign([ck.TopicPartition(tp.topic, tp.partition, starts[tp]) for tp in tps])
            generation = self.app.consumer_generation_id = (self.app.consumer_generation_id or 0) + 1
            asyncio.run_coroutine_threadsafe(self.on_partitions_assigned(set(tps), generation), self.loop)
        except FutureCancelled:
            rd.unassign()
        except Exception as error:  # noqa: BLE001  raised into librdkafka it would vanish
            self.app.fail_from_thread(error)

    def _on_revoke(self, rd: ck.Consumer, partitions: list[ck.TopicPartition]) -> None:
        tps = frozenset(TP(p.topic, p.partition) for p in partitions)
        try:
            self._on_loop(self._revoke(tps))
        except FutureCancelled:
            pass
        except Exception as error:  # noqa: BLE001  raised into librdkafka it would vanish
            self.app.fail_from_thread(error)

    async def _revoke(self, tps: frozenset[TP]) -> None:
        self.app.on_rebalance_start()
        await self.on_partitions_revoked(set(tps))
        await self.app.placement.revoked(tps)
        self._leaving = True
        await self.commit()
        self._leaving = False
        self._owned = frozenset()
        self._ledgers = {}
        self._handed = 0
        self._ready.clear()
        self._room.set()

    def _on_lost(self, rd: ck.Consumer, partitions: list[ck.TopicPartition]) -> None:
        names = ", ".join(f"{p.topic}/{p.partition}" for p in partitions)
        self.app.fail_from_thread(FencedError(f"the group gave {names} to another worker"))

    # -- what Faust asks of a consumer

    async def _drain_messages(self, fetcher: Any) -> None:
        """Hand what arrives to the agents. Faust's own makes three tasks for each event, and a timer for each wait."""
        nudging = asyncio.ensure_future(self._nudge())
        try:
            while not (self.should_stop or fetcher.should_stop):
                async for _, message in self.getmany(LOOK_S):
                    await self.callback(message)
                await asyncio.sleep(0)
        finally:
            nudging.cancel()

    async def _nudge(self) -> None:
        """Have whoever waits look from time to time whether it is to stop."""
        while True:
            await asyncio.sleep(LOOK_S)
            self._arrived.set()
            self._taken.set()

    async def getmany(self, timeout: float) -> AsyncIterator[tuple[TP, ConsumerMessage]]:  # noqa: ASYNC109  Faust's
        """What has arrived, for at most `LOOK_S`, whatever the timeout."""
        if not self.flow_active:
            await self.wait(self.can_resume_flow)
        generation = self.app.consumer_generation_id
        for batch in await self._next_batches():
            tp = TP(batch.topic, batch.partition)
            ledger = self._ledgers.get(tp)
            if ledger is None or not self.flow_active or generation != self.app.consumer_generation_id:
                continue
            ledger.delivered(batch.end_offset)
            self._handed += 1
            yield tp, ConsumerMessage(
                batch.topic, batch.partition, batch.end_offset, 0.0, 0, [], None, batch, None, 0, 0, tp,
                generation_id=generation,
            )  # fmt: skip

    async def _next_batches(self) -> list[FetchedBatch]:
        """What has arrived, once the agents have taken what came before: the busier they are, the more at once."""
        if self._handed > 0:
            self._taken.clear()
            await self._taken.wait()
        elif not self._ready:
            self._arrived.clear()
            await self._arrived.wait()
        if self._handed > 0:
            return []
        polls: list[list[FetchedBatch]] = []
        records = 0
        while self._ready and records < self.app.batch_records:
            polls.append(self._ready.popleft())
            records += sum(len(batch.messages) for batch in polls[-1])
        self._room.set()
        return _merged(polls)

    @property
    def has_more(self) -> bool:
        """Whether there are events that arrived with the one that was taken last, and have not been taken yet."""
        return self._handed > 0

    def taken(self) -> None:
        """An agent has begun with an event."""
        self._handed -= 1
        if self._handed <= 0:
            self._taken.set()

    def track_message(self, message: ConsumerMessage) -> None:
        """The ledger knows already."""

    def ack(self, message: ConsumerMessage) -> bool:
        message.acked = True
        ledger = self._ledgers.get(message.tp)
        # One of an earlier assignment says nothing of what was read again since.
        if ledger is not None and message.generation_id == self.app.consumer_generation_id:
            ledger.ack(message.offset)
        return True

    def _filter_tps_with_pending_acks(self, topics: Any = None) -> list[TP]:
        return [tp for tp, ledger in self._ledgers.items() if ledger.committable is not None]

    def _new_offset(self, tp: TP) -> int | None:
        ledger = self._ledgers.get(tp)
        return None if ledger is None else ledger.committable

    async def _add_gap(self, tp: TP, offset_from: int, offset_to: int) -> None:
        """Batches have no gaps to remember."""

    async def _commit(self, offsets: Mapping[TP, int]) -> bool:
        wanted = [
            ck.TopicPartition(tp.topic, tp.partition, offset, self.app.placement.metadata(tp))
            for tp, offset in offsets.items()
            if tp in self._owned
        ]
        order = functools.partial(self._rd.commit, offsets=wanted, asynchronous=not self._leaving)
        try:
            await asyncio.wrap_future(self._order(order))
        except ck.KafkaException as error:
            self._on_commit(error.args[0], wanted)
            return False
        return True

    def _on_commit(self, error: ck.KafkaError | None, partitions: list[ck.TopicPartition]) -> None:
        """Nothing rests on one commit's success, for the next covers it; but a refused member may not go on."""
        if error is None:
            return
        if error.code() in (ck.KafkaError.FENCED_INSTANCE_ID, ck.KafkaError.UNKNOWN_MEMBER_ID):
            self.app.fail_from_thread(FencedError(f"commit refused: {error.str()}"))
        else:
            log.warning("commit failed", error=error.str())

    async def perform_seek(self) -> None:
        """Positions were set with the assignment."""

    async def seek_to_committed(self) -> Mapping[TP, int]:
        return {}

    async def _seek(self, partition: TP, offset: int) -> None:
        position = ck.TopicPartition(partition.topic, partition.partition, offset)
        await asyncio.wrap_future(self._order(functools.partial(self._rd.seek, position)))

    async def seek_wait(self, partitions: Mapping[TP, int]) -> None:
        for tp, offset in partitions.items():
            await self._seek(tp, offset)

    def delivered_to(self, tp: TP) -> int | None:
        """One past the last record handed to an agent."""
        ledger = self._ledgers.get(tp)
        return None if ledger is None else ledger.end

    def hold(self, tp: TP) -> None:
        """Stop fetching a partition that is far ahead of the others."""
        self._order(functools.partial(self._rd.pause, [ck.TopicPartition(tp.topic, tp.partition)]))

    def let_go(self, tp: TP) -> None:
        """Fetch it again."""
        self._order(functools.partial(self._rd.resume, [ck.TopicPartition(tp.topic, tp.partition)]))

    def assignment(self) -> set[TP]:
        return set(self._owned)

    def highwater(self, tp: TP) -> int:
        return self.delivered_to(tp) or 0

    async def highwaters(self, *partitions: TP) -> Mapping[TP, int]:
        return {tp: self.highwater(tp) for tp in partitions}

    async def earliest_offsets(self, *partitions: TP) -> Mapping[TP, int]:
        return dict.fromkeys(partitions, 0)

    async def position(self, tp: TP) -> int | None:
        return self._new_offset(tp)

    def topic_partitions(self, topic: str) -> int | None:
        return None

    def key_partition(self, topic: str, key: bytes | None, partition: int | None = None) -> int | None:
        return partition

    def _new_topicpartition(self, topic: str, partition: int) -> TP:
        return TP(topic, partition)

    def _to_message(self, tp: TP, record: Any) -> ConsumerMessage:
        raise TypeError("batches are made in getmany")

    async def _getmany(self, active_partitions: set[TP] | None, timeout: float) -> Any:  # noqa: ASYNC109  Faust's
        raise TypeError("batches are made in getmany")

    async def create_topic(self, *args: Any, **kwargs: Any) -> None:
        """Topics are declared in schemas/topics and created by `tierfeed topics apply`, never by a worker."""

    def close(self) -> None:
        self._halt.set()

    async def on_stop(self) -> None:
        if self._owned:
            await self.app.placement.revoked(self._owned)
        self._leaving = True
        await super().on_stop()
        self._halt.set()
        if self._pump_thread is not None:
            await asyncio.to_thread(self._pump_thread.join, 5)
        await asyncio.to_thread(self._rd.close)


def _committed(partition: ck.TopicPartition) -> Committed:
    return Committed(partition.offset if partition.offset >= 0 else None, partition.metadata or "")


def _merged(polls: Sequence[list[FetchedBatch]]) -> list[FetchedBatch]:
    """Several polls as one: a batch of each partition, however little each of them brought."""
    if len(polls) == 1:
        return polls[0]
    batches: dict[tuple[str, int], FetchedBatch] = {}
    for batch in itertools.chain.from_iterable(polls):
        before = batches.get((batch.topic, batch.partition))
        messages = before.messages + batch.messages if before else batch.messages
        batches[batch.topic, batch.partition] = replace(batch, messages=messages)
    return list(batches.values())


class Transport(AioTransport):  # type: ignore[misc]
    """`librdkafka://`: the consumer and the producer of this module under Faust's own conductor and fetcher."""

    Consumer: ClassVar[type] = Consumer
    Producer: ClassVar[type] = FaustProducer
    driver_version = f"confluent-kafka={ck.version()}"

    __init__ = BaseTransport.__init__


class BatchStream(faust.Stream):  # type: ignore[misc]
    """Faust's stream of batches: without processors and joins, which a batch has no use for.

    It acknowledges through `Consumer.ack` (Faust's compiled iterator writes to the base consumer's books instead, and
    nothing would ever be committed) and says when an event is taken.
    """

    def __aiter__(self) -> AsyncIterator[Any]:
        iterator: AsyncIterator[Any] = self._batches()
        self._active_agens.add(iterator)  # so that the base class can close it
        return iterator

    async def _batches(self) -> AsyncIterator[Any]:
        self._finalized = True
        started = await self.maybe_start()
        app, queue = self.app, self.channel.queue
        try:
            while not self.should_stop:
                if queue.empty():
                    event = await queue.get()
                else:
                    await asyncio.sleep(0)  # alarms come in between
                    event = queue.get_nowait()
                if event.message.generation_id != app.consumer_generation_id or not app.flow_control.is_active():
                    continue  # of an assignment that has ended: nothing of it is acknowledged any more
                app.consumer.taken()
                self.current_event = event
                yield event.value
                self.current_event = None
                if self.enable_acks:
                    event.ack()
        except StopAsyncIteration:
            return  # Faust's way to end a channel
        finally:
            self._channel_stop_iteration(self.channel)
            if started:
                await self.stop()
                self.service_reset()


class BatchApp(faust.App):  # type: ignore[misc]
    """A Faust app whose agents receive `FetchedBatch`es. Built by `batch_app`."""

    placement: Placement
    consumer_config: dict[str, Any]
    batch_records: int
    rd_producer: BatchProducer
    source: Any
    failure: BaseException | None = None

    def _create_directories(self) -> None:
        """Nothing is kept on disk."""

    @property
    def lease(self) -> Any:
        return self.rd_producer.lease

    def fail(self, error: BaseException) -> None:
        """End this process's work: nothing more is acknowledged or committed. Crash-only, the supervisor restarts."""
        if self.failure is None:
            self.failure = error
            self.failed.set()

    def fail_from_thread(self, error: BaseException) -> None:
        self.failed_loop.call_soon_threadsafe(self.fail, error)

    failed: asyncio.Event
    failed_loop: asyncio.AbstractEventLoop


def batch_app(
    app_id: str,
    topics: Iterable[str],
    kafka: KafkaSettings,
    placement: Placement,
    *,
    session_timeout_ms: int,
    commit_interval_s: float,
    batch_records: int,
    delivery_timeout_ms: int = 30_000,
    instance_id: str | None = None,
) -> BatchApp:
    """A Faust app over `topics`; `app.source` is what agents subscribe to."""
    app = BatchApp(
        app_id,
        broker=URL("librdkafka://localhost"),
        Stream=BatchStream,
        value_serializer="raw",
        key_serializer="raw",
        web_enabled=False,
        topic_disable_leader=True,
        topic_allow_declare=False,
        broker_commit_interval=commit_interval_s,
        broker_session_timeout=session_timeout_ms / 1000,
        stream_recovery_delay=0.0,
        stream_buffer_maxsize=64,
    )
    app.placement = placement
    app.batch_records = batch_records
    app.rd_producer = BatchProducer(
        kafka, delivery_timeout_ms=delivery_timeout_ms, session_timeout_ms=session_timeout_ms
    )
    app.consumer_config = kafka.client(
        group_id=app_id,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        partition_assignment_strategy="range",
        session_timeout_ms=session_timeout_ms,
        heartbeat_interval_ms=max(session_timeout_ms // 4, 250),
        enable_partition_eof=True,
        fetch_wait_max_ms=100,
        fetch_queue_backoff_ms=5,
        queued_min_messages=100_000,
        queued_max_messages_kbytes=131_072,
        # Past this, librdkafka gives the partitions up; the watchdog is quicker.
        max_poll_interval_ms=max(300_000, session_timeout_ms),
    )  # fmt: skip
    if instance_id is not None:
        app.consumer_config["group.instance.id"] = instance_id
    app.source = app.topic(*topics, value_serializer="raw", key_serializer="raw")
    return app


async def run(app: BatchApp, stop: asyncio.Event, ready: Callable[[], Any] = lambda: None) -> None:
    """Start the app and serve until `stop` is set, then stop cleanly. Raises what made it fail."""
    app.failed_loop = asyncio.get_running_loop()
    app.failed = asyncio.Event()
    _refuse_concurrency(app)
    waiting = [asyncio.ensure_future(event.wait()) for event in (stop, app.failed)]
    crashed = asyncio.ensure_future(_crashed(app))
    # Faust's start waits for the first assignment, which may fail, or not come before `stop` is set.
    starting = asyncio.ensure_future(app.start())
    await asyncio.wait([starting, *waiting, crashed], return_when=asyncio.FIRST_COMPLETED)
    if starting.done():
        starting.result()
        ready()
    else:
        starting.cancel()
    _keep_memory()
    with _rare_collections():
        await _served(app, waiting, crashed)


def _keep_memory() -> None:
    """Let glibc keep what a batch's arrays have used: given back and faulted in anew, it costs as much as decoding."""
    libc = ctypes.CDLL(None)
    if hasattr(libc, "mallopt"):
        libc.mallopt(M_TRIM_THRESHOLD, KEPT_BYTES)
        libc.mallopt(M_MMAP_THRESHOLD, KEPT_BYTES)


@contextlib.contextmanager
def _rare_collections() -> Iterator[None]:
    """Search for cycles seldom, and not among what is there for good.

    Every record is an object the garbage collector counts, ten thousand at once and none in a cycle: by its defaults it
    went through all of them again and again, for 2 of 5 µs of CPU a tick.
    """
    before = gc.get_threshold()
    gc.collect()
    gc.freeze()
    gc.set_threshold(GC_OBJECTS, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()


async def _served(
    app: BatchApp, waiting: Sequence[asyncio.Future[Any]], crashed: asyncio.Future[BaseException]
) -> None:
    try:
        await asyncio.wait([*waiting, crashed], return_when=asyncio.FIRST_COMPLETED)
        if app.failure is None and crashed.done():
            app.failure = crashed.result()
        if app.failure is not None:
            raise app.failure
        await app.stop()
    finally:
        for task in (*waiting, crashed):
            task.cancel()


async def _crashed(app: BatchApp) -> BaseException:
    while not app.crashed:  # noqa: ASYNC110  mode tells of a crash by a property, not by an event
        await asyncio.sleep(0.2)
    return app.crash_reason or UpstreamError("the Faust app crashed and did not say why")


def _refuse_concurrency(app: BatchApp) -> None:
    """Faust commits past unfinished work when an agent runs more than once (faust-streaming issue 606)."""
    for name, agent in app.agents.items():
        if agent.concurrency != 1:
            raise UpstreamError(f"agent {name} must have concurrency 1, had {agent.concurrency}: offsets would be lost")
