"""Lead: which broker leads for each symbol of the tiers that sell it, judged second by second."""

from collections import deque
from collections.abc import Callable, Mapping, Sequence

from streams.kernels.plain.members import Members
from streams.kernels.plain.outputs import QualityRow
from streams.kernels.plain.rules import SECOND_US, Rules
from tierfeed.domain.features import Feature
from tierfeed.domain.selection import (
    BETTER,
    WINDOW_S,
    Contest,
    Minute,
    Nearness,
    Second,
    Standing,
    hundredths,
    standing,
)
from tierfeed.domain.tiers import Tier

NOBODY = frozenset[str]()


class Lead:
    """Every contest of a shard."""

    def __init__(self, brokers: Sequence[str], tiers: Sequence[Tier], rules: Rules, members: Members) -> None:
        self._rules, self._brokers, self._members = rules, brokers, members
        self._tiers = [tier for tier in tiers if Feature.PRIORITY_ROUTING in tier.features]
        self._minutes: dict[tuple[str, str], Minute] = {}
        self._contests: dict[tuple[str, str], Contest] = {}
        self._near: dict[tuple[str, str], Nearness] = {}
        self._known_us: dict[tuple[str, str], int] = {}
        self._alive: deque[frozenset[str]] = deque(maxlen=WINDOW_S)
        self._judged_us: int | None = None

    def resume(self, tier: str, symbol: str, contest: Contest, known_us: int) -> None:
        """Go on where an earlier worker stopped; what it has judged, up to `known_us`, is not judged again."""
        contest.for_s, contest.rest_s = self._rules.lead_for_s, self._rules.lead_rest_s
        self._contests[tier, symbol] = contest
        self._known_us[tier, symbol] = known_us

    def of(self, tier: str, symbol: str) -> Contest:
        """Who leads, as of the end of the last second; nobody where the tier does not sell it."""
        fresh = Contest(self._rules.lead_for_s, self._rules.lead_rest_s)
        return self._contests.setdefault((tier, symbol), fresh)

    def judge(
        self,
        end_us: int,
        symbols: Sequence[str],
        windows: Sequence[QualityRow],
        is_live: Callable[[str], bool],
        holds: Callable[[str, str], bool],
    ) -> None:
        """The second that ends at `end_us` is over. `holds`: whether a broker's quote of a symbol is held."""
        unnoticed = 0 if self._judged_us is None else (end_us - self._judged_us) // SECOND_US - 1
        self._judged_us = end_us
        for _ in range(min(unnoticed, WINDOW_S)):
            self._hear(end_us, NOBODY)
        self._hear(end_us, frozenset(filter(is_live, self._brokers)), windows)
        for tier in self._tiers:
            order = self._members.of(tier.name)
            for symbol in filter(tier.carries, symbols):
                able = [broker for broker in order if is_live(broker) and holds(symbol, broker)]
                contest, known = self.of(tier.name, symbol), end_us <= self._known_us.get((tier.name, symbol), 0)
                near = self._near.setdefault((tier.name, symbol), Nearness())
                minutes = {broker: self._minute(symbol, broker) for broker in order}
                if unnoticed:
                    contest.pass_by(known=known)
                    near.pass_by(unnoticed)
                near.hear(minutes)
                preferred = self._members.preferred(tier.name, symbol)
                if preferred is not None and preferred in able:
                    contest.follow(end_us // SECOND_US, preferred, known=known)
                else:
                    contest.judge(end_us // SECOND_US, self._standings(contest, near, minutes, able), known=known)

    def move(self, tier: str, broker: str) -> None:
        """The broker is one of the tier's now, or no longer: as a rival it is a new one."""
        for (of, _), near in self._near.items():
            if of == tier:
                near.forget(broker)
        for (of, _), contest in self._contests.items():
            if of == tier:
                contest.forget(broker)

    @staticmethod
    def _standings(contest: Contest, near: Nearness, minutes: Mapping[str, Minute], able: list[str]) -> list[Standing]:
        """Of those that can lead; the leader's alone, where nobody can be so much better."""
        if contest.broker in able:
            leading = standing(contest.broker, minutes, near, None)
            if (leading.merit or 0) + BETTER > 0:
                return [leading]
        return [standing(broker, minutes, near, None) for broker in able]

    def _minute(self, symbol: str, broker: str) -> Minute:
        if (symbol, broker) not in self._minutes:
            minute = self._minutes[symbol, broker] = Minute()
            for alive in self._alive:
                minute.hear(0, alive=broker in alive)
        return self._minutes[symbol, broker]

    def _hear(self, end_us: int, alive: frozenset[str], windows: Sequence[QualityRow] = ()) -> None:
        said = {(row.symbol, row.broker): _second(row) for row in windows if row.symbol}
        for symbol, broker in said:
            self._minute(symbol, broker)
        for (symbol, broker), minute in self._minutes.items():
            minute.hear(end_us // SECOND_US - 1, alive=broker in alive, what=said.get((symbol, broker)))
        self._alive.append(alive)


def _second(row: QualityRow) -> Second:
    latencies = (row.latency_p50_us, row.latency_p95_us, row.latency_p99_us, row.latency_max_us)
    known = tuple(each for each in latencies if each is not None)
    mid, spread = (hundredths(row.symbol, None if row.mid is None else price) for price in (row.mid, row.spread_mean))
    return Second(row.ticks, row.invalid + row.quarantined, known if len(known) == 4 else None, mid, spread)
