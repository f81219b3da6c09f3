"""Builders for the plain twins: defaults for all but the point of the test. Times are milliseconds after START_US."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any

from streams.kernels.plain.conflate import Resume
from streams.kernels.plain.events import Event, SessionEvent, TickEvent, UndecodableEvent
from streams.kernels.plain.line import Line
from streams.kernels.plain.outputs import DeadLetter, Output, QualityRow, TierControlOut, TierQuote
from streams.kernels.plain.rules import Rules
from tierfeed.domain.tiers import Tier
from tierfeed.domain.words import SessionKind

START_US = 1_700_000_000_000_000


def us(at_ms: float) -> int:
    return START_US + round(at_ms * 1000)


def ms(at_us: int) -> float:
    return (at_us - START_US) / 1000


def tier(
    name: str = "pro",
    *,
    interval_ms: int = 100,
    brokers: Sequence[str] = ("alpha", "beta"),
    symbols: Sequence[str] | None = None,
) -> Tier:
    return Tier(
        name=name,
        symbols=None if symbols is None else frozenset(symbols),
        interval_us=interval_ms * 1000,
        depth_hours=1,
        brokers=tuple(brokers),
        redundancy=1,
        record="EnterpriseQuote",
    )


def tick(at_ms: float = 0, bid: float = 1.1, ask: float = 1.1002, **fields: Any) -> TickEvent:
    given = {"broker": "alpha", "offset": 0, "symbol": "EURUSD", "sequence": 1} | fields
    return TickEvent(bid=bid, ask=ask, received_time=us(at_ms), **given)


def session(kind: SessionKind, at_ms: float = 0, **fields: Any) -> SessionEvent:
    given = {"broker": "alpha", "offset": 0} | fields
    return SessionEvent(kind=kind, time=us(at_ms), **given)


def start(at_ms: float = 0, **fields: Any) -> SessionEvent:
    return session(SessionKind.SESSION_START, at_ms, **fields)


def heartbeat(at_ms: float = 0, **fields: Any) -> SessionEvent:
    return session(SessionKind.HEARTBEAT, at_ms, **fields)


def end(at_ms: float = 0, **fields: Any) -> SessionEvent:
    return session(SessionKind.SESSION_END, at_ms, **fields)


class Shard:
    """A Line fed by hand: offsets and sequences count by themselves, every output is kept in `out`."""

    def __init__(
        self, *tiers: Tier, brokers: Sequence[str] = ("alpha", "beta"), resume: Resume | None = None, **rules: Any
    ) -> None:
        self.line = Line(brokers, tiers or (tier(),), Rules(**rules), resume=resume)
        self.out: list[Output] = []
        self._offsets: Counter[str] = Counter()
        self._sequences: defaultdict[tuple[object, ...], int] = defaultdict(int)

    def apply(self, event: Event) -> list[Output]:
        return self._keep(self.line.apply(event))

    def tick(self, at_ms: float = 0, bid: float = 1.1, ask: float = 1.1002, **fields: Any) -> list[Output]:
        draft = tick(at_ms, bid, ask, **fields)
        series = (draft.broker, draft.stream, draft.symbol)
        self._sequences[series] += 1
        given = {"sequence": self._sequences[series]} | fields | {"offset": self._next(draft.broker)}
        return self.apply(tick(at_ms, bid, ask, **given))

    def start(self, at_ms: float = 0, broker: str = "alpha", **fields: Any) -> list[Output]:
        return self.apply(start(at_ms, broker=broker, offset=self._next(broker), **fields))

    def heartbeat(self, at_ms: float = 0, broker: str = "alpha", **fields: Any) -> list[Output]:
        return self.apply(heartbeat(at_ms, broker=broker, offset=self._next(broker), **fields))

    def end(self, at_ms: float = 0, broker: str = "alpha", **fields: Any) -> list[Output]:
        return self.apply(end(at_ms, broker=broker, offset=self._next(broker), **fields))

    def undecodable(self, broker: str = "alpha") -> list[Output]:
        return self.apply(UndecodableEvent(broker=broker, offset=self._next(broker), reason="no schema 77"))

    def advance(self, at_ms: float) -> list[Output]:
        return self._keep(self.line.advance(us(at_ms)))

    def finish(self) -> list[Output]:
        return self._keep(self.line.finish())

    def _next(self, broker: str) -> int:
        self._offsets[broker] += 1
        return self._offsets[broker] - 1

    def _keep(self, out: list[Output]) -> list[Output]:
        self.out += out
        return out


def quotes(out: Sequence[Output], tier: str | None = None, symbol: str | None = None) -> list[TierQuote]:
    found = [output for output in out if isinstance(output, TierQuote)]
    return [q for q in found if tier in (None, q.tier) and symbol in (None, q.symbol)]


def controls(out: Sequence[Output]) -> list[TierControlOut]:
    return [output for output in out if isinstance(output, TierControlOut)]


def rows(out: Sequence[Output]) -> list[QualityRow]:
    return [output for output in out if isinstance(output, QualityRow)]


def dead_letters(out: Sequence[Output]) -> list[DeadLetter]:
    return [output for output in out if isinstance(output, DeadLetter)]
