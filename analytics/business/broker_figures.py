"""The figures of brokers from what ClickHouse answered; what is missing says why. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Final

from analytics.business.broker_advice import recommend
from analytics.business.broker_report import (
    FORMULAS,
    LEAST_ANSWERS,
    NO_BROKER,
    BrokerContract,
    BrokerCost,
    BrokerCostReport,
)
from analytics.business.broker_revenue import Attributed
from analytics.figures import Figure, Measured, Status, Value, usd
from analytics.summary import Row

SHOWN: Final = 5
"""So many tenants are named in a sentence."""
AT_RISK: Final = ("redundancy_microusd", "completeness_microusd", "already_microusd")


@dataclass(frozen=True, slots=True)
class Answers:
    """What was asked of ClickHouse, by broker."""

    quality: Mapping[str, Row]
    charges: Mapping[str, Row]
    contracts: Mapping[str, Sequence[Row]]
    satisfaction: Mapping[str, Row]
    at_risk: Mapping[str, Row]
    revenue: Attributed

    @property
    def brokers(self) -> list[str]:
        """Those that have anything in the span."""
        return sorted({*self.quality, *self.charges, *self.contracts, *self.revenue.brokers})

    @property
    def synthetic(self) -> tuple[str, ...]:
        found = {
            "subscriptions and credits": self.revenue.synthetic,
            "cost charges": any(row["synthetic"] for row in self.charges.values()),
            "broker contracts": any(row["synthetic"] for rows in self.contracts.values() for row in rows),
            "surveys": any(row["synthetic"] for row in self.satisfaction.values()),
        }
        return tuple(kind for kind, is_in in found.items() if is_in)


def report(answers: Answers, told: Measured, period_days: int) -> BrokerCostReport:
    """The whole report; `told` has its span and moment."""
    analysis = {broker: _broker(answers, told.of(broker), broker) for broker in answers.brokers}
    revenue = answers.revenue
    return BrokerCostReport(
        period_days=period_days,
        start=told.start,
        end=told.end,
        computed_at=told.computed_at,
        broker_analysis=analysis,
        revenue_usd=_revenue(revenue, told.of("all brokers")),
        total_connection_cost_usd=_total_cost(answers, told.of("all brokers")),
        unattributed_usd=_unattributed(revenue, told.of(NO_BROKER)),
        unattributed_reason=_why_unattributed(revenue),
        recommendations=recommend(analysis),
        synthetic=answers.synthetic,
    )


def _broker(answers: Answers, told: Measured, broker: str) -> BrokerCost:
    cost = _cost(answers.charges.get(broker), told)
    quality = answers.quality.get(broker)
    score = _score(quality, told)
    impact = _impact(answers.revenue, told)
    contracts = tuple(_contract(row) for row in answers.contracts.get(broker, ()))
    fee = _fee(answers.contracts.get(broker, ()), told)
    return BrokerCost(
        connection_cost_usd=cost,
        quality_score=score,
        data_completeness_percent=_completeness(quality, told),
        avg_latency_ms=_latency(quality, told),
        customer_satisfaction=_satisfaction(answers.satisfaction.get(broker), told),
        revenue_impact_usd=impact,
        revenue_at_risk_usd=_at_risk(answers, told),
        cost_per_quality_point=_cost_per_point(cost, score, told),
        roi_score=_roi("roi_score", "ratio", cost, impact, told),
        roi_percent=_roi("roi_percent", "percent", cost, impact, told),
        contract_fee_usd=fee,
        fee_difference_usd=_difference(cost, fee, told),
        contracts=contracts,
    )


def _is(told: Measured, metric: str, value: Value, unit: str, n: int | None = None, **parts: Value | None) -> Figure:
    return told.figure(metric, value, unit, FORMULAS[metric], n=n, parts=parts)


def _lacks(told: Measured, metric: str, unit: str, status: Status, reason: str, n: int | None = None) -> Figure:
    return told.missing(metric, unit, FORMULAS[metric], status, reason, n)


def _cost(row: Row | None, told: Measured) -> Figure:
    if row is None:
        reason = f"no charge of the span is tagged with broker {told.subject}"
        return _lacks(told, "connection_cost_usd", "usd", Status.NO_SOURCE, reason)
    return _is(told, "connection_cost_usd", usd(row["microusd"]), "usd", row["charges"])


def _total_cost(answers: Answers, told: Measured) -> Figure:
    if not answers.charges:
        reason = "no charge of the span is tagged with a broker"
        return _lacks(told, "total_connection_cost_usd", "usd", Status.NO_SOURCE, reason)
    parts = {broker: usd(row["microusd"]) for broker, row in answers.charges.items()}
    n = sum(row["charges"] for row in answers.charges.values())
    total = usd(sum(row["microusd"] for row in answers.charges.values()))
    return told.figure(
        "total_connection_cost_usd", total, "usd", FORMULAS["total_connection_cost_usd"], n=n, parts=parts
    )


def _score(row: Row | None, told: Measured) -> Figure:
    if row is None:
        return _lacks(told, "quality_score", "points", Status.NO_SOURCE, _no_days(told))
    if row["quality"] is None:
        reason = "none of the parts of the score is known: no market time, no ticks, nobody to compare with"
        return _lacks(told, "quality_score", "points", Status.INSUFFICIENT_DATA, reason, row["ticks"])
    return _is(
        told, "quality_score", row["quality"], "points", row["ticks"], A=row["a"], C=row["c"], T=row["t"], V=row["v"],
        K=row["k"], crossed_percent=row["crossed_percent"],
    )  # fmt: skip


def _completeness(row: Row | None, told: Measured) -> Figure:
    metric = "data_completeness_percent"
    if row is None:
        return _lacks(told, metric, "percent", Status.NO_SOURCE, _no_days(told))
    if row["c"] is None:
        reason = "no other broker ticked its symbols, and there is nobody else to go by"
        return _lacks(told, metric, "percent", Status.INSUFFICIENT_DATA, reason, 0)
    return _is(told, metric, row["c"], "percent", row["expected_s"])


def _latency(row: Row | None, told: Measured) -> Figure:
    if row is None:
        return _lacks(told, "avg_latency_ms", "ms", Status.NO_SOURCE, _no_days(told))
    if row["avg_latency_ms"] is None:
        reason = f"none of {row['ticks']:,} ticks has a time of the broker's own"
        return _lacks(told, "avg_latency_ms", "ms", Status.NO_SOURCE, reason, 0)
    return _is(told, "avg_latency_ms", row["avg_latency_ms"], "ms", row["timed"])


def _no_days(told: Measured) -> str:
    return f"broker_days has no day of {told.subject} in the span: nothing of it was received, or not rolled up yet"


def _satisfaction(row: Row | None, told: Measured) -> Figure:
    metric, unit = "customer_satisfaction", "of 1 to 5"
    if row is None:
        reason = "no CSAT answer of the span is of a tenant that consumed any of its prices"
        return _lacks(told, metric, unit, Status.NO_SOURCE, reason)
    if row["answers"] < LEAST_ANSWERS:
        reason = f"{row['answers']} CSAT answers, fewer than {LEAST_ANSWERS}"
        return _lacks(told, metric, unit, Status.INSUFFICIENT_DATA, reason, row["answers"])
    return _is(told, metric, row["satisfaction"], unit, row["answers"], tenants=row["tenants"])


def _no_revenue() -> str:
    return "no subscription earned anything in the span"


def _revenue(revenue: Attributed, told: Measured) -> Figure:
    if not revenue.earning:
        return _lacks(told, "revenue_usd", "usd", Status.NO_SOURCE, _no_revenue())
    return _is(told, "revenue_usd", usd(revenue.revenue), "usd", revenue.earning)


def _impact(revenue: Attributed, told: Measured) -> Figure:
    if not revenue.earning:
        return _lacks(told, "revenue_impact_usd", "usd", Status.NO_SOURCE, _no_revenue())
    if not revenue.is_metered:
        reason = "nothing is known of what tenants consumed in the span"
        return _lacks(told, "revenue_impact_usd", "usd", Status.NO_SOURCE, reason)
    amount, n = revenue.brokers.get(told.subject, 0), revenue.tenants.get(told.subject, 0)
    percent = round(100 * amount / revenue.revenue, 4) if revenue.revenue else None
    return _is(told, "revenue_impact_usd", usd(amount), "usd", n, percent_of_revenue=percent)


def _unattributed(revenue: Attributed, told: Measured) -> Figure:
    if not revenue.earning:
        return _lacks(told, "unattributed_usd", "usd", Status.NO_SOURCE, _no_revenue())
    return _is(
        told, "unattributed_usd", usd(revenue.unnamed + revenue.unconsumed), "usd", revenue.earning,
        unnamed_usd=usd(revenue.unnamed), unconsumed_usd=usd(revenue.unconsumed), idle_tenants=len(revenue.idle),
    )  # fmt: skip


def _why_unattributed(revenue: Attributed) -> str | None:
    found = []
    if revenue.idle:
        few = ", ".join(revenue.idle[:SHOWN]) + (", …" if len(revenue.idle) > SHOWN else "")
        found.append(
            f"${usd(revenue.unconsumed):,.2f} of tenants that pay and consumed nothing: {len(revenue.idle):,} ({few})"
        )
    if revenue.unnamed:
        found.append(f"${usd(revenue.unnamed):,.2f} of consumed bests that nobody can be named for")
    return "; ".join(found) or None


def _at_risk(answers: Answers, told: Measured) -> Figure:
    metric, status = "revenue_at_risk_usd", Status.NO_SOURCE
    if not answers.revenue.earning:
        return _lacks(told, metric, "usd", status, _no_revenue())
    if not answers.at_risk:
        return _lacks(
            told, metric, "usd", status, "presence_days has no second of the span: who was there is not known"
        )
    row = answers.at_risk.get(told.subject)
    judged = next(iter(answers.at_risk.values()))["judged"]
    if not judged:
        reason = "of no tenant with revenue are both the tier and the seconds of its symbols known"
        return _lacks(told, metric, "usd", status, reason, 0)
    # A broker that no tier has and that never was there: nobody would miss it.
    at = dict.fromkeys(("microusd", "tenants", *AT_RISK), 0) if row is None else row
    left_out = next(iter(answers.at_risk.values()))["not_judged_microusd"]
    parts = {name.replace("_microusd", "_usd"): usd(at[name]) for name in AT_RISK}
    return _is(
        told, metric, usd(at["microusd"]), "usd", judged, tenants=at["tenants"], **parts, not_judged_usd=usd(left_out)
    )


def _cost_per_point(cost: Figure, score: Figure, told: Measured) -> Figure:
    metric, unit = "cost_per_quality_point", "usd per point"
    for each, what in ((cost, "cost"), (score, "quality")):
        if each.value is None:
            return _lacks(told, metric, unit, each.status, f"its {what} is not known: {each.reason}")
    # A score is 1 at least: no part counts for less than 0.01.
    value = Decimal(str(cost.value)) / Decimal(str(score.value))
    return _is(told, metric, value.quantize(Decimal("0.000001")), unit, cost.n)


def _roi(metric: str, unit: str, cost: Figure, impact: Figure, told: Measured) -> Figure:
    for each, what in ((cost, "cost"), (impact, "attributed revenue")):
        if each.value is None:
            return _lacks(told, metric, unit, each.status, f"its {what} is not known: {each.reason}")
    spent, earned = Fraction(str(cost.value)), Fraction(str(impact.value))
    if spent <= 0:
        less = "0" if spent == 0 else "less than 0"
        return _lacks(told, metric, unit, Status.NOT_APPLICABLE, f"it cost {less} in the span: nothing to divide by")
    value = earned / spent if metric == "roi_score" else 100 * (earned - spent) / spent
    return _is(told, metric, round(float(value), 4), unit, impact.n)


def _contract(row: Row) -> BrokerContract:
    return BrokerContract(
        broker=row["broker"],
        from_date=row["from_date"],
        to_date=row["to_date"],
        fee_usd=usd(row["fee_microusd"]),
        fee_of_span_usd=usd(row["microusd"]),
        days_in_span=row["days_in_span"],
        connections=row["connections"],
        redistribution_permitted=bool(row["redistribution_permitted"]),
        tiers=tuple(row["tiers"]),
        upstream=row["upstream"],
        synthetic=bool(row["synthetic"]),
    )


def _fee(rows: Sequence[Row], told: Measured) -> Figure:
    if not rows:
        reason = f"no contract with {told.subject} was in force in the span"
        return _lacks(told, "contract_fee_usd", "usd", Status.NO_SOURCE, reason)
    days = sum(row["days_in_span"] for row in rows)
    return _is(told, "contract_fee_usd", usd(sum(row["microusd"] for row in rows)), "usd", days)


def _difference(cost: Figure, fee: Figure, told: Measured) -> Figure:
    for each in (cost, fee):
        if each.value is None:
            return _lacks(told, "fee_difference_usd", "usd", each.status, each.reason or "")
    assert isinstance(cost.value, Decimal)
    assert isinstance(fee.value, Decimal)
    return _is(told, "fee_difference_usd", cost.value - fee.value, "usd", cost.n)
