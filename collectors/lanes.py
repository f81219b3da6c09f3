"""Which partition gets what of a batch, in which order, and with which counts. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from collectors.port import Batch, Longs, Stream, Ticks
from collectors.script import Cursor
from tierfeed.domain.partitions import partition_of


@dataclass(slots=True)
class Lane:
    """One partition: what of the coming batches it holds already, its ticks of each stream, its latest time."""

    skip: Cursor = field(default_factory=Cursor)
    ticks: dict[Stream, int] = field(default_factory=dict)
    last_us: int = 0

    def count(self, stream: Stream) -> int:
        return self.ticks.get(stream, 0)


@dataclass(frozen=True, slots=True)
class Plan:
    """One partition's share of a batch: rows of its ticks, positions of its events.

    `places`: how many of the rows precede each event. `counts`: how many ticks of the event's stream precede it on this
    partition, from the very first one on.
    """

    partition: int
    rows: Longs
    events: Longs
    places: Longs
    counts: Longs


class Lanes:
    """All partitions of one broker's topic."""

    def __init__(self, lanes: Mapping[int, Lane]) -> None:
        self._lanes = dict(sorted(lanes.items()))
        self._symbols: tuple[str, ...] = ()
        self._homes: Longs = np.empty(0, np.int64)

    def __getitem__(self, partition: int) -> Lane:
        return self._lanes[partition]

    @property
    def partitions(self) -> tuple[int, ...]:
        return tuple(self._lanes)

    def home(self, symbol: str) -> int:
        return partition_of(symbol, len(self._lanes))

    def plan(self, batch: Batch) -> list[Plan]:
        """Every partition's share of `batch`: what it does not hold already. The lanes move on."""
        if batch.ticks.symbols != self._symbols:
            self._symbols = batch.ticks.symbols
            self._homes = np.array([self.home(symbol) for symbol in self._symbols], np.int64)
        home = self._homes[batch.ticks.symbol] if len(batch.ticks) else batch.ticks.symbol
        events = _Events.of(batch)
        return [_share(at, lane, np.flatnonzero(home == at), batch.ticks, events) for at, lane in self._lanes.items()]


@dataclass(frozen=True, slots=True)
class _Events:
    """A batch's events as columns; `stream` holds positions in `streams`, which are all those of the batch."""

    streams: tuple[Stream, ...]
    stream: Longs
    times: Longs
    of_ticks: Longs

    @classmethod
    def of(cls, batch: Batch) -> "_Events":
        ticks, events = batch.ticks, batch.events
        pairs = np.array([(event.line, event.session) for event in events], np.int64).reshape(-1, 2)
        every = np.concatenate((pairs, np.stack((ticks.line, ticks.session), axis=1)))
        streams, where = np.unique(every, axis=0, return_inverse=True)
        times = np.array([event.time_us for event in events], np.int64)
        told = tuple((line, session) for line, session in streams.tolist())
        return cls(told, where.ravel()[: len(events)], times, where.ravel()[len(events) :])


def _share(partition: int, lane: Lane, rows: Longs, ticks: Ticks, events: _Events) -> Plan:
    skip = Cursor(min(lane.skip.ticks, len(rows)), min(lane.skip.events, len(events.times)))
    lane.skip = Cursor(lane.skip.ticks - skip.ticks, lane.skip.events - skip.events)
    rows, mine = rows[skip.ticks :], np.arange(skip.events, len(events.times), dtype=np.int64)
    received, times = ticks.received_us[rows], events.times[mine]
    places = np.searchsorted(received, times, "left").astype(np.int64)
    lane.last_us = max([lane.last_us, *received[-1:].tolist(), *times[-1:].tolist()])
    counts = np.zeros(len(mine), np.int64)
    for code, stream in enumerate(events.streams):
        so_far = np.concatenate(([0], np.cumsum(events.of_ticks[rows] == code)))
        told = events.stream[mine] == code
        counts[told] = lane.count(stream) + so_far[places[told]]
        lane.ticks[stream] = lane.count(stream) + int(so_far[-1])
    return Plan(partition, rows, mine, places, counts)
