"""Real tapes, a whole day, end to end: in the end ClickHouse holds what the files hold, and every law is kept."""

import csv
import io
import zipfile
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
import yaml

from collectors.replay.cut import cut_zip
from tests.e2e.tape_runner import Played, played
from tests.unit.collectors.tapes import SHARED
from tierfeed.settings import TIERS_FILE, ClickHouseSettings, KafkaSettings

TICKS = SHARED / "data" / "ticks"
FIGURES = SHARED / "data" / "figures.csv"
pytestmark = [
    pytest.mark.kafka,
    pytest.mark.clickhouse,
    pytest.mark.timeout(900),
    pytest.mark.skipif(not TICKS.is_dir(), reason=f"needs the shared data, {TICKS} is not there"),
]

DAY = "20140507"
SYMBOLS = ("EURUSD", "NZDUSD")
SOURCES = {"fxcm": ("fxcm-raw", "-05:00"), "oanda": ("oanda", "+00:00")}
ABA_MS = ((12 * 60 + 31) * 60 + 27) * 1000 + 813
"""2014-05-08: OANDA's EURUSD changed to another quote and back within this millisecond."""
BESIDE_MS = 10_000

BROKERS = {"fxcm": "fxcm", "ic_markets": "oanda"}
"""The built-in tiers' brokers, as far as there are tapes, and who plays them."""


@pytest.fixture(scope="module")
def day(
    request: pytest.FixtureRequest,
    kafka: KafkaSettings,
    clickhouse: ClickHouseSettings,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Played]:
    """FXCM and OANDA over one day; ten seconds of OANDA on the next one; and MetaTrader's restarted capture."""
    folder = tmp_path_factory.mktemp("tapes")
    (folder / "cut.zip").write_bytes(cut_zip(_oanda_next_day(), ABA_MS - BESIDE_MS, ABA_MS + BESIDE_MS))
    tape = [
        {
            "broker": broker,
            "symbol": symbol,
            "format": "lean",
            "utc_offset": offset,
            "paths": [str(_file(source, symbol))],
        }
        for broker, (source, offset) in SOURCES.items()
        for symbol in SYMBOLS
    ]
    tape.append({"broker": "quick", "symbol": "EURUSD", "format": "lean", "paths": ["cut.zip"]})
    captures = {"broker": "vantage", "symbol": "EURUSD", "format": "mt5", "utc_offset": "+03:00", "session": "per_file"}
    tape.append(captures | {"paths": [str(TICKS / "mt5-vantage/EURUSD_20251010*.json")]})
    tiers = yaml.safe_load(TIERS_FILE.read_text())
    for tier in tiers.values():
        tier["brokers"] = [BROKERS[name] for name in tier["brokers"] if name in BROKERS]
    tiers["finest"] = tiers["enterprise"] | {"interval_ms": 1, "brokers": ["quick"]}
    with played(request, kafka, clickhouse, folder, tape, tiers) as came:
        yield came


def _file(source: str, symbol: str) -> Path:
    return TICKS / source / symbol.lower() / f"{DAY}_quote.zip"


def _oanda_next_day() -> bytes:
    return (TICKS / "oanda/eurusd/20140508_quote.zip").read_bytes()


@pytest.mark.parametrize("symbol", SYMBOLS)
@pytest.mark.parametrize("broker", SOURCES)
def test_the_figures_of_the_files_come_out_of_clickhouse(day: Played, broker: str, symbol: str) -> None:
    file = _file(SOURCES[broker][0], symbol).relative_to(SHARED / "data").as_posix()
    with FIGURES.open(newline="") as lines:
        (figures,) = (row for row in csv.DictReader(lines) if row["file"] == file)
    counted = day.rows(
        "SELECT count(), countIf(ask < bid), countIf(ask = bid), min(bid), max(ask) FROM ticks "
        "WHERE broker = {broker:String} AND symbol = {symbol:String}",
        broker=broker,
        symbol=symbol,
    )
    whole = (int(figures["rows"]), int(figures["crossed"]), int(figures["locked"]))
    assert counted == [(*whole, float(figures["min_bid"]), float(figures["max_ask"]))]
    windows = day.rows(
        "SELECT sum(ticks), sum(crossed), sum(locked) FROM quality_windows "
        "WHERE broker = {broker:String} AND symbol = {symbol:String}",
        broker=broker,
        symbol=symbol,
    )
    assert windows == [whole]


@pytest.mark.parametrize(("symbol", "within_pips"), [("EURUSD", 0.1), ("NZDUSD", 0.15)])
def test_five_hours_bring_fxcm_onto_oanda(day: Played, symbol: str, within_pips: float) -> None:
    """The last quote of each second, carried forward where there is none."""
    grid = """
        SELECT toUnixTimestamp(received_time) AS second, argMax((bid + ask) / 2, (received_time, sequence)) AS mid
        FROM ticks WHERE broker = {%s:String} AND symbol = {symbol:String}
        GROUP BY second ORDER BY second WITH FILL STEP 1 INTERPOLATE (mid AS mid)
    """
    seconds, pips = day.rows(
        f"SELECT count(), avg(abs(fxcm.mid - oanda.mid)) * 10000 "
        f"FROM ({grid % 'broker'}) AS fxcm INNER JOIN ({grid % 'other'}) AS oanda USING (second)",
        broker="fxcm",
        other=f"{day.word}oanda",
        symbol=symbol,
    )[0]
    assert seconds > 68_000
    assert pips <= within_pips


def test_a_tier_carries_its_symbols_and_no_other(day: Played) -> None:
    carried = dict(day.rows("SELECT tier, arraySort(groupUniqArray(symbol)) FROM tier_quotes GROUP BY tier"))
    assert carried == {
        f"{day.word}free": ["EURUSD"],
        f"{day.word}pro": ["EURUSD"],
        f"{day.word}enterprise": ["EURUSD", "NZDUSD"],
        f"{day.word}finest": ["EURUSD"],
    }


@pytest.mark.parametrize(("tier", "interval_ms"), [("free", 1000), ("pro", 100), ("enterprise", 10), ("finest", 1)])
def test_no_two_records_of_a_symbol_are_closer_than_the_tiers_interval(
    day: Played, tier: str, interval_ms: int
) -> None:
    records, closest_us = day.rows(
        """
        SELECT count(), min(us - before) FROM
        (
            SELECT toUnixTimestamp64Micro(published_time) AS us,
                   lagInFrame(us, 1, us - 1000000) OVER (PARTITION BY symbol ORDER BY partition, offset) AS before
            FROM tier_quotes WHERE tier = {tier:String}
        )
        """,
        tier=tier,
    )[0]
    assert records > 20
    assert closest_us >= interval_ms * 1000


def test_every_update_is_covered_by_a_record(day: Played) -> None:
    series = day.rows(
        "SELECT tier, symbol, max(upto_sequence), sum(conflated_count) + count(), "
        "argMax(upto_sequence, offset), uniqExact(epoch) FROM tier_quotes GROUP BY tier, symbol"
    )
    assert len(series) == 5
    assert {(upto == covered == last, epochs) for _, _, upto, covered, last, epochs in series} == {(True, 1)}


@pytest.mark.parametrize(("tier", "interval_ms"), [("free", 1000), ("pro", 100), ("enterprise", 10)])
def test_the_last_value_of_every_burst_is_published(day: Played, tier: str, interval_ms: int) -> None:
    """A tick that changed the quote, with nothing behind it for an interval, has a record that it caused."""
    ends, unsaid = day.rows(
        """
        WITH changes AS
        (
            SELECT symbol, received_time,
                   (bid, ask) != lagInFrame((bid, ask)) OVER (PARTITION BY symbol, broker ORDER BY offset) AS changed,
                   leadInFrame(received_time, 1, received_time + INTERVAL 1 DAY) OVER
                   (
                       PARTITION BY symbol ORDER BY received_time, broker, offset
                       ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
                   ) AS following
            FROM ticks
            WHERE broker IN {brokers:Array(String)}
                AND symbol IN (SELECT symbol FROM tier_quotes WHERE tier = {tier:String})
        )
        SELECT count(), countIf((symbol, received_time) NOT IN
        (
            SELECT symbol, as_of_time FROM tier_quotes WHERE tier = {tier:String}
        ))
        FROM changes WHERE changed AND following > received_time + toIntervalMillisecond({interval:UInt32})
        """,
        tier=tier,
        interval=interval_ms,
        brokers=[f"{day.word}fxcm"] if tier == "free" else [f"{day.word}fxcm", f"{day.word}oanda"],
    )[0]
    assert ends > 10_000
    assert unsaid == 0


def test_a_tier_of_one_broker_says_what_the_broker_said_last(day: Played) -> None:
    records, others = day.rows(
        """
        SELECT count(), countIf((quotes.bid, quotes.ask) != (ticks.bid, ticks.ask))
        FROM
        (
            SELECT symbol, as_of_time, bid, ask FROM tier_quotes WHERE tier = {tier:String} AND state != 'STALE'
        ) AS quotes
        ASOF INNER JOIN
        (
            SELECT symbol, received_time, bid, ask FROM ticks WHERE broker = {broker:String}
        ) AS ticks
        ON quotes.symbol = ticks.symbol AND quotes.as_of_time >= ticks.received_time
        """,
        tier="free",
        broker="fxcm",
    )[0]
    assert records > 20_000
    assert others == 0


def test_every_tick_is_applied_or_dropped_for_one_reason(day: Played) -> None:
    stored = dict(day.rows("SELECT broker, count() FROM ticks GROUP BY broker"))
    sums = day.rows(
        "SELECT broker, sum(ticks), sum(applied) + sum(duplicates) + sum(line_duplicates) + sum(unchanged) + sum(late) "
        "+ sum(backfilled) + sum(invalid) FROM quality_windows WHERE broker LIKE {ours:String} GROUP BY broker",
        ours=f"{day.word}%",
    )
    assert len(stored) == 4
    assert {broker: (ticks, accounted) for broker, ticks, accounted in sums} == {
        broker: (count, count) for broker, count in stored.items()
    }


def test_an_unchanged_quote_is_the_only_reason_to_drop_one_of_a_single_clean_session(day: Played) -> None:
    drops = dict(
        day.rows(
            "SELECT (broker, symbol), (sum(ticks) - sum(applied), sum(unchanged), sum(missing)) FROM quality_windows "
            "WHERE broker IN {brokers:Array(String)} GROUP BY broker, symbol",
            brokers=[f"{day.word}{broker}" for broker in SOURCES],
        )
    )
    with FIGURES.open(newline="") as lines:
        repeated = {row["file"]: int(row["same_quote_as_prev"]) for row in csv.DictReader(lines) if row["rows"] != "0"}
    for broker, (source, _) in SOURCES.items():
        for symbol in SYMBOLS:
            same = repeated[_file(source, symbol).relative_to(SHARED / "data").as_posix()]
            assert drops[f"{day.word}{broker}", symbol] == (same, same, 0)


def test_every_record_is_stored_once(day: Played) -> None:
    for table in ("ticks", "tier_quotes", "quality_windows"):
        rows, distinct = day.rows(f"SELECT count(), uniqExact(topic, partition, offset) FROM {table}")[0]
        assert rows == distinct > 0
    # Each partition without a hole but for control records: no offset below the last was left out.
    assert day.value("SELECT count() FROM ticks") == day.value(
        "SELECT sum(ticks) FROM quality_windows WHERE broker LIKE {ours:String}", ours=f"{day.word}%"
    )


def test_a_change_and_back_within_one_millisecond_survives(day: Played) -> None:
    rows = _cut_rows()
    a, b, again = (quote for ms, quote in rows if ms == ABA_MS)
    assert a == again != b
    at = {"at": _time(ABA_MS)}
    stored = (
        "SELECT bid, ask FROM ticks "
        "WHERE broker = {broker:String} AND received_time = {at:DateTime64(3, 'UTC')} ORDER BY offset"
    )
    assert day.rows(stored, broker="quick", **at) == [a, b, again]
    changes = 1 + sum(later != earlier for (_, earlier), (_, later) in pairwise(rows))
    updates = "SELECT max(upto_sequence) FROM tier_quotes WHERE tier = {tier:String} AND state != 'STALE'"
    assert day.value(updates, tier="finest") == changes
    told = (
        "SELECT bid, ask, conflated_count, mid_low, mid_high FROM tier_quotes "
        "WHERE tier = {tier:String} AND as_of_time = {at:DateTime64(3, 'UTC')} ORDER BY offset"
    )
    (mid_a, mid_b) = (round(sum(quote) / 2, 6) for quote in (a, b))
    # The first at once; when the tier's millisecond is over the last, which covers the one in between.
    assert day.rows(told, tier="finest", **at) == [
        (*a, 0, mid_a, mid_a),
        (*again, 1, min(mid_a, mid_b), max(mid_a, mid_b)),
    ]


def _cut_rows() -> list[tuple[int, tuple[float, float]]]:
    """(ms of the day, quote) of the ten seconds before and after, as the file has them."""
    with zipfile.ZipFile(io.BytesIO(_oanda_next_day())) as archive:
        text = archive.read(archive.namelist()[0]).decode()
    fields = [line.split(",") for line in text.splitlines()]
    rows = [(int(ms), (float(bid), float(ask))) for ms, bid, ask in fields]
    return [row for row in rows if ABA_MS - BESIDE_MS <= row[0] < ABA_MS + BESIDE_MS]


def _time(ms: int) -> str:
    return f"2014-05-08 {ms // 3_600_000:02}:{ms // 60_000 % 60:02}:{ms // 1000 % 60:02}.{ms % 1000:03}"


def test_what_a_restarted_capture_repeats_is_dropped(day: Played) -> None:
    assert day.rows(
        "SELECT sum(ticks), sum(line_duplicates), sum(duplicates) FROM quality_windows WHERE broker = {broker:String}",
        broker="vantage",
    ) == [(130 + 119, 119, 0)]
    sessions = "SELECT count() FROM ticks WHERE broker = {broker:String} GROUP BY session ORDER BY session"
    assert day.rows(sessions, broker="vantage") == [(130,), (119,)]
