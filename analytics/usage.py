"""What one tenant consumed, from what its groups committed and what was stored of the tier."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from analytics.figures import Status
from analytics.summary import Questions, Row
from tierfeed.settings import ClickHouseSettings

FORMULA = "usage/2"
FRAMES: Final = {"answer": 40, "place": 40, "idle": 2}
"""What Kafka's answers to readers weigh besides records: so much each, and for each partition in it (librdkafka has all
in every answer, the Java client those with records); so many a second while there is nothing (fetch.max.wait.ms 500).
"""
LEAST_BYTES: Final = 1 << 20
COVERED: Final = 0.9
UNEXPLAINED: Final = 1.05
"""So many times what commits explain may be sent; more is read by somebody who does not commit (SEMANTICS 8)."""


@dataclass(frozen=True, slots=True)
class Bytes:
    """The cross-check: what the cluster sent the tenant, and what its commits explain of that, framing included.

    Over the whole minutes of the span, from the first one on that a node answered in; `asked_s` of their seconds are
    known of every node. None where no node answered. insufficient_data: too few seconds, under a mebibyte, or offsets
    of a partition whose size nobody saw.
    """

    sent: int | None
    explained: int | None
    asked_s: float
    status: Status


@dataclass(frozen=True, slots=True)
class Usage:
    """The figures of one tenant over [start, end). Ticks are stored tier records; each counts once per group.

    `status` is insufficient_data where no group of the tenant was ever heard of.
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
    bytes: Bytes
    formula_version: str = FORMULA


def usage(settings: ClickHouseSettings, tenant: str, start: datetime, end: datetime) -> Usage:
    """Ask ClickHouse. Raises UpstreamError."""
    questions = Questions(settings)
    try:
        rows = questions.ask("usage", {"tenant": tenant, "from": start, "to": end})
        groups = questions.ask("usage_groups", {"tenant": tenant})
        sent = _bytes(questions, tenant, start, min(end, datetime.now(UTC)))
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
        bytes=sent,
    )


def _bytes(questions: Questions, tenant: str, start: datetime, end: datetime) -> Bytes:
    first, after = -(-start.timestamp() // 60) * 60, end.timestamp() // 60 * 60
    begin, until = (datetime.fromtimestamp(second, UTC) for second in (first, max(first, after)))
    asked = {"tenant": tenant, **FRAMES, "from": begin, "to": until}
    (row,) = questions.ask("usage_bytes", asked)
    if not row["nodes"]:
        return Bytes(None, None, 0.0, Status.NO_SOURCE)
    sent, explained, asked_s = int(row["sent"]), int(row["explained"]), float(row["asked_s"])
    span_s = (until - row["asked_from"].replace(tzinfo=UTC)).total_seconds()
    if asked_s < COVERED * span_s or row["unsized"] or max(sent, explained) < LEAST_BYTES:
        status = Status.INSUFFICIENT_DATA
    else:
        status = Status.UNDER_METERED if sent > UNEXPLAINED * explained else Status.OK
    return Bytes(sent, explained, asked_s, status)


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
