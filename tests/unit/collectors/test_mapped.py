import gzip
import io

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from collectors.replay.formats.mapped import parse_csv, parse_parquet
from collectors.replay.formats.rows import DamagedFileError
from tests.unit.collectors.tapes import entry

NAMED = {"time": "t", "bid": "b", "ask": "a"}
PLACED = {"time": 0, "bid": 1, "ask": 2}


def _layout(**fields: object):  # type: ignore[no-untyped-def]
    return entry(**{"format": "csv", "columns": NAMED} | fields).layout()


def _parquet(**columns: object) -> bytes:
    out = io.BytesIO()
    pq.write_table(pa.table(columns), out)
    return out.getvalue()


def test_columns_are_found_by_name_in_any_order() -> None:
    rows = parse_csv("f.csv", b"a,x,t,b\n1.2,?,1500,1.1\n1.3,?,2500,1.2\n", _layout())
    assert (rows.event_us.tolist(), rows.bid.tolist()) == ([1_500_000, 2_500_000], [1.1, 1.2])
    assert rows.line.tolist() == [2, 3]


def test_columns_are_found_by_place_where_there_is_no_header() -> None:
    rows = parse_csv("f.csv", b"1500;1.1;1.2\n", _layout(columns=PLACED, delimiter=";"))
    assert (rows.event_us.tolist(), rows.line.tolist()) == ([1_500_000], [1])


@pytest.mark.parametrize(
    ("unit", "text", "us"),
    [
        ("s", "1454000000", 1_454_000_000_000_000),
        ("s", "1454000000.0625", 1_454_000_000_062_500),
        ("ms", "1454000000062", 1_454_000_000_062_000),
        ("us", "1454000000062001", 1_454_000_000_062_001),
        ("ns", "1454000000062000499", 1_454_000_000_062_000),
        ("ns", "1454000000061999501", 1_454_000_000_062_000),
    ],
)
def test_numbers_are_times_of_their_unit(unit: str, text: str, us: int) -> None:
    rows = parse_csv("f.csv", f"t,b,a\n{text},1.1,1.2\n".encode(), _layout(time_unit=unit))
    assert rows.event_us.tolist() == [us]


@pytest.mark.parametrize(
    ("time_format", "text"),
    [
        ("%m/%d/%Y %H:%M:%S.%f", "01/04/2016 08:00:00.062"),
        ("%Y%m%d %H%M%S%f", "20160104 080000062"),
        ("%d.%m.%Y %H:%M:%S.%f", "04.01.2016 08:00:00.062000"),
        ("%d %b %Y %H:%M:%S.%f", "4 Jan 2016 08:00:00.062"),
        ("iso", "2016-01-04T08:00:00.062"),
        ("ISO", "2016-01-04T09:00:00.062+01:00"),
    ],
)
def test_texts_are_times_of_their_format(time_format: str, text: str) -> None:
    rows = parse_csv("f.csv", f"t,b,a\n{text},1.1,1.2\n".encode(), _layout(time_format=time_format))
    assert rows.event_us.tolist() == [1_451_894_400_062_000]


def test_bad_rows_come_out_apart_with_their_lines() -> None:
    text = b"t,b,a\n1500,1.1,1.2\nnoon,1.1,1.2\n1600,x,1.2\n,1.1,1.2\n1700,1.1\n1800,0,0\n1900,1.1,1.2\n"
    rows = parse_csv("f.csv", text, _layout())
    assert rows.line.tolist() == [2, 8]
    assert [(bad.line, bad.raw) for bad in rows.bad] == [
        (3, b"noon,1.1,1.2"),
        (4, b"1600,x,1.2"),
        (5, b",1.1,1.2"),
        (6, b"1700,1.1"),
        (7, b"1800,0,0"),
    ]


def test_a_row_that_was_received_needs_no_time_of_the_broker() -> None:
    how = _layout(columns=NAMED | {"received": "r"})
    rows = parse_csv("f.csv", b"t,r,b,a\n1000,1500,1.1,1.2\n,1600,1.1,1.2\n1000,,1.1,1.2\n", how)
    assert rows.timed.tolist() == [True, False]
    assert rows.received_us is not None
    assert rows.received_us.tolist() == [1_500_000, 1_600_000]
    assert [bad.line for bad in rows.bad] == [4]


def test_sizes_are_scaled_and_may_be_missing() -> None:
    how = _layout(columns=NAMED | {"bid_size": "n"}, size_scale=1_000_000)
    rows = parse_csv("f.csv", b"t,b,a,n\n1500,1.1,1.2,1.5\n1600,1.1,1.2,\n1700,1.1,1.2,-1\n", how)
    assert rows.bid_size[0] == 1_500_000
    assert np.isnan(rows.bid_size[1])
    assert np.isnan(rows.ask_size).all()
    assert [bad.line for bad in rows.bad] == [4]


def test_gzip_is_undone_and_a_cut_one_is_damaged() -> None:
    data = gzip.compress(b"t,b,a\n1500,1.1,1.2\n")
    assert len(parse_csv("f.csv.gz", data, _layout())) == 1
    with pytest.raises(DamagedFileError, match=r"^f\.csv\.gz: is not a whole gzip file"):
        parse_csv("f.csv.gz", data[:-4], _layout())


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (b"time,bid,ask\n1,1.1,1.2\n", "has no column t, b, a; its first line is time, bid, ask"),
        (b"t,b,a\nx,1.1,1.2\ny,1.1,1.2\n", "none of its 2 rows fits the mapping: time does not fit a number of ms"),
        (b"t,b,a\n1,1.10,1.20\n2,1.11,1.2", "ends inside row 2"),
        (b"t,b,a\n1,1.10,1.20\n\0\0", "holds 2 NUL bytes"),
    ],
)
def test_damage_is_told(text: bytes, told: str) -> None:
    with pytest.raises(DamagedFileError, match=rf"^f\.csv: .*{told}"):
        parse_csv("f.csv", text, _layout())


def test_parquet_integers_become_the_doubles_of_their_decimals() -> None:
    data = _parquet(t=[1_500_000_000], b=[1_146_050_000], a=[1_146_430_000], n=[10**15])
    how = _layout(
        format="parquet", columns=NAMED | {"bid_size": "n"}, time_unit="ns", price_scale=1e-9, size_scale=1e-9
    )
    rows = parse_parquet("f.parquet", data, how)
    assert (rows.bid[0], rows.ask[0], rows.bid_size[0], rows.event_us[0]) == (1.14605, 1.14643, 1_000_000, 1_500_000)


def test_parquet_timestamps_bring_their_unit() -> None:
    stamps = pa.array([1_500], pa.timestamp("ms", tz="UTC"))
    rows = parse_parquet("f", _parquet(t=stamps, b=[1.1], a=[1.2]), _layout(format="parquet"))
    assert rows.event_us.tolist() == [1_500_000]


def test_parquet_rows_without_time_or_price_come_out_apart() -> None:
    stamps = pa.array([1, None, 3], pa.timestamp("us"))
    rows = parse_parquet("f", _parquet(t=stamps, b=[1.1, 1.1, None], a=[1.2, 1.2, 1.2]), _layout(format="parquet"))
    assert rows.line.tolist() == [1]
    assert [bad.line for bad in rows.bad] == [2, 3]


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (_parquet(t=[1], b=[1.1], a=[1.2])[:-8], "is not a whole parquet file"),
        (_parquet(t=[1], bid=[1.1], a=[1.2]), "has no column b; has t, bid, a"),
        (_parquet(t=[1], b=["1.1"], a=[1.2]), "cannot take bid from a column of type string"),
    ],
)
def test_a_parquet_file_that_does_not_fit_is_told(data: bytes, told: str) -> None:
    with pytest.raises(DamagedFileError, match=f"^f: {told}"):
        parse_parquet("f", data, _layout(format="parquet"))
