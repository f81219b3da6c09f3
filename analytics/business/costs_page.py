"""The cost report as a page."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Final

from analytics.business.costs_report import CostReport
from analytics.reports.page import Cell, Chart, Column, NoChart, Page, Section, Table, Trend, Unit, Waterfall
from analytics.summary import Row

UNTOLD: Final = "(not told apart)"
STEPS: Final = 12
"""Bars of the waterfall at most: the smallest services go together."""
_WHERE: Final = ("allocated_usd", "idle_usd", "unallocated_usd")


def page(report: CostReport) -> Page:
    """Figures first, then from charges to tenants, by day, and who bears what by which rule."""
    return Page(
        name="costs",
        title="Cost allocation",
        period=report.month,
        computed_at=report.computed_at,
        figures=report.figures,
        banners=tuple(_banners(report)),
        summary=tuple(_summary(report)),
        sections=(
            Section("From charges to tenants", charts=(_waterfall(report),), tables=(_charges(report),)),
            Section("By day", charts=(_trend(report),), tables=(_parts(report, "day", report.days),)),
            Section("By service, rule and method", text=report.notes, tables=(_services(report),)),
            Section("By tenant and tier", tables=(_tenants(report), _parts(report, "tier", report.tiers))),
            Section(
                "By broker and symbol",
                tables=(_parts(report, "broker", report.brokers), _parts(report, "symbol", report.symbols)),
            ),
            Section("Nobody's cost, and why", tables=(_unallocated(report),)),
            Section("What must agree", tables=(_checks(report),)),
        ),
    )


def _banners(report: CostReport) -> Iterator[str]:
    if report.synthetic:
        yield "Some of these figures rest on synthetic rows: charges."
    if report.provisional:
        yield f"{report.month} is provisional: it is not closed, and what comes late changes it."
    elif report.corrections:
        yield f"{report.month} was closed {report.closed_at:%F}, and corrected since: {report.corrections} times."
    if not all(row["holds"] for row in report.checks):
        yield "The charges have changed since they were allocated: what is shown does not add up to them."


def _summary(report: CostReport) -> Iterator[str]:
    if not report.charges:
        yield f"No charge of {report.month} is known."
        return
    yield (
        f"{len(report.charges):,} charges come to ${report.total_usd:,.2f}: ${report.allocated_usd:,.2f} is borne by"
        f" tenants, ${report.idle_usd:,.2f} is idle, ${report.unallocated_usd:,.2f} is nobody's."
    )
    if report.unallocated:
        row = report.unallocated[0]
        yield f"Most of what is nobody's is of {row['charge']} (${row['cost_usd']:,.2f}): {row['reason']}."


def _waterfall(report: CostReport) -> Chart:
    title = "From charges to what tenants bear"
    by_service: dict[str, Decimal] = {}
    for row in report.services:
        by_service[row["service"]] = by_service.get(row["service"], Decimal(0)) + row["cost_usd"]
    if not by_service:
        return NoChart("costs_waterfall", title, f"no charge of {report.month} is known")
    ranked = sorted(by_service.items(), key=lambda each: (-each[1], each[0]))
    steps = [(name or "(no service)", amount) for name, amount in ranked[:STEPS]]
    if rest := ranked[STEPS:]:
        steps.append((f"{len(rest)} other services", sum((amount for _, amount in rest), Decimal(0))))
    steps += [
        (name, -amount)
        for name, amount in (("idle", report.idle_usd), ("unallocated", report.unallocated_usd))
        if amount
    ]
    return Waterfall("costs_waterfall", title, tuple(steps), "borne by tenants")


def _trend(report: CostReport) -> Chart:
    title = "Cost by day"
    if not report.days:
        return NoChart("costs_trend", title, f"no charge of {report.month} is known")
    lines = {each.removesuffix("_usd"): tuple(row[each] for row in report.days) for each in _WHERE}
    return Trend("costs_trend", title, tuple(f"{row['day']:%F}" for row in report.days), lines, Unit.USD)


def _charges(report: CostReport) -> Table:
    columns = (
        Column("Charge"),
        Column("Service"),
        _usd("Of the month", "the charge by its days alike"),
        *_lines(),
        Column("Rule"),
        _count("Tenants"),
    )
    keys = ("charge", "service", "origin_usd", *_WHERE, "rule", "tenants")
    return Table("costs_charges", "Charges", columns, _cells(report.charges, keys))


def _checks(report: CostReport) -> Table:
    columns = (Column("What must agree"), _usd("Left"), _usd("Right"), Column("Holds"))
    rows = tuple((row["check"], row["left_usd"], row["right_usd"], row["holds"]) for row in report.checks)
    return Table("costs_checks", "Checks", columns, rows)


def _services(report: CostReport) -> Table:
    texts = _texts("Service", "Class", "Rule", "Version", "Method", "Line")
    columns = (*texts, _count("Charges"), _usd("Cost"))
    keys = ("service", "class", "rule", "rule_version", "method", "line", "charges", "cost_usd")
    return Table("costs_services", "Services, rules and methods", columns, _cells(report.services, keys))


def _tenants(report: CostReport) -> Table:
    formula = f"its parts of all charges, {report.formula_version}"
    kinds = ("Direct", "Shared", "Idle", "Overhead")
    columns = (*_texts("Tenant", "Tier"), *(_usd(kind) for kind in kinds), _usd("Cost", formula))
    keys = ("tier", *(f"{kind.lower()}_usd" for kind in kinds), "cost_usd")
    names = (row["tenant"] or f"{row['tenants']:,} others" for row in report.tenants)
    rows = tuple((name, *cells) for name, cells in zip(names, _cells(report.tenants, keys), strict=True))
    return Table("costs_tenants", "Tenants, the dearest first", columns, rows)


def _parts(report: CostReport, name: str, rows: Sequence[Row]) -> Table:
    unit = Unit.DATE if name == "day" else Unit.TEXT
    columns = (Column(name.capitalize(), unit), *_lines())
    cells = tuple((row[name] or UNTOLD, *(row[each] for each in _WHERE)) for row in rows)
    return Table(f"costs_{name}s", f"By {name}", columns, cells)


def _unallocated(report: CostReport) -> Table:
    texts = _texts("Charge", "Service", "Rule", "Why", "Tier", "Broker", "Symbol")
    columns = (*texts, _count("Days"), _usd("Cost"))
    keys = ("charge", "service", "rule", "reason", "tier", "broker", "symbol", "days", "cost_usd")
    return Table("costs_unallocated", "Unallocated", columns, _cells(report.unallocated, keys))


def _cells(rows: Sequence[Row], keys: Sequence[str]) -> tuple[tuple[Cell, ...], ...]:
    return tuple(tuple(row[key] for key in keys) for row in rows)


def _texts(*titles: str) -> tuple[Column, ...]:
    return tuple(Column(title) for title in titles)


def _lines() -> tuple[Column, ...]:
    return _usd("Allocated"), _usd("Idle", "cost x (1 - used / provisioned)"), _usd("Unallocated")


def _usd(title: str, formula: str | None = None) -> Column:
    return Column(title, Unit.USD, formula)


def _count(title: str) -> Column:
    return Column(title, Unit.NUMBER)
