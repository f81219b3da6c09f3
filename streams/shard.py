"""One shard: a partition number over all broker topics. Events go in as they are read; records come out.

Owns the kernels' memory, the names, and the decision between live time and the data's own time. Does no I/O.
"""

import functools
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from infra.batches import FetchedBatch
from streams.kernels import line, memory
from streams.kernels.align import FOREVER, Aligner
from streams.kernels.conflate import begin_intervals
from streams.kernels.intern import Symbols, streams_of
from streams.kernels.state import (
    END,
    EVENT,
    FOREIGN,
    NEVER,
    NO_STREAM,
    PLANNED,
    SECOND_US,
    STREAM,
    Records,
    Rows,
    Rules,
    State,
    new_rows,
    new_state,
)
from streams.membership import Order, laid, set_members
from streams.reading import Poison, Reader
from streams.resuming import Published, take_up
from tierfeed.domain.symbols import price_digits
from tierfeed.domain.tiers import Tier

NO_EVENTS = np.zeros(0, EVENT)
NOBODY = -1
"""The broker of a stream's place that is free."""
LIVE = 1.0
BEHIND_US = 2_000_000
"""A live batch this much older than the clock is a backlog: it is merged, not applied on arrival."""
SPARE_ROWS = 8192

Emit = Callable[[Rows], int | None]
"""Hands rows over; tells when, in the sessions' clock, where that is not the data's own time."""
Drops = npt.NDArray[np.int8]


class Shard:
    """The line over one partition number. `brokers` is sorted by name; positions in it are broker indices."""

    def __init__(self, brokers: Sequence[str], tiers: Sequence[Tier], rules: Rules, ids: dict[str, int]) -> None:
        self.brokers, self.tiers, self.rules = tuple(brokers), tuple(tiers), rules
        self.symbols = Symbols()
        self.aligner = Aligner(len(brokers))
        self.live = False
        self._streams: dict[tuple[int, int, int], int] = {}
        self._places, self._free = 0, list[int]()
        self._clocks: dict[int, float] = {}
        self._clock_offset_us = 0
        self._are_open = self._on_wall_clock = False
        self._now_us = self._second_us = self._owed_us = int(NEVER)
        self._remembered = self._latencies = 0
        self._orders: tuple[Order, ...] = ()
        self._order_ids: tuple[str, ...] = ()
        self._planned_ends = 0
        """Read, and not yet applied."""
        self.on_end: Callable[[int, int], None] = lambda broker, at_us: None
        """Told when all sessions of a broker have ended as planned, before any window behind that is handed over."""
        self.state = self._empty()
        self._rows = new_rows(
            SPARE_ROWS + self.state.composites.size, SPARE_ROWS + self.state.quotes.size, len(self.brokers)
        )
        self._readers = [
            Reader(name, b, self.symbols, self._known_streams, functools.partial(self._stream_ids, b), ids)
            for b, name in enumerate(self.brokers)
        ]

    def _empty(self) -> State:
        state = new_state(len(self.brokers), len(self.tiers), 64, 8, 1 << 14, 1 << 12)
        set_members(state, self.brokers, self.tiers)
        for t, tier in enumerate(self.tiers):
            state.tiers[t]["interval"] = tier.interval_us
            state.tiers[t]["detail"] = tier.record == "EnterpriseQuote"
            state.engine["leads"] |= tier.record == "EnterpriseQuote"
        return state

    # -- in

    def obey(self, orders: Sequence[Order]) -> None:
        """These orders, and no others, are in force from now on, each in its time; the newer ones behind the older.

        One that began in the past begins at the next second, or, where the shard is behind, when it did. So a worker
        that takes over tells what was in force as the ticks came that it reads again, also if it is over by now: its
        end is an update, too, which the worker before may not have told.
        """
        self._orders = tuple(orders)
        tiers, now_us = [tier.name for tier in self.tiers], int(self.state.engine["now"][0])
        rows, self._order_ids = laid(self._orders, self.brokers, tiers, self.symbols.names, now_us)
        self.state = self.state._replace(orders=rows)

    def in_force(self) -> frozenset[str]:
        """Ids of the orders that were in force at the last whole second."""
        begun = self.state.orders["begun"].tolist()
        return frozenset(name for name, at in zip(self._order_ids, begun, strict=True) if at)

    def has(self, tier: int, broker: int) -> bool:
        """Whether a broker is one of the tier's, its own or admitted."""
        return bool(self.state.has_broker[tier, broker] != FOREIGN)

    def prime(self, published: Sequence[Published], settled_us: Mapping[int, int]) -> None:
        """Take up numbering and intervals where an earlier worker left them; what it covered is applied silently."""
        for t, us in settled_us.items():
            self.state.tiers[t]["settled"] = us
        self.state.engine["ticked"] = bool(published)
        for was in sorted(published, key=lambda p: p.released):
            s = self._symbol(was.symbol)
            take_up(self.state, was, s, self.brokers, self.tiers[was.tier])

    def read(self, batch: FetchedBatch, broker: int) -> list[Poison]:
        """Take in one batch of a broker's partition; returns what was not fit to be applied."""
        lane = self.aligner.lanes[broker]
        lane.at_end = batch.at_end
        if not batch.messages:
            return []
        self._forget_streams()
        reading = self._readers[broker].read(batch)
        self._provide_for_symbols()
        for clock in reading.clocks:
            self._clocks[clock.stream] = clock.speed
            if clock.speed == LIVE:
                self._clock_offset_us = clock.offset_us
        self._planned_ends += reading.planned_ends
        if lane.add(reading.events, may_end=bool(reading.clocks)):
            self._follow_sessions()
        return reading.poison

    def _known_streams(self) -> tuple[Records, int]:
        return self.state.streams, self._places

    def _stream_ids(
        self, broker: int, lines: npt.NDArray[np.int64], sessions: npt.NDArray[np.int64]
    ) -> npt.NDArray[np.int64]:
        out = np.empty(len(lines), np.int64)
        if streams_of(self.state.streams, self._places, broker, lines, sessions, out):
            for i in np.flatnonzero(out == NO_STREAM).tolist():
                self._enter_stream((broker, int(lines[i]), int(sessions[i])))
            streams_of(self.state.streams, self._places, broker, lines, sessions, out)
        return out

    def _enter_stream(self, key: tuple[int, int, int]) -> None:
        if key in self._streams:
            return
        if self._free:
            x = self._free.pop()
        else:
            x, self._places = self._places, self._places + 1
            if x == len(self.state.streams):
                self.state = memory.with_streams(self.state, 2 * x)
        self._streams[key] = x
        self.state.streams[x] = np.zeros((), STREAM)
        known = self.state.streams[x]
        known["broker"], known["line"], known["session"] = key
        known["last"] = self.state.places[x]["newest"] = NEVER
        self.state.engine["streams"] = self._places

    def _forget_streams(self) -> None:
        """Free the places of streams that were last heard a quote's lifetime ago, when there is no other place left.

        Before a batch is read, for what it says must not rest on a place that another stream gets; and without a
        trace, for what a stream says after so long is judged as if it were new (`kernels/line.py`).
        """
        if self._free or self._places < len(self.state.streams):
            return
        long_ago = int(self.state.engine["now"][0]) - self.rules.quote_lifetime_us
        known = self.state.streams
        old = {
            key: x for key, x in self._streams.items() if known[x]["open"] == 0 and NEVER < known[x]["last"] < long_ago
        }
        if old:
            lanes = self.aligner.lanes
            waiting = set[int]().union(*(lane.open_streams for lane in lanes))
            waiting.update(x for lane in lanes for events in lane.chunks for x in events["stream"].tolist())
            old = {key: x for key, x in old.items() if x not in waiting}
        for key, x in old.items():
            del self._streams[key]
            self._clocks.pop(x, None)
            known[x]["broker"] = NOBODY
            self._free.append(x)
        if not old:
            self.state = memory.with_streams(self.state, 2 * self._places)

    def _symbol(self, name: str) -> int:
        s = self.symbols.enter(name)
        self._provide_for_symbols()
        return s

    def _provide_for_symbols(self) -> None:
        """Make room for, and set up, symbols met for the first time."""
        known, wanted = int(self.state.engine["symbols"][0]), len(self.symbols.names)
        if wanted == known:
            return
        room = self.state.quotes.shape[1]
        if wanted > room:
            while room < wanted:
                room *= 2
            self.state = memory.with_symbols(self.state, room)
            cells = self.state.composites.size
            self._rows = new_rows(SPARE_ROWS + cells, SPARE_ROWS + self.state.quotes.size, len(self.brokers))
        for s in range(known, wanted):
            name = self.symbols.names[s]
            self.state.scale[s] = 10.0 ** price_digits(name)
            for t, tier in enumerate(self.tiers):
                brokers = self.state.tiers[t]["own"] + self.state.tiers[t]["reserve"]
                self.state.composites[t, s]["carries"] = tier.carries(name) and brokers > 0
        self.state.engine["symbols"] = wanted
        if self._orders:
            self.obey(self._orders)

    # -- out

    def advance(self, wall_us: int, emit: Emit) -> int:
        """Apply what may be applied and fire what is due; `emit` is called with records. Returns events applied."""
        self._choose_mode(wall_us)
        if self.live:
            clock = wall_us + self._clock_offset_us
            events = self.aligner.take_all()
            return self._apply(events, clock, clock, emit)
        for lane in self.aligner.lanes:
            lane.awaited = bool(self._clocks)
        events, safe = self.aligner.take()
        applied = self._apply(events, NEVER if safe == FOREVER else safe, NEVER, emit)
        if safe == FOREVER:
            self._settle(emit)
        return applied

    def clock_us(self, wall_us: int) -> int | None:
        """The sessions' clock now; None on tape time, where only the data tells the time."""
        return wall_us + self._clock_offset_us if self._on_wall_clock else None

    def time_us(self) -> int | None:
        """The shard's own time; None before its first event."""
        return None if self._now_us == NEVER else self._now_us

    def next_due_us(self, wall_us: int) -> int | None:
        """Microseconds until a timer is due on live time; None where only data drives the timers."""
        if not self.live:
            return None
        earliest = self._second_us if self._owed_us == NEVER else min(self._second_us, self._owed_us)
        return max(earliest - (wall_us + self._clock_offset_us), 0)

    def _follow_sessions(self) -> None:
        """Which sessions are open, and whether all of them are on the wall clock."""
        streams = set[int]().union(*(lane.open_streams for lane in self.aligner.lanes))
        self._are_open = bool(streams)
        if streams:
            # Once all have ended, what is left goes out by the clock they had.
            self._on_wall_clock = all(self._clocks.get(stream) == LIVE for stream in streams)

    def _choose_mode(self, wall_us: int) -> None:
        on_wall_clock = self._are_open and self._on_wall_clock
        if self.live:
            clock = wall_us + self._clock_offset_us
            lagging = any(
                lane.held and not lane.at_end and clock - lane.time > BEHIND_US for lane in self.aligner.lanes
            )
            self.live = (on_wall_clock or self._owes_by_clock()) and not lagging
        else:
            self.live = on_wall_clock and all(lane.at_end for lane in self.aligner.lanes)

    def _owes_by_clock(self) -> bool:
        """Whether the sessions have ended before all is applied, and the last interval and the last second are over."""
        if self._are_open or not self._on_wall_clock:
            return False
        owes_window = self.state.windows["active"].any() or self.state.brokers["heartbeats"].any()
        return bool(self.aligner.held or self.state.composites["pending"].any() or owes_window)

    def _settle(self, emit: Emit) -> None:
        """Nothing is owed: the second in progress ends, last values go out, and time stands still again."""
        last = max(lane.time for lane in self.aligner.lanes)
        if last == NEVER:
            return
        self._apply(None, (last // SECOND_US + 1) * SECOND_US, NEVER, emit)
        pending = self.state.composites["pending"] == 1
        if pending.any():
            dues = self.state.composites["last_release"] + self.state.tiers["interval"][:, None]
            self._apply(None, int(dues[pending].max()), NEVER, emit)

    def _apply(self, events: Records | None, until: int, clock: int, emit: Emit) -> int:
        if events is None:
            events = NO_EVENTS
        done = self._apply_ends(events, clock, emit) if self._planned_ends else 0
        return done + self._apply_all(events[done:], until, clock, emit)

    def _apply_ends(self, events: Records, clock: int, emit: Emit) -> int:
        """Apply the events up to the last planned end, and see after each whether its broker is still there."""
        done = 0
        for i in ((events["kind"] == END) & (events["flags"] == PLANNED)).nonzero()[0].tolist():
            done += self._apply_all(events[done : i + 1], NEVER, clock, emit)
            self._planned_ends -= 1
            if not self.state.brokers["live"][events["broker"][i]]:
                self.on_end(int(events["broker"][i]), self._now_us)
        return done

    def _apply_all(self, events: Records, until: int, clock: int, emit: Emit) -> int:
        n = len(events)
        self._provide_for(n)
        drops = np.empty(n, np.int8)
        taken = 0
        while True:
            taken, done, self._now_us, self._second_us, self._owed_us, self._remembered, self._latencies = line.apply(
                self.state, self.rules, events, taken, until, clock, drops, self._rows
            )
            if self._rows.n.any():
                published = emit(self._rows)
                if self.live and published is not None:
                    self._owed_us = begin_intervals(self.state, self._rows, published)
                self._rows.n[:] = 0
            if done:
                return n

    def _provide_for(self, events: int) -> None:
        """Make room for what so many events may leave behind."""
        remembered = self._remembered + events
        slots = len(self.state.seen)
        if 2 * remembered > slots:
            while slots < 4 * remembered:
                slots *= 2
            self.state = memory.with_slots(self.state, slots)
        latencies = self._latencies + events
        if latencies > len(self.state.latencies):
            self.state = memory.with_latencies(self.state, 2 * latencies)
