"""Quarantine: a mid that jumps is not believed until the broker's next tick, or another broker, confirms it.

A jump is more than `jump_spreads` median spreads of the broker's symbol, and more than `jump_percent` percent.
"""

from collections import defaultdict, deque
from collections.abc import Iterable

from streams.kernels.plain.consolidate import Quote
from streams.kernels.plain.events import TickEvent
from streams.kernels.plain.prices import median
from streams.kernels.plain.rules import Rules

SPREADS_KEPT = 63


class Quarantine:
    """The last believed mid and the recent spreads of each broker and symbol."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._believed: dict[tuple[str, str], float] = {}
        self._spreads: defaultdict[tuple[str, str], deque[float]] = defaultdict(lambda: deque(maxlen=SPREADS_KEPT))

    def doubts(self, tick: TickEvent, held: Quote | None, others: Iterable[Quote]) -> bool:
        """Is the tick to be held in quarantine? `others`: what other live brokers hold, quarantined or not."""
        series = tick.broker, tick.symbol
        reference = self._believed.get(series)
        if not tick.two_sided or reference is None:
            return False
        mid = (tick.bid + tick.ask) / 2
        near = [reference] + [other.mid for other in others if not other.quarantined and other.mid is not None]
        if held is not None and held.quarantined and held.mid is not None:
            near.append(held.mid)
        return all(self.jumps(series, mid, known) for known in near)

    def jumps(self, series: tuple[str, str], mid: float, known: float) -> bool:
        """Is `mid` too far from the `known` one, by the habits of the (broker, symbol)? Without a habit nothing is."""
        usual = median(list(self._spreads[series]))
        distance = abs(mid - known)
        return (
            usual is not None
            and distance > self._rules.jump_spreads * usual
            and distance > self._rules.jump_percent / 100 * known
        )

    def believe(self, tick: TickEvent) -> None:
        """The tick was accepted."""
        if tick.two_sided:
            series = tick.broker, tick.symbol
            self._believed[series] = (tick.bid + tick.ask) / 2
            if tick.ask > tick.bid:
                self._spreads[series].append(tick.ask - tick.bid)

    def release(self, symbol: str, quotes: Iterable[tuple[str, Quote]], confirming_mid: float) -> set[str]:
        """Another broker's accepted mid: free the quarantined quotes near it. The brokers whose quote is free now."""
        freed = set()
        for broker, quote in quotes:
            mid = quote.mid
            if quote.quarantined and mid is not None and not self.jumps((broker, symbol), mid, confirming_mid):
                quote.quarantined = False
                self._believed[broker, symbol] = mid
                freed.add(broker)
        return freed

    def forget(self, symbol: str, broker: str) -> None:
        """The broker's quote is no longer held: the next one has nothing to be compared with, nor a habit."""
        self._believed.pop((broker, symbol), None)
        self._spreads.pop((broker, symbol), None)
