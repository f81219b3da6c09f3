"""Every kind of file in one tape, and clocks put right, on the shared data."""

from pathlib import Path

import numpy as np
import pytest
import yaml

from collectors.replay.tape import Tape, read_tape
from collectors.script import SECOND_US
from tests.unit.collectors.tapes import SHARED
from tests.unit.collectors.test_figures import FORMATS

TICKS = SHARED / "data" / "ticks"
pytestmark = pytest.mark.skipif(not TICKS.is_dir(), reason=f"needs the shared data, {TICKS} is not there")
WEEK = slice(1_399_230_000, 1_399_669_200)
"""2014-05-04 19:00 to 2014-05-09 21:00 UTC, in seconds."""


def _read(folder: Path, *entries: dict[str, object]) -> Tape:
    paths = [entry | {"paths": [f"{TICKS}/{pattern}" for pattern in entry["paths"]]} for entry in entries]  # type: ignore[attr-defined]
    (folder / "TAPE.yaml").write_text(yaml.safe_dump(paths))
    return read_tape(folder / "TAPE.yaml")


@pytest.mark.parametrize(("symbol", "within_pips"), [("EURUSD", 0.1), ("NZDUSD", 0.15)])
def test_five_hours_bring_fxcm_onto_oanda(tmp_path: Path, symbol: str, within_pips: float) -> None:
    tape = _read(
        tmp_path,
        {
            "broker": "fxcm",
            "symbol": symbol,
            "format": "lean",
            "utc_offset": "-05:00",
            "paths": [f"fxcm-raw/{symbol.lower()}/*"],
        },
        {"broker": "oanda", "symbol": symbol, "format": "lean", "paths": [f"oanda/{symbol.lower()}/*"]},
    )
    fxcm, oanda = (_mid_each_second(tape, broker) for broker in ("fxcm", "oanda"))
    both = ~np.isnan(fxcm) & ~np.isnan(oanda)
    assert both.sum() > 400_000
    assert np.abs(fxcm - oanda)[both].mean() * 10_000 <= within_pips


def _mid_each_second(tape: Tape, broker: str) -> np.ndarray:
    """The mid that stands at each second of the week; NaN before the first."""
    ticks = tape.script(broker).ticks
    last = np.searchsorted(ticks.received_us, np.arange(WEEK.start, WEEK.stop) * SECOND_US, "right") - 1
    return np.where(last < 0, np.nan, ((ticks.bid + ticks.ask) / 2)[last])


def test_a_restarted_capture_is_a_second_session_that_repeats_the_first(tmp_path: Path) -> None:
    entry = {"broker": "vantage", "symbol": "EURUSD", "format": "mt5", "utc_offset": "+03:00", "session": "per_file"}
    ticks = _read(tmp_path, entry | {"paths": ["mt5-vantage/EURUSD_20251010*.json"]}).script("vantage").ticks
    sessions, counts = np.unique(ticks.session, return_counts=True)
    assert counts.tolist() == [130, 119]
    first, second = (
        {*zip(*(c[ticks.session == at].tolist() for c in (ticks.event_us, ticks.bid, ticks.ask)), strict=True)}
        for at in sessions
    )
    assert second < first


def test_files_of_every_kind_and_of_many_years_make_one_tape(tmp_path: Path) -> None:
    kinds = {
        "fxcm-raw": ("EURUSD", "fxcm-raw/eurusd/20140508*"),
        "dukascopy-bi5": ("EURUSD", "dukascopy-bi5/EURUSD/2019/01/04/*.bi5"),
        "dukascopy-csv": ("EURUSD", "dukascopy-csv/*0104*.gz"),
        "dukascopy-parquet": ("EURUSD", "dukascopy-parquet/*.parquet"),
        "truefx": ("AUDUSD", "truefx/*.parquet"),
        "mt5-vantage": ("USDJPY", "mt5-vantage/USDJPY_2026*.json"),
    }
    tape = _read(
        tmp_path,
        *(
            {"broker": name, "symbol": symbol, "paths": [path]} | FORMATS[name]
            for name, (symbol, path) in kinds.items()
        ),
    )
    counts = {broker: len(tape.script(broker).ticks) for broker in tape.brokers}
    assert list(counts.values()) == [136_741, 29_948, 10_000, 167_466, 34, 100_000]
    for broker in tape.brokers:
        times = tape.script(broker).events[0]
        # Islands in twelve years: heartbeats while any broker ticks, none in between.
        assert len(times) < 330_000
        assert sum(len(session.spans) for session in tape.script(broker).sessions) >= 6
