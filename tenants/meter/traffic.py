"""From rates of bytes, asked for every few seconds, to bytes by user and minute. Pure.

Kafka tells no totals, only how many bytes a second each user was sent over the last ten or so. The sum of rates times
the time between two samples is the total but for what flows at the edges. Where a sample is missing for longer, nobody
knows: that is a hole, never a guess.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

MINUTE_S: Final = 60
DAY_S: Final = 24 * 3600
HOLE_S: Final = 20.0
"""Two samples that far apart say nothing of the time between: the rates are of the last ten seconds."""


@dataclass(frozen=True, slots=True)
class Log:
    """A partition as it is kept by a node: so many bytes for so many offsets."""

    bytes: int
    offsets: int


@dataclass(frozen=True, slots=True)
class Sample:
    """What one node says at one moment: bytes a second by user, and its partitions by (topic, partition)."""

    rates: Mapping[str, float]
    logs: Mapping[tuple[str, int], Log]


@dataclass(frozen=True, slots=True)
class Minute:
    """Of one node. `covered_s`: for so many of its seconds the rates are known."""

    start: int
    covered_s: float
    bytes: Mapping[str, int]
    logs: Mapping[tuple[str, int], Log]


@dataclass(slots=True)
class Minutes:
    """Adds up what one node says. Times are seconds since 1970."""

    _at: float | None = None
    _last: float | None = None
    _start: int = 0
    _covered_s: float = 0.0
    _sums: dict[str, float] = field(default_factory=dict)
    _logs: Mapping[tuple[str, int], Log] = field(default_factory=dict)

    def hear(self, at: float, sample: Sample | None) -> Iterator[Minute]:
        """A sample, None where the node did not answer; the minutes that are over with it, without any answer, too."""
        before, self._at = self._at, at
        if before is None or not before <= at <= before + DAY_S:  # somebody set the clock, or the machine slept
            self._begin(at)
            self._last = None
        near = self._last is not None and at - self._last <= HOLE_S
        if sample is None and near:
            return  # the next sample may still tell of this time
        while at >= self._start + MINUTE_S:
            end = self._start + MINUTE_S
            if sample is not None and near:
                self._add(end, sample)
            yield self._told()
            self._begin(end)
        if sample is not None:
            if near:
                self._add(at, sample)
            self._last, self._logs = at, sample.logs

    def _begin(self, at: float) -> None:
        self._start = int(at // MINUTE_S) * MINUTE_S
        self._covered_s, self._sums, self._logs = 0.0, {}, {}

    def _add(self, until: float, sample: Sample) -> None:
        """What the sample says of the time since the last one, as far as it is of this minute."""
        assert self._last is not None
        seconds = until - max(self._last, self._start)
        self._covered_s += seconds
        for user, rate in sample.rates.items():
            self._sums[user] = self._sums.get(user, 0.0) + rate * seconds

    def _told(self) -> Minute:
        told = {user: round(total) for user, total in self._sums.items()}
        return Minute(self._start, round(self._covered_s, 3), told, self._logs)
