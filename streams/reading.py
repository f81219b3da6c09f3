"""A fetched batch of a broker's topic, read into events: columns decoded, names interned, poison set aside."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from infra.batches import FetchedBatch
from schemas.catalogue import schema
from schemas.codec import Columns, Decoder, Frame
from streams.kernels.intake import FIELDS, fill_ticks
from streams.kernels.intern import Symbols
from streams.kernels.state import (
    BEAT,
    END,
    EVENT,
    NAMELESS,
    NEVER,
    NO_STREAM,
    PLANNED,
    START,
    TICK,
    UNREADABLE,
    Records,
)
from tierfeed.domain.words import SessionKind

KIND_OF_SESSION = {SessionKind.SESSION_START: START, SessionKind.HEARTBEAT: BEAT, SessionKind.SESSION_END: END}
_KINDS = np.array([KIND_OF_SESSION[kind] for kind in SessionKind], dtype=np.int8)

StreamsOf = Callable[[npt.NDArray[np.int64], npt.NDArray[np.int64]], npt.NDArray[np.int64]]


@dataclass(slots=True)
class Poison:
    """A record that broke its contract, as it came."""

    offset: int
    reason: str
    key: bytes | None
    value: bytes | None


@dataclass(slots=True)
class Clock:
    """What a session record says about its session's clock."""

    stream: int
    speed: float
    offset_us: int
    """The session's clock less the wall clock; means nothing unless the speed is 1."""


@dataclass(slots=True)
class Reading:
    """One batch as events, in offset order."""

    events: Records
    poison: list[Poison] = field(default_factory=list)
    clocks: list[Clock] = field(default_factory=list)
    planned_ends: int = 0
    """How many of the events are an END with PLANNED."""


class Reader:
    """Reads one broker's records."""

    def __init__(
        self,
        broker: str,
        index: int,
        symbols: Symbols,
        streams: Callable[[], tuple[Records, int]],
        streams_of: StreamsOf,
        ids: dict[str, int],
    ) -> None:
        self._name = np.frombuffer(broker.encode(), np.uint8)
        self._broker, self._index = broker, index
        self._symbols, self._streams, self._streams_of = symbols, streams, streams_of
        self._tick_id, self._session_id = ids["Tick"], ids["SessionRecord"]
        self._ticks = Decoder(schema("Tick"), self._tick_id)
        self._at = np.array([self._ticks.column(name) for name in FIELDS], np.int64)
        self._sessions = Decoder(schema("SessionRecord"), self._session_id)
        self._blanks, self._rows = np.zeros(1, EVENT), np.arange(1)
        for name, value in {"broker": index, "stream": NO_STREAM, "kind": UNREADABLE, "time": NEVER}.items():
            self._blanks[name] = value

    def read(self, batch: FetchedBatch) -> Reading:
        """Decode a batch. What cannot be read keeps its place as an UNREADABLE event and is told as poison."""
        frame = Frame.of(batch.payloads)
        n = len(frame)
        if n > len(self._blanks):
            self._blanks, self._rows = np.full(2 * n, self._blanks[0]), np.arange(2 * n)
        events = self._blanks[:n].copy()
        events["offset"] = batch.offsets()
        reading = Reading(events)
        if (frame.ids == self._tick_id).all():
            self._read_ticks(reading, self._rows[:n], self._ticks.decode(frame), batch)
            return reading
        ticks, sessions = frame.rows(self._tick_id), frame.rows(self._session_id)
        if len(ticks):
            self._read_ticks(reading, ticks, self._ticks.decode(frame, ticks), batch)
        if len(sessions):
            self._read_sessions(reading, sessions, self._sessions.decode(frame, sessions), batch)
        if len(ticks) + len(sessions) < n:
            known = (frame.ids == self._tick_id) | (frame.ids == self._session_id)
            for i in np.flatnonzero(~known).tolist():
                # A kind that this version does not know is not poison: readers skip it.
                if not any(name == "kind" for name, _ in batch.messages[i].headers() or ()):
                    _add_poison(reading, batch, i, f"schema id {frame.ids[i]} is neither Tick nor SessionRecord")
        # A takeover goes on behind the last dead letter: in any other order some would be left out.
        reading.poison.sort(key=lambda poison: poison.offset)
        return reading

    def _read_ticks(self, reading: Reading, rows: Any, columns: Columns, batch: FetchedBatch) -> None:
        numbers, poison = columns.numbers, np.empty(len(rows), np.bool_)
        assert isinstance(numbers, np.ndarray)
        decoded = (columns.buf, columns.ok, numbers, numbers.view(np.float64), columns.present)
        while True:
            names = (self._name, self._symbols.table)
            known = (self._index, *self._streams())
            new_symbol, new_stream = fill_ticks(reading.events, rows, self._at, decoded, names, *known, poison)
            if not (new_symbol or new_stream):
                break
            readable = reading.events["kind"][rows] != UNREADABLE
            if new_stream:
                self._streams_of(columns.longs("line")[readable], columns.longs("session")[readable])
            if new_symbol:
                fit = readable & (reading.events["kind"][rows] == TICK)
                for name in dict.fromkeys(columns.text("symbol", np.flatnonzero(fit))):
                    self._symbols.enter(str(name))
        if poison.any():
            for k in np.flatnonzero(poison).tolist():
                kind = int(reading.events["kind"][rows[k]])
                _add_poison(reading, batch, int(rows[k]), self._complaint(columns, k, kind))

    def _complaint(self, columns: Columns, k: int, kind: int) -> str:
        if not columns.ok[k]:
            return "not a Tick: the payload does not decode"
        if kind == UNREADABLE:
            return f"broker is {columns.text('broker')[k]!r} in the topic of {self._broker!r}"
        if kind == NAMELESS:
            return f"symbol must match [A-Z0-9]{{3,16}}, was {columns.text('symbol')[k]!r}"
        bid, ask = columns.doubles("bid")[k], columns.doubles("ask")[k]
        return f"a price must be finite and at least one positive, was bid {bid} ask {ask}"

    def _read_sessions(self, reading: Reading, rows: Any, columns: Columns, batch: FetchedBatch) -> None:
        for k in np.flatnonzero(~columns.ok).tolist():
            _add_poison(reading, batch, int(rows[k]), "not a SessionRecord: the payload does not decode")
        kept = rows[columns.ok]
        if not len(kept):
            return
        ok = columns.ok
        streams = self._streams_of(columns.longs("line")[ok], columns.longs("session")[ok])
        events = reading.events
        events["kind"][kept] = _KINDS[columns.longs("kind")[ok]]
        events["stream"][kept] = streams
        events["time"][kept] = events["received_time"][kept] = columns.longs("time")[ok]
        # One out of the planned course says its reason: that the collector was stopped, or has lost the session.
        planned = (events["kind"][kept] == END) & ~columns.valid("reason")[ok]
        events["flags"][kept[planned]] = PLANNED
        reading.planned_ends = int(planned.sum())
        offsets = (columns.longs("time") - columns.longs("wall_time"))[ok]
        speeds = columns.doubles("speed")[ok]
        last = dict(zip(streams.tolist(), range(len(kept)), strict=True))
        reading.clocks = [Clock(stream, float(speeds[i]), int(offsets[i])) for stream, i in last.items()]


def _add_poison(reading: Reading, batch: FetchedBatch, i: int, reason: str) -> None:
    message = batch.messages[i]
    reading.poison.append(Poison(message.offset(), reason, message.key(), message.value()))
