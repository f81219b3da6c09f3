"""Every cent of a month with a tenant, or on a line that says why not: computed, checked, stored until it is closed."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime

from analytics.allocation.allocate import allocate
from analytics.allocation.check import AllocationError, balance
from analytics.allocation.rules import Rules, parse_rules
from analytics.business.costs_page import page
from analytics.business.costs_report import CostReport, checks_of, read_report
from analytics.business.costs_store import Staging, staging
from analytics.business.costs_world import read_charges, read_month
from analytics.summary import Questions, Row
from tierfeed.domain.market import month_of
from tierfeed.errors import ConfigError, UpstreamError
from tierfeed.settings import ClickHouseSettings, Settings, read_document

__all__ = ("CostAllocation", "CostReport", "allocation_rules", "page")


def allocation_rules(settings: Settings) -> Rules:
    """The rules in force. Raises ConfigError with every problem of the file."""
    return parse_rules(read_document(settings.allocation_file, "allocation_file"))


class CostAllocation:
    """Months are such as 2026-11. Everything raises UpstreamError, and ConfigError for what is no month; what computes
    raises AllocationError where sums do not agree, before anything is stored.
    """

    def __init__(self, settings: ClickHouseSettings, rules: Rules) -> None:
        self._settings, self._rules = settings, rules

    def allocate(self, month: str) -> CostReport:
        """Compute a month, store it where it differs from what is stored, and tell of it.

        Of a month that is closed nothing is computed, and what was frozen is told.
        """
        start, end = month_of(month)
        if self._is_closed(start.date()):
            return self.report(month)
        with self._staged(start, end) as table:
            if self._differing(table, start.date()) and not self._is_closed(start.date()):
                table.replace()
        return self.report(month)

    def report(self, month: str) -> CostReport:
        """What is stored of a month."""
        start, end = month_of(month)
        questions = Questions(self._settings)
        try:
            charges = read_charges(self._settings, start.date(), end.date())
            notes = [problem for charge in charges if (problem := charge.problem())]
            return read_report(questions, month, start, end, notes)
        finally:
            questions.close()

    def difference(self, month: str, correction: int = 1) -> list[Row]:
        """The rows that, added to what is stored of a month, make it what would be computed now."""
        start, end = month_of(month)
        first = start.date()
        with self._staged(start, end) as table:
            found = []
            for charge in self._differing(table, first):
                asked = {"from": first, "charge": charge, "correction": correction}
                found += table.ask("costs_difference", **asked)
        return found

    def store_correction(self, month: str, correction: int) -> int:
        """Add the difference as a correction, all of it at once; how many rows it has. None the second time.

        Raises ConfigError where the month is not closed: then `allocate` replaces what is stored.
        """
        start, end = month_of(month)
        first = start.date()
        if correction < 1:
            raise ConfigError(f"corrections are numbered from 1, was {correction}")
        if not self._is_closed(first):
            raise ConfigError(f"{month} is not closed: what is stored of it is replaced, not corrected")
        with self._staged(start, end) as table, staging(self._settings, first) as rows:
            for charge in self._differing(table, first):
                asked = {"from": first, "charge": charge, "correction": correction}
                rows.take("costs_difference", table, **asked)
            count = rows.count()
            if count:
                rows.add()
        return count

    def focus_rows(self, month: str, tenant: str = "") -> list[Row]:
        """What is stored of a month in FOCUS columns; see sql/costs_focus.sql."""
        start, end = month_of(month)
        questions = Questions(self._settings)
        try:
            return questions.ask("costs_focus", {"from": start.date(), "to": end.date(), "tenant": tenant})
        finally:
            questions.close()

    @contextmanager
    def _staged(self, start: datetime, end: datetime) -> Iterator[Staging]:
        """A table with what would be computed now, checked."""
        first, after = start.date(), end.date()
        month = read_month(self._settings, self._rules, first, after)
        with staging(self._settings, first) as table:
            sums = balance(month.charges, month.world)
            table.insert(sums.watch(allocate(month.charges, self._rules, month.world)), month.world)
            if read_charges(self._settings, first, after) != month.charges:
                raise UpstreamError("charges were imported while they were allocated: run it again")
            rows = table.ask("costs_balance", **{"from": first, "to": after})
            if wrong := [told for told in checks_of(rows) if not told["holds"]]:
                raise AllocationError(f"allocations of {first:%Y-%m} do not add up: {wrong}")
            yield table

    def _differing(self, table: Staging, first: date) -> Sequence[str]:
        return [row["charge"] for row in table.ask("costs_differing", **{"from": first})]

    def _is_closed(self, first: date) -> bool:
        questions = Questions(self._settings)
        try:
            return bool(questions.ask("costs_closed", {"from": first}))
        finally:
            questions.close()
