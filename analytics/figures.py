"""What every figure of a report carries besides its value (SEMANTICS section 2)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final, Self

MICRO: Final = 1_000_000
"""Micro-dollars in a dollar: money is whole micro-dollars where it is added up, a Decimal where it is shown."""

Value = int | float | Decimal | str


class Status(StrEnum):
    """What a figure rests on."""

    OK = "ok"
    INSUFFICIENT_DATA = "insufficient_data"
    NO_SOURCE = "no_source"
    NOT_APPLICABLE = "not_applicable"
    UNDER_METERED = "under_metered"
    """More was sent than what is metered explains."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One figure about one subject over [start, end).

    `value` is None exactly where `status` is not ok or under_metered, and `reason` then says why, for people. `n`: how
    many observations it rests on. `parts`: what it is made of, by name.
    """

    metric: str
    subject: str
    start: datetime
    end: datetime
    value: Value | None
    unit: str
    formula: str
    formula_version: str
    computed_at: datetime
    n: int | None = None
    status: Status = Status.OK
    reason: str | None = None
    parts: Mapping[str, Value | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """Figures of one subject and span, made with one sentence each."""

    subject: str
    start: datetime
    end: datetime
    formula_version: str
    computed_at: datetime

    def figure(
        self,
        metric: str,
        value: Value | None,
        unit: str,
        formula: str,
        *,
        n: int | None = None,
        parts: Mapping[str, Value | None] | None = None,
    ) -> Figure:
        return self._made(metric, value, unit, formula, n, Status.OK, None, parts or {})

    def missing(
        self, metric: str, unit: str, formula: str, status: Status, reason: str, n: int | None = None
    ) -> Figure:
        return self._made(metric, None, unit, formula, n, status, reason, {})

    def of(self, subject: str) -> Self:
        return type(self)(
            subject=subject,
            start=self.start,
            end=self.end,
            formula_version=self.formula_version,
            computed_at=self.computed_at,
        )

    def _made(
        self,
        metric: str,
        value: Value | None,
        unit: str,
        formula: str,
        n: int | None,
        status: Status,
        reason: str | None,
        parts: Mapping[str, Value | None],
    ) -> Figure:
        return Figure(
            metric=metric, subject=self.subject, start=self.start, end=self.end, value=value, unit=unit,
            formula=formula, formula_version=self.formula_version, computed_at=self.computed_at, n=n, status=status,
            reason=reason, parts=parts,
        )  # fmt: skip


def usd(microusd: int) -> Decimal:
    """Dollars, exactly."""
    return Decimal(microusd).scaleb(-6)
