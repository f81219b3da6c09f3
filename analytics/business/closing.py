"""Closing a month: its figures are frozen once, and what changes later is a correction (SEMANTICS 2)."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any, Final, Protocol

from clickhouse_connect.driver.exceptions import ClickHouseError

from analytics.business.frozen import REPORT, Frozen, allocations, frozen, row_of, rows_sum
from analytics.business.month import BusinessKPIs
from analytics.business.month_reconciled import CHARGES
from analytics.figures import Figure, Value
from analytics.sla.credits import GRACE
from analytics.summary import Questions
from infra import clickhouse
from tierfeed.domain.market import month_of
from tierfeed.errors import ConfigError, UpstreamError
from tierfeed.settings import ClickHouseSettings

ALLOCATED: Final = ("resource_utilization_percent", CHARGES)
"""Figures that rest on allocations: before those are corrected, what they would be is not known."""
FIGURES: Final = (
    "month", "correction", "report", "subject", "metric", "value", "unit", "n", "status", "reason", "parts", "formula",
    "formula_version", "computed_at",
)  # fmt: skip
CLOSED_MONTHS: Final = ("month", "correction", "closed_at", "closed_by", "note", "rows_sum")


class Costs(Protocol):
    """Allocations of a month's cost, by month such as 2026-10. Each may be done again, with the same outcome."""

    def allocate(self, month: str) -> object:
        """Allocate the month and store it as correction 0, in place of what was stored."""

    def difference(self, month: str) -> Sequence[object]:
        """The rows that what is stored, all corrections together, lacks of what would be allocated now."""

    def store_correction(self, month: str, correction: int) -> object:
        """Store the difference as rows of that correction."""


class Outcome(StrEnum):
    """What came of it."""

    CLOSED = "closed"
    UNCHANGED = "unchanged"
    DIFFERS = "differs"
    """The data has changed, and nothing was stored."""
    CORRECTED = "corrected"


@dataclass(frozen=True, slots=True)
class Difference:
    """A figure that is not what was frozen any more. Where the values are the same, what they are made of is not."""

    metric: str
    subject: str
    unit: str
    old: Value | None
    new: Value | None
    old_n: int | None
    new_n: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthClosed:
    """How a month stands: which correction is the newest, and by whom and when; 0 is the closing.

    `differences`: what differs, or has been corrected now. `allocations`: so many rows of them differ, or were stored.
    `altered`: closings whose rows are not what was closed.
    """

    month: str
    outcome: Outcome
    correction: int
    closed_at: datetime
    closed_by: str
    figures: int
    rows_sum: str
    differences: tuple[Difference, ...] = ()
    allocations: int = 0
    altered: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class _Asked:
    month: str
    correction: int
    who: str
    note: str
    now: datetime

    @property
    def first(self) -> date:
        return month_of(self.month)[0].date()


class MonthClose:
    """Closes months. What is killed half-way is done again: the row in closed_months comes last, and is what counts."""

    def __init__(self, settings: ClickHouseSettings, kpis: BusinessKPIs, costs: Costs) -> None:
        self._settings, self._kpis, self._costs = settings, kpis, costs

    def close(
        self, month: str, who: str, note: str = "", *, correct: bool = False, at: datetime | None = None
    ) -> MonthClosed:
        """Close a month, or tell what has changed since it was; `correct` stores that.

        Raises ConfigError where it is none or can still change, UpstreamError.
        """
        now = at or datetime.now(UTC)
        end = month_of(month)[1]
        if now < end + GRACE:
            raise ConfigError(f"{month} can be closed from {end + GRACE:%F %R}Z on: what comes late until then counts")
        kept = frozen(self._settings, month)
        if kept is None:
            if correct:
                raise ConfigError(f"{month} is not closed yet: there is nothing to correct")
            self._costs.allocate(month)
            return self._store(_Asked(month, 0, who, note, now), self._kpis.live(month, now), ())
        lacking = len(self._costs.difference(month)) or self._unfinished(kept)
        changed = differences(kept.figures, self._kpis.live(month, now), ALLOCATED if lacking else ())
        if not changed and not lacking:
            return _as_it_stands(kept, Outcome.UNCHANGED)
        if not correct:
            return _as_it_stands(kept, Outcome.DIFFERS, changed, lacking)
        return self._correct(kept, _Asked(month, kept.correction + 1, who, note, now), lacking)

    def _correct(self, kept: Frozen, asked: _Asked, lacking: int) -> MonthClosed:
        """Allocations first: figures rest on them."""
        if lacking:
            self._costs.store_correction(asked.month, asked.correction)
        live = self._kpis.live(asked.month, asked.now)
        changed = differences(kept.figures, live)
        return self._store(asked, {each.metric: live[each.metric] for each in changed}, changed)

    def _unfinished(self, kept: Frozen) -> int:
        """Allocations of a correction that did not come to its end."""
        first = month_of(kept.month)[0].date()
        with closing(Questions(self._settings)) as questions:
            return int(allocations(questions, first, kept.correction + 1)["rows"])

    def _store(self, asked: _Asked, made: Mapping[str, Figure], changed: tuple[Difference, ...]) -> MonthClosed:
        rows = [row_of(figure) for figure in made.values()]
        key = {"month": asked.first, "correction": asked.correction, "report": REPORT}
        with closing(Questions(self._settings)) as questions:
            allocated = allocations(questions, asked.first, asked.correction)
        hashed = rows_sum(rows, allocated)
        try:
            with closing(clickhouse.client(self._settings)) as client:
                _drop_unfinished(client, key)
                _insert(client, "month_figures", FIGURES, [key | row for row in rows])
                told = {"closed_at": asked.now, "closed_by": asked.who, "note": asked.note, "rows_sum": hashed}
                _insert(client, "closed_months", CLOSED_MONTHS, [key | told])
        except ClickHouseError as error:
            raise UpstreamError(f"ClickHouse at {self._settings.url}: {error}") from error
        return MonthClosed(
            month=asked.month,
            outcome=Outcome.CORRECTED if asked.correction else Outcome.CLOSED,
            correction=asked.correction,
            closed_at=asked.now,
            closed_by=asked.who,
            figures=len(rows),
            rows_sum=hashed,
            differences=changed,
            allocations=int(allocated["rows"]),
        )


def differences(
    old: Mapping[str, Figure], new: Mapping[str, Figure], but: Iterable[str] = ()
) -> tuple[Difference, ...]:
    """Figures of which the value, what it rests on or what it is made of is another."""
    left_out = set(but)
    return tuple(
        _difference(old.get(name), figure)
        for name, figure in new.items()
        if name not in left_out and (name not in old or _compared(old[name]) != _compared(figure))
    )


def _compared(figure: Figure) -> tuple[Any, ...]:
    row = row_of(figure)
    return tuple(row[name] for name in ("value", "n", "status", "parts"))


def _difference(old: Figure | None, new: Figure) -> Difference:
    was, n = (None, None) if old is None else (old.value, old.n)
    return Difference(new.metric, new.subject, new.unit, was, new.value, n, new.n)


def _as_it_stands(
    kept: Frozen, outcome: Outcome, changed: tuple[Difference, ...] = (), lacking: int = 0
) -> MonthClosed:
    last = kept.closings[-1]
    return MonthClosed(
        month=kept.month,
        outcome=outcome,
        correction=last.correction,
        closed_at=last.closed_at,
        closed_by=last.closed_by,
        figures=len(kept.figures),
        rows_sum=last.rows_sum,
        differences=changed,
        allocations=lacking,
        altered=kept.altered,
    )


def _drop_unfinished(client: Any, key: Mapping[str, Any]) -> None:
    """What a closing that was killed has left: it may have figures that this one has not."""
    where = "month = {month:Date} AND correction = {correction:UInt16} AND report = {report:String}"
    if client.query(f"SELECT count() FROM month_figures WHERE {where}", parameters=dict(key)).result_rows[0][0]:
        client.command(
            f"ALTER TABLE month_figures DELETE WHERE {where} SETTINGS mutations_sync = 2", parameters=dict(key)
        )


def _insert(client: Any, table: str, columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> None:
    if rows:
        client.insert(table, [[row[name] for name in columns] for row in rows], column_names=columns)
