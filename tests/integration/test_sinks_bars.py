"""One-minute bars: equal to a recomputation, whatever was stored when."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest

from sinks.bars import Bars
from sinks.connection import Connection
from sinks.port import Place
from sinks.setup import migrate, set_retention
from sinks.writer import ClickHouseSink
from tests.sink_data import NOON, SECOND, TABLES, batch, place, rows, tick
from tierfeed.settings import ClickHouseSettings, Settings

pytestmark = pytest.mark.clickhouse

MINUTE = 60 * SECOND
START = NOON // MINUTE * MINUTE
BAR = (
    "SELECT toInt64(minute), open, high, low, close, bid_high, bid_low, ask_high, ask_low, spread_mean, ticks, crossed"
)
DIGEST = "SELECT count(), groupBitXor(cityHash64(* EXCEPT computed_at)) FROM bars"


class Bench:
    """A database with tables, a sink and bars; `store` keeps each place's offsets."""

    def __init__(self, database: ClickHouseSettings) -> None:
        migrate(Settings(clickhouse=database))
        self.connection = Connection(database)
        self.bars = Bars(self.connection)
        self.sink = ClickHouseSink(database)
        self.next: dict[Place, int] = {}

    def store(self, *payloads: bytes, at: Place | None = None) -> None:
        at = at or place()
        first = self.next.setdefault(at, 0)
        self.sink.take_over([at], TABLES).store(rows((at, batch(payloads, first))))
        self.next[at] += len(payloads)

    def read(self, symbol: str = "EURUSD", broker: str = "fxcm") -> list[tuple[Any, ...]]:
        where = f"WHERE symbol = '{symbol}' AND broker = '{broker}' ORDER BY minute"
        return self.connection.query(f"{BAR} FROM bars {where}")

    def ticks(self) -> list[tuple[int, int]]:
        """(minute from the start, ticks) of the bars."""
        return [((row[0] * SECOND - START) // MINUTE, row[10]) for row in self.read()]


@pytest.fixture
def bench(database: ClickHouseSettings) -> Iterator[Bench]:
    bench = Bench(database)
    yield bench
    bench.sink.close()
    bench.connection.close()


def at(seconds: float, bid: float = 1.1, ask: float = 1.10002, **fields: Any) -> bytes:
    """A tick so many seconds after the start."""
    return tick(received_time=START + int(seconds * SECOND), bid=bid, ask=ask, **fields)


def test_a_bar_is_open_high_low_close_of_mid_with_the_extremes_of_both_sides(bench: Bench) -> None:
    bench.store(at(1, 1.1, 1.10002), at(2, 1.10005, 1.10007), at(3, 1.0999, 1.0998), at(59.999999, 1.1, 1.10004))
    bench.bars.refresh()
    assert bench.read() == [
        (START // SECOND, 1.10001, 1.10006, 1.09985, 1.10002, 1.10005, 1.0999, 1.10007, 1.0998, -5e-06, 4, 1)
    ]


def test_a_minute_is_half_open(bench: Bench) -> None:
    bench.store(at(0), at(59.999999), at(60))
    bench.bars.refresh()
    assert bench.ticks() == [(0, 2), (1, 1)]


def test_backfilled_and_one_sided_ticks_make_no_bar(bench: Bench) -> None:
    bench.store(
        at(1, flags=4),
        at(2, bid=0.0),
        at(3, ask=0.0),
        at(4, bid=-1.0),
        at(5, bid=float("nan")),
        at(6, ask=float("inf")),
        at(7, bid=1.7e308, ask=5e-324, symbol="GBPUSD"),
    )
    bench.store(at(61, flags=3), at(62, ask=0.0))
    bench.bars.refresh()
    assert bench.ticks() == [(1, 1)]
    assert bench.bars.refresh() == 0


def test_yen_have_their_digits(bench: Bench) -> None:
    bench.store(at(1, 101.123, 101.126, symbol="USDJPY"), at(2, 101.123, 101.124, symbol="USDJPY"))
    bench.bars.refresh()
    assert bench.read("USDJPY")[0][1:5] + bench.read("USDJPY")[0][9:10] == (
        101.1245,
        101.1245,
        101.1235,
        101.1235,
        0.002,
    )


def test_of_ticks_at_the_same_time_the_offset_decides(bench: Bench) -> None:
    bench.store(at(1, 1.1, 1.1), at(1, 1.2, 1.2), at(1, 1.3, 1.3))
    bench.bars.refresh()
    assert (bench.read()[0][1], bench.read()[0][4]) == (1.1, 1.3)


def test_a_minute_that_goes_on_replaces_its_bar_without_final(bench: Bench) -> None:
    bench.connection.command("SYSTEM STOP MERGES bars_1m")
    for second in range(5):
        bench.store(at(second))
        bench.bars.refresh()
    assert bench.connection.query("SELECT count() FROM bars_1m") == [(5,)]
    assert bench.ticks() == [(0, 5)]


def test_ticks_that_come_late_for_an_old_minute_are_counted(bench: Bench) -> None:
    bench.store(at(1), at(601))
    bench.bars.refresh()
    bench.store(at(2))
    bench.bars.refresh()
    assert bench.ticks() == [(0, 2), (10, 1)]


def test_only_minutes_with_new_ticks_are_computed_again(bench: Bench) -> None:
    bench.store(at(1), at(61))
    bench.bars.refresh()
    before = bench.connection.query("SELECT minute, computed_at FROM bars ORDER BY minute")
    bench.store(at(62))
    assert bench.bars.refresh() == 1
    after = bench.connection.query("SELECT minute, computed_at FROM bars ORDER BY minute")
    assert after[0] == before[0]
    assert after[1] > before[1]


def test_a_partition_that_was_behind_for_long_catches_up(bench: Bench) -> None:
    other = place("ticks.oanda", 2)
    bench.store(at(1))
    bench.store(at(1, broker="oanda"), at=other)
    bench.bars.refresh()
    bench.store(at(2, broker="oanda"), at=other)
    assert bench.bars.refresh() == 1
    assert [row[10] for row in bench.read(broker="oanda")] == [2]


def test_who_dies_between_the_bars_and_their_progress_leaves_only_work_to_repeat(bench: Bench) -> None:
    bench.store(at(1), at(61))
    bench.bars.refresh()
    digest = bench.connection.query(DIGEST)
    bench.connection.command("TRUNCATE TABLE bars_progress")
    assert bench.bars.refresh() == 1
    assert bench.connection.query(DIGEST) == digest


def test_a_runner_that_was_suspended_does_not_put_an_old_bar_back(bench: Bench) -> None:
    bench.store(at(1))
    bench.bars.refresh()
    bench.connection.command("CREATE TABLE old AS bars_1m")
    bench.connection.command("INSERT INTO old SELECT * FROM bars_1m")
    bench.store(at(2))
    bench.bars.refresh()
    bench.connection.command("INSERT INTO bars_1m SELECT * FROM old")
    assert bench.ticks() == [(0, 2)]
    bench.connection.command("OPTIMIZE TABLE bars_1m FINAL")
    assert bench.ticks() == [(0, 2)]


def test_recomputing_all_changes_nothing(bench: Bench) -> None:
    for minute in range(0, 4000, 97):
        bench.store(*(at(minute * 60 + second, 1.1 + second / 1e5, 1.1 + second / 9e4) for second in (3, 1, 2)))
        bench.bars.refresh()
    digest = bench.connection.query(DIGEST)
    assert bench.bars.recompute_all() == 4
    assert bench.connection.query(DIGEST) == digest
    bench.connection.command("TRUNCATE TABLE bars_1m")
    bench.bars.recompute_all()
    assert bench.connection.query(DIGEST) == digest


def test_bars_outlive_their_ticks(bench: Bench) -> None:
    bench.store(at(1), at(2), at(61))
    bench.bars.refresh()
    digest = bench.connection.query(DIGEST)
    bench.connection.command("ALTER TABLE ticks DELETE WHERE offset < 2", settings={"mutations_sync": 2})
    bench.bars.recompute_all()
    assert bench.connection.query(DIGEST) == digest


def test_a_table_that_was_emptied_and_filled_again_has_its_bars(bench: Bench) -> None:
    bench.store(at(1), at(2))
    bench.bars.refresh()
    bench.connection.command("TRUNCATE TABLE ticks")
    bench.connection.command("TRUNCATE TABLE bars_1m")
    bench.next.clear()
    bench.store(at(1))
    bench.bars.refresh()
    bench.store(at(2))
    bench.bars.refresh()
    assert bench.ticks() == [(0, 2)]


def test_a_topic_created_anew_adds_to_the_minutes_of_the_old_one(bench: Bench) -> None:
    bench.store(at(1), at(2))
    bench.bars.refresh()
    bench.store(at(3), at=place(topic_id=UUID(int=5)))
    bench.bars.refresh()
    assert bench.ticks() == [(0, 3)]


@pytest.mark.parametrize("time", [-62_135_596_800_000_000, -1, 253_402_300_799_999_999])
def test_a_time_no_minute_can_have_makes_no_bar_and_stops_nothing(bench: Bench, time: int) -> None:
    bench.store(tick(received_time=time), at(1))
    bench.bars.refresh()
    assert bench.ticks() == [(0, 1)]
    assert bench.bars.recompute_all() >= 1
    assert bench.ticks() == [(0, 1)]


def test_retention_is_set_once_and_only_where_it_differs(bench: Bench) -> None:
    assert set_retention(bench.connection, 30) == []
    assert sorted(set_retention(bench.connection, 7)) == ["quality_windows", "ticks", "tier_quotes"]
    assert set_retention(bench.connection, 7) == []
