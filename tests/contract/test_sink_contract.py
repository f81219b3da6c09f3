"""What every sink promises: MemorySink and ClickHouse sit the same exam."""

from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import pytest

from infra import clickhouse as ch
from sinks.connection import Connection, Patience
from sinks.memory import MemorySink
from sinks.port import Place, Sink, Stored
from sinks.setup import MIGRATIONS
from sinks.writer import ClickHouseSink
from tests.sink_data import TABLES, batch, enterprise, free, place, pro, quality, rows, tick, ticks
from tierfeed.errors import FencedError
from tierfeed.settings import ClickHouseSettings

Offsets = Callable[[str], list[tuple[str, int, int]]]
A, B = place(partition=0), place(partition=1)


class SinkContract:
    """Subclasses give `sink` and `offsets`: (topic, partition, offset) of every row of a table, sorted."""

    def test_a_batch_written_twice_is_stored_once(self, sink: Sink, offsets: Offsets) -> None:
        tenure = sink.take_over([A], TABLES)
        tenure.store(ticks(0, 9))
        tenure.store(ticks(0, 9))
        assert offsets("ticks") == [("ticks.fxcm", 0, offset) for offset in range(10)]

    def test_after_a_restart_other_bounds_store_no_row_twice(self, sink: Sink, offsets: Offsets) -> None:
        sink.take_over([A], TABLES).store(ticks(0, 9))
        sink.take_over([A], TABLES).store(ticks(4, 15))
        assert offsets("ticks") == [("ticks.fxcm", 0, offset) for offset in range(16)]

    def test_each_partition_of_a_batch_has_its_own_limit(self, sink: Sink, offsets: Offsets) -> None:
        tenure = sink.take_over([A, B], TABLES)
        tenure.store(ticks(0, 9, A))
        tenure.store(rows((A, batch([tick()] * 12)), (B, batch([tick()] * 3, first=1))))
        assert offsets("ticks") == [("ticks.fxcm", 0, n) for n in range(12)] + [("ticks.fxcm", 1, n) for n in (1, 2, 3)]

    def test_taking_over_tells_what_is_stored(self, sink: Sink) -> None:
        tenure = sink.take_over([A, B], TABLES)
        assert tenure.stored == {A: Stored(), B: Stored()}
        tenure.store(ticks(3, 9))
        assert sink.take_over([A, B], TABLES).stored == {A: Stored(10), B: Stored()}

    def test_taking_over_tells_the_highest_epoch_of_tier_quotes(self, sink: Sink) -> None:
        at = place("tier.free")
        sink.take_over([at], TABLES).store(rows((at, batch([free(epoch=4), free(epoch=9)]))))
        assert sink.take_over([at], TABLES).stored == {at: Stored(2, 9)}

    def test_who_was_taken_over_from_stores_nothing_more(self, sink: Sink, offsets: Offsets) -> None:
        late = sink.take_over([A, B], TABLES)
        sink.take_over([A], TABLES).store(ticks(0, 4))
        with pytest.raises(FencedError, match="another sink owns"):
            late.store(rows((A, batch([tick()] * 9)), (B, batch([tick()] * 9))))
        assert offsets("ticks") == [("ticks.fxcm", 0, offset) for offset in range(5)]

    def test_who_was_taken_over_from_keeps_the_partitions_that_were_not(self, sink: Sink, offsets: Offsets) -> None:
        both = sink.take_over([A, B], TABLES)
        sink.take_over([A], TABLES)
        both.store(ticks(0, 1, B))
        assert offsets("ticks") == [("ticks.fxcm", 1, 0), ("ticks.fxcm", 1, 1)]

    def test_a_topic_created_anew_does_not_collide_with_the_old_one(self, sink: Sink) -> None:
        anew = place(topic_id=UUID(int=2))
        sink.take_over([A], TABLES).store(ticks(0, 9))
        tenure = sink.take_over([anew], TABLES)
        assert tenure.stored == {anew: Stored()}
        tenure.store(ticks(0, 9, anew))
        assert sink.take_over([A, anew], TABLES).stored == {A: Stored(10), anew: Stored(10)}

    def test_the_tables_keep_their_identity(self, sink: Sink) -> None:
        ids = sink.take_over([A], TABLES).table_ids
        assert {table.name for table in TABLES.values()} <= set(ids)
        assert sink.take_over([], TABLES).table_ids == ids

    def test_every_table_takes_its_records(self, sink: Sink, offsets: Offsets) -> None:
        tiers = [place("tier.free"), place("tier.pro"), place("tier.enterprise")]
        windows = place("quality")
        tenure = sink.take_over([*tiers, windows], TABLES)
        tenure.store(rows(*zip(tiers, map(batch, ([free()], [pro()], [enterprise(), enterprise()])), strict=True)))
        tenure.store(rows((windows, batch([quality()]))))
        assert [row[0] for row in offsets("tier_quotes")] == [
            "tier.enterprise",
            "tier.enterprise",
            "tier.free",
            "tier.pro",
        ]
        assert offsets("quality_windows") == [("quality", 0, 0)]


class TestMemorySink(SinkContract):
    @pytest.fixture
    def sink(self) -> MemorySink:
        return MemorySink()

    @pytest.fixture
    def offsets(self, sink: MemorySink) -> Offsets:
        def all_of(table: str) -> list[tuple[str, int, int]]:
            return sorted((row["at"].topic, row["at"].partition, row["offset"]) for row in sink.rows.get(table, []))

        return all_of


@pytest.mark.clickhouse
class TestClickHouseSink(SinkContract):
    @pytest.fixture
    def connection(self, database: ClickHouseSettings) -> Iterator[Connection]:
        client = ch.client(database)
        ch.apply(client, ch.load_migrations(MIGRATIONS))
        client.close()
        connection = Connection(database)
        yield connection
        connection.close()

    @pytest.fixture
    def sink(self, connection: Connection, database: ClickHouseSettings) -> Iterator[ClickHouseSink]:
        sink = ClickHouseSink(database, Patience(answer_s=10, give_up_s=10))
        yield sink
        sink.close()

    @pytest.fixture
    def offsets(self, connection: Connection) -> Offsets:
        def all_of(table: str) -> list[tuple[str, int, int]]:
            return list(connection.query(f"SELECT topic, partition, offset FROM {table} ORDER BY ALL"))

        return all_of

    def test_one_insert_is_one_part(self, sink: ClickHouseSink, connection: Connection) -> None:
        places = [place(partition=number) for number in range(8)]
        parts = [(at, batch([tick(symbol=f"SYM{number}") for number in range(500)])) for at in places]
        sink.take_over(places, TABLES).store(rows(*parts))
        found = connection.query("SELECT count(), uniqExact(_part), uniqExact(stored_at) FROM ticks")
        assert found == [(4000, 1, 1)]

    def test_a_table_that_was_emptied_takes_the_same_batch_again(
        self, sink: ClickHouseSink, connection: Connection, offsets: Offsets
    ) -> None:
        sink.take_over([A], TABLES).store(ticks(0, 9))
        connection.command("TRUNCATE TABLE ticks")
        sink.take_over([A], TABLES).store(ticks(0, 9))
        assert len(offsets("ticks")) == 10

    def test_nothing_is_stored_behind_a_gap_when_rows_have_gone(
        self, sink: ClickHouseSink, connection: Connection, offsets: Offsets
    ) -> None:
        tenure = sink.take_over([A, B], TABLES)
        tenure.store(ticks(0, 9))
        connection.command("TRUNCATE TABLE ticks")
        tenure.store(ticks(0, 9, B))
        with pytest.raises(FencedError, match="rows that were stored are gone"):
            tenure.store(ticks(10, 19))
        assert offsets("ticks") == [("ticks.fxcm", 1, offset) for offset in range(10)]

    def test_a_table_that_was_made_anew_is_another_one(self, sink: ClickHouseSink, connection: Connection) -> None:
        before = sink.take_over([A], TABLES).table_ids
        connection.command("CREATE TABLE other AS quality_windows")
        connection.command("DROP TABLE quality_windows")
        connection.command("RENAME TABLE other TO quality_windows")
        after = sink.take_over([A], TABLES).table_ids
        assert [name for name in before if before[name] != after[name]] == ["quality_windows"]

    def test_values_come_out_as_they_went_in(self, sink: ClickHouseSink, connection: Connection) -> None:
        at = place("tier.enterprise", 3)
        sink.take_over([at], TABLES).store(rows((at, batch([enterprise()], first=41))))
        row = _row(connection, "tier_quotes")
        assert (row["tier"], row["topic"], row["partition"], row["offset"]) == ("enterprise", "tier.enterprise", 3, 41)
        assert (row["bid"], row["ask"], row["state"], row["bid_age_us"], row["ask_age_us"]) == (
            1.1,
            1.10002,
            "NORMAL",
            5,
            None,
        )
        assert (row["bid_broker"], row["ask_broker"], row["eligible_brokers"]) == ("fxcm", None, 2)
        assert (row["sources.broker"], row["sources.offset"]) == (["fxcm"], [7])
        assert (row["brokers.broker"], row["brokers.status"]) == (["fxcm", "oanda"], ["ELIGIBLE", "NO_QUOTE"])
        assert (row["brokers.bid"], row["brokers.ask_size"]) == ([1.1, None], [3.0, 3.0])

    def test_what_a_tier_does_not_sell_is_null(self, sink: ClickHouseSink, connection: Connection) -> None:
        at = place("tier.free")
        sink.take_over([at], TABLES).store(rows((at, batch([free()]))))
        row = _row(connection, "tier_quotes")
        assert [row[name] for name in ("spread", "eligible_brokers", "bid_broker", "conflation_us")] == [None] * 4
        assert (row["brokers.broker"], row["sources.broker"]) == ([], ["fxcm"])

    @pytest.mark.parametrize("time", [-62_135_596_800_000_000, -1, 0, 253_402_300_799_999_999])
    def test_no_time_a_broker_may_send_stops_the_sink(
        self, sink: ClickHouseSink, connection: Connection, time: int
    ) -> None:
        sink.take_over([A], TABLES).store(rows((A, batch([tick(received_time=time, event_time=time)]))))
        found = connection.query(
            "SELECT toUnixTimestamp64Micro(received_time), toUnixTimestamp64Micro(assumeNotNull(event_time)) FROM ticks"
        )
        assert found == [(time, time)]

    @pytest.mark.parametrize("number", [float("nan"), float("inf"), -0.0, 5e-324, 1.7976931348623157e308])
    def test_no_number_a_broker_may_send_stops_the_sink(
        self, sink: ClickHouseSink, connection: Connection, number: float
    ) -> None:
        sink.take_over([A], TABLES).store(rows((A, batch([tick(bid=number, bid_size=number, session=-(2**63))]))))
        found = connection.query("SELECT reinterpretAsUInt64(bid), session FROM ticks")
        assert found == connection.query(f"SELECT reinterpretAsUInt64({number!r}::Float64), -{2**63}::Int64")

    @pytest.mark.parametrize("name", ["", "'\\\"`;--\0\n", "€" * 100_000])
    def test_no_text_a_broker_may_send_stops_the_sink(
        self, sink: ClickHouseSink, connection: Connection, name: str
    ) -> None:
        sink.take_over([A], TABLES).store(rows((A, batch([tick(broker=name, symbol=name)]))))
        assert connection.query("SELECT length(broker), length(symbol) FROM ticks") == [(len(name.encode()),) * 2]


def _row(connection: Connection, table: str) -> dict[str, Any]:
    names = [
        row[0]
        for row in connection.query(
            f"SELECT name FROM system.columns WHERE table = '{table}' AND database = currentDatabase()"
        )
    ]
    (values,) = connection.query(f"SELECT * FROM {table}")
    return dict(zip(names, values, strict=True))


def test_places_order_by_topic_then_partition() -> None:
    assert sorted([B, A, Place("a", A.topic_id, 7)])[0].topic == "a"
