"""Where partitions are read from: where ClickHouse says. Kafka's commits only follow."""

import asyncio
import json
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict, dataclass
from typing import Final
from uuid import UUID

import confluent_kafka as ck
import structlog
from confluent_kafka.admin import AdminClient, OffsetSpec
from faust.types.tuples import TP

from infra.commits import Committed
from infra.kafka import REQUEST_S, admin, topic_ids
from infra.metrics import Metric, count, observe
from sinks.deadletters import DeadLetters
from sinks.loader import Done, Loader
from sinks.port import Place, Sink, Stored
from sinks.tables import Route
from tierfeed.errors import UpstreamError
from tierfeed.settings import KafkaSettings

log = structlog.get_logger(__name__)

STAGE: Final = "sink"


@dataclass(frozen=True, slots=True)
class Memo:
    """What travels with a commit: how far the reading is, and what was stored then, of which topic in which table.

    Control records leave no row, so on a partition with nothing else the stored offset stands still while the reading
    goes on; the memo saves reading a week of heartbeats again. It is believed only while the table still holds what it
    held: a table that was dropped, emptied or set back is filled again from Kafka.
    """

    topic_id: str
    table_id: str
    stored: int
    position: int
    epoch: int

    @classmethod
    def parse(cls, text: str) -> "Memo | None":
        """None for what is none: a commit of another tool, an operator's reset."""
        try:
            return cls(**json.loads(text))
        except (ValueError, TypeError):
            return None

    def text(self) -> str:
        return json.dumps(asdict(self), separators=(",", ":"))

    def holds(self, topic_id: UUID, table_id: str, stored: Stored) -> bool:
        return (self.topic_id, self.table_id) == (str(topic_id), table_id) and self.stored <= stored.next_offset


def resume(place: Place, table_id: str, stored: Stored, memo: Memo | None) -> Done:
    """Where to go on with a place."""
    if memo is None or not memo.holds(place.topic_id, table_id, stored):
        return Done(stored.next_offset, stored)
    return Done(max(stored.next_offset, memo.position), Stored(stored.next_offset, max(stored.epoch, memo.epoch)))


class Cluster:
    """What the Kafka cluster knows of partitions. Blocks. Raises UpstreamError."""

    def __init__(self, kafka: KafkaSettings) -> None:
        self._kafka = kafka
        self._admin: AdminClient | None = None

    def places(self, partitions: Collection[TP]) -> dict[TP, Place]:
        found = topic_ids(self._client(), sorted({tp.topic for tp in partitions}))
        if missing := sorted({tp.topic for tp in partitions} - found.keys()):
            raise UpstreamError(f"topics {', '.join(missing)} are gone")
        return {tp: Place(tp.topic, found[tp.topic], tp.partition) for tp in partitions}

    def ends(self, partitions: Collection[TP]) -> dict[TP, int]:
        """One past the last offset there is."""
        wanted = {ck.TopicPartition(tp.topic, tp.partition): OffsetSpec.latest() for tp in partitions}
        try:
            futures = self._client().list_offsets(wanted, request_timeout=REQUEST_S)
            return {TP(at.topic, at.partition): future.result().offset for at, future in futures.items()}
        except ck.KafkaException as error:
            raise UpstreamError(f"cannot list offsets: {error.args[0].str()}") from error

    def _client(self) -> AdminClient:
        if self._admin is None:
            self._admin = admin(self._kafka)
        return self._admin


class SinkPlacement:
    """Takes partitions over in the sink and starts each behind the highest offset stored there."""

    def __init__(
        self, sink: Sink, routes: Mapping[str, Route], loader: Loader, cluster: Cluster, letters: DeadLetters
    ) -> None:
        self._sink = sink
        self._routes = routes
        self._loader = loader
        self._cluster = cluster
        self._letters = letters
        self._places: dict[TP, Place] = {}
        self._table_ids: Mapping[str, str] = {}
        self.before_revoke: Callable[[], None] = lambda: None
        self.led: frozenset[TP] = frozenset()
        """The partitions of the last assignment, also after they were let go of at the end."""

    async def assigned(self, partitions: frozenset[TP], committed: Mapping[TP, Committed]) -> Mapping[TP, int]:
        started_s = time.monotonic()
        places = await asyncio.to_thread(self._cluster.places, partitions)
        tables = {topic: route.table for topic, route in self._routes.items()}
        tenure = await asyncio.to_thread(self._sink.take_over, list(places.values()), tables)
        mine = [place for place in places.values() if self._routes[place.topic].owns_poison]
        await asyncio.to_thread(self._letters.resume, mine)
        done = {}
        for tp, place in places.items():
            memo = Memo.parse(committed[tp].metadata) if tp in committed else None
            done[tp] = resume(place, tenure.table_ids[tables[tp.topic].name], tenure.stored[place], memo)
        _refuse_lost(done, await asyncio.to_thread(self._cluster.ends, partitions) if partitions else {})
        self._places, self._table_ids, self.led = places, tenure.table_ids, partitions
        self._loader.begin(tenure, {places[tp]: each for tp, each in done.items()})
        count(Metric.TAKEOVERS, len(places), stage=STAGE)
        observe(Metric.TAKEOVER_SECONDS, time.monotonic() - started_s, stage=STAGE)
        return {tp: each.position or ck.OFFSET_BEGINNING for tp, each in done.items()}

    async def revoked(self, partitions: frozenset[TP]) -> None:
        self.before_revoke()
        await self._loader.end()

    def metadata(self, tp: TP) -> str:
        place = self._places.get(tp)
        done = None if place is None else self._loader.done.get(place)
        if place is None or done is None:
            return ""
        table_id = self._table_ids[self._routes[tp.topic].table.name]
        stored = done.stored
        return Memo(str(place.topic_id), table_id, stored.next_offset, done.position, stored.epoch).text()


def _refuse_lost(done: Mapping[TP, Done], ends: Mapping[TP, int]) -> None:
    """Kafka gives an offset out once. Where it has fewer records than are stored, it lost some, will give their offsets
    to others, and those would never be stored."""
    lost = [
        f"{tp.topic}/{tp.partition} ends at {ends[tp]}, but {each.position} records of it are stored"
        for tp, each in sorted(done.items())
        if each.position > ends[tp]
    ]
    if lost:
        raise UpstreamError(f"the Kafka cluster lost records: {'; '.join(lost)}. Create the topics anew to go on")
