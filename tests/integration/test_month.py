"""A month worked out by hand, on real ClickHouse: three tenants, two brokers, October 2024; then its closing."""

import json
import uuid
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import asdict
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from analytics.business.closing import MonthClose, MonthClosed, Outcome
from analytics.business.frozen import frozen
from analytics.business.month import BusinessKPIs, MonthlyReport
from analytics.business.month_page import page
from analytics.figures import Status
from analytics.reports.page import Bars, Calendar, NoChart, Trend, Waterfall
from analytics.sla.store import Store
from infra import clickhouse as connections
from infra.clickhouse import ensure_database
from infra.clickhouse_sql import statements
from sinks.setup import migrate
from tests.command_line import use
from tierfeed.cli import close as command
from tierfeed.cli.output import emit
from tierfeed.errors import ConfigError, UpstreamError
from tierfeed.settings import ClickHouseSettings, Settings

pytestmark = pytest.mark.clickhouse

OCTOBER, MONTH = "2024-10", date(2024, 10, 1)
BEFORE = datetime(2024, 11, 2, tzinfo=UTC)
CLOSE = datetime(2024, 11, 4, tzinfo=UTC)
LATER = datetime(2024, 11, 20, tzinfo=UTC)
DOLLAR = 1_000_000
WORLD = (Path(__file__).parent / "month_world.sql").read_text()

Share = tuple[str, str, str, str, int]
"""(charge, line, class, tenant, micro-dollars)"""
SHARES: tuple[Share, ...] = (
    ("servers", "allocated", "shared", "acme", 155 * DOLLAR),
    ("servers", "allocated", "shared", "globex", 77_500_000),
    ("servers", "idle", "shared", "", 77_500_000),
    ("feeds", "allocated", "direct", "acme", 31 * DOLLAR),
    ("feeds", "allocated", "direct", "globex", 15_500_000),
    ("audit", "allocated", "overhead", "acme", 9 * DOLLAR),
    ("audit", "allocated", "overhead", "globex", 4_500_000),
)


class SmallCosts:
    """Allocates as it is told to: `shares` is what a month's allocations have to be."""

    def __init__(self, settings: ClickHouseSettings, shares: Sequence[Share] = SHARES) -> None:
        self.settings, self.shares = settings, shares

    def allocate(self, month: str) -> None:
        run(self.settings, f"ALTER TABLE cost_allocations DROP PARTITION '{month}-01'")
        self._keep(month, 0, self.shares)

    def difference(self, month: str) -> list[Share]:
        sql = "SELECT charge, toString(line), toString(class), tenant, sum(microusd) FROM cost_allocations GROUP BY ALL"
        with closing(connections.client(self.settings)) as client:
            stored = {tuple(row[:4]): row[4] for row in client.query(sql).result_rows}
        wanted = {share[:4]: share[4] for share in self.shares}
        keys = sorted({*stored, *wanted})
        found = [(*key, wanted.get(key, 0) - stored.get(key, 0)) for key in keys]
        return [row for row in found if row[4]]

    def store_correction(self, month: str, correction: int) -> None:
        self._keep(month, correction, self.difference(month))

    def _keep(self, month: str, correction: int, shares: Sequence[Share]) -> None:
        first = date.fromisoformat(f"{month}-01")
        rows = [
            [first, correction, line, tenant, first, charge, charge, of, micro]
            for charge, line, of, tenant, micro in shares
        ]
        columns = ("month", "correction", "line", "tenant", "day", "charge", "service", "class", "microusd")
        with closing(connections.client(self.settings)) as client:
            if rows:
                client.insert("cost_allocations", rows, column_names=columns)


def run(settings: ClickHouseSettings, script: str) -> None:
    with closing(connections.client(settings)) as client:
        for statement in statements(script):
            client.command(statement)


def count(settings: ClickHouseSettings, what: str) -> int:
    with closing(connections.client(settings)) as client:
        return int(client.query(f"SELECT count() FROM {what}").result_rows[0][0])


@pytest.fixture(scope="module")
def read(clickhouse: ClickHouseSettings) -> Iterator[ClickHouseSettings]:
    """The world with its cost allocated, for tests that only read it."""
    settings = clickhouse.model_copy(update={"database": f"t{uuid.uuid4().hex[:10]}"})
    ensure_database(settings)
    migrate(Settings(clickhouse=settings))
    run(settings, WORLD)
    SmallCosts(settings).allocate(OCTOBER)
    yield settings
    run(settings, f"DROP DATABASE {settings.database}")


@pytest.fixture
def world(database: ClickHouseSettings) -> ClickHouseSettings:
    migrate(Settings(clickhouse=database))
    run(database, WORLD)
    return database


def months(settings: ClickHouseSettings, shares: Sequence[Share] = SHARES) -> MonthClose:
    return MonthClose(settings, BusinessKPIs(settings), SmallCosts(settings, shares))


def close(
    settings: ClickHouseSettings, at: datetime = CLOSE, shares: Sequence[Share] = SHARES, **more: Any
) -> MonthClosed:
    return months(settings, shares).close(OCTOBER, "ann", at=at, **more)


def report(settings: ClickHouseSettings, at: datetime = BEFORE) -> MonthlyReport:
    return BusinessKPIs(settings).generate_monthly_business_report("October", 2024, at)


def values(found: MonthlyReport) -> dict[str, object]:
    return {name: figure.value for name, figure in found.figures.items()}


def late_charge(settings: ClickHouseSettings) -> None:
    run(
        settings,
        """INSERT INTO ops_cost_charges_versions
        (charge, charge_period_start, charge_period_end, service_name, effective_cost_microusd, void, source,
        imported_at)
        VALUES ('late', '2024-10-01', '2024-11-01', 'late', 30000000, false, 'real', '2024-11-19 00:00:00')""",
    )


MOVED = (
    ("servers", "allocated", "shared", "acme", 150 * DOLLAR),
    ("servers", "allocated", "shared", "globex", 82_500_000),
    *SHARES[2:],
)
"""Five dollars of the servers are another's than they were."""
WITH_LATE = (*SHARES, ("late", "allocated", "direct", "acme", 30 * DOLLAR))


def test_every_figure_is_what_it_is_by_hand(read: ClickHouseSettings) -> None:
    found = report(read)
    assert (found.period, found.month, found.state) == ("10/2024", OCTOBER, "provisional")
    assert values(found) == {
        "total_broker_connections": 3,
        "users_served": 2,
        "cost_per_user_usd": Decimal(185),
        "resource_utilization_percent": 79.0541,
        "efficiency_improvement_percent": -2.7778,
        "total_revenue_usd": Decimal(920),
        "infrastructure_cost_usd": Decimal(370),
        "gross_profit_usd": Decimal(550),
        "profit_margin_percent": 59.7826,
        "savings_vs_traditional_usd": Decimal(-10),
        "total_active_customers": 2,
        "customer_satisfaction_score": 4.2,
        "churn_rate_percent": 33.3333,
        "upsell_success_rate_percent": 25.0,
        "net_promoter_score": 40.0,
        "avg_data_latency_ms": 1.5,
        "data_completeness_percent": 97.5226,
        "source_completeness_percent": 98.5714,
        "transport_completeness_percent": 99.6,
        "tier_completeness_percent": 99.3333,
        "broker_uptime_percent": 96.3333,
        "sla_compliance_percent": 66.6667,
        "sla_compliance_by_revenue_percent": 69.6739,
    }
    assert {figure.status for figure in found.figures.values()} == {Status.OK}
    counts = {name: figure.n for name, figure in found.figures.items()}
    assert [counts[name] for name in ("total_revenue_usd", "infrastructure_cost_usd", "churn_rate_percent")] == [
        3,
        3,
        3,
    ]
    parts = {name: figure.parts for name, figure in found.figures.items()}
    assert parts["total_revenue_usd"] == {"recognised_usd": Decimal(960), "credits_usd": Decimal(40)}
    assert parts["total_broker_connections"] == {
        "brokers_connected": 2, "without_contract": 1, "under_contract_never_connected": 1, "fxcm": 2, "oanda": 1,
    }  # fmt: skip
    assert parts["broker_uptime_percent"] == {"fxcm": 99.5, "oanda": 90.0}
    moves = {"opening": 3, "gone": 0, "downgraded": 1, "came": 0, "closing": 2, "contracted": 1, "expanded": 0}
    assert parts["churn_rate_percent"].items() >= moves.items()
    assert parts["churn_rate_percent"]["lost_monthly_usd"] == Decimal(62)
    assert parts["churn_rate_percent"]["contracted_monthly_usd"] == Decimal(620)
    assert parts["sla_compliance_percent"] == {"kept": 2, "measured": 3, "unmeasured": 0, "missed_completeness": 1}
    assert parts["resource_utilization_percent"]["of_charges_that_tell_use_usd"] == Decimal(310)
    assert parts["avg_data_latency_ms"]["experienced_ms"] == 10.0


def test_the_three_ledgers_are_held_against_each_other(read: ClickHouseSettings) -> None:
    charges, sent, invoices = report(read).reconciliations
    assert (charges.is_balanced, charges.figure.value, charges.rows) == (True, Decimal(0), ())
    assert charges.figure.parts == {
        "charges_usd": Decimal(370), "allocations_usd": Decimal(370), "direct_usd": Decimal("46.5"),
        "shared_usd": Decimal("232.5"), "overhead_usd": Decimal("13.5"), "idle_usd": Decimal("77.5"),
        "unallocated_usd": Decimal(0), "differing": 0,
    }  # fmt: skip
    # 1,000 offsets of 2,000 + 80 bytes, and 80 twice a second for 120 s: that explains what acme was sent, not globex.
    assert (sent.is_balanced, sent.figure.value, sent.figure.status) == (False, 801_600, Status.UNDER_METERED)
    assert [(row["tenant"], row["sent"], row["explained"]) for row in sent.rows] == [("globex", 3_000_000, 2_099_200)]
    assert (invoices.is_balanced, invoices.figure.value) == (False, Decimal(-11))
    assert [(row["tenant"], row["net_microusd"], row["invoiced_microusd"], row["why"]) for row in invoices.rows] == [
        ("globex", 621 * DOLLAR, 630 * DOLLAR, "credit not on the invoice"),
        ("small", 20 * DOLLAR, 0, "not invoiced"),
    ]


def test_a_charge_that_is_not_allocated_is_named(world: ClickHouseSettings) -> None:
    SmallCosts(world, SHARES[:-1]).allocate(OCTOBER)
    charges = report(world).reconciliations[0]
    assert (charges.is_balanced, charges.figure.value) == (False, Decimal("4.5"))
    assert [(row["charge"], row["allocated_microusd"]) for row in charges.rows] == [("audit", 9 * DOLLAR)]


def plain(text: str) -> str:
    """Numbers and their units are held together."""
    return text.replace("\N{NO-BREAK SPACE}", " ")


def test_words_cite_the_figures(read: ClickHouseSettings) -> None:
    found = report(read)
    assert tuple(plain(told) for told in found.executive_summary) == (
        "Revenue was $920.00, after $40.00 of approved credits (29.34 % less than the month before); serving it cost "
        "$370.00, which leaves $550.00, a margin of 59.78 %.",
        "2 customers consumed data over 3 broker connections, at $185.00 each; against an assumed $180.00 a user the "
        "saving is −$10.00 (−2.78 %).",
        "Of 3 paying customers 0 left and 1 went to free: a churn of 33.33 %; 0 came, 1 pay less than before and 0 "
        "more; 25.00 % of 4 upgrade opportunities were won.",
        "Satisfaction was 4.2 of 5 (n = 5) and the net promoter score +40.0 (n = 5).",
        "66.67 % of tenant-months kept every promise; 97.52 % of the data was complete; brokers were up 96.33 % of "
        "scheduled time; a record took 1.5 ms on average.",
    )
    text = plain("\n".join(found.recommendations))
    for cited in (
        "33.33 %",
        "$62.00",
        "−$10.00",
        "source",
        "98.57 %",
        "oanda",
        "90.00 %",
        "1 of 3",
        "completeness: 1",
        "−$11.00",
    ):
        assert cited in text, text


def test_the_page_draws_what_there_is(world: ClickHouseSettings) -> None:
    SmallCosts(world).allocate(OCTOBER)
    run(
        world,
        """INSERT INTO ops_surveys_versions (survey, tenant, kind, score, answered_at, source, imported_at)
        VALUES ('x', 'acme', 'CSAT', 4, '2024-10-09', 'synthetic', '2024-11-01')""",
    )
    drawn = page(report(world))
    assert drawn.banners == (
        "Some of these figures rest on synthetic rows: CSAT.",
        "2024-10 is provisional until it is closed: `tierfeed close 2024-10`.",
    )
    charts = {chart.name: chart for section in drawn.sections for chart in section.charts}
    trend, waterfall, days, latency = (charts[name] for name in ("trend", "waterfall", "sla-calendar", "latency"))
    assert isinstance(trend, Trend)
    assert (trend.x, trend.lines) == (
        ("2024-09", "2024-10"),
        {"revenue": (Decimal(1302), Decimal(920)), "cost": (Decimal("46.5"), Decimal(370))},
    )
    assert isinstance(waterfall, Waterfall)
    assert waterfall.steps == (
        ("recognised", Decimal(960)), ("approved credits", Decimal(-40)), ("direct", Decimal("-46.5")),
        ("shared", Decimal("-232.5")), ("overhead", Decimal("-13.5")), ("idle", Decimal("-77.5")),
    )  # fmt: skip
    assert sum(step for _, step in waterfall.steps) == report(world).figures["gross_profit_usd"].value
    assert isinstance(days, Calendar)
    assert {day.day: value for day, value in days.days.items() if value is not None} == {1: 98.0, 20: 100.0}
    assert len(days.days) == 31
    assert isinstance(latency, Bars)
    assert latency.categories == ("< 1.02 ms", "< 2.05 ms", "< 4.1 ms")
    assert latency.series == {"enterprise": (100.0, 0.0, 0.0), "pro": (0.0, 0.0, 100.0)}
    tables = {table.name: table for section in drawn.sections for table in section.tables}
    assert [row[1] for row in tables["reconciliations"].rows] == ["yes", "no", "no"]


def test_many_moments_are_judged_as_each_by_itself(read: ClickHouseSettings) -> None:
    with closing(Store(read)) as store:
        customers = store.customers(*(datetime(2024, month, 1, tzinfo=UTC) for month in (10, 11)))
        end = int(datetime(2024, 11, 1, tzinfo=UTC).timestamp())
        moments = sorted({int(each.since.timestamp()) for each in customers.values()} | {end - 12 * 86400 - 43_150})
        asked = {"tier": "pro", "symbols": [], "since": moments, "to": datetime(2024, 11, 1, tzinfo=UTC)}
        rows = store.ask("month_kept", asked)
        subject = customers["acme"].subject
        for moment in moments:
            one = {row["objective"]: (row["good"], row["total"]) for row in store.judged(subject, moment, end, end)}
            at = datetime.fromtimestamp(moment, UTC).replace(tzinfo=None)
            many = {row["objective"]: (row["good"], row["total"]) for row in rows if row["since"] == at}
            assert {name: counts for name, counts in many.items() if counts[1]} == one


def test_where_nothing_is_known_there_is_no_figure_but_a_reason(database: ClickHouseSettings) -> None:
    migrate(Settings(clickhouse=database))
    found = report(database)
    everything = [*found.figures.values(), *(each.figure for each in found.reconciliations)]
    assert len(everything) == 26
    for figure in everything:
        assert figure.value is None, figure
        assert figure.status is Status.NO_SOURCE, figure
        assert figure.reason, figure
    assert found.trend == ()
    assert [each.is_balanced for each in found.reconciliations] == [None] * 3
    drawn = page(found)
    assert {type(chart) for section in drawn.sections for chart in section.charts} == {NoChart}
    emit(asdict(found))


def test_what_other_months_have_is_no_figure_of_this_one(read: ClickHouseSettings) -> None:
    found = BusinessKPIs(read).report("2024-08", BEFORE)
    assert all(figure.value is None for figure in found.figures.values())
    assert "the first of 2024-09-01, and none of this month" in str(found.figures["total_revenue_usd"].reason)
    # 2 answers of surveys in September: too few, which is something else than none.
    september = BusinessKPIs(read).report("2024-09", BEFORE).figures
    assert (september["customer_satisfaction_score"].status, september["customer_satisfaction_score"].n) == (
        Status.INSUFFICIENT_DATA, 2,
    )  # fmt: skip
    assert september["churn_rate_percent"].status is Status.NOT_APPLICABLE
    assert september["users_served"].status is Status.NO_SOURCE


def test_a_running_month_counts_up_to_today(read: ClickHouseSettings) -> None:
    found = report(read, datetime(2024, 10, 5, 12, tzinfo=UTC))
    assert found.state == "running"
    # Five days of 31: 50 of acme, 150 of globex, 10 of small, less credits of 40; 50 + 15.5 + 13.5 of charges.
    assert found.figures["total_revenue_usd"].value == Decimal(170)
    assert found.figures["infrastructure_cost_usd"].value == Decimal(79)
    with pytest.raises(ConfigError, match="2024-12 has not begun yet"):
        BusinessKPIs(read).report("2024-12", BEFORE)


def test_a_month_closes_once_and_not_before_its_grace(world: ClickHouseSettings) -> None:
    with pytest.raises(ConfigError, match="2024-10 can be closed from 2024-11-04 00:00Z on"):
        close(world, datetime(2024, 11, 3, 23, 59, tzinfo=UTC))
    with pytest.raises(ConfigError, match="2024-10 is not closed yet"):
        close(world, correct=True)
    assert frozen(world, OCTOBER) is None
    first = close(world, note="done")
    assert (first.outcome, first.correction, first.figures, first.allocations) == (Outcome.CLOSED, 0, 26, len(SHARES))
    again = close(world, LATER)
    assert (again.outcome, again.closed_at, again.rows_sum) == (Outcome.UNCHANGED, CLOSE, first.rows_sum)
    assert close(world, LATER, correct=True).outcome is Outcome.UNCHANGED
    assert (count(world, "closed_months"), count(world, "month_figures"), count(world, "cost_allocations")) == (
        1, 26, len(SHARES),
    )  # fmt: skip
    kept = frozen(world, OCTOBER)
    assert kept is not None
    assert [(each.correction, each.closed_by, each.note) for each in kept.closings] == [(0, "ann", "done")]
    assert kept.altered == ()
    after = report(world, LATER)
    assert after.state == "closed"
    assert {name: (each.value, each.n, each.parts) for name, each in after.figures.items()} == {
        name: (each.value, each.n, each.parts) for name, each in report(world, CLOSE).figures.items()
    }


def test_late_data_is_told_and_stored_only_as_a_correction(world: ClickHouseSettings) -> None:
    close(world)
    late_charge(world)
    told = close(world, LATER, WITH_LATE)
    changed = {each.metric: (each.old, each.new) for each in told.differences}
    assert told.outcome is Outcome.DIFFERS
    assert changed == {
        "cost_per_user_usd": (Decimal(185), Decimal(200)),
        "efficiency_improvement_percent": (-2.7778, -11.1111),
        "infrastructure_cost_usd": (Decimal(370), Decimal(400)),
        "gross_profit_usd": (Decimal(550), Decimal(520)),
        "profit_margin_percent": (59.7826, 56.5217),
        "savings_vs_traditional_usd": (Decimal(-10), Decimal(-40)),
    }
    assert told.allocations == 1
    unchanged = report(world, LATER)
    assert unchanged.figures["infrastructure_cost_usd"].value == Decimal(370)
    assert (count(world, "closed_months"), count(world, "cost_allocations")) == (1, len(SHARES))

    done = close(world, LATER, WITH_LATE, correct=True, note="late charge")
    # The allocations' figures are corrected with them: of 400 dollars 77.50 are idle, and nothing is left over.
    assert (done.outcome, done.correction, done.figures, done.allocations) == (Outcome.CORRECTED, 1, 8, 1)
    assert close(world, LATER, WITH_LATE, correct=True).outcome is Outcome.UNCHANGED
    kept = frozen(world, OCTOBER)
    assert kept is not None
    assert (kept.correction, kept.altered) == (1, ())
    assert kept.figures["infrastructure_cost_usd"].value == Decimal(400)
    assert kept.figures["resource_utilization_percent"].value == 80.625
    assert kept.figures["total_revenue_usd"].value == Decimal(920)
    assert [(each.metric, each.old, each.new) for each in kept.history if each.metric == "gross_profit_usd"] == [
        ("gross_profit_usd", Decimal(550), Decimal(520))
    ]
    corrected = report(world, LATER)
    assert corrected.reconciliations[0].figure.parts["allocations_usd"] == Decimal(400)
    assert corrected.trend[-1].infrastructure_cost_usd == Decimal(400)
    assert [table.name for table in page(corrected).sections[-1].tables] == ["closings", "corrections"]


def test_allocations_that_moved_alone_are_a_correction_too(world: ClickHouseSettings) -> None:
    close(world)
    told = close(world, LATER, MOVED)
    assert (told.outcome, told.differences, told.allocations) == (Outcome.DIFFERS, (), 2)
    done = close(world, LATER, MOVED, correct=True)
    assert (done.outcome, done.allocations) == (Outcome.CORRECTED, 2)
    assert close(world, LATER, MOVED).outcome is Outcome.UNCHANGED


def test_a_closing_that_was_killed_is_done_again(world: ClickHouseSettings) -> None:
    run(world, "ALTER TABLE closed_months ADD CONSTRAINT full CHECK closed_by != 'ann'")
    with pytest.raises(UpstreamError):
        close(world)  # figures are written, and then ClickHouse does not take the row that makes it closed
    run(world, "ALTER TABLE closed_months DROP CONSTRAINT full")
    assert count(world, "month_figures") == 26
    assert frozen(world, OCTOBER) is None
    assert report(world, CLOSE).state == "provisional"
    run(world, """INSERT INTO month_figures SELECT * REPLACE ('of_an_older_version' AS metric) FROM month_figures
                  WHERE month_figures.metric = 'total_revenue_usd'""")  # fmt: skip
    assert count(world, "month_figures") == 27
    late_charge(world)
    assert close(world, LATER, WITH_LATE).outcome is Outcome.CLOSED
    kept = frozen(world, OCTOBER)
    assert kept is not None
    assert kept.altered == ()
    assert kept.figures["infrastructure_cost_usd"].value == Decimal(400)
    assert "of_an_older_version" not in kept.figures
    assert count(world, "cost_allocations") == len(WITH_LATE)


def test_a_correction_that_was_killed_behind_its_allocations_is_done_again(world: ClickHouseSettings) -> None:
    close(world)
    SmallCosts(world, MOVED).store_correction(OCTOBER, 1)
    kept = frozen(world, OCTOBER)
    assert kept is not None
    assert (kept.correction, kept.altered) == (0, ())
    told = close(world, LATER, MOVED)
    assert (told.outcome, told.differences, told.allocations) == (Outcome.DIFFERS, (), 2)
    done = close(world, LATER, MOVED, correct=True)
    assert (done.outcome, done.correction, done.allocations) == (Outcome.CORRECTED, 1, 2)
    assert count(world, "cost_allocations") == len(SHARES) + 2
    assert close(world, LATER, MOVED).outcome is Outcome.UNCHANGED


def test_frozen_rows_that_were_altered_are_told_by_their_sum(world: ClickHouseSettings) -> None:
    close(world)
    SmallCosts(world)._keep(OCTOBER, 0, [("servers", "allocated", "shared", "acme", 1)])
    assert close(world, LATER).altered == (0,)
    assert "not what was closed" in page(report(world, LATER)).banners[-1]


def test_the_command_closes_tells_and_corrects(
    world: ClickHouseSettings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    use(world, monkeypatch, tmp_path)
    app = typer.Typer()
    shares: list[Share] = [*SHARES]
    monkeypatch.setattr("analytics.business.costs.CostAllocation", lambda clickhouse, _: SmallCosts(clickhouse, shares))
    app.command("close")(command.close)

    def told(*arguments: str) -> tuple[int, str]:
        done = CliRunner().invoke(app, [OCTOBER, *arguments])
        return done.exit_code, done.output

    code, text = told("--note", "first", "--by", "ann")
    assert (code, text.splitlines()[0]) == (0, "2024-10 is closed: 26 figures, 7 rows of allocations")
    late_charge(world)
    shares.append(WITH_LATE[-1])
    code, text = told()
    assert code == 1
    assert "data has changed since: nothing was stored" in text
    assert "1 rows of allocations differ" in text
    assert ["infrastructure_cost_usd", "usd", "370.000000", "400.000000", "3", "4"] in [
        line.split() for line in text.splitlines()
    ]
    code, text = told("--correct", "--json")
    assert (code, json.loads(text)["outcome"], json.loads(text)["correction"]) == (0, "corrected", 1)
    assert told()[0] == 0
