"""A fetched batch of a broker's topic, read into events: columns decoded, names interned, poison set aside."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from infra.transport import FetchedBatch
from schemas.catalogue import schema
from schemas.codec import Columns, Decoder, Frame
from streams.kernels.intern import MALFORMED, Symbols, named
from streams.kernels.state import BEAT, END, EVENT, NAMELESS, NEVER, START, TICK, UNREADABLE, Records
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


class Reader:
    """Reads one broker's records."""

    def __init__(self, broker: str, index: int, symbols: Symbols, streams_of: StreamsOf, ids: dict[str, int]) -> None:
        self._name = np.frombuffer(broker.encode(), np.uint8)
        self._broker, self._index = broker, index
        self._symbols, self._streams_of = symbols, streams_of
        self._tick_id, self._session_id = ids["Tick"], ids["SessionRecord"]
        self._ticks = Decoder(schema("Tick"), self._tick_id)
        self._sessions = Decoder(schema("SessionRecord"), self._session_id)

    def read(self, batch: FetchedBatch) -> Reading:
        """Decode a batch. What cannot be read keeps its place as an UNREADABLE event and is told as poison."""
        payloads = batch.payloads
        frame = Frame.of(payloads)
        events = np.zeros(len(payloads), EVENT)
        events["broker"] = self._index
        events["stream"] = -1
        events["kind"] = UNREADABLE
        events["time"] = NEVER
        events["offset"] = batch.offsets()
        reading = Reading(events)
        ticks = np.flatnonzero(frame.ids == self._tick_id)
        sessions = np.flatnonzero(frame.ids == self._session_id)
        if len(ticks):
            self._read_ticks(reading, ticks, self._ticks.decode(frame, ticks), batch)
        if len(sessions):
            self._read_sessions(reading, sessions, self._sessions.decode(frame, sessions), batch)
        if len(ticks) + len(sessions) < len(payloads):
            known = (frame.ids == self._tick_id) | (frame.ids == self._session_id)
            for i in np.flatnonzero(~known).tolist():
                # A kind that this version does not know is not poison: readers skip it.
                if not any(name == "kind" for name, _ in batch.messages[i].headers() or ()):
                    _add_poison(reading, batch, i, f"schema id {frame.ids[i]} is neither Tick nor SessionRecord")
        # A takeover goes on behind the last dead letter: in any other order some would be left out.
        reading.poison.sort(key=lambda poison: poison.offset)
        return reading

    def _read_ticks(self, reading: Reading, rows: Any, columns: Columns, batch: FetchedBatch) -> None:
        bid, ask = columns.doubles("bid"), columns.doubles("ask")
        starts, lengths = columns.strings("symbol")
        symbols = self._symbols.ids(columns.buf, starts, lengths)
        belongs = np.ones(len(rows), np.bool_)
        named(columns.buf, *columns.strings("broker"), self._name, belongs)
        priced = (bid >= 0) & (ask >= 0) & np.isfinite(bid) & np.isfinite(ask) & ((bid > 0) | (ask > 0))
        readable = columns.ok & belongs
        fit = readable & priced & (symbols != MALFORMED)
        if not fit.all():
            for k in np.flatnonzero(~fit).tolist():
                reason = self._complaint(columns, k, bool(belongs[k]), int(symbols[k]))
                _add_poison(reading, batch, int(rows[k]), reason)
        chosen: Any = slice(None) if readable.all() else readable
        kept = rows[chosen]
        events = reading.events
        part = np.zeros(len(kept), EVENT)
        part["broker"], part["offset"], part["symbol"] = self._index, events["offset"][kept], symbols[chosen]
        part["kind"] = np.where(part["symbol"] == MALFORMED, NAMELESS, TICK)
        part["stream"] = self._streams_of(columns.longs("line")[chosen], columns.longs("session")[chosen])
        part["bid"], part["ask"] = bid[chosen], ask[chosen]
        for name in ("bid_size", "ask_size"):
            part[name] = np.where(columns.valid(name), columns.doubles(name), np.nan)[chosen]
        part["event_time"] = np.where(columns.valid("event_time"), columns.longs("event_time"), NEVER)[chosen]
        part["time"] = part["received_time"] = columns.longs("received_time")[chosen]
        part["sequence"], part["flags"] = columns.longs("sequence")[chosen], columns.longs("flags")[chosen]
        events[kept] = part

    def _complaint(self, columns: Columns, k: int, belongs: bool, symbol: int) -> str:
        if not columns.ok[k]:
            return "not a Tick: the payload does not decode"
        if not belongs:
            return f"broker is {columns.text('broker')[k]!r} in the topic of {self._broker!r}"
        if symbol == MALFORMED:
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
        offsets = (columns.longs("time") - columns.longs("wall_time"))[ok]
        speeds = columns.doubles("speed")[ok]
        last = dict(zip(streams.tolist(), range(len(kept)), strict=True))
        reading.clocks = [Clock(stream, float(speeds[i]), int(offsets[i])) for stream, i in last.items()]


def _add_poison(reading: Reading, batch: FetchedBatch, i: int, reason: str) -> None:
    message = batch.messages[i]
    reading.poison.append(Poison(message.offset(), reason, message.key(), message.value()))
