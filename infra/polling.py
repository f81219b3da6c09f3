"""The thread that polls librdkafka, and has the consumer to itself.

Every call on a consumer waits for the lock that `poll` holds, and a thread that polls without a pause takes it again
before anybody else wakes up: so whoever wants something of the consumer orders it here.
"""

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import CancelledError as FutureCancelled
from concurrent.futures import Future
from typing import Any

import confluent_kafka as ck

from infra.batches import PARTITION_EOF, FetchedBatch
from infra.producer import Lease
from tierfeed.errors import UpstreamError

OnRebalance = Callable[[ck.Consumer, list[ck.TopicPartition]], None]

POLL_S = 0.1
POLLS_AHEAD = 8
END_S = 5.0


class Polling:
    """Polls `consumer_config` in a thread of its own, at most `POLLS_AHEAD` polls before whoever takes them.

    `arrived` is called on the loop when there is something to take, `failed` from the thread with what ended it.
    """

    def __init__(
        self,
        consumer_config: Mapping[str, Any],
        batch_records: int,
        lease: Lease,
        arrived: Callable[[], None],
        failed: Callable[[BaseException], None],
    ) -> None:
        self._rd = ck.Consumer(dict(consumer_config))
        self._batch_records, self._lease = batch_records, lease
        self._arrived, self._failed = arrived, failed
        self._loop = asyncio.get_running_loop()
        self._ready: deque[list[FetchedBatch]] = deque()
        self._is_told = False
        self._room, self._halt = threading.Event(), threading.Event()
        self._orders: deque[tuple[Callable[[], Any], Future[Any]]] = deque()
        self._ends_told: dict[tuple[str, int], int] = {}
        self._thread: threading.Thread | None = None

    # -- for the loop

    def subscribe(self, topics: Iterable[str], **callbacks: OnRebalance) -> None:
        """Begin; `callbacks` are librdkafka's `on_assign`, `on_revoke` and `on_lost`, called in the thread."""
        self._rd.subscribe(list(topics), **callbacks)
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="librdkafka-poll", daemon=True)
            self._thread.start()

    def take(self) -> list[list[FetchedBatch]]:
        """The polls that wait, to somewhat above `batch_records` records."""
        polls: list[list[FetchedBatch]] = []
        records = 0
        while self._ready and records < self._batch_records:
            polls.append(self._ready.popleft())
            records += sum(len(batch.messages) for batch in polls[-1])
        self._room.set()
        return polls

    @property
    def has_some(self) -> bool:
        """Whether there is something to take."""
        return bool(self._ready)

    def forget(self) -> None:
        """What waits is not wanted any more."""
        self._ready.clear()
        self._room.set()

    def order(self, work: Callable[[ck.Consumer], Any]) -> Future[Any]:
        """Have something done with the consumer, in the order of orders."""
        future: Future[Any] = Future()
        self._orders.append((lambda: work(self._rd), future))
        if self._thread is None or not self._thread.is_alive():
            self._obey()
        return future

    def halt(self) -> None:
        """Poll no more."""
        self._halt.set()

    def close(self) -> None:
        """Leave the group. Blocks."""
        self._halt.set()
        if self._thread is not None:
            self._thread.join(END_S)
        self._rd.close()

    # -- for the callbacks, in the thread

    def wait_for(self, work: Any) -> Any:
        """Run a coroutine on the event loop and wait for it. Raises CancelledError when polling is halted meanwhile."""
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        while True:
            try:
                return future.result(POLL_S)
            except TimeoutError:
                if future.done():
                    raise
                self._lease.renew()
                self._obey()
                if self._halt.is_set():
                    future.cancel()
                    raise FutureCancelled from None

    def begin_anew(self) -> None:
        """Partitions were assigned: nothing of their ends has been told yet."""
        self._ends_told = {}

    # -- the thread

    def _run(self) -> None:
        try:
            while not self._halt.is_set():
                self._obey()
                first = self._rd.poll(POLL_S)
                self._lease.renew()
                if first is None:
                    continue
                batches = self._by_partition([first, *self._rd.consume(self._batch_records, 0)])
                if batches:
                    self._tell(batches)
        except Exception as error:  # noqa: BLE001  a thread has no caller: whoever listens hears of whatever ended it
            if not self._halt.is_set():
                self._failed(error)

    def _tell(self, batches: list[FetchedBatch]) -> None:
        """Put batches where the loop finds them; wait while too much is there already."""
        self._ready.append(batches)
        if not self._is_told:
            self._is_told = True
            self._loop.call_soon_threadsafe(self._wake)
        while len(self._ready) >= POLLS_AHEAD and not self._halt.is_set():
            self._room.clear()
            if len(self._ready) >= POLLS_AHEAD:
                self._room.wait(POLL_S)
            self._lease.renew()
            self._obey()

    def _wake(self) -> None:
        self._is_told = False
        self._arrived()

    def _obey(self) -> None:
        while self._orders:
            work, future = self._orders.popleft()
            try:
                future.set_result(work())
            except Exception as error:  # noqa: BLE001  whoever ordered it hears of it
                future.set_exception(error)

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
