"""Rollups: equal to what is asked of the raw rows in another way, whatever was stored when."""

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest

from analytics.ops.terms import calendar_now
from analytics.summary import Questions
from infra import clickhouse
from sinks.connection import Connection
from sinks.rollups import Refreshed, Rollups
from sinks.setup import migrate
from tests.integration.rollup_world import START, TENANTS, World, store
from tierfeed.settings import ClickHouseSettings, Settings

pytestmark = pytest.mark.clickhouse

KEPT = ("tier_hours", "consumption_days", "broker_days", "presence_days")
RECORDS = 400
FIRST = datetime.fromtimestamp(START, UTC).replace(hour=0, minute=0, second=0)
SPAN = {"from": FIRST, "to": FIRST + timedelta(days=3)}


@pytest.fixture
def tables(database: ClickHouseSettings) -> ClickHouseSettings:
    migrate(Settings(clickhouse=database))
    client = clickhouse.client(database)
    for table in ("ticks", "tier_quotes", "quality_windows"):
        client.command(f"ALTER TABLE {table} REMOVE TTL")
    client.close()
    return database


def rolled(database: ClickHouseSettings, *, everything: bool = False) -> Refreshed:
    connection = Connection(database)
    try:
        rollups = Rollups(connection, partial(calendar_now, Settings(clickhouse=database)))
        return rollups.recompute_all() if everything else rollups.refresh()
    finally:
        connection.close()


def rows(database: ClickHouseSettings, sql: str) -> list[tuple[Any, ...]]:
    client = clickhouse.client(database)
    found = [tuple(row) for row in client.query(sql).result_rows]
    client.close()
    return found


def kept(database: ClickHouseSettings) -> dict[str, list[tuple[Any, ...]]]:
    return {table: rows(database, f"SELECT * EXCEPT (computed_at) FROM {table} FINAL ORDER BY ALL") for table in KEPT}


@pytest.mark.parametrize("seed", [1, 2])
def test_what_tenants_consumed_is_what_usage_tells_of_each(tables: ClickHouseSettings, seed: int) -> None:
    for table, told in World(seed, RECORDS).rows.items():
        store(tables, table, told)
    rolled(tables)
    found: dict[tuple[str, Any, str], list[int]] = {
        (tenant, day, symbol): list(figures)
        for tenant, day, symbol, *figures in rows(
            tables,
            "SELECT tenant, day, symbol, sum(ticks), sum(replayed) FROM consumption_days FINAL"
            " GROUP BY tenant, day, symbol",
        )
    }
    questions, told_of = Questions(tables), defaultdict[tuple[str, Any, str], list[int]](lambda: [0, 0])
    for tenant in TENANTS:
        for row in questions.ask("usage", {"tenant": tenant, **SPAN}):
            figures = told_of[tenant, row["day"], row["symbol"]]
            if row["what"] == "consumed":
                figures[0] += row["ticks"]
                figures[1] -= row["ticks"]
            elif row["what"] == "read":
                figures[1] += row["ticks"]
    questions.close()
    assert found == {key: figures for key, figures in told_of.items() if any(figures)}
    assert len(found) > len(TENANTS)


def test_hours_and_days_add_up_to_the_raw_rows(tables: ClickHouseSettings) -> None:
    for table, told in World(3, RECORDS).rows.items():
        store(tables, table, told)
    rolled(tables)
    by_hour = "SELECT tier, symbol, sum(records), sum(conflated), sum(usable), sum(timed), sum(waited_us)"
    assert rows(
        tables, f"{by_hour}, sum(pipeline_us) FROM tier_hours FINAL GROUP BY tier, symbol ORDER BY ALL"
    ) == rows(
        tables,
        """
        SELECT tier, symbol, count(), sum(conflated_count), countIf(state IN ('NORMAL', 'LOCKED')),
            count(received_time),
            sum(dateDiff('us', received_time, published_time)),
            sum(dateDiff('us', greatest(as_of_time, due_time), published_time))
        FROM tier_quotes GROUP BY tier, symbol ORDER BY ALL
        """,
    )
    halves = "SELECT tier, sum(arraySum(halves)) FROM tier_hours FINAL GROUP BY tier ORDER BY tier"
    sides = "SELECT tier, count(bid) + count(ask) FROM tier_quotes GROUP BY tier ORDER BY tier"
    assert rows(tables, halves) == rows(tables, sides)
    by_day = "SELECT broker, symbol, sum(ticks), sum(missing) FROM broker_days FINAL GROUP BY ALL ORDER BY ALL"
    assert rows(tables, by_day) == rows(
        tables,
        "SELECT broker, symbol, sum(ticks - backfilled), sum(missing) FROM quality_windows WHERE symbol != ''"
        " GROUP BY broker, symbol ORDER BY ALL",
    )
    covered = """
        SELECT broker, symbol, sum(expected_s), sum(observed_s) FROM broker_days FINAL GROUP BY ALL ORDER BY ALL
    """
    questions = Questions(tables)
    names = ("broker", "symbol", "expected", "observed")
    asked = [tuple(row[name] for name in names) for row in questions.ask("source_coverage", SPAN)]
    questions.close()
    assert [row for row in rows(tables, covered) if row[2]] == sorted(row for row in asked if row[2])


def test_maintenance_that_is_announced_when_a_day_is_over_reaches_it(tables: ClickHouseSettings) -> None:
    for table, told in World(4, 50).rows.items():
        store(tables, table, told, datetime.now(UTC) - timedelta(hours=1))
    rolled(tables)
    assert rolled(tables).broker_days == 0
    scheduled = "SELECT broker, day, any(scheduled_s) FROM broker_days FINAL GROUP BY ALL ORDER BY ALL"
    before = rows(tables, scheduled)
    client = clickhouse.client(tables)

    def announce(*, void: bool) -> None:
        begin = datetime.fromtimestamp(START, UTC).replace(minute=0)
        fields = {"maintenance": "disks", "starts_at": begin, "ends_at": begin + timedelta(hours=1), "what": "disks"}
        fields |= {"announced_at": begin - timedelta(days=4), "void": void, "source": "real", "file": "disks.csv"}
        row = fields | {"imported_at": datetime.now(UTC)}
        client.insert("ops_maintenance_versions", [[*row.values()]], column_names=[*row])

    announce(void=False)
    assert rolled(tables).broker_days == len({day for _, day, _ in before})
    after = rows(tables, scheduled)
    less = {(broker, day): seconds - now for (broker, day, seconds), (*_, now) in zip(before, after, strict=True)}
    assert {key: lost for key, lost in less.items() if lost} == {
        key: 3600 for key in less if key[1] == datetime.fromtimestamp(START, UTC).date()
    }
    announce(void=True)
    rolled(tables)
    assert rows(tables, scheduled) == before
    client.close()
