"""The reports about health as pages: of all customers, and of one. Pure."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from decimal import Decimal

from analytics.business.health import FORMULAS, CustomerHealth
from analytics.business.page_parts import UNSCORED, banners, mean, period, scatter, table
from analytics.business.scores import FORMULA, LEVELS, RiskLevel
from analytics.business.standing import COMPONENTS
from analytics.figures import Figure, Measured, Status
from analytics.reports.page import Bars, Cell, Chart, Column, NoChart, Page, Section, Table, Trend, Unit

NAMED = 3
"""So many customers are called by name."""


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
        period=period(start, end),
        computed_at=now,
        figures=tuple(_health_figures(of, ordered)),
        banners=banners({kind for each in ordered for kind in each.synthetic}),
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
                    scatter(ordered),
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
        period=period(health.start, health.end),
        computed_at=health.computed_at,
        figures=health.figures(),
        banners=banners(health.synthetic),
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
                          (Column("tier"), Column("signal"), Column("strength", Unit.PERCENT), Column("figures")),
                          offer_rows,
                          health.upsell_potential.reason or health.upsell_potential.note),
                    Table("parts", "What the parts are made of", (Column("part"), Column("of"), Column("value")),
                          _parts(health)),
                ),
            ),
        ),
    )  # fmt: skip


def _health_figures(of: Measured, healths: Sequence[CustomerHealth]) -> Iterable[Figure]:
    yield of.figure("customers", len(healths), "customers", "customers on the day")
    yield mean(
        of, "mean_health", f"plain mean of health_score: {FORMULAS['health_score']}", [h.health_score for h in healths]
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
    scored = [(each.health_score, each.tenant_id, each) for each in healths if each.health_score is not None]
    for score, name, each in sorted(scored, key=lambda found: found[:2])[:NAMED]:
        if each.risk_factors:
            yield f"{name} stands at {score:g}: {'; '.join(risk.told for risk in each.risk_factors)}."
    factors = Counter(risk.name for each in healths for risk in each.risk_factors)
    if factors:
        yield f"Risks found: {', '.join(f'{name} at {count:,}' for name, count in factors.most_common())}."


def _daily(health: CustomerHealth) -> Chart:
    name, title = "ticks-per-day", "Ticks consumed per day"
    if not health.daily:
        return NoChart(name, title, health.components[COMPONENTS[0]].reason or "no consumption is stored of the span")
    days = [each.day for each in health.daily]
    lines = {"ticks": tuple(float(each.ticks) for each in health.daily)}
    return Trend(name, title, tuple(day.isoformat() for day in days), lines, Unit.NUMBER, "trading day, UTC")


def _hover(name: str) -> str:
    return f"{FORMULAS[name]} ({FORMULA})"


def _health_table(healths: Sequence[CustomerHealth]) -> Table:
    columns = (
        Column("customer"), Column("tier"), Column("level"), Column("health", Unit.NUMBER, _hover("health_score")),
        *(Column(name.replace("_", " "), Unit.NUMBER, _hover(name)) for name in COMPONENTS),
        Column("revenue", Unit.USD), Column("upsell", Unit.NUMBER, _hover("upsell_potential")),
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
    return table("customers", "Customers by revenue", columns, rows, f"No score: {lost}." if lost else None)


def _risk_table(healths: Sequence[CustomerHealth]) -> Table:
    columns = (Column("customer"), Column("level"), Column("risk"), Column("figures"), Column("action"))
    rows: list[tuple[Cell, ...]] = [
        (each.tenant_id, each.risk_level or UNSCORED, risk.name, risk.told, risk.action)
        for each in healths
        for risk in each.risk_factors
    ]
    return table("risks", "Risks, of the customers with most revenue first", columns, rows, None)


def _parts(health: CustomerHealth) -> tuple[tuple[Cell, ...], ...]:
    scores = {**health.components, "upsell_potential": health.upsell_potential}
    return tuple(
        (name, of, None if value is None else str(value))
        for name, score in scores.items()
        for of, value in score.parts.items()
    )


def _joined(head: str, told: Sequence[str]) -> str | None:
    return f"{head}: {'; '.join(told)}" if told else None
