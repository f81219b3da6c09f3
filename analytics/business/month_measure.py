"""How a month's figures are said: with their input, or why without. Pure."""

from decimal import Decimal
from typing import Final

from analytics.business.month_facts import Facts, Source
from analytics.figures import Figure, Measured, Status, usd

FORMULA: Final = "month/1"
SUBJECT: Final = "all"
ROLLUPS: Final = "rollups compute them"


def measured(facts: Facts) -> Measured:
    span = facts.span
    return Measured(subject=SUBJECT, start=span.start, end=span.end, formula_version=FORMULA, computed_at=span.now)


def percent(part: int | Decimal, whole: int | Decimal) -> float:
    return round(float(100 * Decimal(part) / Decimal(whole)), 4)


def no_input(
    made: Measured, metric: str, unit: str, formula: str, source: Source, what: str, how: str
) -> Figure | None:
    """The figure without value, where nothing tells of the month; None where something does."""
    if source.within:
        return None
    if not source.ever:
        reason = f"there are no {what} at all: {how}"
    else:
        reason = f"there are {source.ever:,} {what}, the first of {source.first}, and none of this month: {how}"
    return made.missing(metric, unit, formula, Status.NO_SOURCE, reason)


def without(made: Measured, metric: str, unit: str, formula: str, *needed: Figure) -> Figure | None:
    """The figure without value, where one that it is made of has none."""
    for figure in needed:
        if figure.value is None:
            return made.missing(metric, unit, formula, figure.status, f"{figure.metric} is missing: {figure.reason}")
    return None


def micro(figure: Figure) -> int:
    assert isinstance(figure.value, Decimal)
    return int(figure.value.scaleb(6))


def count(figure: Figure) -> int:
    assert isinstance(figure.value, int)
    return figure.value


def per(microusd: int, divisor: int) -> Decimal:
    """Rounded half up, to the micro-dollar."""
    return usd((2 * microusd + divisor) // (2 * divisor))
