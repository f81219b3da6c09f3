"""The brokers' report on real ClickHouse: a world of three tenants, two brokers and one day, worked out by hand."""

import json
from dataclasses import asdict
from datetime import date
from decimal import Decimal

import pytest

from analytics.business.broker_report import NO_BROKER, BrokerCostReport
from analytics.business.brokers import BrokerBusinessAnalytics, page
from analytics.figures import Status
from analytics.reports.page import Bars, NoChart, Scatter
from infra import clickhouse
from infra.clickhouse_sql import statements
from sinks.rollups import SQL
from sinks.setup import migrate
from tierfeed.cli.output import emit
from tierfeed.errors import ConfigError
from tierfeed.settings import ClickHouseSettings, Settings

pytestmark = pytest.mark.clickhouse

DAY, AFTER = date(2025, 10, 15), date(2025, 10, 16)

# acme and initech have pro (fxcm and ic_markets, both at once), globex has free (fxcm).
TIERS = """
INSERT INTO tier_versions
    (tier, valid_from, active, symbols, brokers, redundancy, completeness_percent, uptime_percent) VALUES
    ('pro', '2025-01-01 00:00:00', true, ['EURUSD', 'GBPUSD'], ['ic_markets', 'fxcm'], 2, 99.5, 99.9),
    ('free', '2025-01-01 00:00:00', true, ['EURUSD', 'GBPUSD'], ['fxcm'], 1, 95, 99)
"""
# The 15th is the 15th of 31 days: acme earns floor(62000031 * 15 / 31) - floor(62000031 * 14 / 31) = 2000001, less a
# 31st of 3.10 that was
# approved, so 1.900001; globex 1.00 less a 31st of 0.31, so 0.99; initech 0.50. Together 3.390001.
REVENUE = """
INSERT INTO ops_subscriptions_versions
    (tenant, from_date, to_date, tier, price_microusd, void, source, imported_at) VALUES
    ('acme', '2025-01-01', NULL, 'pro', 62000031, false, 'real', '2025-01-01 00:00:00'),
    ('globex', '2025-01-01', NULL, 'free', 31000000, false, 'real', '2025-01-01 00:00:00'),
    ('initech', '2025-01-01', NULL, 'pro', 15500000, false, 'real', '2025-01-01 00:00:00');
INSERT INTO ops_credits_versions (credit, tenant, month, amount_microusd, state, void, source, imported_at) VALUES
    ('c1', 'acme', '2025-10-01', 3100000, 'approved', false, 'real', '2025-11-01 00:00:00');
INSERT INTO credits (tenant, month, step, amount_microusd, at) VALUES
    ('globex', '2025-10-01', 'PROPOSED', 310000, '2025-11-04 00:00:00'), ('globex', '2025-10-01', 'APPROVED',
        310000, '2025-11-05 00:00:00')
"""
# Of acme's 300 halves 100 are fxcm's, 180 ic_markets', 20 nobody's; of globex's all are fxcm's; initech consumed
# nothing.
CONSUMPTION = """
INSERT INTO consumption_days (tenant, day, tier, symbol, ticks, brokers, halves, version) VALUES
    ('acme', '2025-10-15', 'pro', 'EURUSD', 125, ['fxcm', 'ic_markets'], [100, 150], 375),
    ('acme', '2025-10-15', 'pro', 'GBPUSD', 25, ['', 'ic_markets'], [20, 30], 55),
    ('globex', '2025-10-15', 'free', 'EURUSD', 20, ['fxcm'], [40], 60)
"""
# fxcm: a day of October's 31.00. ic_markets: the first of two days of 1.000001, less 0.10 given back.
CHARGES = """
INSERT INTO ops_cost_charges_versions
    (charge, charge_period_start, charge_period_end, effective_cost_microusd, tags, void, source, imported_at) VALUES
    ('f', '2025-10-01', '2025-11-01', 31000000, map('broker', 'fxcm'), false, 'synthetic', '2025-11-01 00:00:00'),
    ('i', '2025-10-15', '2025-10-17', 1000001, map('broker', 'ic_markets'), false, 'real', '2025-11-01 00:00:00'),
    ('j', '2025-10-15', '2025-10-16', -100000, map('broker', 'ic_markets'), false, 'real', '2025-11-01 00:00:00')
"""
# 46.50 a month are 1.50 of the day; ic_markets' 12.40 are 0.40.
CONTRACTS = """
INSERT INTO ops_broker_contracts_versions
    (broker, from_date, to_date, fee_microusd, connections, redistribution_permitted, tiers, upstream, void,
    source, imported_at) VALUES
    ('fxcm', '2025-01-01', '2026-01-01', 46500000, 2, true, ['free', 'pro'], 'lmax', false, 'real',
        '2025-01-01 00:00:00'),
    ('ic_markets', '2025-01-01', NULL, 12400000, 1, false, ['pro'], NULL, false, 'real', '2025-01-01 00:00:00')
"""
PEPPERSTONE = """
INSERT INTO ops_broker_contracts_versions
    (broker, from_date, to_date, fee_microusd, connections, void, source, imported_at) VALUES
    ('pepperstone', '2025-01-01', NULL, 31000000, 1, false, 'synthetic', '2025-01-01 00:00:00')
"""
# Acme's mean is 13 / 3, globex's 5 / 2.
SURVEYS = """
INSERT INTO ops_surveys_versions (survey, tenant, kind, score, answered_at, void, source, imported_at) VALUES
    ('s1', 'acme', 'CSAT', 5, '2025-10-15 01:00:00', false, 'real', '2025-11-01 00:00:00'),
    ('s2', 'acme', 'CSAT', 4, '2025-10-15 02:00:00', false, 'real', '2025-11-01 00:00:00'),
    ('s3', 'acme', 'CSAT', 4, '2025-10-15 03:00:00', false, 'real', '2025-11-01 00:00:00'),
    ('s4', 'globex', 'CSAT', 3, '2025-10-15 04:00:00', false, 'real', '2025-11-01 00:00:00'),
    ('s5', 'globex', 'CSAT', 2, '2025-10-15 05:00:00', false, 'real', '2025-11-01 00:00:00')
"""
# fxcm: A = 810 / 1000, C = 81 / 100, T = V = 1, K unknown: 100 * 0.9^(1 / 0.85) = 88.3421; 1000 ticks took 2.5 s.
# ic_markets: A = 1, C = 0.49, no times, V = 1 - 20 / 200, K = 1: 100 * (0.49^0.25 * 0.9^0.15)^(1 / 0.80) = 78.4525.
DAYS = """
INSERT INTO broker_days
    (broker, symbol, day, scheduled_s, live_s, expected_s, observed_s, ticks, invalid, quarantined, crossed,
    timed, prompt, feed_us, compared_s, near_s, version) VALUES
    ('fxcm', 'EURUSD', '2025-10-15', 500, 410, 60, 41, 600, 0, 0, 0, 600, 600, 1500000, 0, 0, 1),
    ('fxcm', 'GBPUSD', '2025-10-15', 500, 400, 40, 40, 400, 0, 0, 0, 400, 400, 1000000, 0, 0, 1),
    ('ic_markets', 'EURUSD', '2025-10-15', 1000, 1000, 100, 49, 200, 10, 10, 4, 0, 0, 0, 100, 100, 1)
"""
# EURUSD from 10:00 on, 1000 s: fxcm ticks in the first 990, ic_markets beats in the first 900 and ticks in the last
# 10. So both were there in 900,
# fxcm alone in 90, ic_markets alone in 10. GBPUSD from 11:00 on, 1000 s: both tick in all.
WINDOWS = """
INSERT INTO quality_windows (broker, symbol, window_start, ticks, heartbeats, stored_at)
    SELECT 'fxcm', 'EURUSD', toDateTime64('2025-10-15 10:00:00', 6, 'UTC') + number, 1, 0, now64(6) FROM numbers(990);
INSERT INTO quality_windows (broker, symbol, window_start, ticks, heartbeats, stored_at)
    SELECT 'ic_markets', '', toDateTime64('2025-10-15 10:00:00', 6, 'UTC') + number, 0, 1, now64(6) FROM numbers(900);
INSERT INTO quality_windows (broker, symbol, window_start, ticks, heartbeats, stored_at)
    SELECT 'ic_markets', 'EURUSD', toDateTime64('2025-10-15 10:00:00', 6, 'UTC') + number, 1, 0, now64(6)
    FROM numbers(990, 10);
INSERT INTO quality_windows (broker, symbol, window_start, ticks, heartbeats, stored_at)
    SELECT b, 'GBPUSD', toDateTime64('2025-10-15 11:00:00', 6, 'UTC') + number, 1, 0, now64(6)
    FROM numbers(1000) ARRAY JOIN ['fxcm', 'ic_markets'] AS b
"""


def tell(database: ClickHouseSettings, *texts: str) -> None:
    client = clickhouse.client(database)
    for text in texts:
        for statement in statements(text):
            client.command(statement)
    client.close()


def _keep_presence(database: ClickHouseSettings) -> None:
    """As sinks.rollups does it."""
    tell(database, (SQL / "rollup_presence.sql").read_text().replace("{{day}}", f"{DAY} 00:00:00"))


def reported(database: ClickHouseSettings, until: date = AFTER) -> BrokerCostReport:
    for _ in range(2):  # as often as anyone likes
        _keep_presence(database)
    return BrokerBusinessAnalytics(database).generate_broker_cost_analysis(1, until)


def test_every_figure_of_a_small_world_is_what_a_hand_makes_it(
    database: ClickHouseSettings, capsys: pytest.CaptureFixture[str]
) -> None:
    migrate(Settings(clickhouse=database))
    tell(database, TIERS, REVENUE, CONSUMPTION, CHARGES, CONTRACTS, SURVEYS, DAYS, WINDOWS)
    report = reported(database)
    assert list(report.broker_analysis) == ["fxcm", "ic_markets"]
    fxcm, ic = report.broker_analysis["fxcm"], report.broker_analysis["ic_markets"]
    values = {
        name: {metric: figure.value for metric, figure in of_broker(each).items()}
        for name, each in report.broker_analysis.items()
    }
    assert values == {
        "fxcm": {
            "connection_cost_usd": Decimal("1.000000"),
            "quality_score": 88.3421,
            "data_completeness_percent": 81.0,
            "avg_latency_ms": 2.5,
            # A third of acme's 13 / 3 and all of globex's 5 / 2, by 4 / 3: 2.9583.
            "customer_satisfaction": 2.9583,
            # A third of 1.900001 is 0.633333, and one more for its remainder; all of globex's 0.99.
            "revenue_impact_usd": Decimal("1.623334"),
            # Without it nobody has two brokers, or any.
            "revenue_at_risk_usd": Decimal("3.390001"),
            "cost_per_quality_point": Decimal("0.011320"),
            "roi_score": 1.6233,
            "roi_percent": 62.3334,
            "contract_fee_usd": Decimal("1.500000"),
            "fee_difference_usd": Decimal("-0.500000"),
        },
        "ic_markets": {
            "connection_cost_usd": Decimal("0.400000"),
            "quality_score": 78.4525,
            "data_completeness_percent": 49.0,
            "avg_latency_ms": None,
            "customer_satisfaction": None,
            # 0.6 of 1.900001 is 1.140000 and a smaller remainder.
            "revenue_impact_usd": Decimal("1.140000"),
            "revenue_at_risk_usd": Decimal("2.400001"),
            "cost_per_quality_point": Decimal("0.005099"),
            "roi_score": 2.85,
            "roi_percent": 185.0,
            "contract_fee_usd": Decimal("0.400000"),
            "fee_difference_usd": Decimal("0.000000"),
        },
    }
    assert fxcm.quality_score.parts == {"A": 81, "C": 81, "T": 100, "V": 100, "K": None, "crossed_percent": 0}
    assert ic.quality_score.parts == {"A": 100, "C": 49, "T": None, "V": 90, "K": 100, "crossed_percent": 2}
    # fxcm was alone in 90 of pro's 2000 seconds (0.5 % may be missed), ic_markets in 10: 0.5 %, and not more. With both
    # pro has two in 90 % of EURUSD only: that fails already.
    assert {name: dict(each.revenue_at_risk_usd.parts) for name, each in report.broker_analysis.items()} == {
        "fxcm": {
            "tenants": 3, "redundancy_usd": Decimal("3.390001"), "completeness_usd": Decimal("3.390001"),
            "already_usd": Decimal("2.400001"), "not_judged_usd": Decimal("0.000000"),
        },
        "ic_markets": {
            "tenants": 2, "redundancy_usd": Decimal("2.400001"), "completeness_usd": Decimal("0.000000"),
            "already_usd": Decimal("2.400001"), "not_judged_usd": Decimal("0.000000"),
        },
    }  # fmt: skip
    assert (ic.avg_latency_ms.status, ic.avg_latency_ms.reason) == (
        Status.NO_SOURCE,
        "none of 200 ticks has a time of the broker's own",
    )
    satisfaction = ic.customer_satisfaction
    assert (satisfaction.status, satisfaction.n, satisfaction.reason) == (
        Status.INSUFFICIENT_DATA,
        3,
        "3 CSAT answers, fewer than 5",
    )
    observed = {
        name: [figure.n for figure in of_broker(each).values()] for name, each in report.broker_analysis.items()
    }
    assert observed == {
        "fxcm": [1, 1000, 100, 1000, 5, 2, 3, 1, 2, 2, 1, 1],
        "ic_markets": [2, 200, 100, 0, 3, 1, 3, 2, 1, 1, 1, 2],
    }

    assert report.revenue_usd.value == Decimal("3.390001")
    assert report.total_connection_cost_usd.value == Decimal("1.400000")
    # 20 of acme's 300 halves: 0.126666 and the largest remainder; and what initech pays.
    assert report.unattributed_usd.value == Decimal("0.626667")
    assert report.unattributed_reason == (
        "$0.50 of tenants that pay and consumed nothing: 1 (initech); "
        "$0.13 of consumed bests that nobody can be named for"
    )
    assert sum((each.revenue_impact_usd.value for each in (fxcm, ic)), report.unattributed_usd.value) == (
        report.revenue_usd.value
    )
    assert report.synthetic == ("cost charges",)

    advice = report.recommendations
    assert advice.primary_broker == "ic_markets"
    assert advice.primary_reason == (
        "ic_markets earns 2.85 for each dollar it costs ($1.14 attributed, $0.40 charged), the most of 2 brokers with "
        "a known return and a quality of at least 60; its own is 78.45."
    )
    # The median of 0.011320 and 0.005099 is 0.0082095; (0.011320 - 0.0082095) * 88.3421 = 0.2748.
    assert [(each.broker, each.reason) for each in advice.cost_optimization] == [
        (
            "fxcm",
            "fxcm costs $0.0113 for each point of quality ($1.00 for 88.34), the median of 2 brokers is $0.0082: at "
            "that it would cost $0.27 less.",
        ),
        ("fxcm", "fxcm was charged $1.00, its contract says $1.50: $0.50 less. A bill may still be to come."),
    ]
    # fxcm: 0.9^(1 / 0.85) / 0.81^(0.25 / 0.85) = 0.81^(0.25 / 0.85) = 0.9399. ic_markets: 0.9^(0.15 / 0.80) = 0.9804.
    assert [(each.broker, each.cites["quality_score_then"]) for each in advice.quality_improvements] == [
        ("fxcm", pytest.approx(93.99, abs=0.005)),
        ("ic_markets", pytest.approx(98.04, abs=0.005)),
    ]
    assert advice.quality_improvements[1].reason == (
        "ic_markets's quality is 78.45, and its lowest part C: it was there in 49.00 % of the seconds in which another "
        "broker ticked. Ask it for what it leaves out, and run a second line; with this part at 100 the score would be "
        "98.04."
    )

    emit(asdict(report))
    printed = json.loads(capsys.readouterr().out)
    assert printed["broker_analysis"]["fxcm"]["roi_score"]["value"] == 1.6233
    _page_shows(report)


def of_broker(each: object) -> dict[str, object]:
    return {name: getattr(each, name) for name in type(each).__slots__ if name != "contracts"}


def _page_shows(report: BrokerCostReport) -> None:
    shown = page(report)
    assert shown.period == "2025-10-15 to 2025-10-15 (1 days)"
    assert shown.banners == ("Some of these figures rest on synthetic rows: cost charges",)
    assert [figure.metric for figure in shown.figures] == [
        "revenue_usd", "total_connection_cost_usd", "unattributed_usd",
    ]  # fmt: skip
    scatter, bars = shown.sections[0].charts
    assert isinstance(scatter, Scatter)
    assert isinstance(bars, Bars)
    assert [(point.label, point.x, point.y) for point in scatter.points] == [
        ("fxcm", 88.3421, 1.0), ("ic_markets", 78.4525, 0.4),
    ]  # fmt: skip
    assert bars.categories == ("fxcm", "ic_markets", NO_BROKER)
    assert bars.series["attributed"] == (Decimal("1.623334"), Decimal("1.140000"), Decimal("0.626667"))
    assert bars.series["at risk"] == (Decimal("3.390001"), Decimal("2.400001"), None)
    tables = {table.name: table for section in shown.sections for table in section.tables}
    for table in tables.values():
        assert {len(row) for row in table.rows} <= {len(table.columns)}, table.name
    assert tables["broker_contracts"].rows[0] == (
        "fxcm", date(2025, 1, 1), date(2026, 1, 1), Decimal("46.500000"), Decimal("1.500000"), 2, True, "free, pro",
        "lmax",
    )  # fmt: skip
    assert tables["broker_risks"].rows[1][:3] == ("ic_markets", Decimal("2.400001"), 2)
    assert [row[:2] for row in tables["brokers_missing"].rows] == [
        ("ic_markets", "Latency"), ("ic_markets", "Satisfaction"),
    ]  # fmt: skip


def test_a_source_that_is_missing_is_told_and_takes_only_what_rests_on_it(database: ClickHouseSettings) -> None:
    # Nothing of consumption, surveys and charges; and a broker that no window has, with a contract.
    migrate(Settings(clickhouse=database))
    tell(database, TIERS, CONTRACTS, PEPPERSTONE, DAYS)
    each = reported(database).broker_analysis["fxcm"]
    assert [(figure.value, figure.reason) for figure in (each.revenue_impact_usd, each.revenue_at_risk_usd)] == [
        (None, "no subscription earned anything in the span")
    ] * 2
    tell(database, REVENUE)
    each = reported(database).broker_analysis["fxcm"]
    assert each.revenue_at_risk_usd.reason == "presence_days has no second of the span: who was there is not known"

    tell(database, WINDOWS)
    report = reported(database)
    fxcm, new = report.broker_analysis["fxcm"], report.broker_analysis["pepperstone"]
    missing = {
        metric: (str(figure.status), figure.reason)
        for metric, figure in of_broker(fxcm).items()
        if figure.value is None
    }
    no_cost = "no charge of the span is tagged with broker fxcm"
    assert missing == {
        "connection_cost_usd": ("no_source", no_cost),
        "customer_satisfaction": (
            "no_source", "no CSAT answer of the span is of a tenant that consumed any of its prices",
        ),
        "revenue_impact_usd": ("no_source", "nothing is known of what tenants consumed in the span"),
        "cost_per_quality_point": ("no_source", f"its cost is not known: {no_cost}"),
        "roi_score": ("no_source", f"its cost is not known: {no_cost}"),
        "roi_percent": ("no_source", f"its cost is not known: {no_cost}"),
        "fee_difference_usd": ("no_source", no_cost),
    }  # fmt: skip
    assert fxcm.quality_score.value == 88.3421
    assert report.unattributed_usd.value == report.revenue_usd.value == Decimal("3.390001")
    assert report.total_connection_cost_usd.status is Status.NO_SOURCE

    assert new.contract_fee_usd.value == Decimal("1.000000")
    assert [(each.value, each.status) for each in (new.quality_score, new.data_completeness_percent)] == [
        (None, Status.NO_SOURCE), (None, Status.NO_SOURCE),
    ]  # fmt: skip
    assert (new.revenue_at_risk_usd.value, new.revenue_at_risk_usd.parts["tenants"]) == (Decimal("0.000000"), 0)
    assert report.synthetic == ("broker contracts",)

    advice = report.recommendations
    assert (advice.primary_broker, advice.cost_optimization) == (None, ())
    assert advice.primary_reason.startswith("No broker can be named. Not fxcm: its return is not known (its cost is")
    assert isinstance(page(report).sections[0].charts[0], NoChart)

    nothing = reported(database, date(2024, 10, 17))
    assert (nothing.broker_analysis, nothing.recommendations.primary_reason) == (
        {}, "No broker has anything in the span.",
    )  # fmt: skip
    assert isinstance(page(nothing).sections[0].charts[1], NoChart)
    with pytest.raises(ConfigError, match="period_days must be at least 1, was 0"):
        BrokerBusinessAnalytics(database).generate_broker_cost_analysis(0)
