"""A Faust transport on librdkafka that delivers batches.

Faust's own extension point (`faust.transport.drivers`, entry point group `faust.transports`), spoken to with the URL
scheme `librdkafka://`. Agents stay ordinary agents; what they receive is one event per fetched batch of one partition
(`infra.batches.FetchedBatch`), not one per record: a tick costs a microsecond of Python instead of two hundred.

A thread polls librdkafka (`infra.polling`) and hands batches to the event loop, a bounded number ahead; Faust's
consumer (`infra.consumer`) gives them to the agents, and keeps the books. See docs/adr/0001-faust-on-librdkafka.md.
"""

import asyncio
import contextlib
import ctypes
import gc
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from typing import Any, ClassVar

import confluent_kafka as ck
import faust
from faust.transport.base import Transport as BaseTransport
from faust.transport.drivers.aiokafka import Transport as AioTransport
from yarl import URL

from infra.consumer import Consumer, Placement
from infra.producer import BatchProducer, FaustProducer
from tierfeed.errors import UpstreamError
from tierfeed.settings import KafkaSettings

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
KEPT_BYTES = 256 << 20
GC_OBJECTS = 250_000
"""Objects between two searches for cycles: more than the batches in flight hold."""


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
