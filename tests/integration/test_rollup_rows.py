"""Rollups: equal in every column to what their rows come to one by one, whatever was stored when by whom."""

import json
import random
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from uuid import UUID, uuid4

import pytest
from typer.testing import CliRunner

from infra.clickhouse import client as connected
from sinks import rollups
from sinks.connection import Connection
from sinks.rollups import Refreshed, RollupKeeper, Rollups
from sinks.setup import migrate
from tests.builders import eventually
from tests.command_line import use
from tests.integration import rollup_oracle as oracle
from tests.integration.rollup_world import TENANTS, World, micros, store
from tierfeed.cli.root import app
from tierfeed.domain.market import Calendar, Maintenance
from tierfeed.errors import UpstreamError
from tierfeed.settings import ClickHouseSettings, Settings

pytestmark = pytest.mark.clickhouse

CALENDAR: Final = Calendar(
    rollover_s={"fxcm": 300, "pepperstone": 60},
    maintenance=(
        Maintenance(
            datetime(2026, 10, 1, tzinfo=UTC),
            datetime(2026, 11, 3, 23, tzinfo=UTC),
            datetime(2026, 11, 4, 1, tzinfo=UTC),
            "disks",
        ),
    ),
)
TABLES: Final = ("tier_hours", "consumption_days", "broker_days")
BEFORE: Final = datetime.now(UTC) - timedelta(days=9)
"""Rows of another day's partition, which can be dropped alone."""


class Bench:
    """A database with tables and rollups."""

    def __init__(self, database: ClickHouseSettings) -> None:
        self.database = database
        self.connection = Connection(database)
        self.rollups = Rollups(self.connection, lambda: CALENDAR)
        self.stored: dict[str, list[dict[str, Any]]] = {table: [] for table in World.tables()}
        for table in (*TABLES, *self.stored, "rollup_progress", "tier_versions"):
            self.connection.command(f"TRUNCATE TABLE {table}")

    def store(self, table: str, rows: list[dict[str, Any]], stored_at: datetime | None = None) -> None:
        store(self.database, table, rows, stored_at)
        self.stored[table] += rows

    def read(self, table: str) -> dict[tuple[Any, ...], Any]:
        """By key, all but computed_at; brokers with their halves."""
        client = connected(self.database)
        found = client.query(f"SELECT * EXCEPT computed_at FROM {table} FINAL")
        client.close()
        keys = {"tier_hours": 5, "consumption_days": 4, "broker_days": 3}[table]
        return {tuple(map(_plain, row[:keys])): _halved(row[keys:]) for row in found.result_rows}

    def everything(self) -> dict[str, Any]:
        return {table: self.read(table) for table in TABLES}

    def expected(self) -> dict[str, Any]:
        quotes, ticks, ranges, windows = (
            self.stored[name] for name in ("tier_quotes", "ticks", "usage_ranges", "quality_windows")
        )
        return {
            "tier_hours": oracle.tier_hours(quotes, ticks),
            "consumption_days": oracle.consumption_days(ranges, quotes, ticks),
            "broker_days": oracle.broker_days(windows, ticks, CALENDAR),
        }


def _plain(value: Any) -> Any:
    return value.replace(tzinfo=UTC) if isinstance(value, datetime) else value


def _halved(values: tuple[Any, ...]) -> tuple[Any, ...]:
    out: list[Any] = []
    for at, value in enumerate(values):
        if isinstance(value, list):
            if isinstance(values[at + 1], list):
                out.append(dict(zip(value, values[at + 1], strict=True)))
        else:
            out.append(value)
    return tuple(out)


@pytest.fixture(scope="module")
def migrated(clickhouse: ClickHouseSettings) -> Iterator[ClickHouseSettings]:
    """One database for all of this file: to make its tables takes longer than most of its tests."""
    settings = clickhouse.model_copy(update={"database": f"t{uuid4().hex[:10]}"})
    migrate(Settings(clickhouse=settings))
    yield settings
    connection = Connection(settings)
    connection.command(f"DROP DATABASE {settings.database}")
    connection.close()


@pytest.fixture
def bench(migrated: ClickHouseSettings) -> Iterator[Bench]:
    bench = Bench(migrated)
    yield bench
    bench.connection.close()


@pytest.fixture
def exact_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is looked at twice: what is computed is what was found to be behind."""
    monkeypatch.setattr(rollups, "CLOCK_SLACK_US", 0)


SMALL: Final = 120
"""Records of each of six partitions; enough for every kind of row."""
START_HOUR: Final = 20
EVENING_S: Final = 3 * 3600
"""All of it on one day, in four hours."""


def parts(world: World, shares: int, seed: int = 1) -> list[dict[str, list[dict[str, Any]]]]:
    """All rows of a world, each in one of so many shares."""
    chance = random.Random(seed)
    found: list[dict[str, list[dict[str, Any]]]] = [{table: [] for table in world.rows} for _ in range(shares)]
    for table, rows in world.rows.items():
        for row in rows:
            found[chance.randrange(shares)][table].append(row)
    return found


def test_rollups_are_what_their_rows_come_to_one_by_one(bench: Bench) -> None:
    for table, rows in World(3, records=400).rows.items():
        bench.store(table, rows)
    assert bench.rollups.refresh() == Refreshed(7, 2, 2)
    assert bench.everything() == bench.expected()


@pytest.mark.usefixtures("exact_clock")
def test_what_comes_in_any_order_and_late_is_in_them(bench: Bench) -> None:
    for share in parts(World(5, SMALL, EVENING_S), 3):
        for table, rows in share.items():
            bench.store(table, rows)
        bench.rollups.refresh()
    assert bench.everything() == bench.expected()


@pytest.mark.usefixtures("exact_clock")
@pytest.mark.parametrize(
    "order",
    [
        ("usage_ranges", "tier_quotes", "ticks", "quality_windows"),
        ("quality_windows", "ticks", "tier_quotes", "usage_ranges"),
    ],
)
def test_a_table_that_is_behind_all_others_reaches_what_they_have_made(bench: Bench, order: tuple[str, ...]) -> None:
    world = World(6, SMALL, EVENING_S)
    for table in order:
        bench.store(table, world.rows[table])
        bench.rollups.refresh()
    assert bench.everything() == bench.expected()


@pytest.mark.usefixtures("exact_clock")
def test_a_mid_from_before_midnight_that_comes_late_stands_on_the_next_day_too(bench: Bench) -> None:
    windows = World(10, 40).rows["quality_windows"]
    for day in (4, 3):
        bench.store("quality_windows", [row for row in windows if row["window_start"].day == day])
        bench.rollups.refresh()
    assert bench.read("broker_days") == bench.expected()["broker_days"]


def test_only_hours_and_days_that_got_rows_are_computed_and_an_insert_that_ended_late_is_found(bench: Bench) -> None:
    world, now = World(7, SMALL), datetime.now(UTC)
    late = [row for row in world.rows["tier_quotes"] if row["published_time"].hour == 1]
    quotes = [row for row in world.rows["tier_quotes"] if row["published_time"].hour != 1]
    bench.store("tier_quotes", quotes, now - timedelta(hours=1))
    bench.store("usage_ranges", world.rows["usage_ranges"], now - timedelta(hours=1))
    assert bench.rollups.refresh() == Refreshed(6, 2, 0)
    assert bench.rollups.refresh() == Refreshed(0, 0, 0)
    bench.store("tier_quotes", late, now - timedelta(seconds=20))
    assert bench.rollups.refresh() == Refreshed(1, 1, 0)
    assert bench.everything() == bench.expected()


class Dying(Connection):
    """Cannot write progress."""

    def command(self, sql: str, settings: Any = None) -> list[Any]:
        if "INSERT INTO rollup_progress" in sql:
            raise UpstreamError("killed")
        return super().command(sql, settings)


def test_whoever_computes_how_often_whenever_comes_to_the_same(bench: Bench) -> None:
    first, second = parts(World(4, SMALL, EVENING_S), 2)
    for table, rows in first.items():
        bench.store(table, rows)
    dying = Rollups(Dying(bench.database), lambda: CALENDAR)
    with pytest.raises(UpstreamError):  # between a rollup and its progress
        dying.refresh()
    assert bench.read("tier_hours") == bench.expected()["tier_hours"]
    bench.rollups.refresh()
    for table in TABLES:
        bench.connection.command(f"CREATE TABLE old_{table} AS {table}")
        bench.connection.command(f"INSERT INTO old_{table} SELECT * FROM {table}")
    for table, rows in second.items():
        bench.store(table, rows)
    at_once = [threading.Thread(target=Rollups(bench.connection, lambda: CALENDAR).refresh) for _ in range(2)]
    for thread in at_once:
        thread.start()
    for thread in at_once:
        thread.join()
    expected = bench.expected()
    assert bench.everything() == expected
    for table in TABLES:  # somebody was suspended in the middle of it
        bench.connection.command(f"INSERT INTO {table} SELECT * FROM old_{table}")
    assert bench.everything() == expected
    for table in TABLES:
        bench.connection.command(f"TRUNCATE TABLE {table}")
    assert bench.rollups.recompute_all() == Refreshed(4, 1, 1)
    assert bench.everything() == expected


def test_what_has_expired_stays_as_it_was_told(bench: Bench) -> None:
    """A third of the rows expires, then all; and groups go on to tell that they have read them."""
    world = World(9, SMALL, EVENING_S)
    few = parts(world, 3)
    for number, share in enumerate(few):
        for table, rows in share.items():
            bench.store(table, rows, BEFORE if number == 0 and table != "usage_ranges" else None)
    bench.rollups.refresh()
    expected = bench.expected()
    assert bench.everything() == expected
    for gone in (BEFORE, datetime.now(UTC)):
        for table in ("ticks", "tier_quotes", "quality_windows"):
            bench.connection.command(f"ALTER TABLE {table} DROP PARTITION '{gone.date()}'")
        bench.rollups.recompute_all()
        assert bench.everything() == expected
    again = {
        "read_topic": "free", "read_topic_id": str(UUID(int=1)), "read_partition": 0, "kind": "CONSUMED",
        "from_offset": 0, "to_offset": 10**6, "pass": 0, "source_offset": 10**9,
    }  # fmt: skip
    place = (UUID(int=1), 0)
    of_place = [row for row in world.rows["tier_quotes"] if (row["topic_id"], row["partition"]) == place]
    third_hour = sorted(row["offset"] for row in of_place if row["published_time"].hour == START_HOUR + 2)
    cut = again | {"to_offset": third_hour[len(third_hour) // 2]}
    bench.store("usage_ranges", [again | {"tenant": "new", "consumer_group": "new.desk"}])
    bench.store("usage_ranges", [cut | {"tenant": name, "consumer_group": f"{name}.x"} for name in ("acme", "torn")])
    bench.rollups.refresh()
    days = bench.read("consumption_days")
    in_full = bench.expected()["consumption_days"]
    whole = {key: value for key, value in in_full.items() if key[0] == "new"}
    # Whole hours need no rows. What needs some is told too low, and only where nothing was told.
    assert {key: value for key, value in days.items() if key[0] == "new"} == whole
    assert {key: value for key, value in days.items() if key[0] in TENANTS} == expected["consumption_days"]
    torn = {key: value for key, value in in_full.items() if key[0] == "torn"}
    assert 0 < sum(days[key][0] for key in torn if key in days) < sum(value[0] for value in torn.values())


def test_an_hour_that_has_lost_records_is_not_told_again_for_a_name_that_was_found(bench: Bench) -> None:
    """Three records of nobody's are worth three, as is one with two names."""
    at = datetime(2026, 11, 3, 12, tzinfo=UTC)
    quote = {
        "tier": "pro", "symbol": "EURUSD", "bid": 1.1, "ask": 1.2, "state": "NORMAL", "as_of_time": at, "due_time": at,
        "published_time": at, "received_time": at, "bid_age_us": 0, "ask_age_us": 0, "conflated_count": 0,
        "topic_id": UUID(int=1), "partition": 0, "sources.broker": ["oanda", "fxcm"], "sources.offset": [1, 1],
    }  # fmt: skip
    bench.store("tier_quotes", [quote | {"offset": offset} for offset in (1, 2)], BEFORE)
    bench.store("tier_quotes", [quote | {"offset": 3}])
    bench.rollups.refresh()
    before = bench.read("tier_hours")
    bench.connection.command(f"ALTER TABLE tier_quotes DROP PARTITION '{BEFORE.date()}'")
    tick = {"broker": "fxcm", "symbol": "EURUSD", "bid": 1.1, "ask": 1.2, "received_time": at, "flags": 0, "line": "A"}
    bench.store("ticks", [tick | {"session": 1, "topic_id": UUID(int=9), "partition": 0, "offset": 0}])
    bench.rollups.refresh()
    assert bench.read("tier_hours") == before
    assert [value[2] for value in before.values()] == [3]


@pytest.mark.usefixtures("exact_clock")
def test_a_tick_that_is_stored_late_names_a_record_of_the_next_hour(bench: Bench) -> None:
    at = datetime(2026, 11, 3, 12, 0, 3, tzinfo=UTC)
    quote = {
        "tier": "pro", "symbol": "EURUSD", "bid": 1.1, "ask": None, "state": "ONE_SIDED", "as_of_time": at,
        "due_time": at, "published_time": at, "received_time": at, "bid_age_us": 0, "conflated_count": 0,
        "topic_id": UUID(int=1), "partition": 0, "offset": 0, "sources.broker": ["oanda", "fxcm"],
        "sources.offset": [1, 1],
    }  # fmt: skip
    tick = {"broker": "fxcm", "symbol": "EURUSD", "bid": 1.1, "ask": 1.2, "flags": 0, "line": "A", "session": 1}
    tick |= {"received_time": at - timedelta(seconds=5), "topic_id": UUID(int=9), "partition": 0, "offset": 0}
    bench.store("tier_quotes", [quote])
    bench.rollups.refresh()
    bench.store("ticks", [tick])
    bench.rollups.refresh()
    assert bench.read("tier_hours") == bench.expected()["tier_hours"]
    assert next(iter(bench.read("tier_hours").values()))[-2] == {"fxcm": 1}


def test_a_side_is_the_brokers_that_nothing_contradicts(bench: Bench) -> None:
    """By the record, by who alone is in question, by the tick; of two ticks the tier's order decides."""
    at = datetime(2026, 11, 3, 12, tzinfo=UTC)
    versions = [("free", at - timedelta(days=2), True, ["fxcm"]), ("free", at, True, ["fxcm", "oanda"])]
    versions += [("free", at + timedelta(hours=2), False, ["fxcm"]), ("pro", at, True, ["oanda", "fxcm"])]
    client = connected(bench.database)
    client.insert("tier_versions", versions, column_names=("tier", "valid_from", "active", "brokers"))
    client.close()
    tick = {"symbol": "EURUSD", "bid": 1.1, "ask": 1.2, "received_time": at, "flags": 0, "partition": 0, "offset": 0}
    tick |= {"line": "A", "session": 1, "topic_id": UUID(int=9)}
    bench.store("ticks", [tick | {"broker": name} for name in ("fxcm", "oanda")])
    bench.store(
        "ticks", [tick | {"broker": "ic_markets", "ask": 1.3}, tick | {"broker": "fxcm", "ask": 1.4, "flags": 4}]
    )
    quote = {
        "tier": "free", "symbol": "EURUSD", "bid": 1.1, "ask": 1.2, "state": "NORMAL", "as_of_time": at, "due_time": at,
        "conflated_count": 0, "topic_id": UUID(int=1), "partition": 0,
    }  # fmt: skip
    pro = quote | {"tier": "pro", "as_of_time": micros(oracle.us(at) + 5), "bid_age_us": 5, "ask_age_us": 5}
    cases = [
        (quote, ["fxcm"], ["fxcm", "fxcm"]),  # came from one
        (quote, [], ["fxcm", "fxcm"]),  # the version in force has one
        (quote, ["fxcm", "oanda"], ["", ""]),
        (quote | {"ask": None}, ["oanda"], ["oanda"]),
        (pro, ["oanda", "fxcm"], ["oanda", "oanda"]),  # both ticked so: the first
        (pro, ["fxcm", "oanda"], ["fxcm", "fxcm"]),
        (pro | {"ask": 1.3}, ["oanda", "ic_markets"], ["oanda", "ic_markets"]),
        (pro | {"ask": 1.3}, ["oanda", "fxcm"], ["oanda", ""]),  # not of the tier
        (pro | {"ask": 1.4}, ["oanda", "fxcm"], ["oanda", ""]),  # filled in, never quoted
        (pro | {"bid_age_us": 6}, ["oanda", "fxcm"], ["", "oanda"]),
        (pro | {"bid_broker": "ic_markets"}, ["oanda", "fxcm"], ["ic_markets", "oanda"]),
    ]
    later = [  # by the version in force; without one anybody may be meant, the first by name
        (quote, 0, [], ["", ""]),
        (pro, 0, [], ["oanda", "oanda"]),
        (quote, 2, [], ["", ""]),
        (pro | {"tier": "other", "ask": 1.3}, 0, [], ["fxcm", "ic_markets"]),
    ]
    rows = [(row, -1, came, names) for row, came, names in cases] + later
    for number, (row, hours, came, _) in enumerate(rows):
        published = at + timedelta(hours=hours)
        bench.store(
            "tier_quotes",
            [row | {"symbol": "EURUSD", "published_time": published, "sources.broker": came, "offset": number}
             | {"sources.offset": [1] * len(came)}],
        )  # fmt: skip
    halves = rollups.SQL.joinpath("rollup_halves.sql").read_text().replace("{{records}}", "1")
    found = bench.connection.query(f"SELECT offset, names FROM ({halves}) ORDER BY offset")
    assert found == [(number, names) for number, (*_, names) in enumerate(rows)]


def test_the_command_brings_them_up_to_date(bench: Bench, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for table, rows in World(1, 40, EVENING_S).rows.items():
        bench.store(table, rows)
    use(bench.database, monkeypatch, tmp_path)
    done = CliRunner().invoke(app, ["sink", "rollups", "--json"], catch_exceptions=False)
    hours = len(
        {row["published_time"].replace(minute=0, second=0, microsecond=0) for row in bench.stored["tier_quotes"]}
    )
    assert json.loads(done.stdout) == {"tier_hours": hours, "consumption_days": 1, "broker_days": 1}
    assert bench.read("consumption_days") == bench.expected()["consumption_days"]
    done = CliRunner().invoke(app, ["sink", "rollups", "--all"], catch_exceptions=False)
    assert "consumption_days" in done.stdout


def test_a_sink_keeps_them_where_it_is_its_turn(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rollups, "EVERY_S", 0.01)
    bench.store("tier_quotes", World(2, 10).rows["tier_quotes"])
    asked: list[int] = []
    turn = threading.Event()

    def is_mine() -> bool:
        asked.append(1)
        return turn.is_set()

    keeper = RollupKeeper(bench.database, lambda: CALENDAR, is_mine)
    keeper.start()
    try:
        eventually(lambda: len(asked) > 3)
        assert bench.read("tier_hours") == {}
        turn.set()
        expected = bench.expected()["tier_hours"]
        eventually(lambda: bench.read("tier_hours") == expected, within_s=30)
    finally:
        keeper.close()
        eventually(lambda: all(thread.name != "rollups" for thread in threading.enumerate()), within_s=30)
