"""Slices: the evidence. What was promised of a tier, measured by symbol, ten seconds or a minute at a time. Pure."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from dataclasses import dataclass
from typing import Final

from analytics.sla.schedule import Schedule
from analytics.sla.watch import Standing, Watch
from tierfeed.domain.objectives import REDUNDANCY_SLICE_S, UPTIME_SLICE_S, Objective
from tierfeed.domain.tiers import Tier

FORMULA: Final = "sla/1"
SYMBOLS_PERCENT: Final = 95
"""A slice of time is good if it is for so many of the symbols."""
UNMEASURED: Final = "unmeasured"
"""The cause where nobody was heard at all: our own parts may have been away."""
SHARES: Final = (Objective.LATENCY, Objective.COMPLETENESS)
"""What is counted by occurrences, all of them alike; the others by slices of time."""


Admitted = Callable[[str, int], tuple[str, ...]]
"""The brokers that a tier has beside its own in the second that ends then."""


@dataclass(frozen=True, slots=True)
class Slice:
    """One objective of one tier over [start, start + length_s), whole seconds since 1970 of the sessions' clock.

    Per symbol: `good` of `total`. latency: records in time, of all; completeness: updates covered, of all; uptime: 1 or
    0, of 1; redundancy: independent brokers at the worst moment, of those promised. `causes`: why not; else empty.
    """

    tier: str
    objective: Objective
    start: int
    length_s: int
    symbols: tuple[str, ...]
    good: tuple[int, ...]
    total: tuple[int, ...]
    causes: tuple[str, ...]

    @property
    def end(self) -> int:
        return self.start + self.length_s

    def judged(self, symbols: Set[str] | None = None) -> "Judged":
        """For whoever has bought these symbols; None: all of the tier's."""
        rows = [i for i, symbol in enumerate(self.symbols) if symbols is None or symbol in symbols]
        if self.objective in SHARES:
            return Judged(sum(self.good[i] for i in rows), sum(self.total[i] for i in rows), ())
        if not rows:
            return Judged(0, 0, ())
        bad = [i for i in rows if self.good[i] < self.total[i]]
        is_good = (len(rows) - len(bad)) * 100 >= SYMBOLS_PERCENT * len(rows)
        causes = () if is_good else tuple(sorted({self.causes[i] for i in bad}))
        return Judged(int(is_good), 1, causes)


@dataclass(frozen=True, slots=True)
class Judged:
    """`good` of `total` events; of a slice of time one at most, and none where it had no symbol to judge."""

    good: int
    total: int
    causes: tuple[str, ...]

    @property
    def bad(self) -> int:
        return self.total - self.good


@dataclass(frozen=True, slots=True)
class Counted:
    """Records of a tier's symbol that were published in the slice that begins at `start`."""

    tier: str
    symbol: str
    start: int
    records: int
    timely: int
    updates: int
    covered: int


class Slicer:
    """Cuts time into slices, second by second."""

    def __init__(
        self,
        tiers: Iterable[Tier],
        watch: Watch,
        upstream: Mapping[str, str] | None = None,
        admitted: Admitted = lambda tier, end: (),
    ) -> None:
        """`upstream`: brokers that are one feed with another, by the name of what they share."""
        self._tiers, self.watch, self._upstream = tuple(tiers), watch, dict(upstream or {})
        self._admitted = admitted
        self._least: dict[tuple[str, str], tuple[int, str]] = {}

    def run(
        self, heard: Mapping[int, Mapping[str, Set[str]]], schedule: Schedule, start: int, end: int
    ) -> Iterator[Slice]:
        """The slices of time of [start, end), whole tens of seconds, the next after what it has been given before.

        `heard`: by second, of each broker that gave a sign of life, the symbols that ticked.
        """
        measured = False
        for second in range(start, end):
            if said := heard.get(second):
                measured = True
                self.watch.hear(second, said, schedule.paused_at(second))
            if (second + 1) % UPTIME_SLICE_S == 0:
                scheduled = schedule.tiers_at(second + 1 - UPTIME_SLICE_S, UPTIME_SLICE_S)
                yield from self._cut(second + 1, measured=measured, scheduled=scheduled)
                measured = False

    def _cut(self, end: int, *, measured: bool, scheduled: Set[str]) -> Iterator[Slice]:
        """The slices that end at `end`, of tiers whose time it is. Not `measured`: nothing was heard meanwhile."""
        for tier in self._tiers:
            if tier.name not in scheduled or tier.uptime_ppm is None:
                continue
            symbols = sorted(tier.symbols or self.watch.symbols_of(tier.brokers))
            yield self._uptime(tier, symbols, end, measured=measured)
            self._count(tier, symbols, end, measured=measured)
            if end % REDUNDANCY_SLICE_S == 0:
                least = {symbol: found for (name, symbol), found in self._least.items() if name == tier.name}
                yield _redundancy(tier, end, least)
        if end % REDUNDANCY_SLICE_S == 0:
            self._least.clear()

    def _uptime(self, tier: Tier, symbols: list[str], end: int, *, measured: bool) -> Slice:
        causes = [self._cause(tier, symbol, end) if measured else UNMEASURED for symbol in symbols]
        good = tuple(int(not cause) for cause in causes)
        ones = (1,) * len(symbols)
        start = end - UPTIME_SLICE_S
        return Slice(tier.name, Objective.UPTIME, start, UPTIME_SLICE_S, tuple(symbols), good, ones, tuple(causes))

    def _cause(self, tier: Tier, symbol: str, end: int) -> str:
        brokers = (*tier.brokers, *self._admitted(tier.name, end))
        standings = {self.watch.standing(broker, symbol, end) for broker in brokers}
        if Standing.ELIGIBLE in standings:
            return ""
        if Standing.NO_QUOTE in standings and self.watch.is_quiet(symbol, end):
            return ""
        return ",".join(sorted(standings))

    def _count(self, tier: Tier, symbols: list[str], end: int, *, measured: bool) -> None:
        """Remember the worst moment of the minute. A symbol that nobody quotes has none to be redundant."""
        brokers = (*tier.brokers, *self._admitted(tier.name, end))
        for symbol in symbols:
            standings = {broker: self.watch.standing(broker, symbol, end) for broker in brokers}
            feeds = {
                self._upstream.get(broker, broker)
                for broker, standing in standings.items()
                if standing is Standing.ELIGIBLE
            }
            others = sorted({str(standing) for standing in standings.values() if standing is not Standing.ELIGIBLE})
            if not feeds and measured and Standing.NO_QUOTE in others and self.watch.is_quiet(symbol, end):
                continue
            found = (len(feeds), ",".join(others) or "one_feed") if measured else (0, UNMEASURED)
            self._least[tier.name, symbol] = min(self._least.get((tier.name, symbol), found), found)


def _redundancy(tier: Tier, end: int, least: Mapping[str, tuple[int, str]]) -> Slice:
    symbols = tuple(sorted(least))
    return Slice(
        tier=tier.name,
        objective=Objective.REDUNDANCY,
        start=end - REDUNDANCY_SLICE_S,
        length_s=REDUNDANCY_SLICE_S,
        symbols=symbols,
        good=tuple(least[symbol][0] for symbol in symbols),
        total=(tier.redundancy,) * len(symbols),
        causes=tuple("" if least[symbol][0] >= tier.redundancy else least[symbol][1] for symbol in symbols),
    )


def counted(rows: Iterable[Counted]) -> Iterator[Slice]:
    """The slices of occurrences: what was published in each ten seconds, a slice per tier and objective."""
    found: dict[tuple[str, int], list[Counted]] = {}
    for row in rows:
        found.setdefault((row.tier, row.start), []).append(row)
    for (tier, start), of in sorted(found.items()):
        of.sort(key=lambda row: row.symbol)
        symbols, none = tuple(row.symbol for row in of), ("",) * len(of)
        timely, records = tuple(row.timely for row in of), tuple(row.records for row in of)
        covered, updates = tuple(row.covered for row in of), tuple(row.updates for row in of)
        yield Slice(tier, Objective.LATENCY, start, UPTIME_SLICE_S, symbols, timely, records, none)
        yield Slice(tier, Objective.COMPLETENESS, start, UPTIME_SLICE_S, symbols, covered, updates, none)
