"""A broker's ticks and session records to Avro payloads, by columns."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from collectors.port import Longs, SessionEvent, Ticks
from schemas.catalogue import schema
from schemas.codec import Column, Encoder, Nullable, Pool, Strings
from tierfeed.domain.words import Feed


class RecordEncoder:
    """Encodes one broker's records: `feed` and `speed` stand in all session records, `ids` are the schemas'."""

    def __init__(self, broker: str, feed: Feed, speed: float, ids: Mapping[str, int]) -> None:
        self._feed, self._speed = feed, speed
        self._ticks, self._sessions = (Encoder(schema(name), ids[name]) for name in ("Tick", "SessionRecord"))
        self._broker = Pool.of([broker])
        self._symbols = Pool.of([])

    def ticks(self, ticks: Ticks) -> list[bytes]:
        """Raises ContractError where the schema cannot hold a value: a time outside the years 1 to 9999, for one."""
        n = len(ticks)
        if not n:
            return []
        if self._symbols.strings != ticks.symbols:
            self._symbols = Pool.of(ticks.symbols)
        columns: dict[str, Column] = {
            "broker": Strings(np.zeros(n, np.int64), self._broker),
            "symbol": Strings(ticks.symbol, self._symbols),
            "bid": ticks.bid,
            "ask": ticks.ask,
            "bid_size": Nullable(~np.isnan(ticks.bid_size), ticks.bid_size),
            "ask_size": Nullable(~np.isnan(ticks.ask_size), ticks.ask_size),
            "event_time": Nullable(ticks.timed, ticks.event_us),
            "received_time": ticks.received_us,
            "line": ticks.line,
            "session": ticks.session,
            "sequence": ticks.sequence,
            "flags": ticks.flags,
        }
        return self._ticks.encode(n, columns)

    def sessions(self, events: Sequence[SessionEvent], rows: Longs, counts: Longs, now_us: int) -> list[bytes]:
        """A record for each of `rows`, which are positions in `events`, with its count of ticks.

        `now_us`: the wall clock, for events that are not tied to it.
        """
        n = len(rows)
        if not n:
            return []
        reasons = list(dict.fromkeys(event.reason or "" for event in events))
        columns: dict[str, Column] = {
            "kind": _longs(event.kind for event in events)[rows],
            "broker": Strings(np.zeros(n, np.int64), self._broker),
            "line": _longs(event.line for event in events)[rows],
            "session": _longs(event.session for event in events)[rows],
            "time": _longs(event.time_us for event in events)[rows],
            "wall_time": _longs(now_us if event.wall_us is None else event.wall_us for event in events)[rows],
            "speed": np.full(n, self._speed),
            "ticks": counts,
            "feed": np.full(n, int(self._feed), np.int64),
            "reason": Nullable(
                np.array([event.reason is not None for event in events], np.bool_)[rows],
                Strings(_longs(reasons.index(event.reason or "") for event in events)[rows], reasons),
            ),
        }
        return self._sessions.encode(n, columns)


def _longs(values: Iterable[int]) -> Longs:
    return np.fromiter(values, np.int64)
