"""The reports about tenants as pages: figures first, then charts, then tables. Pure."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Final

from analytics.business.consumption import FORMULAS, DayOfTier, TenantUsage, UsageReport
from analytics.business.health import FORMULAS as HEALTH
from analytics.business.health import CustomerHealth
from analytics.business.scores import FORMULA, LEVELS, RiskLevel
from analytics.business.standing import COMPONENTS
from analytics.figures import Figure, Measured, Status
from analytics.reports.page import (
    Bars,
    Cell,
    Chart,
    Column,
    NoChart,
    Page,
    Point,
    Scatter,
    Section,
    Table,
    Trend,
    Unit,
)

MOST_POINTS: Final = 500
MOST_ROWS: Final = 200
UNSCORED: Final = "no score"


def usage_page(report: UsageReport) -> Page:
    """What tenants consume, cost and leave."""
    usages = sorted(report.usage_patterns.values(), key=lambda each: (-(each.monthly_revenue or 0), each.tenant_id))
    return Page(
        name="usage",
        title="What tenants consume, and what they leave",
        period=_period(report.start, report.end),
        computed_at=report.computed_at,
        figures=tuple(_usage_figures(report, usages)),
        banners=_banners(report.synthetic),
        summary=report.business_insights,
        sections=(
            Section(
                "Over time and by tenant",
                charts=(
                    _trend_of_tiers(report.trend),
                    _scatter((each.tenant_id, each.subscription_tier, each.health_score, each) for each in usages),
                ),
            ),
            Section("Tenants", tables=(_usage_table(usages),)),
            Section("Who may want more", tables=(_upsell_table(usages),)),
        ),
    )


def health_page(healths: Sequence[CustomerHealth], at: datetime | None = None) -> Page:
    """How the customers are. `at`: when it was asked, for a page without any."""
    ordered = sorted(healths, key=lambda each: (-(each.monthly_revenue or 0), each.tenant_id))
    now = ordered[0].computed_at if ordered else at or datetime.now(UTC)
    start, end = (ordered[0].start, ordered[0].end) if ordered else (now, now)
    of = Measured(subject="all customers", start=start, end=end, formula_version=FORMULA, computed_at=now)
    levels = Counter(each.risk_level or UNSCORED for each in ordered)
    names = (*RiskLevel, UNSCORED)
    return Page(
        name="health",
        title="How the customers are",
        period=_period(start, end),
        computed_at=now,
        figures=tuple(_health_figures(of, ordered)),
        banners=_banners({kind for each in ordered for kind in each.synthetic}),
        summary=tuple(_health_summary(ordered, levels)),
        sections=(
            Section(
                "Health",
                charts=(
                    Bars(
                        "levels",
                        "Customers by risk level",
                        names,
                        {"customers": tuple(levels[n] for n in names)},
                        Unit.NUMBER,
                    ),
                    _scatter((each.tenant_id, each.subscription_tier, each.health_score, each) for each in ordered),
                ),
            ),
            Section("Customers", tables=(_health_table(ordered), _risk_table(ordered))),
        ),
    )


def tenant_page(health: CustomerHealth) -> Page:
    """One customer, and why it stands as it does."""
    risk_rows = tuple((each.name, each.told, each.action) for each in health.risk_factors)
    offer_rows = tuple(
        (each.to_tier, each.signal, round(100 * each.strength, 1), each.told) for each in health.upsell_opportunities
    )
    return Page(
        name=f"health-{health.tenant_id}",
        title=f"{health.tenant_id} ({health.subscription_tier}): {health.risk_level or UNSCORED}",
        period=_period(health.start, health.end),
        computed_at=health.computed_at,
        figures=health.figures(),
        banners=_banners(health.synthetic),
        summary=health.explained,
        sections=(
            Section("Use", charts=(_daily(health),)),
            Section("What to do", text=health.recommended_actions or ("Nothing is called for.",)),
            Section(
                "Why",
                tables=(
                    Table("risks", "Risks", (Column("risk"), Column("figures"), Column("action")), risk_rows,
                          _joined("Not known", health.unknown_risks)),
                    Table("offers", "What speaks for a larger tier",
                          (Column("tier"), Column("signal"), Column("strength", Unit.PERCENT), Column("figures")), offer_rows,
                          health.upsell_potential.reason or health.upsell_potential.note),
                    Table("parts", "What the parts are made of", (Column("part"), Column("of"), Column("value")), _parts(health)),
                ),
            ),
        ),
    )  # fmt: skip


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
    yield _mean(of, "mean_efficiency", "plain mean of efficiency_score", [each.efficiency_score for each in usages])
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


def _mean(of: Measured, title: str, formula: str, values: Sequence[float | None]) -> Figure:
    known = [value for value in values if value is not None]
    if not known:
        return of.missing(title, "of 100", formula, Status.INSUFFICIENT_DATA, "it is known of nobody", 0)
    return of.figure(title, round(sum(known) / len(known), 2), "of 100", formula, n=len(known))


def _first_reason(usages: Sequence[TenantUsage], name: str) -> str:
    return next((each.missing[name].reason for each in usages if name in each.missing), "there are no tenants")


def _health_figures(of: Measured, healths: Sequence[CustomerHealth]) -> Iterable[Figure]:
    yield of.figure("customers", len(healths), "customers", "customers on the day")
    yield _mean(
        of, "mean_health", f"plain mean of health_score: {HEALTH['health_score']}", [h.health_score for h in healths]
    )
    endangered = [each for each in healths if each.risk_level in (RiskLevel.AT_RISK, RiskLevel.CRITICAL)]
    scored = sum(each.health_score is not None for each in healths)
    yield of.figure("at_risk_or_critical", len(endangered), "customers", f"health below {LEVELS[1][0]}", n=scored)
    formula = "revenue of the span of those with a health below 60"
    revenues = [each.monthly_revenue for each in endangered if each.monthly_revenue is not None]
    if not any(each.monthly_revenue is not None for each in healths):
        yield of.missing("revenue_endangered", "USD", formula, Status.NO_SOURCE, "no subscription is on record", 0)
    else:
        yield of.figure("revenue_endangered", sum(revenues, Decimal()), "USD", formula, n=len(revenues))


def _health_summary(healths: Sequence[CustomerHealth], levels: Counter[str]) -> Iterable[str]:
    if not healths:
        yield "There are no customers."
        return
    told = ", ".join(f"{levels[name]:,} {name.replace('_', ' ')}" for name in (*RiskLevel, UNSCORED) if levels[name])
    yield f"Of {len(healths):,} customers: {told}."
    worst = sorted(
        (each for each in healths if each.health_score is not None),
        key=lambda each: (each.health_score, each.tenant_id),
    )
    for each in worst[:3]:
        if each.risk_factors:
            yield f"{each.tenant_id} stands at {each.health_score:g}: {'; '.join(risk.told for risk in each.risk_factors)}."
    factors = Counter(risk.name for each in healths for risk in each.risk_factors)
    if factors:
        yield f"Risks found: {', '.join(f'{name} at {count:,}' for name, count in factors.most_common())}."


def _scatter(tenants: Iterable[tuple[str, str, float | None, TenantUsage | CustomerHealth]]) -> Chart:
    """Largest revenue first; the rest is counted."""
    name, title = "health-and-margin", "Tenants by health and margin"
    known = [
        (tenant, tier, health, each.profit_margin_percent, each.monthly_revenue or Decimal())
        for tenant, tier, health, each in tenants
        if health is not None and each.profit_margin_percent is not None
    ]
    if not known:
        return NoChart(name, title, "of no tenant are both health and margin known")
    most = max(revenue for *_, revenue in known)
    points = tuple(
        Point(tenant, tier, health, margin, float(revenue / most) if most > 0 else 0.0)
        for tenant, tier, health, margin, revenue in known[:MOST_POINTS]
    )
    rest = len(known) - len(points)
    note = f"The {len(points)} largest by revenue; {rest:,} more are not drawn." if rest else "Size: revenue."
    return Scatter(name, title, points, "health", "profit margin", Unit.NUMBER, Unit.PERCENT, note)


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


def _daily(health: CustomerHealth) -> Chart:
    name, title = "ticks-per-day", "Ticks consumed per day"
    if not health.daily:
        return NoChart(name, title, health.components[COMPONENTS[0]].reason or "no consumption is stored of the span")
    days: list[date] = [each.day for each in health.daily]
    lines = {"ticks": tuple(float(each.ticks) for each in health.daily)}
    return Trend(name, title, tuple(day.isoformat() for day in days), lines, Unit.NUMBER, "trading day, UTC")


def _usage_table(usages: Sequence[TenantUsage]) -> Table:
    def of(name: str) -> str:
        return f"{FORMULAS[name][1]} ({FORMULA})"

    columns = (
        Column("tenant"), Column("tier"), Column("symbols", Unit.NUMBER),
        Column("ticks", Unit.NUMBER, of("total_ticks_consumed")), Column("latency", Unit.MS, of("avg_latency_experienced")),
        Column("usable", Unit.PERCENT, of("data_quality_received")), Column("revenue", Unit.USD, of("monthly_revenue")),
        Column("cost", Unit.USD, of("allocated_infrastructure_cost")), Column("profit", Unit.USD, of("profit_margin")),
        Column("margin", Unit.PERCENT, of("profit_margin_percent")), Column("efficiency", Unit.NUMBER, of("efficiency_score")),
        Column("health", Unit.NUMBER, f"{HEALTH['health_score']} ({FORMULA})"), Column("upsell", Unit.NUMBER, of("upsell_potential")),
    )  # fmt: skip
    rows: list[tuple[Cell, ...]] = [
        (
            each.tenant_id, each.subscription_tier, None if each.symbols_accessed is None else len(each.symbols_accessed),
            each.total_ticks_consumed, each.avg_latency_experienced, each.data_quality_received, each.monthly_revenue,
            each.allocated_infrastructure_cost, each.profit_margin, each.profit_margin_percent, each.efficiency_score,
            each.health_score, each.upsell_potential,
        )
        for each in usages
    ]  # fmt: skip
    reasons = Counter(f"{name}: {each.missing[name].reason}" for each in usages for name in each.missing)
    lost = "; ".join(f"{reason} ({count:,})" for reason, count in reasons.most_common(5))
    return _table("tenants", "Tenants by revenue", columns, rows, f"No data: {lost}." if lost else None)


def _upsell_table(usages: Sequence[TenantUsage]) -> Table:
    columns = (
        Column("tenant"), Column("tier"), Column("next"), Column("potential", Unit.NUMBER, f"{FORMULAS['upsell_potential'][1]} ({FORMULA})"),
        Column("why"),
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
    return _table("upsell", "By potential", columns, rows, None, "potential")


def _health_table(healths: Sequence[CustomerHealth]) -> Table:
    columns = (
        Column("customer"), Column("tier"), Column("level"), Column("health", Unit.NUMBER, f"{HEALTH['health_score']} ({FORMULA})"),
        *(Column(name.replace("_", " "), Unit.NUMBER, f"{HEALTH[name]} ({FORMULA})") for name in COMPONENTS),
        Column("revenue", Unit.USD), Column("upsell", Unit.NUMBER, f"{HEALTH['upsell_potential']} ({FORMULA})"),
    )  # fmt: skip
    rows: list[tuple[Cell, ...]] = [
        (
            each.tenant_id, each.subscription_tier, each.risk_level or UNSCORED, each.health_score,
            *(each.health_components[name] for name in COMPONENTS), each.monthly_revenue, each.upsell_potential.value,
        )
        for each in healths
    ]  # fmt: skip
    reasons = Counter(each.reason for each in healths if each.reason is not None)
    lost = "; ".join(f"{reason} ({count:,})" for reason, count in reasons.most_common(5))
    return _table("customers", "Customers by revenue", columns, rows, f"No score: {lost}." if lost else None)


def _risk_table(healths: Sequence[CustomerHealth]) -> Table:
    columns = (Column("customer"), Column("level"), Column("risk"), Column("figures"), Column("action"))
    rows: list[tuple[Cell, ...]] = [
        (each.tenant_id, each.risk_level or UNSCORED, risk.name, risk.told, risk.action)
        for each in healths
        for risk in each.risk_factors
    ]
    return _table("risks", "Risks, of the customers with most revenue first", columns, rows, None)


def _table(
    name: str,
    title: str,
    columns: tuple[Column, ...],
    rows: Sequence[tuple[Cell, ...]],
    note: str | None,
    order: str = "revenue",
) -> Table:
    """So many rows as one reads; the rest is counted."""
    shown, rest = rows[:MOST_ROWS], len(rows) - MOST_ROWS
    more = f"The first {MOST_ROWS} by {order}; {rest:,} more are in the JSON." if rest > 0 else None
    return Table(name, title, columns, tuple(shown), " ".join(each for each in (more, note) if each) or None)


def _parts(health: CustomerHealth) -> tuple[tuple[Cell, ...], ...]:
    scores = {**health.components, "upsell_potential": health.upsell_potential}
    return tuple(
        (name, of, None if value is None else str(value))
        for name, score in scores.items()
        for of, value in score.parts.items()
    )


def _period(start: datetime, end: datetime) -> str:
    return f"{start:%F} to {end:%F}, UTC"


def _banners(synthetic: Iterable[str]) -> tuple[str, ...]:
    kinds = ", ".join(sorted(synthetic))
    return (f"Some of these figures rest on synthetic rows: {kinds}",) if kinds else ()


def _joined(head: str, told: Sequence[str]) -> str | None:
    return f"{head}: {'; '.join(told)}" if told else None
