"""Rollups: equal to what is asked of the raw rows in another way, whatever was stored when."""

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from analytics.summary import Questions
from infra import clickhouse
from sinks.connection import Connection
from sinks.rollups import Refreshed, Rollups
from sinks.setup import migrate
from tests.integration.rollup_world import START, TENANTS, World, store
from tierfeed.domain.market import parse_calendar
from tierfeed.settings import ClickHouseSettings, Settings, read_document

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
    calendar = parse_calendar(read_document(Settings().market_file, "market_file"))
    connection = Connection(database)
    try:
        rollups = Rollups(connection, calendar)
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


def test_what_comes_late_reaches_them_and_what_expires_stays(tables: ClickHouseSettings) -> None:
    world = World(4, RECORDS // 4)
    for table, told in world.rows.items():
        store(tables, table, told[::2], datetime.now(UTC) - timedelta(days=3))
    rolled(tables)
    first = kept(tables)
    for table, told in reversed(world.rows.items()):  # the ranges before what they are about
        store(tables, table, told[1::2])
        rolled(tables)
    late = kept(tables)
    assert all(first[table] != late[table] for table in KEPT)
    rolled(tables, everything=True)
    assert kept(tables) == late
    client = clickhouse.client(tables)
    client.command("TRUNCATE TABLE rollup_progress")  # as if whoever computed was killed before it was written
    rolled(tables)
    assert kept(tables) == late
    for table in ("ticks", "tier_quotes", "quality_windows"):
        (day,) = client.query(f"SELECT min(toDate(stored_at)) FROM {table}").result_rows[0]
        client.command(f"ALTER TABLE {table} DROP PARTITION '{day}'")
    client.close()
    rolled(tables, everything=True)
    assert kept(tables) == late


def test_a_record_is_its_brokers_by_price_and_time(tables: ClickHouseSettings) -> None:
    at = datetime.fromtimestamp(START, UTC)
    tick = {"symbol": "EURUSD", "line": "A", "session": 1, "flags": 0, "topic_id": UUID(int=9), "partition": 0}
    told = [("fxcm", 0, 1.1, 1.3), ("ic_markets", 5, 1.1, 1.2), ("pepperstone", 6, 1.1, 1.2)]
    ticks = [
        tick | {"broker": broker, "received_time": at + timedelta(seconds=s), "bid": bid, "ask": ask, "offset": n}
        for n, (broker, s, bid, ask) in enumerate(told)
    ]
    record = {
        "tier": "pro", "symbol": "EURUSD", "bid": 1.1, "ask": 1.2, "state": "NORMAL", "conflated_count": 0,
        "sources.broker": ["ic_markets", "fxcm"], "sources.offset": [0, 0], "topic_id": UUID(int=2), "partition": 0,
    }  # fmt: skip
    # (as of, bid's age, ask's age): of its very tick; behind it, within ten seconds; later; before any.
    ages = [(5, 5, 0), (5.5, 0, 0.1), (17, 0, 0), (4, 4, 0)]
    quotes = [
        record | {
            "as_of_time": at + timedelta(seconds=s), "due_time": at, "published_time": at + timedelta(seconds=s),
            "received_time": at, "bid_age_us": round(bid_s * 1e6), "ask_age_us": round(ask_s * 1e6), "offset": n,
        }
        for n, (s, bid_s, ask_s) in enumerate(ages)
    ]  # fmt: skip
    store(tables, "ticks", ticks)
    store(tables, "tier_quotes", quotes)
    rolled(tables)
    # fxcm: the bids of the first and of the last record; ic_markets: the ask of the first, both sides of the second;
    # nobody: both sides of the third, eleven seconds behind, and the ask of the last, before which nobody asked 1.2.
    (found,) = rows(tables, "SELECT brokers, halves FROM tier_hours FINAL")
    assert dict(zip(*found, strict=True)) == {"fxcm": 2, "ic_markets": 3, "": 3}


def test_a_tick_that_is_stored_late_names_a_record_of_the_next_hour(tables: ClickHouseSettings) -> None:
    hour = datetime(2026, 11, 3, 12, tzinfo=UTC)
    tick = {
        "broker": "ic_markets", "symbol": "EURUSD", "received_time": hour - timedelta(seconds=2), "bid": 1.1,
        "ask": 1.2, "line": "A", "session": 1, "flags": 0, "topic_id": UUID(int=9), "partition": 0, "offset": 0,
    }  # fmt: skip
    record = {
        "tier": "pro", "symbol": "EURUSD", "bid": 1.1, "ask": 1.2, "state": "NORMAL", "conflated_count": 0,
        "sources.broker": ["ic_markets", "fxcm"], "sources.offset": [0, 0], "topic_id": UUID(int=2), "partition": 0,
        "as_of_time": hour + timedelta(seconds=3), "due_time": hour, "published_time": hour + timedelta(seconds=3),
        "received_time": hour, "bid_age_us": 0, "ask_age_us": 0, "offset": 0,
    }  # fmt: skip
    store(tables, "tier_quotes", [record], datetime.now(UTC) - timedelta(minutes=10))
    # Stored since, and of another hour: so the record is looked at for the tick's sake alone.
    later = {"symbol": "NZDUSD", "published_time": hour + timedelta(hours=2), "offset": 1}
    store(tables, "tier_quotes", [record | later])
    rolled(tables)
    of_record = "SELECT brokers, halves FROM tier_hours FINAL WHERE symbol = 'EURUSD'"
    assert rows(tables, of_record) == [([""], [2])]
    store(tables, "ticks", [tick])
    rolled(tables)
    assert rows(tables, of_record) == [(["ic_markets"], [2])]
