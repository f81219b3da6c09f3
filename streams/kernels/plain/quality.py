"""Quality: what came each second of each broker's symbol, what became of it, and how good it was."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from streams.kernels.plain.dedupe import Verdict
from streams.kernels.plain.events import TickEvent
from streams.kernels.plain.outputs import QualityRow
from streams.kernels.plain.prices import nearest_rank, rounded
from streams.kernels.plain.rules import SECOND_US
from tierfeed.domain.symbols import price_digits
from tierfeed.domain.words import Drop


@dataclass(slots=True)
class _Window:
    last_received_time: int = 0
    outcomes: Counter[Drop] = field(default_factory=Counter)
    missing: int = 0
    crossed: int = 0
    locked: int = 0
    quarantined: int = 0
    mid: float | None = None
    spreads: list[float] = field(default_factory=list)
    latencies_us: list[int] = field(default_factory=list)


class Quality:
    """The open second. Every tick of a well-formed symbol is counted, whatever became of it."""

    def __init__(self, brokers: Sequence[str], *, epoch: int = 0) -> None:
        self._brokers = sorted(brokers)
        self._epoch = epoch
        self._windows: dict[tuple[str, str], _Window] = {}
        self._heartbeats: Counter[str] = Counter()
        self._beat_us: dict[str, int] = {}

    def any(self) -> bool:
        return bool(self._windows) or bool(self._heartbeats)

    def heartbeat(self, broker: str, at_us: int) -> None:
        self._heartbeats[broker] += 1
        self._beat_us[broker] = at_us

    def count(self, tick: TickEvent, verdict: Verdict, *, quarantined: bool) -> None:
        window = self._windows.setdefault((tick.broker, tick.symbol), _Window())
        window.last_received_time = tick.received_time
        window.outcomes[verdict.outcome] += 1
        window.missing += verdict.missing
        window.quarantined += quarantined
        if verdict.outcome in (Drop.INVALID, Drop.BACKFILLED):
            return
        if tick.two_sided:
            if not quarantined and verdict.outcome in (Drop.APPLIED, Drop.UNCHANGED):
                window.mid = rounded((tick.bid + tick.ask) / 2, price_digits(tick.symbol) + 1)
            window.spreads.append(rounded(tick.ask - tick.bid, price_digits(tick.symbol)))
            window.crossed += tick.ask < tick.bid
            window.locked += tick.ask == tick.bid
        if tick.event_time is not None:
            window.latencies_us.append(tick.received_time - tick.event_time)

    def close(self, end_us: int, symbols: Sequence[str]) -> list[QualityRow]:
        """End the second at `end_us`: its rows by broker, then in the order of `symbols`.

        A broker that has beaten, and none of whose symbols has ticked, has one row without a symbol, once any have.
        """
        rows = []
        for broker in self._brokers:
            ticked = [symbol for symbol in symbols if (broker, symbol) in self._windows]
            rows += [self._row(broker, each, self._windows[broker, each], end_us - SECOND_US) for each in ticked]
            if symbols and not ticked and self._heartbeats[broker]:
                rows.append(self._row(broker, "", _Window(self._beat_us[broker]), end_us - SECOND_US))
        self._windows.clear()
        self._heartbeats.clear()
        return rows

    def _row(self, broker: str, symbol: str, window: _Window, start_us: int) -> QualityRow:
        digits = price_digits(symbol)
        outcomes, spreads, latencies_us = window.outcomes, window.spreads, sorted(window.latencies_us)
        return QualityRow(
            broker=broker,
            symbol=symbol,
            window_start=start_us,
            ticks=outcomes.total(),
            applied=outcomes[Drop.APPLIED],
            duplicates=outcomes[Drop.DUPLICATE],
            line_duplicates=outcomes[Drop.LINE_DUPLICATE],
            unchanged=outcomes[Drop.UNCHANGED],
            late=outcomes[Drop.LATE],
            backfilled=outcomes[Drop.BACKFILLED],
            invalid=outcomes[Drop.INVALID],
            missing=window.missing,
            crossed=window.crossed,
            locked=window.locked,
            quarantined=window.quarantined,
            spread_min=min(spreads, default=None),
            spread_mean=rounded(sum(spreads) / len(spreads), digits + 2) if spreads else None,
            spread_max=max(spreads, default=None),
            mid=window.mid,
            latency_p50_us=nearest_rank(latencies_us, 50) if latencies_us else None,
            latency_p95_us=nearest_rank(latencies_us, 95) if latencies_us else None,
            latency_p99_us=nearest_rank(latencies_us, 99) if latencies_us else None,
            latency_max_us=latencies_us[-1] if latencies_us else None,
            heartbeats=self._heartbeats[broker],
            last_received_time=window.last_received_time,
            epoch=self._epoch,
        )
