"""The report of a month as a page: figures first, then what they come from."""

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

from analytics.business.month import CLOSED, RUNNING, MonthlyReport
from analytics.business.month_reconciled import CHARGES, CLASSES, Reconciliation
from analytics.figures import Figure, Value, usd
from analytics.reports.page import (
    Bars,
    Calendar,
    Cell,
    Chart,
    Column,
    NoChart,
    Page,
    Section,
    Table,
    Trend,
    Unit,
    Waterfall,
)
from analytics.reports.text import written
from analytics.summary import Row

HEADLINE: Final = (
    "total_revenue_usd", "gross_profit_usd", "profit_margin_percent", "users_served", "churn_rate_percent",
    "sla_compliance_percent", "data_completeness_percent", "avg_data_latency_ms",
)  # fmt: skip
LEAST_UP: Final = 99.0
"""Percent of a day's slices; what free is promised. Such a day and worse has the worst colour."""
MONEY: Final = "_microusd"


def page(report: MonthlyReport) -> Page:
    figures = report.figures
    return Page(
        name=f"month-{report.month}",
        title=f"Business report {report.start:%B %Y}",
        period=f"{report.month}, {report.state}",
        computed_at=report.computed_at,
        figures=tuple(figures[name] for name in HEADLINE if name in figures),
        banners=tuple(_banners(report)),
        summary=report.executive_summary,
        sections=tuple(_sections(report)),
    )


def _banners(report: MonthlyReport) -> Iterator[str]:
    if report.synthetic:
        yield f"Some of these figures rest on synthetic rows: {', '.join(report.synthetic)}."
    if report.state == RUNNING:
        yield f"{report.month} is running: figures cover it up to {report.computed_at:%F %R}Z and will change."
    elif report.state != CLOSED:
        yield f"{report.month} is provisional until it is closed: `tierfeed close {report.month}`."
    if report.altered:
        which = ", ".join("the closing" if not each else f"correction {each}" for each in report.altered)
        yield f"What is stored of {which} is not what was closed: its SHA-256 is another."


def _sections(report: MonthlyReport) -> Iterator[Section]:
    yield Section("What to do", text=report.recommendations)
    yield Section(
        "Revenue and cost",
        figures=tuple(report.revenue_metrics.values()),
        charts=(*_trends(report), _waterfall(report)),
    )
    yield Section("Infrastructure", figures=tuple(report.infrastructure_metrics.values()))
    yield Section("Customers", figures=tuple(report.customer_metrics.values()), tables=tuple(_moves(report)))
    yield Section(
        "Data quality",
        text=("Charts and tables of this section are drawn from what is stored now.",)
        if report.state == CLOSED
        else (),
        figures=tuple(report.quality_metrics.values()),
        charts=(_calendar(report), _latency(report)),
        tables=(_tiers(report),),
    )
    yield Section("Reconciliations", tables=(_ledgers(report), *_differing(report)))
    if report.closings:
        yield Section("Closing", tables=tuple(_history(report)))


# Revenue and cost


def _trends(report: MonthlyReport) -> Iterator[Chart]:
    months = report.trend
    if len(months) < 2:
        yield NoChart("trend", "Revenue and cost by month", "it takes two months with data")
        return
    x = tuple(f"{month.month:%Y-%m}" for month in months)
    money = {
        "revenue": tuple(month.total_revenue_usd for month in months),
        "cost": tuple(month.infrastructure_cost_usd for month in months),
    }
    note = "of closed months as they were frozen"
    yield Trend("trend", "Revenue and cost by month", x, money, Unit.USD, note=note)
    customers: tuple[float | None, ...] = tuple(month.customers for month in months)
    yield Trend("customers-trend", "Customers by month", x, {"customers": customers}, Unit.NUMBER, note=note)


def _waterfall(report: MonthlyReport) -> Chart:
    name, title = "waterfall", "From revenue to gross profit"
    revenue, cost = (report.revenue_metrics.get(key) for key in ("total_revenue_usd", "infrastructure_cost_usd"))
    for figure in (revenue, cost):
        if figure is None or not isinstance(figure.value, Decimal):
            return NoChart(
                name, title, "a figure is missing" if figure is None else f"{figure.metric}: {figure.reason}"
            )
    assert revenue is not None
    assert cost is not None
    steps = [("recognised", _decimal(revenue.parts.get("recognised_usd")))]
    steps.append(("approved credits", -_decimal(revenue.parts.get("credits_usd"))))
    classes = _cost_classes(report)
    steps += [(label, -amount) for label, amount in classes.items()]
    rest = _decimal(cost.value) - sum(classes.values(), usd(0))
    steps.append(("not allocated yet" if classes else "infrastructure", -rest))
    always = {"recognised"}
    return Waterfall(name, title, tuple(step for step in steps if step[1] or step[0] in always), "gross profit")


def _cost_classes(report: MonthlyReport) -> dict[str, Decimal]:
    ledger = next((each.figure for each in report.reconciliations if each.figure.metric == CHARGES), None)
    if ledger is None or ledger.value is None:
        return {}
    found = {name: _decimal(ledger.parts.get(f"{name}_usd")) for name in CLASSES}
    return {name: amount for name, amount in found.items() if amount}


def _decimal(value: Value | None) -> Decimal:
    return value if isinstance(value, Decimal) else usd(0)


# Customers


def _moves(report: MonthlyReport) -> Iterator[Table]:
    churn = report.customer_metrics.get("churn_rate_percent")
    if churn is None or churn.value is None:
        return
    told = (
        ("paid before the month", "opening", None),
        ("came", "came", "came_monthly_usd"),
        ("left", "gone", None),
        ("went to free", "downgraded", None),
        ("lost: left or went to free", None, "lost_monthly_usd"),
        ("pay at the end", "closing", None),
        ("pay less than before (contraction)", "contracted", "contracted_monthly_usd"),
        ("pay more than before (expansion)", "expanded", "expanded_monthly_usd"),
        ("paused and came back", "returned", None),
        ("came and left within the month", "passed", None),
    )
    rows: list[tuple[Cell, ...]] = []
    for what, count, money in told:
        lost = churn.parts.get("gone"), churn.parts.get("downgraded")
        logos = churn.parts.get(count) if count else sum(n for n in lost if isinstance(n, int))
        rows.append((what, logos, churn.parts.get(money) if money else None))
    columns = (Column("customers who pay"), Column("logos", Unit.NUMBER, churn.formula), Column("a month", Unit.USD))
    yield Table("logos", "How paying customers moved", columns, tuple(rows))


# Data quality


def _calendar(report: MonthlyReport) -> Chart:
    name, title = "sla-calendar", "Share of slices in which tiers were up, by day"
    up = {row["day"]: round(100 * row["up"] / row["slices"], 3) for row in report.days if row["slices"]}
    if not up:
        return NoChart(name, title, "the judge has stored nothing of the month")
    days: dict[date, float | None] = {}
    day, after = report.start.date(), min(report.end.date(), report.computed_at.date() + timedelta(days=1))
    while day < after:
        days[day] = up.get(day)
        day += timedelta(days=1)
    return Calendar(name, title, days, LEAST_UP, note="slices of 10 s, over all tiers; none: closed, or not judged")


def _latency(report: MonthlyReport) -> Chart:
    name, title = "latency", "Pipeline latency of records, by tier"
    if not report.latency:
        return NoChart(name, title, "no hour of the month's records is rolled up")
    octaves = range(
        min(min(row["octaves"]) for row in report.latency), max(max(row["octaves"]) for row in report.latency) + 1
    )
    series: dict[str, tuple[float | Decimal | None, ...]] = {}
    for row in report.latency:
        by = dict(zip(row["octaves"], row["counts"], strict=True))
        series[row["tier"]] = tuple(round(100 * by.get(octave, 0) / row["records"], 3) for octave in octaves)
    labels = tuple(f"< {_ms(2 << octave)} ms" for octave in octaves)
    return Bars(name, title, labels, series, Unit.PERCENT, note="percent of the tier's records")


def _ms(us: int) -> str:
    return f"{us / 1000:.3g}" if us < 1_000_000 else f"{us / 1000:.0f}"


def _tiers(report: MonthlyReport) -> Table:
    columns = (
        Column("tier"), Column("records", Unit.NUMBER), Column("mean", Unit.MS, "published - max(as_of, due)"),
        Column("p50", Unit.MS, "upper edge of its bucket"), Column("p95", Unit.MS, "upper edge of its bucket"),
        Column("p99", Unit.MS, "upper edge of its bucket"),
        Column("experienced", Unit.MS, "mean of published - received, conflation included"),
    )  # fmt: skip
    rows = tuple(
        (
            row["tier"],
            row["records"],
            round(row["pipeline_us"] / row["records"] / 1000, 3),
            row["p50_ms"],
            row["p95_ms"],
            row["p99_ms"],
            round(row["waited_us"] / row["timed"] / 1000, 3) if row["timed"] else None,
        )
        for row in report.latency
    )
    return Table("tiers", "Latency by tier", columns, rows)


# Reconciliations and closing


def _ledgers(report: MonthlyReport) -> Table:
    columns = (Column("ledgers"), Column("balanced"), Column("difference"), Column("of which"), Column("why not"))
    rows = tuple(
        (
            each.title,
            _balance(each),
            written(each.figure.value, each.figure.unit),
            _sides(each.figure),
            each.figure.reason,
        )
        for each in report.reconciliations
    )
    return Table("reconciliations", "Three reconciliations", columns, rows)


def _balance(each: Reconciliation) -> str:
    return "no data" if each.is_balanced is None else "yes" if each.is_balanced else "no"


def _sides(figure: Figure) -> str | None:
    told = [
        f"{name.removesuffix('_usd').replace('_', ' ')} {written(value, 'usd' if name.endswith('_usd') else '')}"
        for name, value in figure.parts.items()
    ]
    return ", ".join(told[:2]) or None


def _differing(report: MonthlyReport) -> Iterator[Table]:
    for each in report.reconciliations:
        if not each.rows:
            continue
        names = list(each.rows[0])
        columns = tuple(Column(_title(name), _unit(name, each.rows)) for name in names)
        rows = tuple(tuple(_cell(name, row[name]) for name in names) for row in each.rows)
        title = f"{each.title}: where they differ"
        yield Table(f"differing-{each.figure.metric.replace('_', '-')}", title, columns, rows, note="as is stored now")


def _title(name: str) -> str:
    return name.removesuffix(MONEY).replace("_", " ")


def _unit(name: str, rows: tuple[Row, ...]) -> Unit:
    if name.endswith(MONEY):
        return Unit.USD
    return Unit.NUMBER if isinstance(rows[0][name], int | float) else Unit.TEXT


def _cell(name: str, value: Cell) -> Cell:
    return usd(value) if name.endswith(MONEY) and isinstance(value, int) else value


def _history(report: MonthlyReport) -> Iterator[Table]:
    columns = (Column("correction", Unit.NUMBER), Column("at"), Column("by"), Column("note"), Column("SHA-256"))
    yield Table(
        "closings", "Closed and corrected", columns,
        tuple(
            (each.correction, f"{each.closed_at:%F %R}Z", each.closed_by, each.note, each.rows_sum)
            for each in report.closings
        ),
    )  # fmt: skip
    if report.corrections:
        changed = (Column("correction", Unit.NUMBER), Column("figure"), Column("before"), Column("now"))
        rows = tuple(
            (each.correction, each.metric, written(each.old, each.unit), written(each.new, each.unit))
            for each in report.corrections
        )
        yield Table("corrections", "What was corrected", changed, rows)
