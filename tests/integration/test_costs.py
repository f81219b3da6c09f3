"""A month's cost on real ClickHouse, in the small world of the unit tests: stored, replaced, frozen, corrected."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from analytics.business.costs import CostAllocation, allocation_rules, page
from analytics.figures import Status
from analytics.reports.page import Trend, Waterfall
from infra import clickhouse
from schemas import topics
from sinks.setup import migrate
from tests.unit.analytics.test_allocation import MONDAY, TUESDAY, card, charge
from tierfeed.cli.output import _plain
from tierfeed.errors import ConfigError
from tierfeed.settings import ClickHouseSettings, Settings

pytestmark = pytest.mark.clickhouse

MONTH = "2026-11"
IMPORTED = datetime(2026, 12, 1, tzinfo=UTC)
LATER = datetime(2026, 12, 2, tzinfo=UTC)
TOPIC = "00000000-0000-0000-0000-000000000001"


@pytest.fixture
def client(database: ClickHouseSettings) -> Iterator[Any]:
    """With the rate card's charges, and what acme, globex and initech consumed on Monday, November 2."""
    migrate(Settings(clickhouse=database))
    connection = clickhouse.client(database)
    consumed = [
        ("acme", MONDAY, "pro", "EURUSD", 4, ["fxcm", "ic_markets"], [6, 2], 12),
        ("globex", MONDAY, "pro", "EURUSD", 2, ["fxcm", "ic_markets"], [2, 2], 6),
        ("initech", MONDAY, "free", "EURUSD", 2, ["fxcm"], [4], 6),
    ]
    consume(connection, *consumed)
    ten = datetime(2026, 11, 2, 10, tzinfo=UTC)
    connection.insert(
        "tier_hours",
        [(tier, "EURUSD", ten, TOPIC, 0, rows, rows) for tier, rows in (("pro", 30), ("free", 10))],
        column_names=("tier", "symbol", "hour", "topic_id", "partition", "records", "version"),
    )
    bill(connection, *card())
    yield connection
    connection.close()


@pytest.fixture
def costs(client: Any, database: ClickHouseSettings) -> CostAllocation:
    return CostAllocation(database, allocation_rules(Settings(clickhouse=database)))


def consume(client: Any, *rows: tuple[object, ...]) -> None:
    columns = ("tenant", "day", "tier", "symbol", "ticks", "brokers", "halves", "version")
    client.insert("consumption_days", rows, column_names=columns)


def bill(client: Any, *charges: Any, void: bool = False, at: datetime = IMPORTED, source: str = "real") -> None:
    columns = (
        "charge", "charge_period_start", "charge_period_end", "service_name", "service_category",
        "effective_cost_microusd", "tags", "void", "source", "imported_at",
    )  # fmt: skip
    last = (void, source, at)
    rows = [(c.charge, c.start, c.end, c.service_name, c.service_category, c.microusd, c.tags, *last) for c in charges]
    client.insert("ops_cost_charges_versions", rows, column_names=columns)


def stored(client: Any, of: str = "charge, line, tenant, tier, broker, symbol, day") -> list[tuple[Any, ...]]:
    query = f"SELECT {of}, sum(microusd) AS sum FROM cost_allocations GROUP BY {of} HAVING sum != 0 ORDER BY {of}"
    return [tuple(row) for row in client.query(query).result_rows]


def parts(client: Any) -> list[tuple[Any, ...]]:
    query = "SELECT name FROM system.parts WHERE database = currentDatabase() AND active AND table = 'cost_allocations'"
    return sorted(client.query(query).result_rows)


def close(client: Any, correction: int = 0) -> None:
    row = (date(2026, 11, 1), correction, LATER, "ann")
    client.insert("closed_months", [row], column_names=("month", "correction", "closed_at", "closed_by"))


def test_every_row_of_a_month_is_as_worked_out_by_hand(client: Any, costs: CostAllocation) -> None:
    report = costs.allocate(MONTH)
    free, pro = ("free", "", "EURUSD", MONDAY), ("pro", "", "EURUSD", MONDAY)
    fxcm, ic = ("pro", "fxcm", "EURUSD", MONDAY), ("pro", "ic_markets", "EURUSD", MONDAY)
    assert stored(client) == [
        ("aggregator", "allocated", "acme", *pro, 100_000_000),
        ("aggregator", "allocated", "globex", *pro, 50_000_000),
        ("aggregator", "allocated", "initech", *free, 50_000_000),
        ("collector fxcm", "allocated", "acme", *fxcm, 100_000_000),
        ("collector fxcm", "allocated", "globex", *fxcm, 33_333_333),
        ("collector fxcm", "allocated", "initech", "free", *fxcm[1:], 66_666_667),
        ("collector ic_markets", "allocated", "acme", *ic, 100_000_000),
        ("collector ic_markets", "allocated", "globex", *ic, 100_000_000),
        ("collector pepperstone", "unallocated", "", "", "", "", MONDAY, 200_000_000),
        ("line fxcm", "allocated", "acme", *fxcm, 250_000_000),
        ("line fxcm", "allocated", "globex", *fxcm, 83_333_333),
        ("line fxcm", "allocated", "initech", "free", *fxcm[1:], 166_666_667),
        ("line ic_markets", "allocated", "acme", *ic, 250_000_000),
        ("line ic_markets", "allocated", "globex", *ic, 250_000_000),
        ("line pepperstone", "unallocated", "", "", "", "", MONDAY, 500_000_000),
        ("processing", "allocated", "acme", *pro, 150_000_000),
        ("processing", "allocated", "globex", *pro, 75_000_000),
        ("processing", "allocated", "initech", *free, 75_000_000),
    ]
    assert (report.total_usd, report.allocated_usd, report.idle_usd, report.unallocated_usd) == (2600, 1900, 0, 700)
    # Direct: collectors and lines; shared: the aggregator and processing.
    keys = ("tenant", "tier", "direct_usd", "shared_usd", "cost_usd")
    assert [tuple(row[key] for key in keys) for row in report.tenants] == [
        ("acme", "pro", 700, 250, 950),
        ("globex", "pro", Decimal("466.666666"), 125, Decimal("591.666666")),
        ("initech", "free", Decimal("233.333334"), 125, Decimal("358.333334")),
    ]  # fmt: skip
    assert {row["tier"]: row["allocated_usd"] for row in report.tiers} == {
        "": 0, "free": Decimal("358.333334"), "pro": Decimal("1541.666666"),
    }  # fmt: skip
    assert {row["broker"]: (row["allocated_usd"], row["unallocated_usd"]) for row in report.brokers} == {
        "": (500, 700), "fxcm": (700, 0), "ic_markets": (700, 0),
    }  # fmt: skip
    assert {row["symbol"]: row["allocated_usd"] for row in report.symbols} == {"": 0, "EURUSD": 1900}
    assert [(row["day"], row["allocated_usd"]) for row in report.days] == [(MONDAY, 1900)]
    assert [(row["charge"], row["reason"]) for row in report.unallocated] == [
        ("line pepperstone", "all weights are zero: consumed_ticks_of_broker"),
        ("collector pepperstone", "all weights are zero: consumed_ticks_of_broker"),
    ]
    assert all(row["holds"] for row in report.checks)
    assert len(report.checks) == 5
    figures = {figure.metric: figure for figure in report.figures}
    assert (figures["cost_per_user_usd"].value, figures["cost_per_user_usd"].n) == (Decimal("866.666667"), 3)
    assert (figures["resource_utilization_percent"].value, figures["resource_utilization_percent"].status) == (
        None,
        Status.NO_SOURCE,
    )
    assert (report.provisional, report.synthetic, report.closed_at) == (True, False, None)


def test_a_second_run_writes_nothing_and_what_comes_late_replaces_the_month(client: Any, costs: CostAllocation) -> None:
    costs.allocate(MONTH)
    before, rows = parts(client), stored(client)
    costs.allocate(MONTH)
    assert parts(client) == before
    # pepperstone turns out to have been initech's source: its 700 are initech's then.
    consume(client, ("initech", MONDAY, "free", "USDJPY", 1, ["pepperstone"], [2], 3))
    report = costs.allocate(MONTH)
    assert parts(client) != before
    assert (report.total_usd, report.unallocated_usd) == (2600, 0)
    of_late = [row for row in stored(client) if "pepperstone" in row[0]]
    assert [row[1:] for row in of_late] == [
        ("allocated", "initech", "free", "pepperstone", "USDJPY", MONDAY, 200_000_000),
        ("allocated", "initech", "free", "pepperstone", "USDJPY", MONDAY, 500_000_000),
    ]
    assert sum(row[-1] for row in stored(client)) == sum(row[-1] for row in rows)
    # The bill is taken back: nothing is left of the month.
    bill(client, *card(), void=True, at=LATER)
    empty = costs.allocate(MONTH)
    assert (stored(client), empty.total_usd, empty.charges) == ([], 0, [])
    assert page(empty).summary == ("No charge of 2026-11 is known.",)
    assert costs.allocate(MONTH).total_usd == 0
    assert (
        client.query(
            "SELECT name FROM system.tables WHERE database = currentDatabase() AND name LIKE '%staging%'"
        ).result_rows
        == []
    )


def test_a_closed_month_is_frozen_and_differences_are_added_once(client: Any, costs: CostAllocation) -> None:
    costs.allocate(MONTH)
    with pytest.raises(ConfigError, match="2026-11 is not closed"):
        costs.store_correction(MONTH, 1)
    close(client)
    frozen, rows = parts(client), stored(client)
    assert (costs.difference(MONTH), costs.store_correction(MONTH, 1)) == ([], 0)
    # ic_markets' 700 were acme's and globex' 2 : 2; now 2 : 2 : 4. And somebody billed 3 more for globex.
    consume(client, ("initech", MONDAY, "free", "EURUSD", 4, ["fxcm", "ic_markets"], [4, 4], 12))
    bill(client, charge("own", 3, tags={"tenant": "globex"}))
    report = costs.allocate(MONTH)
    assert (parts(client), stored(client), report.provisional) == (frozen, rows, False)
    assert (report.total_usd, [row["check"] for row in report.checks if not row["holds"]]) == (
        2600, ["charges = allocated + idle + unallocated", "charge own"],
    )  # fmt: skip
    told = {(row["charge"], row["tenant"]): row["microusd"] for row in costs.difference(MONTH) if row["microusd"]}
    of_ic = {
        (f"{what} ic_markets", tenant): usd * 1_000_000
        for what, half in (("collector", 50), ("line", 125))
        for tenant, usd in (("acme", -half), ("globex", -half), ("initech", 2 * half))
    }
    assert told == {**of_ic, ("own", "globex"): 3_000_000}
    assert costs.store_correction(MONTH, 1) == 9  # and two of initech's parts have another weight, and the same money
    close(client, 1)
    assert (costs.difference(MONTH), costs.store_correction(MONTH, 1), costs.store_correction(MONTH, 2)) == ([], 0, 0)
    assert stored(client, "correction")[0] == (0, 2_600_000_000)
    corrected = costs.report(MONTH)
    assert (corrected.total_usd, corrected.corrections) == (2603, 1)
    assert all(row["holds"] for row in corrected.checks)
    assert page(corrected).banners == ("2026-11 was closed 2026-12-02, and corrected since: 1 times.",)
    assert "provisional" in page(costs.allocate("2026-10")).banners[0]


def test_bytes_capacity_and_overhead_are_in_it_and_everything_adds_up_however_it_is_told(
    client: Any, costs: CostAllocation
) -> None:
    kafka = {"service_name": "Kafka", "tags": {"provisioned": "10", "used": "7.5"}}
    bill(client, charge("disks", 100, service_category="Storage", **kafka), charge("net", 10, service_name="kafka"))
    bill(client, charge("support", 14, service_name="Support"), source="synthetic")
    bill(client, charge("odd", 0.000001, service_name="Support", tags={"provisioned": "x"}))
    minute = datetime(2026, 11, 2, 10, tzinfo=UTC)
    sizes = [
        (minute, "a:1", topic, 0, size, 1) for topic, size in ((topics.tier("pro"), 100), (topics.tier("free"), 50))
    ]
    client.insert("log_sizes", sizes, column_names=("minute", "node", "topic", "partition", "bytes", "offsets"))
    sent = [(minute, "a:1", name, size, 60) for name, size in (("", 0), ("globex", 30), ("initech", 10), ("sink", 99))]
    client.insert("principal_bytes", sent, column_names=("minute", "node", "principal", "bytes", "covered_s"))
    report = costs.allocate(MONTH)
    rows = {(row[0], row[1]): row[2] for row in stored(client, "charge, tenant")}
    # A quarter of the disks is idle; the rest by bytes, 100 : 50, and pro's 50 evenly.
    assert [rows["disks", each] for each in ("", "acme", "globex", "initech")] == [25_000_000] * 4
    assert [rows["net", each] for each in ("globex", "initech")] == [7_500_000, 2_500_000]
    # Direct are 700, 466.666666 + 7.5 and 233.333334 + 2.5, together 1410.
    support = [rows["support", each] for each in ("acme", "globex", "initech")]
    exact = [14_000_000 * direct / 1_410_000_000 for direct in (700_000_000, 474_166_666, 235_833_334)]
    assert sum(support) == 14_000_000
    assert all(abs(part - share) < 1 for part, share in zip(support, exact, strict=True))
    assert report.notes == ("charge odd: nothing of it is called idle, for its tags are provisioned 'x' and used None",)
    utilization = next(figure for figure in report.figures if figure.metric == "resource_utilization_percent")
    assert utilization.value == Decimal("99.08")  # 1 - 25 / 2724.000001
    assert report.total_usd == Decimal("2724.000001")

    focus = costs.focus_rows(MONTH)
    assert sum(row["EffectiveCost"] for row in focus) == report.total_usd
    acme = costs.focus_rows(MONTH, "acme")
    assert acme == [row for row in focus if row["AllocatedResourceId"] == "acme"]
    assert {row["AllocatedMethodId"] for row in acme} == {"brokers/1", "kafka_storage/1", "workers/1", "rest/1"}

    shown = page(report)
    assert shown.banners[0] == "Some of these figures rest on synthetic rows: charges."
    (waterfall,), (trend,) = shown.sections[0].charts, shown.sections[1].charts
    assert isinstance(waterfall, Waterfall)
    assert sum(amount for _, amount in waterfall.steps) == report.allocated_usd
    assert isinstance(trend, Trend)
    assert trend.x == ("2026-11-02",)
    assert json.loads(json.dumps(asdict(report), default=_plain))["total_usd"] == "2724.000001"
    assert json.dumps(asdict(shown), default=_plain)
    assert TUESDAY not in [row["day"] for row in report.days]
