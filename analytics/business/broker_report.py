"""What is told of brokers: what each cost, how good it was, what it earned, and what would be lost without it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Final

from analytics.figures import Figure, Value

FORMULA: Final = "brokers/1"
NO_BROKER: Final = "no broker known"
"""The line of revenue that no broker can be named for."""
LEAST_ANSWERS: Final = 5
"""Fewer answers than these say nothing of satisfaction."""

FORMULAS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "connection_cost_usd": "effective cost of charges tagged with the broker, pro rata by days",
        "quality_score": (
            "100 · A^0.25 · C^0.25 · T^0.20 · V^0.15 · K^0.15 over the sums of the span, each part as a share of at "
            "least 0.01; the weights of unknown parts go to the others"
        ),
        "data_completeness_percent": "100 · observed / expected seconds, expected: another broker ticked the symbol",
        "avg_latency_ms": "mean of received − event − clock offset, of ticks with an event time",
        "customer_satisfaction": (
            "mean of the tenants' mean CSAT (1 to 5), weighted by the broker's share of their consumed rows; at least "
            f"{LEAST_ANSWERS} answers"
        ),
        "revenue_impact_usd": (
            "Σ over tenants of recognised revenue × the broker's share of best bids and best asks they consumed, half "
            "a row each, by largest remainder; attributed, not causal"
        ),
        "revenue_at_risk_usd": (
            "recognised revenue of tenants that would fail without the broker: redundancy, where over 5 % of their "
            "symbols have N independent brokers left for less of the seconds than the uptime target; or completeness, "
            "where seconds with this broker alone / seconds > 1 − the completeness target; "
            "seconds: some broker ticked the symbol"
        ),
        "cost_per_quality_point": "connection_cost_usd / quality_score",
        "roi_score": "revenue_impact_usd / connection_cost_usd",
        "roi_percent": "100 · (revenue_impact_usd − connection_cost_usd) / connection_cost_usd",
        "contract_fee_usd": "the contract's fee of a month by the month's days that are in the span",
        "fee_difference_usd": "connection_cost_usd − contract_fee_usd",
        "revenue_usd": "recognised revenue of the span, net of approved credits",
        "total_connection_cost_usd": "Σ connection_cost_usd",
        "unattributed_usd": "recognised revenue × the share of consumed rows that no broker can be named for",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerContract:
    """What was agreed with a broker, and what that comes to in the days of the span it was in force on."""

    broker: str
    from_date: date
    to_date: date | None
    fee_usd: Decimal
    fee_of_span_usd: Decimal
    days_in_span: int
    connections: int
    redistribution_permitted: bool
    tiers: tuple[str, ...]
    upstream: str | None
    synthetic: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerCost:
    """The figures of one broker. The parts of the quality score are in percent, by their letters.

    `revenue_at_risk_usd` has as parts what is at risk for redundancy and what for completeness (a tenant may be in
    both), and of the former what fails already, with the broker; and the revenue of tenants nobody could judge.
    """

    connection_cost_usd: Figure
    quality_score: Figure
    data_completeness_percent: Figure
    avg_latency_ms: Figure
    customer_satisfaction: Figure
    revenue_impact_usd: Figure
    revenue_at_risk_usd: Figure
    cost_per_quality_point: Figure
    roi_score: Figure
    roi_percent: Figure
    contract_fee_usd: Figure
    fee_difference_usd: Figure
    contracts: tuple[BrokerContract, ...]


@dataclass(frozen=True, slots=True)
class Advice:
    """One thing to do about one broker: `reason` is a sentence, and `cites` has the figures in it."""

    broker: str
    reason: str
    cites: Mapping[str, Value | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerRecommendations:
    """`primary_broker` is None where none can be named; `primary_reason` says why it, or why none."""

    primary_broker: str | None
    primary_reason: str
    cost_optimization: tuple[Advice, ...]
    quality_improvements: tuple[Advice, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerCostReport:
    """Brokers over [start, end). Attributed revenue of all brokers and `unattributed_usd` add up to `revenue_usd`.

    `unattributed_reason`: why nobody can be named for that. `synthetic`: of which kinds generated rows are in it.
    """

    period_days: int
    start: datetime
    end: datetime
    computed_at: datetime
    broker_analysis: Mapping[str, BrokerCost]
    revenue_usd: Figure
    total_connection_cost_usd: Figure
    unattributed_usd: Figure
    unattributed_reason: str | None
    recommendations: BrokerRecommendations
    synthetic: tuple[str, ...]
    formula_version: str = FORMULA
