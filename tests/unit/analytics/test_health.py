"""Gates, risks and pages about customers."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from analytics.business.consumption import TenantUsage
from analytics.business.gates import potential
from analytics.business.insights import insights
from analytics.business.page_parts import MOST_POINTS, MOST_ROWS, scatter, table
from analytics.business.patterns import Pattern
from analytics.business.risks import risks, unknown_risks
from analytics.business.scores import WEIGHTS, Score
from analytics.business.standing import COMPONENTS, Standing
from analytics.figures import Status
from analytics.reports.page import Column, Scatter

DAY = date(2026, 10, 1)
WANTS = dict.fromkeys(WEIGHTS, 0.0) | {"denied_requests": 1.0}


def pattern(**given: Any) -> Pattern:
    usual: dict[str, Any] = {
        "tenant": "acme", "tier": "pro", "told_by": "register", "since": date(2026, 1, 1), "narrower": (),
        "symbols": ("EURUSD",), "ticks": 1, "replayed": 0, "latency_ms": None, "usable_percent": None,
        "efficiency": Score(value=50.0), "next_tier": "enterprise", "is_top": False, "signals": WANTS, "unknown": {},
        "asked": {}, "conflated": {}, "growth": {},
    }  # fmt: skip
    return Pattern(**usual | given)


def standing(health: float | None = 80.0, **given: Any) -> Standing:
    score = Score.missing(Status.INSUFFICIENT_DATA, "too new") if health is None else Score(value=health)
    usual: dict[str, Any] = {
        "tenant": "acme", "tier": "pro", "narrower": (), "health": score,
        "components": {name: Score(value=50.0) for name in COMPONENTS}, "breached_days": 0, "breached": (),
        "change_percent": 0.0, "change_unknown": None, "late": {}, "ends_on": None,
    }  # fmt: skip
    return Standing(**usual | given)


def tenant_usage(name: str, **given: Any) -> TenantUsage:
    score = Score.missing(Status.NOT_APPLICABLE, "no")
    usual: dict[str, Any] = {
        "tenant_id": name, "subscription_tier": "pro", "tier_from": "register", "symbols_accessed": (),
        "total_ticks_consumed": 1, "ticks_replayed": 0, "avg_latency_experienced": None, "data_quality_received": None,
        "allocated_infrastructure_cost": Decimal(1), "monthly_revenue": Decimal(2), "approved_credits": Decimal(0),
        "profit_margin": Decimal(1), "profit_margin_percent": 50.0, "efficiency_score": None, "upsell_potential": None,
        "health_score": 70.0, "efficiency": score, "upsell": score, "upsell_signals": {}, "next_tier": None,
        "missing": {},
    }  # fmt: skip
    return TenantUsage(**usual | given)


@pytest.mark.parametrize(
    ("of", "by", "value", "status", "says"),
    [
        (pattern(), standing(60.0), 35.0, Status.OK, None),
        (pattern(), standing(59.99), 0.0, Status.OK, "not now: health is 59.99, below 60"),
        (pattern(), standing(breached_days=1), 0.0, Status.OK, "not now: a promise was broken on 1 of 30 days"),
        (pattern(), standing(None), None, Status.INSUFFICIENT_DATA, "the gate is not known: too new"),
        (pattern(), standing(breached_days=None), None, Status.INSUFFICIENT_DATA, "no promise was judged in 30 days"),
        (pattern(), None, None, Status.NOT_APPLICABLE, "acme is no customer any more"),
        (pattern(is_top=True), standing(), None, Status.NOT_APPLICABLE, "pro is the top tier"),
        (pattern(next_tier=None), standing(), None, Status.NO_SOURCE, "the register has no price of pro"),
        (
            pattern(signals=dict.fromkeys(WEIGHTS), unknown={"growth": "too new"}),
            standing(), None, Status.NO_SOURCE, "growth: too new",
        ),
        (
            pattern(signals=WANTS | {"growth": None}, unknown={"growth": "too new"}),
            standing(), 35.0, Status.OK, "adds nothing, for it is not known: growth: too new",
        ),
    ],
)  # fmt: skip
def test_a_larger_tier_is_offered_only_through_open_gates(
    of: Pattern, by: Standing | None, value: float | None, status: Status, says: str | None
) -> None:
    found = potential(of, by)
    assert (found.value, found.status) == (value, status)
    assert (says or "") in (found.reason or found.note or "")
    assert found.parts["denied_requests"] == (None if of.signals["denied_requests"] is None else 100)


@pytest.mark.parametrize(
    ("of", "names"),
    [
        (standing(), []),
        (
            standing(components={name: Score(value=49.99) for name in COMPONENTS}),
            [f"low_{name}" for name in COMPONENTS],
        ),
        (standing(None, components={name: Score(value=0.0) for name in COMPONENTS}), []),
        (standing(change_percent=-29.99), []),
        (standing(change_percent=-30.0), ["use_down"]),
        (standing(breached_days=1, breached=("uptime",)), []),
        (standing(breached_days=2, breached=("uptime",)), ["breaches"]),
        (standing(late={"invoices": 2, "owed_microusd": 1, "days_late": 16}), ["invoice_late"]),
        (standing(69.99, ends_on=date(2026, 11, 30)), ["renewal"]),
        (standing(69.99, ends_on=DAY), ["renewal"]),
        (standing(69.99, ends_on=date(2026, 12, 1)), []),
        (standing(70.0, ends_on=date(2026, 11, 30)), []),
        (standing(None, ends_on=date(2026, 11, 30)), []),
    ],
)
def test_a_risk_begins_at_its_border(of: Standing, names: list[str]) -> None:
    found = list(risks(of, DAY))
    assert [risk.name for risk in found] == names
    assert all(risk.action and risk.figures and risk.told for risk in found)


def test_a_risk_that_nobody_could_see_is_not_one_that_is_not_there() -> None:
    blind = standing(change_percent=None, change_unknown="too new", breached_days=None, late=None)
    assert list(risks(blind, DAY)) == []
    assert unknown_risks(blind) == (
        "use_down: too new", "breaches: no promise was judged", "invoice_late: no invoices have been imported",
    )  # fmt: skip
    assert unknown_risks(standing()) == ()


def test_a_page_shows_so_many_and_counts_the_rest() -> None:
    many = [tenant_usage(f"t{n}", monthly_revenue=Decimal(1000 - n)) for n in range(MOST_POINTS + 3)]
    chart = scatter(many)
    assert isinstance(chart, Scatter)
    assert len(chart.points) == MOST_POINTS
    assert chart.note == "The 500 largest by revenue; 3 more are not drawn."
    assert (chart.points[0].label, chart.points[0].size) == ("t0", 1.0)
    shown = table("t", "T", (Column("n"),), [(n,) for n in range(MOST_ROWS + 1)], "More.")
    assert len(shown.rows) == MOST_ROWS
    assert shown.note == "The first 200 by revenue; 1 more are in the JSON. More."
    assert table("t", "T", (Column("n"),), [(1,)], None).note is None


def test_revenue_below_nothing_has_a_point_of_no_size() -> None:
    chart = scatter([tenant_usage("a"), tenant_usage("b", monthly_revenue=Decimal(-1))])
    assert isinstance(chart, Scatter)
    assert [point.size for point in chart.points] == [1.0, 0.0]


def test_insights_name_a_few_and_count_the_others() -> None:
    lossy = {"profit_margin": Decimal(-3), "allocated_infrastructure_cost": Decimal(5)}
    usages = [tenant_usage(f"t{n}", **lossy) for n in range(5)]
    first, second = insights(usages, None)
    assert first == (
        "5 of 5 paying tenants cost more than they pay, $15.00 in all: t0 (pays $2.00, costs $5.00), "
        "t1 (pays $2.00, costs $5.00), t2 (pays $2.00, costs $5.00) and 2 more."
    )
    assert second == (
        "t0 alone brings 20.0 % of the revenue of $10.00; the largest 1 of 5 paying tenants bring 20.0 %."
    )


def test_insights_tell_who_asks_and_should_not_be_offered_yet() -> None:
    wish = Score(value=0.0, note="not now: health is 10, below 60", parts={"denied_requests": 100})
    asks = tenant_usage("acme", upsell=wish, upsell_potential=0.0)
    assert [*insights([asks], None)][-1] == (
        "1 tenant asked for a larger tier and should not be offered it yet: acme (not now: health is 10, below 60)."
    )
    assert list(insights([], None)) == ["Nobody was a customer, and nobody consumed anything."]
    idle = replace(asks, upsell=wish, efficiency_score=24.0)
    assert "use less than 25 % of what they pay for: acme (24)" in " ".join(insights([idle], None))


def test_insights_find_no_loss_where_there_is_none() -> None:
    (first, _) = insights([tenant_usage("acme")], None)
    assert first == "None of 1 paying tenant costs more than it pays."
