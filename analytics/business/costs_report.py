"""What a month cost and who bears it, read from what is stored of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Final

from analytics.allocation.rules import FORMULA
from analytics.figures import Figure, Measured, Status, usd
from analytics.summary import Questions, Row

TOP: Final = 20
_TOTAL: Final = "the sum of what the charges' days in the month come to"
_SUM: Final = "the sum of the month's rows on that line, in micro-dollars"
_PER_USER: Final = "total / tenants who consumed a tick in the month"
_UTILIZATION: Final = "100 x (1 - idle / total): idle is cost x (1 - used / provisioned), whoever bears it"
_LINES: Final = ("allocated", "idle", "unallocated")


@dataclass(frozen=True, slots=True, kw_only=True)
class CostReport:
    """A month's cost. Money is exact dollars; each list has the grain that its question of sql/ states.

    `tenants` are the dearest; the one without a name is all others. A name that is empty in `tiers`, `brokers` and
    `symbols` is what was not told apart. `provisional` until the month is closed; then it is what was frozen, with its
    `corrections`. `checks` are the sums that must agree. `notes` are what in the charges could not be used.
    """

    month: str
    start: datetime
    end: datetime
    provisional: bool
    closed_at: datetime | None
    corrections: int
    synthetic: bool
    total_usd: Decimal
    allocated_usd: Decimal
    idle_usd: Decimal
    unallocated_usd: Decimal
    figures: tuple[Figure, ...]
    charges: list[Row]
    services: list[Row]
    tiers: list[Row]
    tenants: list[Row]
    brokers: list[Row]
    symbols: list[Row]
    days: list[Row]
    unallocated: list[Row]
    checks: list[Row]
    notes: tuple[str, ...]
    computed_at: datetime
    formula_version: str = FORMULA


def read_report(questions: Questions, month: str, start: datetime, end: datetime, notes: Sequence[str]) -> CostReport:
    """Ask for it. Raises UpstreamError."""
    first, after = start.date(), end.date()
    of = {"from": first}
    span = {**of, "to": after}
    balance = questions.ask("costs_balance", {"table": "cost_allocations", **span})
    closed = questions.ask("costs_closed", of)
    computed_at = datetime.now(UTC)
    parts = questions.ask("costs_parts", of)
    sums = {line: sum(row[f"{line}_microusd"] for row in balance) for line in _LINES}
    measured = Measured(subject="all", start=start, end=end, formula_version=FORMULA, computed_at=computed_at)
    services = questions.ask("costs_services", of)
    (customers,) = questions.ask("costs_customers", span)
    return CostReport(
        month=month,
        start=start,
        end=end,
        provisional=not closed,
        closed_at=closed[0]["closed_at"].replace(tzinfo=UTC) if closed else None,
        corrections=closed[0]["corrections"] if closed else 0,
        synthetic=any(row["synthetic"] for row in balance),
        total_usd=usd(sum(sums.values())),
        allocated_usd=usd(sums["allocated"]),
        idle_usd=usd(sums["idle"]),
        unallocated_usd=usd(sums["unallocated"]),
        figures=tuple(_figures(measured, balance, sums, customers, services)),
        charges=_in_dollars(balance),
        services=_in_dollars(services),
        tenants=_in_dollars(questions.ask("costs_tenants", {**of, "top": TOP})),
        unallocated=_in_dollars(questions.ask("costs_unallocated", of)),
        tiers=_of(parts, "tier"),
        brokers=_of(parts, "broker"),
        symbols=_of(parts, "symbol"),
        days=_of(parts, "day"),
        checks=[*checks_of(balance), *_sums_by(parts, sum(sums.values()))],
        notes=tuple(notes),
        computed_at=computed_at,
    )


def _of(parts: Sequence[Row], dimension: str) -> list[Row]:
    rows = [row for row in parts if row["dimension"] == dimension]
    named = [
        {dimension: row["name"], **{f"{line}_microusd": row[f"{line}_microusd"] for line in _LINES}} for row in rows
    ]
    if dimension == "day":
        named = [row | {dimension: date.fromisoformat(row[dimension])} for row in named]
    return _in_dollars(named)


def _in_dollars(rows: Sequence[Row]) -> list[Row]:
    return [{_named(key): _valued(key, value) for key, value in row.items()} for row in rows]


def _named(key: str) -> str:
    return key.replace("_microusd", "_usd")


def _valued(key: str, value: object) -> object:
    return usd(value) if key.endswith("_microusd") and isinstance(value, int) else value


def checks_of(balance: Sequence[Row]) -> list[Row]:
    """What charges come to is what stands on the lines: in total, and each charge where that is not so."""
    lines = [f"{line}_microusd" for line in _LINES]
    both = [(row["charge"], row["origin_microusd"] or 0, sum(row[line] for line in lines)) for row in balance]
    total = _check("charges = allocated + idle + unallocated", sum(row[1] for row in both), sum(row[2] for row in both))
    return [total, *(_check(f"charge {charge}", origin, stored) for charge, origin, stored in both if origin != stored)]


def _sums_by(parts: Sequence[Row], total: int) -> list[Row]:
    """However it is added up."""
    by: dict[str, int] = {}
    for row in parts:
        by[row["dimension"]] = by.get(row["dimension"], 0) + sum(row[f"{line}_microusd"] for line in _LINES)
    return [_check(f"total = total by {dimension}", total, by[dimension]) for dimension in sorted(by)]


def _check(what: str, left: int, right: int) -> Row:
    return {"check": what, "left_usd": usd(left), "right_usd": usd(right), "holds": left == right}


def _figures(
    measured: Measured, balance: Sequence[Row], sums: dict[str, int], customers: Row, services: Sequence[Row]
) -> list[Figure]:
    total, charges = sum(sums.values()), len(balance)
    found = [measured.figure("total_cost_usd", usd(total), "USD", _TOTAL, n=charges)]
    found += [measured.figure(f"{line}_usd", usd(sums[line]), "USD", _SUM, n=charges) for line in _LINES]
    return [*found, _per_user(measured, total, customers), _utilization(measured, total, sums, balance, services)]


def _per_user(measured: Measured, total: int, customers: Row) -> Figure:
    count = customers["customers"]
    if count == 0:
        rows = customers["rows"]
        status, reason = (
            (Status.NOT_APPLICABLE, "nobody consumed a tick in the month")
            if rows
            else (Status.NO_SOURCE, "no consumption of the month is stored")
        )
        return measured.missing("cost_per_user_usd", "USD", _PER_USER, status, reason, 0)
    each = (usd(total) / count).quantize(Decimal("0.000001"))
    return measured.figure(
        "cost_per_user_usd", each, "USD", _PER_USER, n=count, parts={"total_usd": usd(total), "customers": count}
    )


def _utilization(
    measured: Measured, total: int, sums: dict[str, int], balance: Sequence[Row], services: Sequence[Row]
) -> Figure:
    metric, unit = "resource_utilization_percent", "percent"
    idle = sum(row["cost_microusd"] for row in services if row["class"] == "idle" or row["line"] == "idle")
    if not (idle or any(row["has_capacity"] for row in balance)):
        reason = "no charge tells what was provisioned and used"
        return measured.missing(metric, unit, _UTILIZATION, Status.NO_SOURCE, reason, 0)
    if total <= 0:
        reason = "the month's charges come to nothing that could be used"
        return measured.missing(metric, unit, _UTILIZATION, Status.NOT_APPLICABLE, reason, len(balance))
    value = (100 * (1 - Decimal(idle) / total)).quantize(Decimal("0.01"))
    parts = {"idle_usd": usd(idle), "total_usd": usd(total)}
    return measured.figure(metric, value, unit, _UTILIZATION, n=len(balance), parts=parts)
