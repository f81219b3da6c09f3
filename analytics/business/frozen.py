"""Closed months: the figures that were frozen, what was corrected since, and whether they are still what was closed."""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final

from analytics.figures import Figure, Status, Value
from analytics.summary import Questions, Row
from tierfeed.domain.market import month_of
from tierfeed.settings import ClickHouseSettings

REPORT: Final = "month"
HASHED: Final = ("subject", "metric", "value", "unit", "n", "status", "reason", "parts", "formula", "formula_version")


@dataclass(frozen=True, slots=True)
class Closing:
    """Correction 0 is the closing itself. `rows_sum`: SHA-256 of its figures and allocations."""

    correction: int
    closed_at: datetime
    closed_by: str
    note: str
    rows_sum: str


@dataclass(frozen=True, slots=True)
class Corrected:
    """One figure as a later correction has it, and as it was before."""

    correction: int
    metric: str
    subject: str
    old: Value | None
    new: Value | None
    unit: str


@dataclass(frozen=True, slots=True)
class Frozen:
    """A closed month: the newest of each figure, and how it came to it."""

    month: str
    figures: Mapping[str, Figure]
    closings: tuple[Closing, ...]
    history: tuple[Corrected, ...]
    altered: tuple[int, ...]
    """Closings whose rows are not what they were."""

    @property
    def correction(self) -> int:
        return self.closings[-1].correction


def frozen(settings: ClickHouseSettings, month: str) -> Frozen | None:
    """None: the month is not closed. Raises ConfigError where that is no month, UpstreamError."""
    start, end = month_of(month)
    asked = {"from": start.date(), "to": end.date()}
    with closing(Questions(settings)) as questions:
        closings = tuple(_closing(row) for row in questions.ask("closing_months", asked))
        if not closings:
            return None
        rows = questions.ask("closing_figures", asked | {"report": REPORT})
        altered = [
            each.correction
            for each in closings
            if each.rows_sum
            != rows_sum(
                [row for row in rows if row["correction"] == each.correction],
                allocations(questions, start.date(), each.correction),
            )
        ]
    figures = {row["metric"]: figure_of(row, start, end) for row in rows if row["is_newest"]}
    return Frozen(month, figures, closings, tuple(_history(rows)), tuple(altered))


def trend_of(questions: Questions, first: date, after: date, metrics: Iterable[str]) -> dict[date, dict[str, Row]]:
    """Of closed months of the span, the newest of these figures."""
    wanted = set(metrics)
    found: dict[date, dict[str, Row]] = {}
    for row in questions.ask("closing_figures", {"report": REPORT, "from": first, "to": after}):
        if row["is_newest"] and row["metric"] in wanted:
            found.setdefault(row["month"], {})[row["metric"]] = row
    return found


def allocations(questions: Questions, month: date, correction: int) -> Row:
    (row,) = questions.ask("closing_allocations", {"from": month, "correction": correction})
    return row


def rows_sum(rows: Sequence[Row], allocated: Row) -> str:
    """Of figures as they are stored, in whatever order, and of the allocations that belong to them."""
    texts = sorted(json.dumps([row[name] for name in HASHED], sort_keys=True) for row in rows)
    texts.append(json.dumps([allocated["rows"], allocated["microusd"], allocated["digest"]]))
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()


def row_of(figure: Figure) -> dict[str, Any]:
    """As it is stored: values as text, so that money stays exact."""
    return {
        "subject": figure.subject,
        "metric": figure.metric,
        "value": None if figure.value is None else str(figure.value),
        "unit": figure.unit,
        "n": figure.n,
        "status": str(figure.status),
        "reason": figure.reason,
        "parts": {name: "" if value is None else str(value) for name, value in figure.parts.items()},
        "formula": figure.formula,
        "formula_version": figure.formula_version,
        "computed_at": figure.computed_at,
    }


def figure_of(row: Row, start: datetime, end: datetime) -> Figure:
    """What `row_of` made a row of."""
    return Figure(
        metric=row["metric"],
        subject=row["subject"],
        start=start,
        end=end,
        value=value_of(row["value"], row["unit"]),
        unit=row["unit"],
        formula=row["formula"],
        formula_version=row["formula_version"],
        computed_at=row["computed_at"].replace(tzinfo=UTC),
        n=row["n"],
        status=Status(row["status"]),
        reason=row["reason"],
        parts={name: value_of(text or None, "usd" * name.endswith("_usd")) for name, text in row["parts"].items()},
    )


def value_of(text: str | None, unit: str) -> Value | None:
    """Dollars are decimals; of the rest, what has no point is a whole number, and what is no number is text."""
    if text is None:
        return None
    if unit == "usd":
        return Decimal(text)
    if re.fullmatch(r"-?\d+", text):
        return int(text)
    try:
        return float(text)
    except ValueError:
        return text


def _closing(row: Row) -> Closing:
    return Closing(
        row["correction"], row["closed_at"].replace(tzinfo=UTC), row["closed_by"], row["note"], row["rows_sum"]
    )


def _history(rows: Iterable[Row]) -> Iterable[Corrected]:
    """Rows of one figure follow each other, in the order of corrections."""
    before: Row | None = None
    for row in rows:
        is_same = before is not None and (before["metric"], before["subject"]) == (row["metric"], row["subject"])
        if row["correction"]:
            old = value_of(before["value"], before["unit"]) if before is not None and is_same else None
            new = value_of(row["value"], row["unit"])
            yield Corrected(row["correction"], row["metric"], row["subject"], old, new, row["unit"])
        before = row
