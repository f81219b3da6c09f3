"""What the judge reads of ClickHouse, and the slices it stores there."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple

from clickhouse_connect.driver.exceptions import ClickHouseError

from analytics.sla.customers import Bought
from analytics.sla.incidents import Subject
from analytics.sla.slices import FORMULA, Counted, Slice
from analytics.summary import Questions, Row
from infra import clickhouse
from tierfeed.domain.objectives import Objective
from tierfeed.domain.tiers import Tier
from tierfeed.errors import UpstreamError
from tierfeed.settings import ClickHouseSettings

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
KNOWN: Final = timedelta(days=7)
"""How far back it is looked which symbols a broker ticks."""
COLUMNS: Final = (
    "tier", "objective", "slice_start", "slice_s", "symbols", "good", "total", "causes", "formula", "judged_at",
)  # fmt: skip
LATE: Final = """
SELECT toUnixTimestamp(min(at)), count() FROM
(
    SELECT window_start AS at FROM quality_windows
    WHERE stored_at > {since:DateTime64(6, 'UTC')} AND window_start < {done:DateTime64(6, 'UTC')}
    UNION ALL
    SELECT published_time FROM tier_quotes
    WHERE stored_at > {since:DateTime64(6, 'UTC')} AND published_time < {done:DateTime64(6, 'UTC')}
)
"""
EDGES: Final = """
SELECT count(), toUnixTimestamp(min(window_start)), toUnixTimestamp(max(window_start)), max(stored_at)
FROM quality_windows
WHERE stored_at >= {since:DateTime64(6, 'UTC')}
"""
DONE: Final = """
SELECT count(), toUnixTimestamp(min(slice_start)), max(toUnixTimestamp(slice_start) + slice_s), max(judged_at)
FROM sla_slices
"""
SLICES: Final = """
SELECT tier, objective, toUnixTimestamp(slice_start), slice_s, symbols, good, total, causes
FROM sla_slices FINAL
WHERE slice_start >= {start:DateTime('UTC')} AND slice_start < {end:DateTime('UTC')}
ORDER BY slice_start
"""


class Edges(NamedTuple):
    """The first and the last second that have a window, and when the newest was stored."""

    first: int
    last: int
    stored: datetime


class Store:
    """Seconds since 1970 throughout, half-open spans. Everything raises UpstreamError."""

    def __init__(self, settings: ClickHouseSettings) -> None:
        self._settings = settings
        self._questions = Questions(settings)
        self._client = clickhouse.client(settings)

    def edges(self, since: datetime = EPOCH) -> Edges | None:
        """Of the windows that were stored since then; None where there is none."""
        count, first, last, stored = self._row(EDGES, since=since)
        return Edges(first, last, stored.replace(tzinfo=UTC)) if count else None

    def done(self) -> tuple[int, int, datetime] | None:
        """(from where on, and up to where slices are stored; when the newest was judged)."""
        count, begin, end, judged = self._row(DONE)
        return (begin, end, judged.replace(tzinfo=UTC)) if count else None

    def late(self, since: datetime, done: int) -> int | None:
        """The first second before `done` of which something was stored after `since`."""
        first, count = self._row(LATE, since=since, done=_moment(done))
        return first if count else None

    def heard(self, start: int, end: int) -> dict[int, dict[str, frozenset[str]]]:
        """By second: of each broker that gave a sign of life, the symbols that ticked."""
        found: dict[int, dict[str, frozenset[str]]] = {}
        for row in self._questions.ask("sla_seconds", {"from": _moment(start), "to": _moment(end)}):
            found.setdefault(row["second"], {})[row["broker"]] = frozenset(row["symbols"])
        return found

    def quoted(self, before: int) -> dict[tuple[str, str], int]:
        """By (broker, symbol): the second of its last tick."""
        asked = {"from": _moment(before) - KNOWN, "to": _moment(before)}
        return {(row["broker"], row["symbol"]): row["second"] for row in self._questions.ask("sla_quoted", asked)}

    def records(self, tier: Tier, start: int, end: int) -> list[Counted]:
        """What the tier published. Without a promised latency, its interval is what may pass."""
        latency_us = tier.interval_us if tier.latency_us is None else tier.latency_us
        asked = {
            "tier": tier.name,
            "interval_us": tier.interval_us,
            "latency_us": latency_us,
            "from": _moment(start),
            "to": _moment(end),
        }
        return [Counted(tier=tier.name, **row) for row in self._questions.ask("sla_records", asked)]

    def judged(self, subject: Subject, start: int, end: int, grain_s: int) -> list[dict[str, Any]]:
        """What was kept of the promises; see sql/sla_judged.sql."""
        asked = {
            "tier": subject.tier,
            "symbols": sorted(subject.symbols or ()),
            "grain_s": grain_s,
            "from": _moment(start),
            "to": _moment(end),
        }
        return self.ask("sla_judged", asked)

    def customers(self, start: datetime, end: datetime, tenant: str = "") -> dict[str, Bought]:
        """By tenant: what it has at the end of a span, and since when in it. Only that of one tenant, or of all."""
        rows = self.ask("sla_customers", {"tenant": tenant, "from": start, "to": end})
        return {row["tenant"]: Bought.of_row(row) for row in rows}

    def register(self, tenant: str, before: datetime) -> Row:
        """What the register tells of a tenant, and of when; see sql/sla_register.sql."""
        (row,) = self.ask("sla_register", {"tenant": tenant, "to": before})
        return row

    def ask(self, question: str, parameters: Mapping[str, Any]) -> list[Row]:
        """The rows that answer sql/<question>.sql."""
        return self._questions.ask(question, parameters)

    def slices(self, start: int, end: int) -> list[Slice]:
        """Those that begin in the span, of every tier, in order."""
        rows = self._rows(SLICES, start=_moment(start), end=_moment(end))
        return [
            Slice(tier, Objective(objective), at, length_s, tuple(symbols), tuple(good), tuple(total), tuple(causes))
            for tier, objective, at, length_s, symbols, good, total, causes in rows
        ]

    def keep(self, slices: Iterable[Slice]) -> int:
        """Store them, all or none; a slice that is stored already is judged anew. Returns how many."""
        now = datetime.now(UTC)
        rows = [
            (
                each.tier, str(each.objective), _moment(each.start), each.length_s, list(each.symbols), list(each.good),
                list(each.total), list(each.causes), FORMULA, now,
            )
            for each in slices
        ]  # fmt: skip
        try:
            if rows:
                self._client.insert("sla_slices", rows, column_names=COLUMNS)
        except ClickHouseError as error:
            raise UpstreamError(f"ClickHouse at {self._settings.url}: {error}") from error
        return len(rows)

    def close(self) -> None:
        self._questions.close()
        self._client.close()

    def _row(self, sql: str, **parameters: Any) -> tuple[Any, ...]:
        return self._rows(sql, **parameters)[0]

    def _rows(self, sql: str, **parameters: Any) -> list[tuple[Any, ...]]:
        try:
            return [tuple(row) for row in self._client.query(sql, parameters=parameters).result_rows]
        except ClickHouseError as error:
            raise UpstreamError(f"ClickHouse at {self._settings.url}: {error}") from error


def _moment(second: int) -> datetime:
    return datetime.fromtimestamp(second, UTC)
