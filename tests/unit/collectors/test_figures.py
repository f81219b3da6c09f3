"""Every file of the shared data parses to the figures that were counted by other means (pandas)."""

import csv
from functools import cache

import numpy as np
import pytest

from collectors.replay.formats.rows import DamagedFileError, Rows
from collectors.replay.tape import read_rows
from tests.unit.collectors.tapes import SHARED, entry

FIGURES = SHARED / "data" / "figures.csv"
NANO = {"time_unit": "ns", "price_scale": 1e-9, "size_scale": 1e-9}
SIZES = {"bid_size": "bid_size", "ask_size": "ask_size"}
FORMATS: dict[str, dict[str, object]] = {
    "fxcm-raw": {"format": "lean"},
    "fxcm-retail": {"format": "lean"},
    "oanda": {"format": "lean"},
    "dukascopy-bi5": {"format": "dukascopy-bi5"},
    "dukascopy-csv": {
        "format": "csv",
        "columns": {"time": 0, "bid": 1, "ask": 2},
        "time_format": "%m/%d/%Y %H:%M:%S.%f",
    },
    "dukascopy-parquet": {
        "format": "parquet",
        "columns": {"time": "ts_event", "bid": "bid", "ask": "ask"} | SIZES,
    }
    | NANO,
    "truefx": {
        "format": "parquet",
        "columns": {"time": "ts_event", "bid": "bid_price", "ask": "ask_price"} | SIZES,
    }
    | NANO,
    "mt5-vantage": {"format": "mt5"},
}
DAMAGED = "fxcm-retail-damaged"


def _figures() -> list[dict[str, str]]:
    if not FIGURES.is_file():
        return []
    with FIGURES.open(newline="") as lines:
        return list(csv.DictReader(lines))


@cache
def _rows(pattern: str, source: str, symbol: str) -> list[Rows]:
    how = entry(symbol=symbol, **FORMATS[source])
    return [read_rows(how, path, path.name) for path in sorted((SHARED / "data").glob(pattern))]


@pytest.mark.skipif(not FIGURES.is_file(), reason=f"needs the shared data, {FIGURES} is not there")
def test_there_are_figures_of_every_kind_of_file() -> None:
    assert {row["src"] for row in _figures()} == {*FORMATS, DAMAGED}


@pytest.mark.parametrize("figures", [f for f in _figures() if f["src"] != DAMAGED], ids=lambda f: f["file"])
def test_a_file_parses_to_its_figures(figures: dict[str, str]) -> None:
    parts = _rows(figures["file"], figures["src"], figures["sym"])
    event_us, bid, ask = (
        np.concatenate([getattr(rows, name) for rows in parts]) for name in ("event_us", "bid", "ask")
    )
    assert [rows.bad for rows in parts] == [()] * len(parts)
    assert len(bid) == int(figures["rows"])
    if not len(bid):
        return
    assert (int((ask < bid).sum()), int((ask == bid).sum())) == (int(figures["crossed"]), int(figures["locked"]))
    assert len(np.unique(event_us)) == int(figures["uniq_ts"])
    assert int((np.diff(event_us) < 0).sum()) == int(figures["out_of_order"])
    assert (bid.min(), ask.max()) == (float(figures["min_bid"]), float(figures["max_ask"]))
    first, last = (np.datetime64(figures[end].replace(" ", "T"), "ns") for end in ("first", "last"))
    # The parquet stamps carry the dust of a float of seconds, which is rounded away.
    assert abs(event_us.astype("datetime64[us]")[[0, -1]] - np.array([first, last])).max() < np.timedelta64(500, "ns")


@pytest.mark.skipif(not FIGURES.is_file(), reason=f"needs the shared data, {FIGURES} is not there")
def test_the_damaged_file_is_refused_by_name_with_what_is_wrong() -> None:
    (path,) = (SHARED / "data/ticks" / DAMAGED).rglob("*.zip")
    with pytest.raises(DamagedFileError) as refused:
        read_rows(entry(), path, "eurusd/140504_quote.zip")
    told = str(refused.value)
    assert told.startswith("eurusd/140504_quote.zip")
    assert "7,168 NUL bytes" in told
    assert "'86147652,1.38709,1.3872'" in told
