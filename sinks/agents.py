"""The sink as a Faust app: one agent over every topic that is stored, and the bars and rollups beside it."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, Final

import structlog
from faust.types.tuples import TP

from infra.batches import FetchedBatch
from infra.registry import schema_ids
from infra.transport import BatchApp, batch_app, run
from schemas import topics
from schemas.catalogue import Schema
from schemas.codec import warm
from sinks.bars import Bars
from sinks.deadletters import DeadLetters
from sinks.loader import Loader
from sinks.placement import Cluster, SinkPlacement
from sinks.rollups import RollupKeeper
from sinks.setup import refuse_unmigrated
from sinks.tables import TICKS, Route, routes
from sinks.writer import ClickHouseSink
from tierfeed.domain.market import Calendar
from tierfeed.errors import UpstreamError
from tierfeed.settings import Settings

log = structlog.get_logger(__name__)

COMMIT_INTERVAL_S: Final = 0.5
BATCH_RECORDS: Final = 2000
"""Small: what the transport holds ahead is counted in batches, and the loader gathers anyway."""

FETCH_AHEAD: Final[Mapping[str, Any]] = {
    # A second's worth. What waits in librdkafka takes five times the room of its rows: at a million waiting ticks the
    # transport's own figures, meant for the workers, cost 0.1 GB more.
    "queued.min.messages": 10_000,  # of each partition
    "queued.max.messages.kbytes": 16_384,  # of all
    "max.partition.fetch.bytes": 262_144,  # a longer record comes all the same
}


async def run_sink(
    settings: Settings,
    stop: asyncio.Event,
    ready: Callable[[], Any] = lambda: None,
    calendar: Callable[[], Calendar] | None = None,
) -> None:
    """Store ticks, tier quotes and quality windows until `stop` is set; `ready` is called once when it has begun.

    `calendar` tells the market's times now; without it they are those of the market file.

    Raises ConfigError where the tables are not there; UpstreamError or FencedError when this process has to end.
    Nothing is acknowledged then that is not stored, and the next one goes on where ClickHouse says.
    """
    await asyncio.to_thread(refuse_unmigrated, settings)
    stored = routes(settings.brokers, settings.tiers())
    declared = topics.declared(settings.brokers, settings.tiers(), settings.kafka.partitions)
    ids = await asyncio.to_thread(schema_ids, settings.registry, [declared[topic] for topic in stored])
    await asyncio.to_thread(warm)
    part = _Part(settings, stored, ids.by_id)
    rollups = RollupKeeper(settings.clickhouse, calendar or settings.calendar, part.leads)
    rollups.start()
    bars = asyncio.ensure_future(part.keep_bars(settings.sink.bars_every_s))
    try:
        await run(part.app, stop, ready)
        bars.cancel()
        await part.refresh_bars()
    finally:
        bars.cancel()
        rollups.close()
        part.close()


class _Part:
    """The pieces of one sink process, put together."""

    def __init__(self, settings: Settings, stored: Mapping[str, Route], by_id: Mapping[int, Schema]) -> None:
        letters = DeadLetters(settings.kafka)
        self._sink = ClickHouseSink(settings.clickhouse)
        self._loader = Loader(stored, settings.sink, letters, self._fail, by_id)
        self._placement = SinkPlacement(self._sink, stored, self._loader, Cluster(settings.kafka), letters)
        self._placement.before_revoke = self._forget_generation
        self._bars = Bars(self._sink.connection)
        self._first = TP(min(topic for topic, route in stored.items() if route.table == TICKS), 0)
        self._from_generation = 0
        self.app: BatchApp = batch_app(
            settings.sink.app_id,
            stored,
            settings.kafka,
            self._placement,
            session_timeout_ms=settings.sink.session_timeout_ms,
            commit_interval_s=COMMIT_INTERVAL_S,
            batch_records=BATCH_RECORDS,
            delivery_timeout_ms=settings.sink.session_timeout_ms // 2,
        )
        self.app.consumer_config |= FETCH_AHEAD
        self.app.agent(self.app.source, name="sinks.load")(self._load)

    async def _load(self, stream: Any) -> None:
        # Not acknowledged by Faust when the next batch is asked for, but by the loader when this one is stored.
        async for event in stream.noack().events():
            batch = _taken_out(event)
            # A batch of an assignment that has ended is behind a gap: storing it would hide what is missing before it.
            if event.message.generation_id >= self._from_generation:
                await self._loader.take(batch, batch.topic, batch.partition, event.ack)

    def _forget_generation(self) -> None:
        self._from_generation = int(self.app.consumer_generation_id or 0) + 1

    def _fail(self, error: BaseException) -> None:
        self.app.fail(error)

    def leads(self) -> bool:
        """One process of all keeps bars and rollups: who has the first partition. Two at once would do no harm."""
        return self._first in self._placement.led

    async def keep_bars(self, every_s: float) -> None:
        """Bring the bars up to date every so often, until cancelled."""
        while True:
            await asyncio.sleep(every_s)
            await self.refresh_bars()

    async def refresh_bars(self) -> None:
        if not self.leads():
            return
        try:
            await asyncio.to_thread(self._bars.refresh)
        except UpstreamError as error:
            log.warning("bars are behind", error=str(error))

    def close(self) -> None:
        self._sink.close()


def _taken_out(event: Any) -> FetchedBatch:
    """The batch of an event. What is left of the event acknowledges later, and holds no record until then."""
    batch: FetchedBatch = event.value
    event.value = event.message.value = None
    return batch
