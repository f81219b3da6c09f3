"""A broker's ticks and session records to Avro payloads, by columns."""

from collections.abc import Iterable, Sequence

import numpy as np

from collectors.lanes import Told
from collectors.port import Longs, Ticks
from schemas.catalogue import schema
from schemas.codec import Column, Encoder, Nullable, Pool, Strings
from tierfeed.domain.words import Feed


class RecordEncoder:
    """Encodes one broker's records; `speed` and `feed` are the same in all its session records."""

    def __init__(self, broker: str, feed: Feed, speed: float) -> None:
        self._feed, self._speed = feed, speed
        self._ticks, self._sessions = Encoder(schema("Tick")), Encoder(schema("SessionRecord"))
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

    def sessions(self, told: Sequence[Told], now_us: int) -> list[bytes]:
        """`now_us`: the wall clock, for events that are not tied to it."""
        n = len(told)
        if not n:
            return []
        columns: dict[str, Column] = {
            "kind": _longs(event.kind for event, _ in told),
            "broker": Strings(np.zeros(n, np.int64), self._broker),
            "line": _longs(event.line for event, _ in told),
            "session": _longs(event.session for event, _ in told),
            "time": _longs(event.time_us for event, _ in told),
            "wall_time": _longs(now_us if event.wall_us is None else event.wall_us for event, _ in told),
            "speed": np.full(n, self._speed),
            "ticks": _longs(count for _, count in told),
            "feed": np.full(n, int(self._feed), np.int64),
            "reason": Nullable(
                np.array([event.reason is not None for event, _ in told], np.bool_),
                Strings.of([event.reason or "" for event, _ in told]),
            ),
        }
        return self._sessions.encode(n, columns)


def _longs(values: Iterable[int]) -> Longs:
    return np.fromiter(values, np.int64)
