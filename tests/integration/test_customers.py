"""What tenants consume and how they are, on real ClickHouse: a small world of which every figure is worked out by hand.

September 2026: Tuesday the 1st to Wednesday the 30th, 22 trading days. The market opens on Sundays at 21:00, closes on
Fridays at 21:00, UTC: 93 + 3 * 120 + 75 = 528 hours. August has 21 trading days from the 2nd on.

acme, pro: every trading day from 8 to 17 all 360 records of EURUSD and 180 of GBPUSD, half of those usable, each 50 ms
  late; on the 1st 40 of USDJPY, 100 ms late. In August 400 a day.
globex, enterprise with EURUSD alone: a thousand in August, none in September.
initech, free, known by its subscription alone, from Monday the 21st on: 8 trading days, each 10 of 10 at 8 o'clock.
"""

from contextlib import closing
from dataclasses import asdict, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from random import Random

import pytest

from analytics.business.consumption import CustomerUsageAnalytics, UsageReport
from analytics.business.consumption_page import usage_page
from analytics.business.health import CustomerHealth, CustomerHealthManager
from analytics.business.health_page import health_page, tenant_page
from analytics.business.scores import WEIGHTS
from analytics.figures import Status
from analytics.reports.page import NoChart, Scatter, Trend
from analytics.summary import Questions
from infra import clickhouse
from infra.clickhouse_sql import statements
from schemas import topics
from sinks.setup import migrate
from tierfeed.cli.output import emit
from tierfeed.domain.market import Calendar
from tierfeed.errors import ConfigError
from tierfeed.settings import ClickHouseSettings, Settings

pytestmark = pytest.mark.clickhouse

OCTOBER = datetime(2026, 10, 1, tzinfo=UTC)
DAYS = "SELECT toDate('2026-09-01') + number AS day FROM numbers(30) WHERE toDayOfWeek(day) <= 5"
AUGUST = "SELECT toDate('2026-08-02') + number AS day FROM numbers(30) WHERE toDayOfWeek(day) <= 5"
DAY = 130_816
"""Hours 8 to 16."""
CONSUMED = "INSERT INTO consumption_days (tenant, day, tier, symbol, ticks, usable, timed, waited_us, hours, version)"

WORLD = f"""
INSERT INTO tier_versions (tier, valid_from, active, symbols, interval_ms, depth_hours, redundancy, features, latency_ms, completeness_percent, uptime_percent, price_microusd) VALUES
    ('free', '2026-01-01 00:00:00', true, ['EURUSD', 'GBPUSD'], 1000, 1, 1, ['basic_price'], 50, 95, 99, 0),
    ('pro', '2026-01-01 00:00:00', true, ['EURUSD', 'GBPUSD', 'USDJPY'], 100, 24, 2, ['basic_price', 'spread_analysis'], 5, 99.5, 99.9, 49000000),
    ('enterprise', '2026-01-01 00:00:00', true, [], 10, 168, 3, ['basic_price', 'priority_routing'], 1, 99.9, 99.99, 499000000);
INSERT INTO tenant_versions (tenant, valid_from, active, name, tier, symbols, contract_to) VALUES
    ('acme', '2026-01-01 00:00:00', true, 'A', 'pro', [], NULL), ('globex', '2026-01-01 00:00:00', true, 'G', 'enterprise', ['EURUSD'], '2026-10-31');
INSERT INTO ops_subscriptions_versions (tenant, from_date, to_date, tier, price_microusd, void, source, imported_at) VALUES
    ('acme', '2026-01-01', NULL, 'pro', 49000000, false, 'real', '2026-01-01 00:00:00'),
    ('globex', '2026-01-01', NULL, 'enterprise', 499000000, false, 'real', '2026-01-01 00:00:00'),
    ('initech', '2026-09-21', NULL, 'free', 0, false, 'synthetic', '2026-09-21 00:00:00');
INSERT INTO ops_credits_versions (credit, tenant, month, amount_microusd, state, void, source, imported_at) VALUES
    ('c1', 'acme', '2026-09-01', 4900000, 'approved', false, 'real', '2026-09-30 00:00:00');
INSERT INTO ops_tickets_versions (ticket, tenant, opened_at, void, source, imported_at)
    SELECT concat('a', toString(number)), 'acme', '2026-09-10 00:00:00', false, 'real', '2026-09-10 00:00:00' FROM numbers(2);
INSERT INTO ops_tickets_versions (ticket, tenant, opened_at, void, source, imported_at)
    SELECT concat('g', toString(number)), 'globex', '2026-09-10 00:00:00', false, 'real', '2026-09-10 00:00:00' FROM numbers(12);
INSERT INTO ops_invoices_versions (invoice, tenant, from_date, to_date, amount_microusd, issued_on, due_on, paid_on, void, imported_at) VALUES
    ('i1', 'globex', '2026-08-01', '2026-09-01', 499000000, '2026-08-01', '2026-09-01', NULL, false, '2026-08-01 00:00:00');
INSERT INTO cost_allocations (month, correction, line, tenant, day, microusd) VALUES
    ('2026-09-01', 0, 'allocated', 'acme', '2026-09-01', 10000000), ('2026-09-01', 1, 'allocated', 'acme', '2026-09-01', -1000000),
    ('2026-09-01', 0, 'allocated', 'globex', '2026-09-01', 600000000), ('2026-09-01', 0, 'allocated', 'initech', '2026-09-30', 1000000);
{CONSUMED} SELECT 'acme', day, 'pro', 'EURUSD', 360, 360, 360, 360 * 50000, {DAY}, 1 FROM ({DAYS});
{CONSUMED} SELECT 'acme', day, 'pro', 'GBPUSD', 180, 90, 180, 180 * 50000, {DAY}, 1 FROM ({DAYS});
{CONSUMED} VALUES ('acme', '2026-09-01', 'pro', 'USDJPY', 40, 40, 40, 40 * 100000, 256, 1),
    ('globex', '2026-08-03', 'enterprise', 'EURUSD', 1000, 1000, 0, 0, 256, 1);
{CONSUMED} SELECT 'acme', day, 'pro', 'EURUSD', 400, 400, 0, 0, {DAY}, 1 FROM ({AUGUST});
{CONSUMED} SELECT 'initech', day, 'free', 'EURUSD', 10, 10, 0, 0, 256, 1 FROM ({DAYS}) WHERE day >= '2026-09-21';
INSERT INTO tier_hours (tier, symbol, hour, records, version)
    SELECT tier, symbol, toDateTime(day, 'UTC') + 3600 * h, multiIf(tier = 'free', 10, tier = 'pro', 40, 160), 1
    FROM ({DAYS}) AS days, (SELECT arrayJoin(['free', 'pro', 'enterprise']) AS tier) AS tiers,
        (SELECT arrayJoin(['EURUSD', 'GBPUSD', 'USDJPY']) AS symbol) AS symbols, (SELECT arrayJoin(range(8, 18)) AS h) AS hours;
INSERT INTO sla_slices (tier, objective, slice_start, slice_s, symbols, good, total, judged_at)
    SELECT 'pro', 'uptime', toDateTime('2026-09-02 00:00:00', 'UTC') + 10 * number, 10, ['EURUSD'], [number > 0], [1], now64(6, 'UTC') FROM numbers(2000);
INSERT INTO sla_slices (tier, objective, slice_start, slice_s, symbols, good, total, judged_at) VALUES
    ('pro', 'latency', '2026-09-02 00:00:00', 10, ['EURUSD', 'GBPUSD'], [1000, 995], [1000, 1000], '2026-09-03 00:00:00'),
    ('enterprise', 'uptime', '2026-09-02 00:00:00', 10, ['EURUSD'], [0], [1], '2026-09-03 00:00:00');
INSERT INTO sla_events (identity, incident, kind, subject, tier, tenant, objective, began_time, time) VALUES
    ('g1', 'g', 'BREACH', 'globex', 'enterprise', 'globex', 'uptime', '2026-09-02 23:00:00', '2026-09-02 23:00:10'),
    ('g2', 'g', 'RECOVERY', 'globex', 'enterprise', 'globex', 'uptime', '2026-09-02 23:00:00', '2026-09-03 01:00:00');
INSERT INTO access_decisions (time, tenant, principal, operation, resource_type, resource) VALUES
    ('2026-09-07 10:00:00', 'acme', 'acme', 'READ', 'Topic', '{topics.tier("enterprise")}'),
    ('2026-09-08 10:00:00', 'acme', 'acme', 'READ', 'Topic', '{topics.latest("enterprise")}'),
    ('2026-09-08 10:00:00', 'acme', 'acme', 'HISTORY', 'History', 'pro EURUSD'), ('2026-09-09 10:00:00', 'acme', 'acme', 'HISTORY', 'History', 'pro EURUSD'),
    ('2026-09-10 10:00:00', 'acme', 'acme', 'HISTORY', 'History', 'pro EURUSD');
"""  # noqa: E501


@pytest.fixture
def world(database: ClickHouseSettings) -> ClickHouseSettings:
    migrate(Settings(clickhouse=database))
    with closing(clickhouse.client(database)) as client:
        for statement in statements(WORLD):
            client.command(statement)
    return database


def usage(settings: ClickHouseSettings) -> UsageReport:
    return CustomerUsageAnalytics(settings, Calendar()).analyze_data_consumption_patterns(until=OCTOBER.date())


def health(settings: ClickHouseSettings) -> dict[str, CustomerHealth]:
    return {each.tenant_id: each for each in CustomerHealthManager(settings, Calendar()).all(OCTOBER)}


def test_every_figure_of_consumption_is_what_a_person_works_out(
    world: ClickHouseSettings, capsys: pytest.CaptureFixture[str]
) -> None:
    report = usage(world)
    assert (report.total_tenants, report.period_days, report.start, report.end) == (
        3, 30, datetime(2026, 9, 1, tzinfo=UTC), OCTOBER,
    )  # fmt: skip
    acme, globex, initech = (report.usage_patterns[name] for name in ("acme", "globex", "initech"))

    assert (acme.subscription_tier, acme.tier_from) == ("pro", "register")
    assert acme.symbols_accessed == ("EURUSD", "GBPUSD", "USDJPY")
    assert acme.total_ticks_consumed == 22 * (360 + 180) + 40 == 11_920
    assert acme.avg_latency_experienced == 50.168  # (11,880 * 50 + 40 * 100) / 11,920
    assert acme.data_quality_received == 83.39  # (22 * 450 + 40) / 11,920
    assert acme.monthly_revenue == Decimal("44.1")  # 49 less a credit of 4.90
    assert acme.approved_credits == Decimal("4.9")
    assert acme.allocated_infrastructure_cost == Decimal(9)  # 10, corrected by 1
    assert (acme.profit_margin, acme.profit_margin_percent) == (Decimal("35.1"), 79.59)
    assert {name: acme.efficiency.parts[name] for name in ("symbols", "time", "rate", "features")} == {
        "symbols": 100,
        "time": 37.5,  # 22 * 9 of 528 hours
        "rate": 50.17,  # 11,920 of 22 * 9 * 3 * 40
        "features": 100,  # basic_price and history
    }
    assert acme.efficiency_score == 71.92
    assert acme.efficiency.note == "nobody can see whether latest, spread_analysis was used"
    signals = {"denied_requests": 40, "efficiency": 0, "conflated_away": 75, "history_refused": 60, "growth": 100}
    assert {name: acme.upsell.parts[name] for name in signals} == signals
    assert acme.upsell_potential == 40.13  # 1 - 0.86 * 1 * 0.85 * 0.91 * 0.9
    assert acme.upsell_signals["growth"].startswith("consumes 35.45 % more")  # 11,920 / 22 against 400
    assert acme.missing == {}

    assert (globex.total_ticks_consumed, globex.symbols_accessed, globex.efficiency_score) == (0, (), 0)
    assert globex.efficiency.parts["rate"] is None
    assert (globex.monthly_revenue, globex.profit_margin, globex.profit_margin_percent) == (499, -101, -20.24)
    assert (globex.missing["upsell_potential"].status, globex.missing["upsell_potential"].reason) == (
        Status.NOT_APPLICABLE, "enterprise is the top tier",
    )  # fmt: skip
    assert globex.missing["avg_latency_experienced"].status is Status.NOT_APPLICABLE

    assert (initech.subscription_tier, initech.tier_from, initech.total_ticks_consumed) == ("free", "subscriptions", 80)
    assert {name: initech.efficiency.parts[name] for name in ("symbols", "time", "rate", "features")} == {
        "symbols": 50, "time": 4.17, "rate": 100, "features": 100,
    }  # fmt: skip
    assert initech.efficiency.parts["market_hours"] == 117 + 3 + 72
    assert (initech.efficiency_score, initech.profit_margin, initech.profit_margin_percent) == (63.54, -1, None)
    assert initech.missing["profit_margin_percent"].reason == "there is no revenue to divide by"
    assert initech.missing["avg_latency_experienced"].status is Status.INSUFFICIENT_DATA
    assert initech.missing["upsell_potential"].status is Status.INSUFFICIENT_DATA

    losses, free, concentration, quiet, wanting = report.business_insights
    assert losses == (
        "1 of 2 paying tenants cost more than they pay, $101.00 in all: globex (pays $499.00, costs $600.00)."
    )
    assert free == "1 tenant paid nothing, and cost $1.00."
    assert "globex alone brings 91.9 % of the revenue of $543.10" in concentration
    assert quiet == "1 tenant paid $499.00 and consumed nothing that was metered: globex ($499.00)."
    assert wanting.startswith("1 tenant may want more than the tier has: acme for enterprise (potential 40.13: it saw")
    assert report.synthetic == ("subscriptions",)
    assert (report.trend[0].day, report.trend[0].tier, report.trend[0].ticks) == (date(2026, 9, 1), "pro", 580)

    figures = {figure.metric: figure for figure in report.figures("initech")}
    assert figures["profit_margin_percent"].status is Status.NOT_APPLICABLE
    assert figures["upsell_potential"].reason == report.usage_patterns["initech"].missing["upsell_potential"].reason
    emit(asdict(report))
    assert '"efficiency_score": 71.92' in capsys.readouterr().out

    page = usage_page(report)
    totals = {figure.metric: figure.value for figure in page.figures}
    assert totals["ticks_consumed"] == 12_000
    assert (totals["revenue"], totals["allocated_cost"], totals["profit"]) == (Decimal("543.1"), 610, Decimal("-66.9"))
    trend, scatter = page.sections[0].charts
    assert isinstance(trend, Trend)
    assert len(trend.x) == 22
    assert isinstance(scatter, Scatter)
    assert [(point.label, point.size) for point in scatter.points] == [
        ("globex", 1.0), ("acme", pytest.approx(44.1 / 499)),
    ]  # fmt: skip
    assert page.banners == ("Some of these figures rest on synthetic rows: subscriptions",)
    assert [row[0] for row in page.sections[1].tables[0].rows] == ["globex", "acme", "initech"]


def test_every_figure_of_health_is_what_a_person_works_out(
    world: ClickHouseSettings, capsys: pytest.CaptureFixture[str]
) -> None:
    found = health(world)
    assert [*found] == ["acme", "globex", "initech"]
    acme, globex, initech = found.values()

    assert acme.health_components == {
        "data_usage_consistency": 98.46,  # all days; 21 * 540 and 580 deviate by 8.332 from 541.818
        "performance_satisfaction": 62.5,  # 5 late of 20, 1 down of 2
        "feature_adoption_rate": 100,
        "support_ticket_ratio": 80,
    }
    assert (acme.health_score, acme.risk_level, acme.status, acme.risk_factors) == (85.24, "healthy", Status.OK, ())
    assert [offer.signal for offer in acme.upsell_opportunities] == [
        "conflated_away", "denied_requests", "growth", "history_refused",
    ]  # fmt: skip
    assert acme.recommended_actions[0].startswith("Offer enterprise (potential 40.13 of 100)")
    assert acme.explained[0].startswith("Health is 85.24 of 100, healthy: the mean of data_usage_consistency 98.46")
    assert (acme.monthly_revenue, acme.profit_margin_percent) == (Decimal("44.1"), 79.59)

    assert globex.health_components == dict.fromkeys(acme.health_components, 0)
    assert (globex.health_score, globex.risk_level) == (0, "critical")
    assert [risk.name for risk in globex.risk_factors] == [
        "low_data_usage_consistency", "low_performance_satisfaction", "low_feature_adoption_rate",
        "low_support_ticket_ratio", "use_down", "breaches", "invoice_late", "renewal",
    ]  # fmt: skip
    told = {risk.name: risk.told for risk in globex.risk_factors}
    assert told["use_down"] == "use per trading day has changed by -100 % against the thirty days before"
    assert told["breaches"] == "promises of uptime were broken on 2 of 30 days"
    assert told["invoice_late"] == "1 invoice of $499.00 in all more than 15 days late, the oldest by 30"
    assert told["renewal"] == "the contract ends in 30 days, on 2026-10-31, and health is 0, below 70"
    assert len(globex.recommended_actions) == 8

    assert (initech.health_score, initech.risk_level, initech.status) == (None, None, Status.INSUFFICIENT_DATA)
    assert initech.reason == "a customer on 8 trading days of the last thirty, of 14 that a score needs"
    assert initech.health_components["data_usage_consistency"] == 100
    assert initech.upsell_opportunities == ()
    emit([asdict(each) for each in found.values()])
    assert '"risk_level": "critical"' in capsys.readouterr().out

    manager = CustomerHealthManager(world, Calendar())
    alone = manager.calculate_customer_health_score("acme", OCTOBER)
    assert replace(alone, computed_at=acme.computed_at, daily=()) == acme
    (chart,) = tenant_page(alone).sections[0].charts
    assert isinstance(chart, Trend)
    assert (len(alone.daily), sum(each.ticks for each in alone.daily)) == (22, 11_920)
    with pytest.raises(ConfigError, match="nobody is no customer on 2026-10-01"):
        manager.calculate_customer_health_score("nobody", OCTOBER)

    page = health_page([*found.values()])
    totals = {figure.metric: figure.value for figure in page.figures}
    assert totals == {"customers": 3, "mean_health": 42.62, "at_risk_or_critical": 1, "revenue_endangered": 499}
    assert page.summary[0] == "Of 3 customers: 1 healthy, 1 critical, 1 no score."
    assert isinstance(health_page([]).sections[0].charts[1], NoChart)


def test_what_has_no_source_is_told_and_never_counts_as_nothing(world: ClickHouseSettings) -> None:
    """Sources go one after the other; each takes with it what rests on it, and no more."""

    def lose(*tables: str) -> None:
        with closing(clickhouse.client(world)) as client:
            for table in tables:
                client.command(f"TRUNCATE TABLE {table}")

    lose("ops_tickets_versions", "ops_invoices_versions")
    acme, globex = (health(world)[name] for name in ("acme", "globex"))
    assert acme.components["support_ticket_ratio"].status is Status.NO_SOURCE
    assert acme.health_score == 86.99  # the mean of 98.46, 62.5 and 100
    assert acme.note == "the mean of 3 of 4 parts, without support_ticket_ratio (no tickets have been imported)"
    assert "invoice_late" not in {risk.name for risk in globex.risk_factors}
    assert "invoice_late: no invoices have been imported" in globex.unknown_risks

    lose("access_decisions", "tier_hours", "cost_allocations")
    report = usage(world)
    uses = report.usage_patterns["acme"]
    assert uses.upsell.value == 10  # growth alone is known, and that the symbols are not all
    assert [name for name in WEIGHTS if uses.upsell.parts[name] is None] == [
        "denied_requests", "efficiency", "conflated_away", "history_refused",
    ]  # fmt: skip
    assert "history_refused: no refusal of anybody is on record" in (uses.upsell.note or "")
    assert uses.efficiency.parts["rate"] is None
    assert (uses.efficiency.value, uses.efficiency.n) == (79.17, 3)  # 100, 37.5 and 100
    reason = "no costs of 2026-09 are allocated: `tierfeed report costs` computes them"
    for name in ("allocated_infrastructure_cost", "profit_margin", "profit_margin_percent"):
        assert getattr(uses, name) is None
        assert (uses.missing[name].status, uses.missing[name].reason) == (Status.NO_SOURCE, reason)
    assert uses.monthly_revenue == Decimal("44.1")
    assert report.business_insights[0] == f"Who costs more than he pays cannot be told: {reason}."
    page = usage_page(report)
    assert isinstance(page.sections[0].charts[1], NoChart)
    assert {figure.metric: figure.reason for figure in page.figures}["profit"] == reason

    lose("sla_slices")
    acme, globex = (health(world)[name] for name in ("acme", "globex"))
    assert acme.components["performance_satisfaction"].status is Status.NO_SOURCE
    assert acme.upsell_potential.status is Status.INSUFFICIENT_DATA
    assert acme.upsell_opportunities == ()
    assert "breaches: no promise was judged" in globex.unknown_risks

    lose("ops_subscriptions_versions")
    uses = (report := usage(world)).usage_patterns["acme"]
    assert uses.monthly_revenue is None
    assert uses.missing["monthly_revenue"].status is Status.NO_SOURCE
    assert uses.missing["upsell_potential"].reason.startswith("the gate is not known: no promise was judged")
    assert report.usage_patterns["initech"].tier_from == "consumption"
    assert report.usage_patterns["initech"].efficiency.status is Status.NOT_APPLICABLE

    lose("consumption_days", "tier_versions")
    report, found = usage(world), health(world)
    assert [*report.usage_patterns] == [*found] == ["acme", "globex"]
    uses = report.usage_patterns["acme"]
    for name in ("total_ticks_consumed", "avg_latency_experienced", "data_quality_received", "efficiency_score"):
        assert getattr(uses, name) is None
        assert uses.missing[name].status is Status.NO_SOURCE
    assert isinstance(usage_page(report).sections[0].charts[0], NoChart)
    assert (found["acme"].status, found["acme"].health_score) == (Status.NO_SOURCE, None)
    assert report.usage_patterns["globex"].missing["upsell_potential"].status is Status.NO_SOURCE


def test_budgets_of_all_sets_at_once_are_those_of_each_alone(database: ClickHouseSettings) -> None:
    migrate(Settings(clickhouse=database))
    rng, symbols = Random(7), ["EURUSD", "GBPUSD", "USDJPY", "USDCHF", "AUDUSD"]
    bought = {f"t{n}": sorted(rng.sample(symbols, n % 5)) for n in range(12)}
    slices = []
    for n in range(400):
        objective = ("latency", "completeness", "uptime", "redundancy")[n % 4]
        of = sorted(rng.sample(symbols, rng.randint(1, 5)))
        total = [{0: 50, 1: 40, 2: 1, 3: 2}[n % 4]] * len(of)
        good = [rng.choice((each, each, each - 1)) for each in total]
        at = datetime.fromtimestamp(OCTOBER.timestamp() + 60 * n, UTC)
        slices.append(("pro", objective, at, 60, of, good, total, OCTOBER))
    with closing(clickhouse.client(database)) as client:
        columns = ("tier", "objective", "slice_start", "slice_s", "symbols", "good", "total", "judged_at")
        client.insert("sla_slices", slices, column_names=columns)
        since = datetime(2026, 1, 1, tzinfo=UTC)
        tenants = [(name, since, True, name, "pro", of) for name, of in bought.items()]
        client.insert(
            "tenant_versions", tenants, column_names=("tenant", "valid_from", "active", "name", "tier", "symbols")
        )
        tier = [("pro", since, True, 100.0, 24, 2, 5.0, 99.5, 99.9)]
        promises = ("latency_ms", "completeness_percent", "uptime_percent")
        client.insert(
            "tier_versions",
            tier,
            column_names=("tier", "valid_from", "active", "interval_ms", "depth_hours", "redundancy", *promises),
        )
    span = {"from": OCTOBER.date(), "to": date(2026, 10, 2)}
    with closing(Questions(database)) as questions:
        rows = questions.ask("health_budgets", span | {"tenant": "", "as_of": date(2026, 10, 2)})
        together = {(tuple(row["narrower"]), row["objective"]): (row["good"], row["total"]) for row in rows}
        alone = {}
        for of in bought.values():
            asked = {
                "tier": "pro",
                "symbols": of,
                "grain_s": 86_400,
                "from": OCTOBER,
                "to": datetime(2026, 10, 2, tzinfo=UTC),
            }
            for row in questions.ask("sla_judged", asked):
                alone[tuple(of), row["objective"]] = (row["good"], row["total"])
    assert together == {key: kept for key, kept in alone.items() if kept[1]}
    assert len(together) > 20
