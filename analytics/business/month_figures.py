"""A month's figures from what it rests on: every one of the report, in its four groups (SEMANTICS 11). Pure.

A figure whose input is missing has no value, and says which input that is.
"""

from collections.abc import Mapping
from typing import Final

from analytics.business.month_customers import customers
from analytics.business.month_facts import Facts
from analytics.business.month_measure import measured
from analytics.business.month_money import (
    connections,
    cost_per_user,
    efficiency,
    infrastructure_cost,
    revenue,
    users_served,
    utilization,
)
from analytics.business.month_quality import quality
from analytics.figures import Figure

Figures = Mapping[str, Figure]

INFRASTRUCTURE: Final = (
    "total_broker_connections", "users_served", "cost_per_user_usd", "resource_utilization_percent",
    "efficiency_improvement_percent",
)  # fmt: skip
REVENUE: Final = (
    "total_revenue_usd", "infrastructure_cost_usd", "gross_profit_usd", "profit_margin_percent",
    "savings_vs_traditional_usd",
)  # fmt: skip
CUSTOMERS: Final = (
    "total_active_customers", "customer_satisfaction_score", "churn_rate_percent", "upsell_success_rate_percent",
    "net_promoter_score",
)  # fmt: skip
QUALITY: Final = (
    "avg_data_latency_ms", "data_completeness_percent", "source_completeness_percent",
    "transport_completeness_percent", "tier_completeness_percent", "broker_uptime_percent", "sla_compliance_percent",
    "sla_compliance_by_revenue_percent",
)  # fmt: skip


def figures(facts: Facts, traditional_microusd: int) -> dict[str, Figure]:
    """By name, in order. `traditional_microusd`: what a user costs the old way, a month; an assumption."""
    made = measured(facts)
    cost, users = infrastructure_cost(facts, made), users_served(facts, made)
    found = (
        connections(facts, made),
        users,
        cost_per_user(made, cost, users),
        utilization(facts, made),
        efficiency(made, cost, users, traditional_microusd),
        *revenue(facts, made, cost, users, traditional_microusd),
        *customers(facts, made, users),
        *quality(facts, made),
    )
    return {figure.metric: figure for figure in found}


def picked(found: Figures, names: tuple[str, ...]) -> dict[str, Figure]:
    """Those of a group. A month that was frozen by an older version may not have all of them."""
    return {name: found[name] for name in names if name in found}
