"""The report about consumption as a page: figures first, then charts, then tables. Pure."""

from collections import Counter
from collections.abc import Iterable, Sequence

from analytics.business.consumption import FORMULAS, DayOfTier, TenantUsage, UsageReport
from analytics.business.health import FORMULAS as HEALTH
from analytics.business.page_parts import banners, mean, period, scatter, table
from analytics.business.scores import FORMULA
from analytics.figures import Figure, Measured, Status
from analytics.reports.page import Cell, Chart, Column, NoChart, Page, Section, Table, Trend, Unit


def usage_page(report: UsageReport) -> Page:
    """What tenants consume, cost and leave."""
    usages = sorted(report.usage_patterns.values(), key=lambda each: (-(each.monthly_revenue or 0), each.tenant_id))
    return Page(
        name="usage",
        title="What tenants consume, and what they leave",
        period=period(report.start, report.end),
        computed_at=report.computed_at,
        figures=tuple(_usage_figures(report, usages)),
        banners=banners(report.synthetic),
        summary=report.business_insights,
        sections=(
            Section(
                "Over time and by tenant",
                charts=(
                    _trend_of_tiers(report.trend),
                    scatter(usages),
                ),
            ),
            Section("Tenants", tables=(_usage_table(usages),)),
            Section("Who may want more", tables=(_upsell_table(usages),)),
        ),
    )


def _usage_figures(report: UsageReport, usages: Sequence[TenantUsage]) -> Iterable[Figure]:
    of = report.measured("all tenants")
    yield of.figure("tenants", len(usages), "tenants", "customers within the span, and whoever consumed")
    paying = [each for each in usages if each.monthly_revenue]
    yield of.figure("paying_tenants", len(paying), "tenants", "with revenue in the span")
    for name, title in (
        ("total_ticks_consumed", "ticks_consumed"),
        ("monthly_revenue", "revenue"),
        ("allocated_infrastructure_cost", "allocated_cost"),
        ("profit_margin", "profit"),
    ):
        yield _sum(of, title, name, usages)
    yield mean(of, "mean_efficiency", "plain mean of efficiency_score", [each.efficiency_score for each in usages])
    losing = [each for each in usages if each.profit_margin is not None and each.profit_margin < 0]
    known = sum(each.profit_margin is not None for each in usages)
    formula = "tenants whose allocated cost is above their revenue"
    if known:
        yield of.figure("costing_more_than_paying", len(losing), "tenants", formula, n=known)
    else:
        yield of.missing(
            "costing_more_than_paying", "tenants", formula, Status.NO_SOURCE, _first_reason(usages, "profit_margin"), 0
        )


def _sum(of: Measured, title: str, name: str, usages: Sequence[TenantUsage]) -> Figure:
    unit, formula = FORMULAS[name]
    known = [value for each in usages if (value := getattr(each, name)) is not None]
    if not known:
        return of.missing(title, unit, f"sum of {formula}", Status.NO_SOURCE, _first_reason(usages, name), 0)
    return of.figure(title, sum(known[1:], known[0]), unit, f"sum of {formula}", n=len(known))


def _first_reason(usages: Sequence[TenantUsage], name: str) -> str:
    return next((each.missing[name].reason for each in usages if name in each.missing), "there are no tenants")


def _trend_of_tiers(trend: Sequence[DayOfTier]) -> Chart:
    name, title = "ticks-per-day", "Ticks consumed per day"
    if not trend:
        return NoChart(name, title, "no consumption is stored of the span")
    days, ticks = sorted({each.day for each in trend}), {(each.day, each.tier): each.ticks for each in trend}
    lines = {
        tier: tuple(_float(ticks.get((day, tier))) for day in days) for tier in sorted({each.tier for each in trend})
    }
    return Trend(name, title, tuple(day.isoformat() for day in days), lines, Unit.NUMBER, "day, UTC")


def _float(value: int | None) -> float | None:
    return None if value is None else float(value)


def _hover(name: str) -> str:
    return f"{FORMULAS[name][1]} ({FORMULA})"


def _usage_table(usages: Sequence[TenantUsage]) -> Table:
    columns = (
        Column("tenant"), Column("tier"), Column("symbols", Unit.NUMBER),
        Column("ticks", Unit.NUMBER, _hover("total_ticks_consumed")),
        Column("latency", Unit.MS, _hover("avg_latency_experienced")),
        Column("usable", Unit.PERCENT, _hover("data_quality_received")),
        Column("revenue", Unit.USD, _hover("monthly_revenue")),
        Column("cost", Unit.USD, _hover("allocated_infrastructure_cost")),
        Column("profit", Unit.USD, _hover("profit_margin")),
        Column("margin", Unit.PERCENT, _hover("profit_margin_percent")),
        Column("efficiency", Unit.NUMBER, _hover("efficiency_score")),
        Column("health", Unit.NUMBER, f"{HEALTH['health_score']} ({FORMULA})"),
        Column("upsell", Unit.NUMBER, _hover("upsell_potential")),
    )  # fmt: skip
    rows: list[tuple[Cell, ...]] = [
        (
            each.tenant_id, each.subscription_tier,
            None if each.symbols_accessed is None else len(each.symbols_accessed), each.total_ticks_consumed,
            each.avg_latency_experienced, each.data_quality_received, each.monthly_revenue,
            each.allocated_infrastructure_cost, each.profit_margin, each.profit_margin_percent, each.efficiency_score,
            each.health_score, each.upsell_potential,
        )
        for each in usages
    ]  # fmt: skip
    reasons = Counter(f"{name}: {each.missing[name].reason}" for each in usages for name in each.missing)
    lost = "; ".join(f"{reason} ({count:,})" for reason, count in reasons.most_common(5))
    return table("tenants", "Tenants by revenue", columns, rows, f"No data: {lost}." if lost else None)


def _upsell_table(usages: Sequence[TenantUsage]) -> Table:
    columns = (
        Column("tenant"), Column("tier"), Column("next"),
        Column("potential", Unit.NUMBER, _hover("upsell_potential")), Column("why"),
    )  # fmt: skip
    wanting = sorted(
        (each for each in usages if each.upsell_potential),
        key=lambda each: (-(each.upsell_potential or 0), each.tenant_id),
    )
    rows: list[tuple[Cell, ...]] = [
        (
            each.tenant_id,
            each.subscription_tier,
            each.next_tier,
            each.upsell_potential,
            "; ".join(each.upsell_signals.values()),
        )
        for each in wanting
    ]
    return table("upsell", "By potential", columns, rows, None, "potential")
