"""What waits to be stored: gathered per table, handed over by size or by age, never more than a bound.

Records become columns while their load still gathers, so what waits is rows, not Kafka's messages. While one load of a
table is being stored the next one gathers; when that is full, whoever brings more has to wait, and with him the
transport and librdkafka's fetching.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol

import structlog

from infra.metrics import Metric, count, observe
from schemas.catalogue import Schema
from sinks.batch import BY_ID, Fetched, Poison, Reading, Unstored, joined, read
from sinks.port import Place, Stored, Tenure
from sinks.tables import Route
from tierfeed.settings import SinkSettings

log = structlog.get_logger(__name__)

FLUSH_AT_REVOKE_S: Final = 4.0
"""A rebalance does not wait longer: what is not stored then, the next owner reads again."""
READ_RECORDS: Final = 16_384
"""So many at once become columns. A message takes five times the room of its row, and is cheapest to let go of while
the processor still has it at hand: of a consumer that held 100,000 each record cost 0.9 µs of CPU, instead of 0.65."""
LOAD_BYTES: Final = 64 << 20
"""A load of so many bytes is full too, however few rows it has: rows of some tiers are many times as long as ticks."""


class Load(Fetched, Protocol):
    """A fetched batch; `end_offset` is one past the last offset read, also where there are no messages."""

    @property
    def end_offset(self) -> int: ...


class DeadLetterBox(Protocol):
    """Where poison goes."""

    def send(self, poison: list[Poison]) -> None:
        """Blocks until it is there. Raises UpstreamError."""
        ...


@dataclass(frozen=True, slots=True)
class Done:
    """How far a place has come: everything below `position` is stored or counted as not to be stored."""

    position: int
    stored: Stored


@dataclass(frozen=True, slots=True)
class _Taken:
    """A fetched batch whose records have been taken out of it: how far it went, and whom to tell."""

    place: Place
    end_offset: int
    ack: Callable[[], object]


@dataclass(slots=True)
class _Load:
    """What becomes one insert. `trouble` is what went wrong in reading it: then none of it is stored."""

    taken: list[_Taken] = field(default_factory=list)
    readings: list[Reading] = field(default_factory=list)
    records: int = 0
    bytes: int = 0
    trouble: Exception | None = None


class Loader:
    """Stores what it is given under the tenure it has, then acknowledges it.

    `fail` is told of what cannot be helped; after that nothing is acknowledged any more and `take` does not return.
    """

    def __init__(
        self,
        routes: Mapping[str, Route],
        settings: SinkSettings,
        box: DeadLetterBox,
        fail: Callable[[BaseException], None],
        by_id: Mapping[int, Schema] = BY_ID,
    ) -> None:
        self._routes = routes
        self._by_id = by_id
        self._box = box
        self._fail = fail
        self._settings = settings
        self._places: dict[tuple[str, int], Place] = {}
        self._lanes: dict[str, _Lane] = {}
        self.done: dict[Place, Done] = {}
        self.unstored: Counter[tuple[str, Unstored]] = Counter()

    def begin(self, tenure: Tenure, done: Mapping[Place, Done]) -> None:
        """Take batches of the places in `done` from now on."""
        self._places = {(place.topic, place.partition): place for place in done}
        self.done = dict(done)
        names = {route.table.name for route in self._routes.values()}
        epochs = {place: each.stored.epoch for place, each in done.items()}
        self._lanes = {name: _Lane(self, tenure, epochs) for name in sorted(names)}

    async def take(self, batch: Load, topic: str, partition: int, ack: Callable[[], object]) -> None:
        """Have `batch` stored some time soon; returns when there is room for another one."""
        place = self._places.get((topic, partition))
        if place is None:
            return
        lane = self._lanes[self._routes[topic].table.name]
        lane.add(place, batch, ack)
        await lane.room()

    async def end(self, within_s: float = FLUSH_AT_REVOKE_S) -> None:
        """Store what waits, if that is possible in time, and take nothing more."""
        self._places = {}
        lanes, self._lanes = self._lanes, {}
        try:
            await asyncio.wait_for(asyncio.gather(*(lane.drain() for lane in lanes.values())), within_s)
        except TimeoutError:
            log.warning("not stored in time, the next owner reads it again", within_s=within_s)
        for lane in lanes.values():
            lane.drop()

    # -- for the lanes

    @property
    def flush_rows(self) -> int:
        return self._settings.flush_rows

    @property
    def flush_s(self) -> float:
        return self._settings.flush_ms / 1000

    def read(self, unread: list[tuple[Place, Load]], epochs: Mapping[Place, int]) -> Reading:
        return read(unread, self._routes, epochs, self._by_id)

    def store(self, load: _Load, tenure: Tenure) -> Reading:
        """Blocks. Dead letters go first: a row stored behind one says that everything before it was dealt with."""
        if load.trouble is not None:
            raise load.trouble
        reading = joined(load.readings)
        load.readings.clear()  # they are a second copy of the rows
        if reading.poison:
            self._box.send(reading.poison)
        rows = reading.rows
        if rows is not None:
            started_s = time.monotonic()
            tenure.store(rows)
            observe(Metric.SINK_INSERT_SECONDS, time.monotonic() - started_s, table=rows.table.name)
            count(Metric.SINK_INSERTS, table=rows.table.name, outcome="stored")
            count(Metric.SINK_ROWS, rows.count, table=rows.table.name)
        return reading

    def stored(self, load: _Load, reading: Reading) -> None:
        """On the event loop: what was stored may be committed."""
        following = {span.place: span.last_offset + 1 for span in reading.rows.spans} if reading.rows else {}
        for taken in load.taken:
            done = self.done[taken.place]
            stored = Stored(following.get(taken.place, done.stored.next_offset), reading.epochs[taken.place])
            self.done[taken.place] = Done(max(done.position, taken.end_offset), stored)
            taken.ack()
        self.unstored += reading.unstored
        for (topic, reason), records in reading.unstored.items():
            if reason is Unstored.STALE_EPOCH:
                count(Metric.STALE_EPOCH_RECORDS, records, reader="sink", tier=self._routes[topic].tier)

    async def fail(self, error: BaseException) -> None:
        """Does not return: nothing behind what failed may be stored or acknowledged."""
        self._fail(error)
        await asyncio.Event().wait()


class _Lane:
    """One table's queue: at most `flush_rows` and a batch gathering, the same again being stored.

    `epochs`: the highest epoch met so far of each place, carried from reading to reading.
    """

    def __init__(self, loader: Loader, tenure: Tenure, epochs: Mapping[Place, int]) -> None:
        self._loader = loader
        self._tenure = tenure
        self._epochs = epochs
        self._unread: list[tuple[Place, Load]] = []
        self._unread_records = 0
        self._load = _Load()
        self._running: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._is_due = False
        self._is_dropped = False

    def add(self, place: Place, batch: Load, ack: Callable[[], object]) -> None:
        self._load.taken.append(_Taken(place, batch.end_offset, ack))
        self._load.records += len(batch.messages)
        self._unread.append((place, batch))
        self._unread_records += len(batch.messages)
        if self._unread_records >= READ_RECORDS:
            self._read()
        if self._timer is None and not self._is_due:
            self._timer = asyncio.get_running_loop().call_later(self._loader.flush_s, self._due)

    def _read(self) -> None:
        # On the event loop, so that readings come in the order of the records: it takes some milliseconds.
        unread, self._unread, self._unread_records = self._unread, [], 0
        try:
            reading = self._loader.read(unread, self._epochs)
        except Exception as error:  # noqa: BLE001  told when its load's turn comes: a timer has no caller
            self._load.trouble = error
            return
        self._epochs = reading.epochs
        self._load.readings.append(reading)
        self._load.bytes += 0 if reading.rows is None else reading.rows.batch.nbytes

    async def room(self) -> None:
        while self._is_full and self._running is not None:
            await asyncio.wait({self._running})
        self._start_if_wanted()

    async def drain(self) -> None:
        while self._load.taken or self._running is not None:
            self._is_due = True
            self._start_if_wanted()
            if self._running is not None:
                await asyncio.wait({self._running})

    def drop(self) -> None:
        self._is_dropped = True
        self._load, self._unread, self._unread_records = _Load(), [], 0
        if self._timer is not None:
            self._timer.cancel()

    @property
    def _is_full(self) -> bool:
        return self._load.records >= self._loader.flush_rows or self._load.bytes >= LOAD_BYTES

    def _due(self) -> None:
        self._timer, self._is_due = None, True
        self._start_if_wanted()

    def _start_if_wanted(self) -> None:
        if self._running is None and self._load.taken and (self._is_due or self._is_full):
            if self._unread:
                self._read()
            load, self._load, self._is_due = self._load, _Load(), False
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None
            self._running = asyncio.ensure_future(self._run(load))

    async def _run(self, load: _Load) -> None:
        try:
            reading = await asyncio.to_thread(self._loader.store, load, self._tenure)
        except Exception as error:  # noqa: BLE001  whatever it was, it must end the process, not this task alone
            if not self._is_dropped:
                await self._loader.fail(error)
            return
        if self._is_dropped:
            return  # the partitions are not ours any more, or under a new tenure
        self._loader.stored(load, reading)
        self._running = None
        self._start_if_wanted()
