"""The scores of SEMANTICS 10 as plain arithmetic. Pure; a part that is not known is None, and never counts as 0."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from math import prod
from typing import Final

from analytics.figures import Status, Value

FORMULA: Final = "customers/1"
PERCENT: Final = 100
FULL_DAYS: Final = 5
"""Who was refused on so many days of thirty wants it as much as anybody: about one trading day in four."""
FIT_PERCENT: Final = 80
GROWTH_PERCENT: Final = 25
TICKET_COST: Final = 10
WEIGHTS: Final[Mapping[str, float]] = {
    "denied_requests": 0.35,
    "efficiency": 0.20,
    "conflated_away": 0.20,
    "history_refused": 0.15,
    "growth": 0.10,
}


class RiskLevel(StrEnum):
    """What a health score comes to."""

    HEALTHY = "healthy"
    WATCH = "watch"
    AT_RISK = "at_risk"
    CRITICAL = "critical"


LEVELS: Final = ((80, RiskLevel.HEALTHY), (60, RiskLevel.WATCH), (40, RiskLevel.AT_RISK))
"""From so much on; below all of them, critical."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """A value from 0 to 100, or why there is none. `n`: how many parts or events it rests on.

    `reason`: why there is no value. `note`: what a value leaves out.
    """

    value: float | None
    status: Status = Status.OK
    reason: str | None = None
    note: str | None = None
    n: int | None = None
    parts: Mapping[str, Value | None] = field(default_factory=dict)

    @classmethod
    def missing(cls, status: Status, reason: str, parts: Mapping[str, Value | None] | None = None) -> "Score":
        return cls(value=None, status=status, reason=reason, parts=parts or {})


def mean_of_known(parts: Mapping[str, float | None]) -> float | None:
    """The plain mean of those that are known; None where none is."""
    known = [value for value in parts.values() if value is not None]
    return None if not known else round(sum(known) / len(known), 2)


def upsell(signals: Mapping[str, float | None]) -> float:
    """100·(1 − Π(1 − wᵢ sᵢ)): more of any signal never makes it less. One that is not known adds nothing."""
    return round(PERCENT * (1 - prod(1 - WEIGHTS[name] * (strength or 0) for name, strength in signals.items())), 2)


def by_days(days: int) -> float:
    """How strongly something is wanted that was asked for on so many days."""
    return min(1.0, days / FULL_DAYS)


def fits(symbols_percent: float | None, rate_percent: float | None) -> float | None:
    """Whether a tenant uses up what it has: symbols and rate. One that is low decides, whatever the other is."""
    known = [part for part in (symbols_percent, rate_percent) if part is not None]
    if any(part < FIT_PERCENT for part in known):
        return 0.0
    return 1.0 if len(known) == 2 else None


def grows(change_percent: float | None) -> float | None:
    return None if change_percent is None else float(change_percent > GROWTH_PERCENT)


def satisfaction(budgets_used: Mapping[str, float | None]) -> float | None:
    """100 × the mean over objectives of what is left of the budget, not below 0."""
    left = {name: None if used is None else PERCENT * min(max(1 - used, 0), 1) for name, used in budgets_used.items()}
    return mean_of_known(left)


def support(tickets: int) -> float:
    return float(max(0, PERCENT - TICKET_COST * tickets))


def level(score: float) -> RiskLevel:
    return next((found for least, found in LEVELS if score >= least), RiskLevel.CRITICAL)
