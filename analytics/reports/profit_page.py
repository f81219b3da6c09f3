"""The profit report as a page."""

from collections.abc import Iterator, Sequence

from analytics.business.profit import FORMULA, ProfitAnalysis
from analytics.business.profit_report import ProfitReport
from analytics.reports.page import Bars, Chart, Column, NoChart, Page, Section, Table, Trend, Unit, Waterfall
from analytics.reports.text import SPACE, worded, written

SYNTHETIC = "Some of these figures rest on synthetic rows: subscriptions"
MINUS_20, PLUS_20 = f"−20{SPACE}%", f"+20{SPACE}%"
SAVING = f"traditional cost - ingestion cost; {FORMULA}"
SHARE = f"100 × saving / traditional cost; {FORMULA}"
MARGIN = f"100 × saving / revenue, in percentage points of revenue; {FORMULA}"


def profit_page(report: ProfitReport) -> Page:
    """What consolidated ingestion saves, from how many users on, and what that rests on."""
    return Page(
        name="profit",
        title="Profit of consolidated ingestion",
        period=f"A month with {report.analysis.users:,} users",
        computed_at=report.computed_at,
        figures=report.figures,
        banners=(SYNTHETIC,) if report.synthetic else (),
        summary=tuple(_summary(report)),
        sections=(_comparison(report), _curve(report), _sensitivity(report)),
    )


def _summary(report: ProfitReport) -> Iterator[str]:
    analysis = report.analysis
    saved = analysis.profit_improvement
    told = f" ({written(analysis.savings_percent, Unit.PERCENT)})" if analysis.savings_percent is not None else ""
    verb, amount = ("saves", saved) if saved >= 0 else ("costs more:", -saved)
    yield (
        f"Serving {analysis.users:,} users from one consolidated ingestion {verb} {written(amount, Unit.USD)} a month"
        f"{told} against a line for each: {written(analysis.ingestion_cost, Unit.USD)} instead of"
        f" {written(analysis.traditional_cost, Unit.USD)}."
    )
    if report.break_even_users is None:
        yield "It saves at no count of users: what each adds costs as much as a line of his own."
    elif report.limit_percent is not None:
        yield (
            f"It saves from {report.break_even_users:,} users on; with ever more users the saving nears"
            f" {written(report.limit_percent, Unit.PERCENT)}."
        )
    if report.profit is None or report.revenue_per_user_usd is None:
        reason = report.revenue.reason or "revenue is unknown"
        yield f"{reason[:1].upper()}{reason[1:]}."
    else:
        gain = "is left" if report.profit >= 0 else "is lost"
        yield (
            f"At {written(report.revenue_per_user_usd, Unit.USD)} a user ({report.revenue.basis}) a month earns"
            f" {written(analysis.total_revenue, Unit.USD)}, of which {written(abs(report.profit), Unit.USD)} {gain}"
            f" after the cost of ingestion."
        )


def _comparison(report: ProfitReport) -> Section:
    columns = (
        Column("Line"),
        Column("What"),
        Column("Traditional", Unit.USD, f"users × price of one line each; {FORMULA}"),
        Column("Ingestion", Unit.USD, f"count × price; {FORMULA}"),
        Column("Saving", Unit.USD, SAVING),
        Column("Saving %", Unit.PERCENT, SHARE),
    )
    rows = tuple(
        (worded(line.name), line.what, line.traditional, line.ingestion, line.saving, line.saving_percent)
        for line in report.lines
    )
    note = (
        f"Rate card {report.rate_card}. The traditional prices: {report.traditional_basis}. A share of $0 has no value."
    )
    table = Table("comparison", "Traditional against ingestion, a month", columns, rows, note)
    return Section("What it costs either way", charts=(_margin(report),), tables=(table,))


def _margin(report: ProfitReport) -> Chart:
    name, title = "margin", "From revenue to what is left"
    if report.analysis.total_revenue is None:
        return NoChart(name, title, report.revenue.reason or "the revenue per user is unknown")
    lines = {line.name: line.ingestion for line in report.lines}
    costs = tuple((line, -cost) for line, cost in lines.items() if line not in ("fixed", "total"))
    return Waterfall(name, title, (("revenue", report.analysis.total_revenue), *costs), "left")


def _curve(report: ProfitReport) -> Section:
    near = report.around_break_even
    costs = {
        "traditional": tuple(each.traditional_cost for each in near),
        "ingestion": tuple(each.ingestion_cost for each in near),
    }
    if all(each.total_revenue is not None for each in near):
        costs["revenue"] = tuple(each.total_revenue or each.ingestion_cost * 0 for each in near)
    saving = [each for each in report.curve if each.users >= min(10, report.curve[-1].users)]
    charts = (
        Trend(
            "break-even",
            "Cost of a month near the break-even",
            tuple(float(each.users) for each in near),
            costs,
            Unit.USD,
            "users",
        ),
        Trend(
            "saving",
            "Saving by users",
            tuple(f"{each.users:,}" for each in saving),
            {"saving": tuple(each.savings_percent for each in saving)},
            Unit.PERCENT,
            "users",
        ),
    )
    return Section("How it grows", (_break_even(report),), charts=charts, tables=(_table(report.curve),))


def _break_even(report: ProfitReport) -> str:
    if report.break_even_users is None:
        return "There is no break-even."
    told = f"Below {report.break_even_users:,} users the saving is negative."
    if report.revenue_covers_cost_from_users is not None:
        told += f" Revenue covers the cost of ingestion from {report.revenue_covers_cost_from_users:,} users on."
    return told


def _table(curve: Sequence[ProfitAnalysis]) -> Table:
    columns = (
        Column("Users", Unit.NUMBER),
        Column("Revenue", Unit.USD, f"users × revenue per user; {FORMULA}"),
        Column("Traditional", Unit.USD),
        Column("Ingestion", Unit.USD),
        Column("Saving", Unit.USD, SAVING),
        Column("Saving %", Unit.PERCENT, SHARE),
        Column("Margin, points", Unit.NUMBER, MARGIN),
    )
    rows = tuple(
        (
            each.users,
            each.total_revenue,
            each.traditional_cost,
            each.ingestion_cost,
            each.profit_improvement,
            each.savings_percent,
            each.margin_improvement_percent,
        )
        for each in curve
    )
    return Table("curve", "By count of users, a month", columns, rows)


def _sensitivity(report: ProfitReport) -> Section:
    rows = report.sensitivity
    now = report.analysis.profit_improvement
    columns = (
        Column("Assumption"),
        Column("Now", Unit.USD),
        Column(f"Saving at {MINUS_20}", Unit.USD, SAVING),
        Column(f"Saving at {PLUS_20}", Unit.USD, SAVING),
        Column("Moves it by", Unit.USD, f"the distance of the two; {FORMULA}"),
        Column(f"Margin at {MINUS_20}, points", Unit.NUMBER, MARGIN),
        Column(f"Margin at {PLUS_20}, points", Unit.NUMBER, MARGIN),
    )
    table = Table(
        "sensitivity",
        "Each assumption 20 % lower and higher, all else as it is",
        columns,
        tuple(
            (
                row.assumption,
                row.base,
                row.improvement_low,
                row.improvement_high,
                row.swing,
                row.margin_low_percent,
                row.margin_high_percent,
            )
            for row in rows
        ),
    )
    moving = [row for row in rows if row.swing]
    chart: Chart
    if moving:
        changes = {
            MINUS_20: tuple(row.improvement_low - now for row in moving),
            PLUS_20: tuple(row.improvement_high - now for row in moving),
        }
        title = "How far each assumption moves the saving"
        chart = Bars("moves", title, tuple(row.assumption for row in moving), changes, Unit.USD, lying=True)
        text = f"The saving depends most on one assumption: {rows[0].assumption}. A fifth of it moves the saving by"
        told = f"{text} {written(rows[0].swing / 2, Unit.USD)} either way."
    else:
        chart = NoChart("moves", "How far each assumption moves the saving", "no assumption moves it")
        told = "No assumption moves the saving."
    return Section("What it rests on", (told,), charts=(chart,), tables=(table,))
