"""Which broker leads for a symbol: the best by quality, then latency, then the tier's order; and it does not flap.

Pure, in whole numbers, and a function of what was heard second by second: whoever asks gets the same answer for the
same moment. The stream's compiled kernel (streams/kernels/lead.py) says the same. SEMANTICS 6 and 7 are the source of
the numbers.
"""

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import exp, log
from typing import Final

from tierfeed.domain.symbols import price_digits

FORMULA: Final = "live-quality/4"
"""100 · A^0.25 · C^0.25 · T^0.20 · V^0.15 · K^0.15 over the last minute; weights renormalised where one is unknown."""

WINDOW_S: Final = 60
HOUR_S: Final = 3600
SILENT_S: Final = 10
QUOTE_S: Final = 600
TIMELY_US: Final = 250_000
FOR_S: Final = 30
REST_S: Final = 1200
"""How long a broker that was better leads, unless it goes: so there are at most three such switches in any hour."""
OFFSET_MINUTES: Final = 10
GLITCH_MINUTES: Final = 2
"""A clock that was wrong for a minute was so in two of them, for the minute did not begin with it."""
MEMORY_S: Final = WINDOW_S + FOR_S + 60 * OFFSET_MINUTES
"""What is longer ago has no part in the choice, apart from who leads, since when, and the last switch."""

WHOLE: Final = 10_000
"""Parts are in ten-thousandths."""
LEAST: Final = 100
COMPARED: Final = 3
"""So many mids at least: each is compared with those of two others."""
HUNDRED: Final = 100
WEIGHTS: Final[Mapping[str, int]] = {"A": 25, "C": 25, "T": 20, "V": 15, "K": 15}
MICRO: Final = 1_000_000
LOGS: Final = tuple(round(MICRO * log(max(part, LEAST) / WHOLE)) for part in range(WHOLE + 1))
"""A merit is the logarithm of the score's hundredth, in millionths: sums of whole numbers are the same everywhere."""
BETTER: Final = round(MICRO * log(1.2))


@dataclass(frozen=True, slots=True)
class Second:
    """What came of one symbol from one broker in one second."""

    ticks: int = 0
    faulty: int = 0
    latencies_us: tuple[int, int, int, int] | None = None
    """p50, p95, p99 and the highest, clock offset included; None where the broker sends no time."""
    mid: int | None = None
    spread: int | None = None
    """Of the last tick that was believed, and the mean, in hundredths of the price's last digit; None where there is no
    such tick.
    """


@dataclass(frozen=True, slots=True)
class Standing:
    """One broker at one moment. `merit` and `score` (0 to 100) are None where it cannot lead; `reason` says why."""

    broker: str
    merit: int | None
    score: float | None
    parts: Mapping[str, int | None]
    """A, C, T, V and K, in ten-thousandths."""
    latency_us: int | None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class _Heard:
    alive: bool
    what: Second | None = None
    timely: int = 0
    """The share of the ticks that were at most `TIMELY_US` on their way."""


@dataclass(slots=True)
class Minute:
    """The last minute of one broker's symbol; every second of it is heard, also one in which nothing came."""

    heard: deque[_Heard] = field(default_factory=lambda: deque(maxlen=WINDOW_S))
    _lows: dict[int, int] = field(default_factory=dict)

    def hear(self, second: int, *, alive: bool, what: Second | None = None) -> None:
        """Take in a second, by its number since 1970. `alive`: the broker was there, whatever it had to say."""
        timely = 0
        if what is not None and what.latencies_us is not None:
            minute, p50_us = second // 60, what.latencies_us[0]
            lows = self._lows | {minute: min(self._lows.get(minute, p50_us), p50_us)}
            self._lows = {of: low for of, low in lows.items() if of > minute - OFFSET_MINUTES}
            timely = _timely(what.latencies_us, self.offset_us)
        self.heard.append(_Heard(alive, what, timely))

    @property
    def offset_us(self) -> int:
        """The broker's clock offset: what even quick ticks take. Each minute has its lowest median, and of ten minutes
        the third lowest counts, so that no glitch of a minute does.
        """
        lows = sorted(self._lows.values())
        return lows[min(GLITCH_MINUTES, len(lows) - 1)] if lows else 0

    @property
    def latency_us(self) -> int | None:
        """The mean of the seconds' medians, less the offset."""
        p50s = [each.what.latencies_us[0] for each in self.heard if each.what and each.what.latencies_us]
        return sum(p50s) // len(p50s) - self.offset_us if p50s else None

    @property
    def quote(self) -> tuple[int, int] | None:
        """(mid, spread) of the newest second that had a mid; None where none had, and where the broker is gone."""
        if not (self.heard and self.heard[-1].alive):
            return None
        there = (each.what for each in reversed(self.heard) if each.what is not None)
        return next(((what.mid, what.spread or 0) for what in there if what.mid is not None), None)

    def parts(self, others: Iterable["Minute"]) -> dict[str, int | None]:
        """All but K. A second in which others ticked is covered by a session that lives, if with nothing to say."""
        ticked = [any(each) for each in zip(*([_ticked(h) for h in other.heard] for other in others), strict=True)]
        asked = [each.alive for each, others_ticked in zip(self.heard, ticked, strict=False) if others_ticked]
        there = [(each.what, each.timely) for each in self.heard if each.what is not None]
        ticks, faulty = sum(what.ticks for what, _ in there), sum(what.faulty for what, _ in there)
        timed = [(what.ticks, timely) for what, timely in there if what.latencies_us is not None]
        return {
            "A": _share(sum(each.alive for each in self.heard), len(self.heard)),
            "C": _share(sum(asked), len(asked)),
            "T": sum(n * share for n, share in timed) // weight if (weight := sum(n for n, _ in timed)) else None,
            "V": None if not ticks else WHOLE - faulty * WHOLE // ticks,
        }


def merit_of(parts: Mapping[str, int | None]) -> int:
    """The weighted mean of the logarithms of the parts that are known. Raises ZeroDivisionError where none is."""
    known = {name: part for name, part in parts.items() if part is not None}
    return sum(WEIGHTS[name] * LOGS[part] for name, part in known.items()) // sum(WEIGHTS[name] for name in known)


@dataclass(slots=True)
class Nearness:
    """In which seconds of the last minute the mid of each of a tier's brokers was near those of the others: K."""

    _heard: dict[str, deque[bool | None]] = field(default_factory=dict)

    def pass_by(self, seconds: int) -> None:
        """So many seconds in which nobody was there."""
        for heard in self._heard.values():
            heard.extend([None] * min(seconds, WINDOW_S))

    def hear(self, minutes: Mapping[str, Minute]) -> None:
        """A second that all of the minutes have heard. Near: within two median spreads of the median of the others."""
        quotes = {name: quote for name, minute in minutes.items() if (quote := minute.quote) is not None}
        spreads = _middles([spread for _, spread in quotes.values()]) if len(quotes) >= COMPARED else 0
        for name in minutes:
            near = None
            if name in quotes and len(quotes) >= COMPARED:
                others = _middles([mid for other, (mid, _) in quotes.items() if other != name])
                near = abs(2 * quotes[name][0] - others) <= 2 * spreads
            self._heard.setdefault(name, deque(maxlen=WINDOW_S)).append(near)

    def forget(self, name: str) -> None:
        """It is not, or not yet, one of the tier's."""
        self._heard.pop(name, None)

    def part(self, name: str) -> int | None:
        """K, in ten-thousandths; None where it could not be compared."""
        known = [near for near in self._heard.get(name, ()) if near is not None]
        return _share(sum(known), len(known))


def _middles(values: Iterable[int]) -> int:
    """Twice the median."""
    ordered = sorted(values)
    return ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2]


@dataclass(slots=True)
class Contest:
    """Who leads for a symbol of a tier, second by second."""

    for_s: int = FOR_S
    rest_s: int = REST_S
    broker: str | None = None
    since_s: int | None = None
    switched_s: int | None = None
    """When a better one last took over, or one by order. Where the leader had gone, that is no switch."""
    _better: dict[str, int] = field(default_factory=dict)

    def vacate(self) -> None:
        """Nobody leads any more."""
        self.broker, self.since_s, self._better = None, None, {}

    def pass_by(self, *, known: bool) -> None:
        """Seconds have passed in which nobody was there; `known` as below."""
        if known:
            self._better = {}
        else:
            self.vacate()

    def forget(self, broker: str) -> None:
        """It is not, or not yet, a rival."""
        self._better.pop(broker, None)

    def follow(self, at_s: int, broker: str, *, known: bool = False) -> None:
        """Take in a second at whose end it is ordered that this one leads; `known` as below."""
        self._better = {}
        if not known and self.broker != broker:
            self.broker, self.since_s, self.switched_s = broker, at_s, at_s

    def judge(self, at_s: int, standings: Sequence[Standing], *, known: bool = False) -> None:
        """Take in how the tier's brokers stand, in its order, at the end of a second.

        `known`: who leads then is known already, from an earlier worker; it only remains to be seen for how long others
        have been better.
        """
        best = min(
            (each for each in standings if each.merit is not None),
            key=lambda each: (-(each.merit or 0), each.latency_us or 0),
            default=None,
        )
        leading = next((each for each in standings if each.broker == self.broker and each.merit is not None), None)
        if known:
            if leading is not None and self.since_s is not None and at_s > self.since_s:
                self._count(standings, leading)
        elif leading is None:
            self.vacate()
            if best is not None:
                self.broker, self.since_s = best.broker, at_s
        else:
            self._count(standings, leading)
            rests = self.switched_s is not None and at_s - self.switched_s < self.rest_s
            if best is not None and not rests and self._better.get(best.broker, 0) >= self.for_s:
                self.broker, self.since_s, self.switched_s, self._better = best.broker, at_s, at_s, {}

    def _count(self, standings: Sequence[Standing], leading: Standing) -> None:
        """For how many seconds each has been so much better than the one that leads."""
        bar = (leading.merit or 0) + BETTER
        self._better = {
            each.broker: self._better.get(each.broker, 0) + 1
            for each in standings
            if each.merit is not None and each.merit >= bar
        }


@dataclass(frozen=True, slots=True)
class Choice:
    """Who leads, since when, and how everybody stands. Without a broker nobody can."""

    broker: str | None
    since_s: int | None
    switches: tuple[int, ...]
    """When a better one took over, within the last hour."""
    standings: tuple[Standing, ...]


def choose(
    order: Sequence[str],
    seconds: Mapping[str, Mapping[int, Second]],
    at_s: int,
) -> Choice:
    """Who leads at `at_s`, by what was stored of the hour before. `order`: the tier's brokers, the preferred first.

    `seconds`: by broker and second; one in which the broker gave no sign of life is not there.
    """
    minutes = {name: Minute() for name in order}
    last: dict[str, int] = {}
    quoted: dict[str, int] = {}
    contest, near = Contest(), Nearness()
    switches: list[int] = []
    standings: tuple[Standing, ...] = ()
    begin_s = min((min(of) for of in seconds.values() if of), default=at_s - 1)
    for second in range(max(begin_s, at_s - HOUR_S), at_s):
        for name, minute in minutes.items():
            what = seconds.get(name, {}).get(second)
            minute.hear(second, alive=what is not None, what=what)
            if what is not None:
                last[name] = second
                if what.ticks:
                    quoted[name] = second
        near.hear(minutes)
        reasons = {name: _reason(second, last.get(name), quoted.get(name)) for name in order}
        standings = tuple(standing(name, minutes, near, reasons[name]) for name in order)
        contest.judge(second + 1, standings)
        if contest.switched_s == second + 1:
            switches.append(second + 1)
    return Choice(contest.broker, contest.since_s, tuple(switches), standings)


def standing(name: str, minutes: Mapping[str, Minute], near: Nearness, reason: str | None) -> Standing:
    """How one of a tier's brokers stands among the others; with a reason it cannot lead."""
    minute = minutes[name]
    parts = minute.parts(of for broker, of in minutes.items() if broker != name) | {"K": near.part(name)}
    merit = None if reason else merit_of(parts)
    return Standing(name, merit, None if merit is None else 100 * exp(merit / MICRO), parts, minute.latency_us, reason)


def hundredths(symbol: str, price: float | None) -> int | None:
    """In hundredths of the last digit that the symbol's prices have: mids and mean spreads are whole ones."""
    return None if price is None else round(price * 10.0 ** price_digits(symbol) * HUNDRED)


def _reason(second: int, last_s: int | None, quoted_s: int | None) -> str | None:
    if last_s is None:
        return "nothing was heard of it in the last hour"
    if second - last_s > SILENT_S:
        return f"silent for {second - last_s} s"
    if quoted_s is None or second - quoted_s > QUOTE_S:
        return f"no quote of the symbol within {QUOTE_S} s"
    return None


def _timely(latencies_us: tuple[int, int, int, int], offset_us: int) -> int:
    """At least this share of a second's ticks was at most `TIMELY_US` on its way."""
    for latency_us, percent in zip(reversed(latencies_us), (100, 99, 95, 50), strict=True):
        if latency_us - offset_us <= TIMELY_US:
            return percent * WHOLE // 100
    return 0


def _ticked(heard: _Heard) -> bool:
    return heard.what is not None and heard.what.ticks > 0


def _share(part: int, whole: int) -> int | None:
    return part * WHOLE // whole if whole else None
