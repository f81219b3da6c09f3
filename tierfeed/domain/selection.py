"""Which broker leads for a symbol: the best by quality, then latency, then the tier's order; and it does not flap.

Pure, and a function of the last hour's seconds alone: whoever asks, and whenever, gets the same answer for the same
moment. SEMANTICS 6 and 7 are the source of the numbers.
"""

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import prod
from typing import Final

FORMULA: Final = "live-quality/1"
"""100 · A^0.25 · C^0.25 · T^0.20 · V^0.15 over the last minute, weights renormalised: windows have no mids for K."""

WINDOW_S: Final = 60
HOUR_S: Final = 3600
SILENT_S: Final = 10
QUOTE_S: Final = 600
BETTER: Final = 1.2
FOR_S: Final = 30
SWITCHES_AN_HOUR: Final = 3
TIMELY_US: Final = 250_000
LEAST: Final = 0.01
WEIGHTS: Final[Mapping[str, float]] = {"A": 0.25, "C": 0.25, "T": 0.20, "V": 0.15}


@dataclass(frozen=True, slots=True)
class Second:
    """What came from one broker in one second: of any symbol (it is there at all), and of the one in question."""

    ticks: int = 0
    faulty: int = 0
    latencies_us: tuple[int, int, int, int] | None = None
    """p50, p95, p99 and the highest; None where the broker sends no time."""


@dataclass(frozen=True, slots=True)
class Standing:
    """One broker at one moment. `score` is None where it cannot lead, and `reason` says why."""

    broker: str
    score: float | None
    parts: Mapping[str, float | None]
    latency_us: int | None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """Who leads, since when, and how everybody stands. Without a broker nobody can."""

    broker: str | None
    since_s: int | None
    switches: tuple[int, ...]
    """When a better one took over, within the last hour. Where the leader had gone, that is no switch."""
    standings: tuple[Standing, ...]


@dataclass(slots=True)
class _Broker:
    """The rolling minute of one broker."""

    name: str
    order: int
    offset_us: int
    seen: deque[Second | None] = field(default_factory=lambda: deque(maxlen=WINDOW_S))
    last_s: int | None = None
    quoted_s: int | None = None

    def hear(self, second: int, what: Second | None) -> None:
        self.seen.append(what)
        if what is not None:
            self.last_s = second
            if what.ticks:
                self.quoted_s = second

    def standing(self, second: int, others_ticked: Sequence[bool]) -> Standing:
        parts = self._parts(others_ticked)
        known = {name: max(part, LEAST) for name, part in parts.items() if part is not None}
        total = sum(WEIGHTS[name] for name in known)
        score = 100 * prod(part ** (WEIGHTS[name] / total) for name, part in known.items()) if known else LEAST
        reason = self._reason(second)
        return Standing(self.name, None if reason else score, parts, self._latency_us(), reason)

    def _reason(self, second: int) -> str | None:
        if self.last_s is None:
            return "nothing was heard of it in the last hour"
        if second - self.last_s > SILENT_S:
            return f"silent for {second - self.last_s} s"
        if self.quoted_s is None or second - self.quoted_s > QUOTE_S:
            return f"no quote of the symbol within {QUOTE_S} s"
        return None

    def _parts(self, others_ticked: Sequence[bool]) -> dict[str, float | None]:
        seen = list(self.seen)
        there = [what for what in seen if what is not None]
        ticks, faulty = sum(what.ticks for what in there), sum(what.faulty for what in there)
        timed = [(what.ticks, self._timely(what.latencies_us)) for what in there if what.ticks and what.latencies_us]
        asked = [what for what, others in zip(seen, others_ticked, strict=True) if others]
        # A second in which others ticked is covered by a tick, and by a session that lives and has nothing to say.
        covered = sum(what is not None for what in asked)
        weight = sum(count for count, _ in timed)
        return {
            "A": len(there) / len(seen),
            "C": covered / len(asked) if asked else None,
            "T": sum(count * share for count, share in timed) / weight if weight else None,
            "V": 1 - faulty / ticks if ticks else None,
        }

    def _timely(self, latencies_us: tuple[int, int, int, int]) -> float:
        """The share of a second's ticks that were at most `TIMELY_US` on their way: at least this many."""
        for latency_us, share in zip(reversed(latencies_us), (1.0, 0.99, 0.95, 0.5), strict=True):
            if latency_us - self.offset_us <= TIMELY_US:
                return share
        return 0.0

    def _latency_us(self) -> int | None:
        found = sorted(what.latencies_us[0] for what in self.seen if what is not None and what.latencies_us)
        return found[len(found) // 2] - self.offset_us if found else None


def choose(order: Sequence[str], seconds: Mapping[str, Mapping[int, Second]], at_s: int) -> Choice:
    """Who leads at `at_s`. `seconds`: by broker and second, of the hour before; a second in which nothing came is not
    there. `order`: the tier's brokers, the preferred first.
    """
    brokers = [_Broker(name, at, _offset_us(seconds.get(name, {}))) for at, name in enumerate(order)]
    begin_s = min((min(of) for of in seconds.values() if of), default=at_s)
    lead: str | None = None
    since_s: int | None = None
    switches: list[int] = []
    better: dict[str, int] = {}
    standings: tuple[Standing, ...] = ()
    ticked: dict[str, deque[bool]] = {name: deque(maxlen=WINDOW_S) for name in order}
    for second in range(max(begin_s, at_s - HOUR_S), at_s):
        for broker in brokers:
            what = seconds.get(broker.name, {}).get(second)
            broker.hear(second, what)
            ticked[broker.name].append(what is not None and what.ticks > 0)
        standings = tuple(broker.standing(second, _others(ticked, broker.name)) for broker in brokers)
        best = _best(standings)
        leading = next((each for each in standings if each.broker == lead and each.score is not None), None)
        if leading is None:
            fresh = best.broker if best else None
            if fresh != lead:
                lead, since_s, better = fresh, second if fresh else None, {}
            continue
        better = _streaks(better, standings, leading)
        if best is None or better.get(best.broker, 0) < FOR_S:
            continue
        if sum(second - when < HOUR_S for when in switches) < SWITCHES_AN_HOUR:
            lead, since_s, better = best.broker, second, {}
            switches.append(second)
    if not standings:
        standings = tuple(broker.standing(at_s, [False]) for broker in _heard_nothing(brokers))
    return Choice(lead, since_s, tuple(switches), standings)


def _heard_nothing(brokers: Sequence[_Broker]) -> Sequence[_Broker]:
    for broker in brokers:
        broker.seen.append(None)
    return brokers


def _others(ticked: Mapping[str, deque[bool]], name: str) -> list[bool]:
    """In which seconds of the minute any other broker ticked."""
    others = [of for broker, of in ticked.items() if broker != name]
    return [any(each) for each in zip(*others, strict=True)] if others else [False] * len(ticked[name])


def _best(standings: Sequence[Standing]) -> Standing | None:
    """The highest score, then the lowest latency, then the tier's order, in which they stand."""
    able = [each for each in standings if each.score is not None]
    return min(able, key=lambda each: (-round(each.score or 0, 6), each.latency_us or 0), default=None)


def _streaks(better: Mapping[str, int], standings: Sequence[Standing], leading: Standing) -> dict[str, int]:
    """For how many seconds each has been so much better than the one that leads."""
    bar = BETTER * (leading.score or 0)
    return {
        each.broker: better.get(each.broker, 0) + 1
        for each in standings
        if each.score is not None and each.score >= bar
    }


def _offset_us(seconds: Mapping[int, Second]) -> int:
    """The broker's clock offset: what even its quickest ticks take, by the 1 % quantile of the hour's medians."""
    found = sorted(what.latencies_us[0] for what in seconds.values() if what.latencies_us)
    return found[len(found) // 100] if found else 0
