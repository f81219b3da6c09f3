"""What one tenant consumed, from what its groups committed and what was stored of the tier."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from analytics.summary import Questions, Row
from tierfeed.settings import ClickHouseSettings

FORMULA = "usage/1"


class Status(StrEnum):
    """What a figure rests on (SEMANTICS section 2)."""

    OK = "ok"
    INSUFFICIENT_DATA = "insufficient_data"
    NO_SOURCE = "no_source"


@dataclass(frozen=True, slots=True)
class Usage:
    """The figures of one tenant over [start, end). Ticks are stored tier records; each counts once per group.

    `status` is insufficient_data where no group of the tenant was ever heard of. `bytes_status`: nothing exports bytes
    by principal, so consumption without commits cannot be seen.
    """

    tenant: str
    start: datetime
    end: datetime
    ticks: int
    replayed: int
    skipped: int
    symbols: tuple[str, ...]
    days: list[Row]
    groups: list[Row]
    status: Status
    computed_at: datetime
    bytes_status: Status = Status.NO_SOURCE
    formula_version: str = FORMULA


def usage(settings: ClickHouseSettings, tenant: str, start: datetime, end: datetime) -> Usage:
    """Ask ClickHouse. Raises UpstreamError."""
    questions = Questions(settings)
    try:
        rows = questions.ask("usage", {"tenant": tenant, "from": start, "to": end})
        groups = questions.ask("usage_groups", {"tenant": tenant})
    finally:
        questions.close()
    totals = {
        what: sum(row["ticks"] for row in rows if row["what"] == what) for what in ("consumed", "read", "skipped")
    }
    return Usage(
        tenant=tenant,
        start=start,
        end=end,
        ticks=totals["consumed"],
        replayed=totals["read"] - totals["consumed"],
        skipped=totals["skipped"],
        symbols=tuple(sorted({row["symbol"] for row in rows if row["what"] == "consumed"})),
        days=list(_days(rows)),
        groups=groups,
        status=Status.OK if groups else Status.INSUFFICIENT_DATA,
        computed_at=datetime.now(UTC),
    )


def _days(rows: list[Row]) -> list[Row]:
    """One row per group, day and symbol, with what was replayed and skipped beside what was consumed."""
    keyed: dict[tuple[Any, ...], dict[str, Mapping[str, Any]]] = {}
    for row in rows:
        keyed.setdefault((row["consumer_group"], row["day"], row["symbol"]), {})[row["what"]] = row
    found = []
    for (group, day, symbol), by in sorted(keyed.items()):
        consumed = by.get("consumed", {})
        found.append(
            {
                "consumer_group": group,
                "day": day,
                "symbol": symbol,
                "ticks": consumed.get("ticks", 0),
                "replayed": by.get("read", {}).get("ticks", 0) - consumed.get("ticks", 0),
                "skipped": by.get("skipped", {}).get("ticks", 0),
                **{
                    name: consumed.get(name)
                    for name in ("latency_mean_ms", "latency_p50_ms", "latency_p99_ms", "usable_percent")
                },
            }
        )
    return found
