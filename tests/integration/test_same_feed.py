"""Two sellers of one feed are found on real ticks, and two venues are not taken for one."""

from datetime import UTC, datetime

import pytest

from analytics.summary import Questions
from collectors.replay.tape import read_rows
from infra import clickhouse
from sinks.setup import migrate
from tests.unit.collectors.tapes import SHARED, entry
from tierfeed.settings import ClickHouseSettings, Settings

TICKS = SHARED / "data" / "ticks"
DAY = "20140507_quote.zip"

pytestmark = [
    pytest.mark.clickhouse,
    pytest.mark.skipif(not TICKS.is_dir(), reason=f"needs the shared data, {TICKS} is not there"),
]


def test_raw_and_retail_of_one_broker_look_like_one_feed(database: ClickHouseSettings) -> None:
    migrate(Settings(clickhouse=database))
    client = clickhouse.client(database)
    client.command("ALTER TABLE ticks REMOVE TTL")
    for feed in ("fxcm-raw", "fxcm-retail", "oanda"):
        rows = read_rows(entry(symbol="EURUSD", format="lean"), TICKS / feed / "eurusd" / DAY, DAY)
        moments = [datetime.fromtimestamp(us / 1e6, UTC) for us in rows.event_us.tolist()]
        columns = [[feed] * len(moments), ["EURUSD"] * len(moments), moments, rows.bid.tolist(), rows.ask.tolist()]
        names = ("broker", "symbol", "event_time", "bid", "ask")
        client.insert("ticks", columns, column_names=names, column_oriented=True)
    client.close()
    questions = Questions(database)
    span = {"from": datetime(2014, 5, 7, tzinfo=UTC), "to": datetime(2014, 5, 8, tzinfo=UTC)}
    found = {(row["one"], row["other"]): row for row in questions.ask("same_feed", span)}
    questions.close()
    one = found["fxcm-raw", "fxcm-retail"]
    # The raw file's clock is five hours behind: of its day, nineteen hours are in the other's.
    assert (one["looks_like_one"], one["offset_h"]) == (1, 5)
    assert one["shared_percent"] > 75
    assert one["shared_gaps"] > 20  # of 34; the others are in the hours that only one file has
    for pair, row in found.items():
        if "oanda" in pair:
            assert not row["looks_like_one"]
            assert row["shared_percent"] < 15
