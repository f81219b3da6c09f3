"""What a tier promises, as budgets of what may go wrong, and how fast a budget may burn (SEMANTICS 5)."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import Final, Protocol

MILLION: Final = 1_000_000
LATENCY_PPM: Final = 990_000
"""The share of records that has to be within the tier's latency."""
UPTIME_SLICE_S: Final = 10
REDUNDANCY_SLICE_S: Final = 60
HOUR_S: Final = 3600
SHORT_WINDOWS: Final = 12
"""The short window is this part of the long one."""
ALERTS: Final = ((Fraction(2, 100), 1 * HOUR_S), (Fraction(5, 100), 6 * HOUR_S), (Fraction(10, 100), 72 * HOUR_S))
"""(share of the budget, market seconds in which it has burnt)."""


class Objective(StrEnum):
    """What is promised as a share: of records, of updates, of time. Redundancy is for as much time as uptime."""

    LATENCY = "latency"
    COMPLETENESS = "completeness"
    UPTIME = "uptime"
    REDUNDANCY = "redundancy"


class Promises(Protocol):
    """What may be promised: a tier as it is, or as it was when somebody bought it. None: nothing is."""

    @property
    def name(self) -> str: ...
    @property
    def latency_us(self) -> int | None: ...
    @property
    def completeness_ppm(self) -> int | None: ...
    @property
    def uptime_ppm(self) -> int | None: ...


@dataclass(frozen=True, slots=True)
class Budget:
    """How much of one objective may be missed in a time with `scheduled_s` seconds.

    `slices` and `bad_slices` are None where not time is counted but what occurs: records, or updates.
    """

    tier: str
    objective: Objective
    target_ppm: int
    scheduled_s: int
    slices: int | None
    bad_slices: int | None

    @property
    def bad_ppm(self) -> int:
        return MILLION - self.target_ppm

    @property
    def bad_s(self) -> Fraction | None:
        """How long may be bad. Slices are whole, so a little less may be in them."""
        return None if self.slices is None else Fraction(self.scheduled_s * self.bad_ppm, MILLION)


@dataclass(frozen=True, slots=True)
class Alert:
    """Who burns `factor` times as fast as the budget lasts, over both windows, is told."""

    share: Fraction
    window_s: int
    short_window_s: int
    factor: Fraction


def budgets(tier: Promises, scheduled_s: int) -> Iterator[Budget]:
    """Of each objective that the tier promises."""
    if tier.latency_us is not None:
        yield Budget(tier.name, Objective.LATENCY, LATENCY_PPM, scheduled_s, None, None)
    if tier.completeness_ppm is not None:
        yield Budget(tier.name, Objective.COMPLETENESS, tier.completeness_ppm, scheduled_s, None, None)
    if tier.uptime_ppm is not None:
        for objective, slice_s in ((Objective.UPTIME, UPTIME_SLICE_S), (Objective.REDUNDANCY, REDUNDANCY_SLICE_S)):
            slices = scheduled_s // slice_s
            bad = slices * (MILLION - tier.uptime_ppm) // MILLION
            yield Budget(tier.name, objective, tier.uptime_ppm, scheduled_s, slices, bad)


def target_ppm(tier: Promises, objective: Objective) -> int | None:
    """The share that is promised, in millionths; None: nothing is."""
    if objective is Objective.LATENCY:
        return None if tier.latency_us is None else LATENCY_PPM
    return tier.completeness_ppm if objective is Objective.COMPLETENESS else tier.uptime_ppm


def alerts(scheduled_s: int) -> tuple[Alert, ...]:
    """At which burn rate so much of the budget of `scheduled_s` seconds has burnt in each window."""
    return tuple(
        Alert(share, window_s, window_s // SHORT_WINDOWS, share * scheduled_s / window_s) for share, window_s in ALERTS
    )
