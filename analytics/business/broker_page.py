"""How the brokers' report is shown. Pure."""

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Final

from analytics.business.broker_advice import WEIGHTS
from analytics.business.broker_report import FORMULA, FORMULAS, NO_BROKER, BrokerCost, BrokerCostReport
from analytics.figures import Figure
from analytics.reports.page import Bars, Cell, Chart, Column, NoChart, Page, Point, Scatter, Section, Table, Unit

_METRICS: Final = (
    ("connection_cost_usd", "Connection cost", Unit.USD),
    ("quality_score", "Quality", Unit.NUMBER),
    ("data_completeness_percent", "Completeness", Unit.PERCENT),
    ("avg_latency_ms", "Latency", Unit.MS),
    ("customer_satisfaction", "Satisfaction", Unit.NUMBER),
    ("revenue_impact_usd", "Attributed revenue", Unit.USD),
    ("revenue_at_risk_usd", "Revenue at risk", Unit.USD),
    ("cost_per_quality_point", "Cost per quality point", Unit.USD),
    ("roi_score", "ROI", Unit.NUMBER),
    ("roi_percent", "ROI %", Unit.PERCENT),
)
_PARTS: Final[Mapping[str, tuple[str, str]]] = {
    "A": ("Live (A)", "100 · live / scheduled seconds"),
    "C": ("Source coverage (C)", FORMULAS["data_completeness_percent"]),
    "T": ("Prompt (T)", "100 · ticks with received − event − clock offset ≤ 250 ms / ticks with an event time"),
    "V": ("Valid (V)", "100 · (1 − (rejected + quarantined) / received)"),
    "K": (
        "Near the others (K)",
        "100 · seconds with |mid − median of the others| ≤ 2 median spreads / compared ones",
    ),
}
_ATTRIBUTED: Final = (
    "Attributed revenue is a share of what tenants pay, by whose prices they consumed. It says who was used, not who "
    "caused the revenue."
)
_AT_RISK: Final = (
    "Revenue at risk is that of tenants whose redundancy or completeness would fail without the broker: each broker is "
    "taken away alone, so these do not add up."
)


def page(report: BrokerCostReport) -> Page:
    """Figures first, then the brokers side by side, what their quality is made of, and what was agreed with them."""
    brokers = report.broker_analysis
    advice = report.recommendations
    last = (report.end - timedelta(days=1)).date()
    return Page(
        name="brokers",
        title="What brokers cost, and what they bring",
        period=f"{report.start.date()} to {last} ({report.period_days} days)",
        computed_at=report.computed_at,
        figures=(report.revenue_usd, report.total_connection_cost_usd, report.unattributed_usd),
        banners=_banners(report),
        summary=(advice.primary_reason, *(f"Not attributed: {why}." for why in (report.unattributed_reason,) if why)),
        sections=(
            Section("Brokers", (_ATTRIBUTED,), (), (_scatter(brokers), _bars(report)), (_figures(brokers),)),
            Section("What quality is made of", tables=(_quality(brokers),)),
            Section("What is at risk, and why", (_AT_RISK,), tables=(_at_risk(brokers),)),
            Section("What was agreed", tables=(_fees(brokers), _contracts(brokers))),
            Section("Recommendations", tables=(_advice(report),)),
            *_not_known(brokers),
        ),
    )


def _banners(report: BrokerCostReport) -> tuple[str, ...]:
    if not report.synthetic:
        return ()
    return (f"Some of these figures rest on synthetic rows: {', '.join(report.synthetic)}",)


def _column(metric: str, title: str, unit: Unit) -> Column:
    return Column(title, unit, f"{FORMULAS[metric]} ({FORMULA})")


def _figures(brokers: Mapping[str, BrokerCost]) -> Table:
    columns = (Column("Broker"), *(_column(*each) for each in _METRICS))
    rows = [(name, *(_of(each, metric).value for metric, _, _ in _METRICS)) for name, each in brokers.items()]
    return Table("brokers", "Figures of each broker", columns, tuple(rows), "Satisfaction is CSAT, 1 to 5.")


def _quality(brokers: Mapping[str, BrokerCost]) -> Table:
    columns = (
        Column("Broker"),
        _column("quality_score", "Quality", Unit.NUMBER),
        *(
            Column(title, Unit.PERCENT, f"{formula}; weight {WEIGHTS[letter]:.2f} ({FORMULA})")
            for letter, (title, formula) in _PARTS.items()
        ),
        Column("Crossed", Unit.PERCENT, "100 · ticks with ask < bid / received; shown beside, not part of the score"),
        Column("Ticks", Unit.NUMBER),
    )
    rows = []
    for name, each in brokers.items():
        score = each.quality_score
        parts = [score.parts.get(letter) for letter in (*_PARTS, "crossed_percent")]
        rows.append((name, score.value, *parts, score.n))
    return Table("broker_quality", "Parts of the quality score", columns, tuple(rows))


def _at_risk(brokers: Mapping[str, BrokerCost]) -> Table:
    columns = (
        Column("Broker"),
        _column("revenue_at_risk_usd", "At risk", Unit.USD),
        Column("Tenants", Unit.NUMBER),
        *(Column(title, Unit.USD) for title in ("For redundancy", "Of which fails already", "For completeness")),
        Column("Of tenants nobody could judge", Unit.USD),
    )
    names = ("tenants", "redundancy_usd", "already_usd", "completeness_usd", "not_judged_usd")
    rows = [
        (name, each.revenue_at_risk_usd.value, *(each.revenue_at_risk_usd.parts.get(part) for part in names))
        for name, each in brokers.items()
    ]
    note = (
        "A tenant may be at risk for both. Nobody can be judged whose tier, or whose symbols' seconds, are not known."
    )
    return Table("broker_risks", "Revenue at risk", columns, tuple(rows), note)


def _fees(brokers: Mapping[str, BrokerCost]) -> Table:
    metrics = (
        ("contract_fee_usd", "Fee by contract", Unit.USD),
        ("connection_cost_usd", "Charged", Unit.USD),
        ("fee_difference_usd", "Charged above the fee", Unit.USD),
    )
    rows = [(name, *(_of(each, metric).value for metric, _, _ in metrics)) for name, each in brokers.items()]
    columns = (Column("Broker"), *(_column(*each) for each in metrics))
    return Table("broker_fees", "Charged against agreed", columns, tuple(rows))


def _contracts(brokers: Mapping[str, BrokerCost]) -> Table:
    columns = (
        Column("Broker"),
        Column("From", Unit.DATE),
        Column("Until", Unit.DATE),
        Column("Fee a month", Unit.USD),
        _column("contract_fee_usd", "Fee of the span", Unit.USD),
        Column("Connections", Unit.NUMBER),
        Column("Redistribution"),
        Column("Tiers"),
        Column("Upstream"),
    )
    rows: list[tuple[Cell, ...]] = [
        (
            name, deal.from_date, deal.to_date, deal.fee_usd, deal.fee_of_span_usd, deal.connections,
            deal.redistribution_permitted, ", ".join(deal.tiers), deal.upstream,
        )
        for name, each in brokers.items()
        for deal in each.contracts
    ]  # fmt: skip
    note = "A contract without an end has no date in Until; a broker without an upstream passes on nobody's prices."
    return Table("broker_contracts", "Contracts in force in the span", columns, tuple(rows), note)


def _advice(report: BrokerCostReport) -> Table:
    advice = report.recommendations
    rows: list[tuple[Cell, ...]] = [("primary broker", advice.primary_broker, advice.primary_reason)]
    rows += [("cost", each.broker, each.reason) for each in advice.cost_optimization]
    rows += [("quality", each.broker, each.reason) for each in advice.quality_improvements]
    columns = (Column("About"), Column("Broker"), Column("Recommendation"))
    return Table("broker_recommendations", "What to do", columns, tuple(rows))


def _scatter(brokers: Mapping[str, BrokerCost]) -> Chart:
    name, title = "quality_cost", "Quality against cost"
    known = {
        broker: (float(each.quality_score.value), float(each.connection_cost_usd.value))
        for broker, each in brokers.items()
        if each.quality_score.value is not None and each.connection_cost_usd.value is not None
    }
    if not known:
        return NoChart(name, title, "of no broker are both the quality and the cost known")
    earned = {broker: max(float(_amount(brokers[broker].revenue_impact_usd) or 0), 0.0) for broker in known}
    most = max(earned.values())
    points = tuple(
        Point(broker, broker, x, y, earned[broker] / most if most else 0.5) for broker, (x, y) in known.items()
    )
    missing = sorted(brokers.keys() - known.keys())
    note = "Larger: more attributed revenue."
    if missing:
        note += f" Not drawn, for quality or cost is not known: {', '.join(missing)}."
    return Scatter(name, title, points, "Quality", "Connection cost", Unit.NUMBER, Unit.USD, note)


def _bars(report: BrokerCostReport) -> Chart:
    name, title = "revenue", "Attributed revenue, and revenue at risk"
    brokers = report.broker_analysis
    attributed = (
        *(_amount(each.revenue_impact_usd) for each in brokers.values()),
        _amount(report.unattributed_usd),
    )
    at_risk = (*(_amount(each.revenue_at_risk_usd) for each in brokers.values()), None)
    if all(value is None for value in (*attributed, *at_risk)):
        return NoChart(name, title, report.revenue_usd.reason or "nothing is known of revenue")
    series = {"attributed": attributed, "at risk": at_risk}
    return Bars(name, title, (*brokers, NO_BROKER), series, Unit.USD)


def _not_known(brokers: Mapping[str, BrokerCost]) -> tuple[Section, ...]:
    """Whatever has no value, and why."""
    rows = [
        (name, title, str(figure.status), figure.reason)
        for name, each in brokers.items()
        for metric, title, _ in _METRICS
        if (figure := _of(each, metric)).value is None
    ]
    if not rows:
        return ()
    columns = (Column("Broker"), Column("Figure"), Column("Status"), Column("Why"))
    return (
        Section(
            "What is not known", tables=(Table("brokers_missing", "Figures without a value", columns, tuple(rows)),)
        ),
    )


def _of(each: BrokerCost, metric: str) -> Figure:
    found = getattr(each, metric)
    assert isinstance(found, Figure)
    return found


def _amount(figure: Figure) -> Decimal | None:
    return figure.value if isinstance(figure.value, Decimal) else None
