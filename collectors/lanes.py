"""Which partition gets what of a batch, in which order, and with which counts. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from collectors.port import Batch, Longs, SessionEvent, Stream, Ticks
from collectors.script import Cursor
from tierfeed.domain.partitions import partition_of

Told = tuple[SessionEvent, int]
"""A session event, and the ticks of its stream before it on the partition that it is told to."""


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
    """One partition's share of a batch: rows of its ticks, and events. `places`: how many of the rows precede each."""

    partition: int
    rows: Longs
    places: list[int]
    told: list[Told]


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
        return [_share(at, lane, np.flatnonzero(home == at), batch) for at, lane in self._lanes.items()]


def _share(partition: int, lane: Lane, rows: Longs, batch: Batch) -> Plan:
    ticks = batch.ticks
    skip = Cursor(min(lane.skip.ticks, len(rows)), min(lane.skip.events, len(batch.events)))
    lane.skip = Cursor(lane.skip.ticks - skip.ticks, lane.skip.events - skip.events)
    rows, events = rows[skip.ticks :], batch.events[skip.events :]
    times = [event.time_us for event in events]
    received = ticks.received_us[rows]
    places = np.searchsorted(received, times, "left")
    lane.last_us = max([lane.last_us, *received[-1:].tolist(), *times])
    return Plan(partition, rows, places.tolist(), _counted(lane, ticks.take(rows), places, events))


def _counted(lane: Lane, ticks: Ticks, places: npt.NDArray[np.intp], events: Sequence[SessionEvent]) -> list[Told]:
    """Each event with the ticks of its stream on this partition before it. The lane's counts move on by all `ticks`."""
    before = [0] * len(events)
    streams = {(event.line, event.session) for event in events}
    streams |= set(zip(*(part.tolist() for part in np.unique((ticks.line, ticks.session), axis=1)), strict=True))
    for stream in streams:
        so_far = np.concatenate(([0], np.cumsum((ticks.line == stream[0]) & (ticks.session == stream[1]))))
        base = lane.count(stream)
        for at, event in enumerate(events):
            if (event.line, event.session) == stream:
                before[at] = base + int(so_far[places[at]])
        lane.ticks[stream] = base + int(so_far[-1])
    return list(zip(events, before, strict=True))
