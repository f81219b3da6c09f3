"""Faust's consumer over librdkafka, batch-wise: assignments, acknowledgements, commits.

What Faust asks of a consumer, answered with `Polling`'s batches. Rebalance callbacks run on the loop while librdkafka
waits; where a partition is read from is the `Placement`'s decision.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from concurrent.futures import CancelledError as FutureCancelled
from typing import TYPE_CHECKING, Any, Protocol

import confluent_kafka as ck
import structlog
from faust.transport.consumer import Consumer as BaseConsumer
from faust.types.tuples import TP, ConsumerMessage

from infra.batches import FetchedBatch, Ledger, merged
from infra.commits import Committed
from infra.polling import Polling
from tierfeed.errors import FencedError

if TYPE_CHECKING:
    from infra.transport import BatchApp

log = structlog.get_logger(__name__)

LOOK_S = 1.0
"""How long whoever waits may not notice that it is to stop."""


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


class Consumer(BaseConsumer):  # type: ignore[misc]  # Faust has no types
    """Faust's consumer over confluent-kafka, batch-wise."""

    app: "BatchApp"

    async def on_start(self) -> None:
        self._arrived = asyncio.Event()
        self._taken = asyncio.Event()
        self._handed = 0
        self._leaving = False
        self._owned: frozenset[TP] = frozenset()
        self._ledgers: dict[TP, Ledger] = {}
        config = self.app.consumer_config | {"on_commit": self._on_commit}
        self._polling = Polling(
            config, self.app.batch_records, self.app.lease, self._arrived.set, self.app.fail_from_thread
        )
        await super().on_start()

    async def subscribe(self, topics: Iterable[str]) -> None:
        self._polling.subscribe(topics, on_assign=self._on_assign, on_revoke=self._on_revoke, on_lost=self._on_lost)

    # -- rebalances, in the polling thread

    def _on_assign(self, rd: ck.Consumer, partitions: list[ck.TopicPartition]) -> None:
        tps = frozenset(TP(p.topic, p.partition) for p in partitions)
        try:
            committed = {TP(p.topic, p.partition): _committed(p) for p in rd.committed(partitions, 10)} if tps else {}
            starts = self._polling.wait_for(self.app.placement.assigned(tps, committed))
            self._owned = tps
            self._ledgers = {tp: Ledger() for tp in tps}
            self._polling.begin_anew()
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
            self._polling.wait_for(self._revoke(tps))
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
        self._polling.forget()
        self._taken.set()

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
        elif not self._polling.has_some:
            self._arrived.clear()
            await self._arrived.wait()
        return [] if self._handed > 0 else merged(self._polling.take())

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
        is_async = not self._leaving
        try:
            await asyncio.wrap_future(self._polling.order(lambda rd: rd.commit(offsets=wanted, asynchronous=is_async)))
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
        await asyncio.wrap_future(self._polling.order(lambda rd: rd.seek(position)))

    async def seek_wait(self, partitions: Mapping[TP, int]) -> None:
        for tp, offset in partitions.items():
            await self._seek(tp, offset)

    def delivered_to(self, tp: TP) -> int | None:
        """One past the last record handed to an agent."""
        ledger = self._ledgers.get(tp)
        return None if ledger is None else ledger.end

    def hold(self, tp: TP) -> None:
        """Stop fetching a partition that is far ahead of the others."""
        self._polling.order(lambda rd: rd.pause([ck.TopicPartition(tp.topic, tp.partition)]))

    def let_go(self, tp: TP) -> None:
        """Fetch it again."""
        self._polling.order(lambda rd: rd.resume([ck.TopicPartition(tp.topic, tp.partition)]))

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
        self._polling.halt()

    async def on_stop(self) -> None:
        if self._owned:
            await self.app.placement.revoked(self._owned)
        self._leaving = True
        await super().on_stop()
        await asyncio.to_thread(self._polling.close)


def _committed(partition: ck.TopicPartition) -> Committed:
    return Committed(partition.offset if partition.offset >= 0 else None, partition.metadata or "")
