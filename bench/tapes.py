"""The real tape: FXCM and OANDA in EURUSD and NZDUSD, 2014-05-08; else the shipped hour."""

import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import yaml

from bench.places import REAL_TAPES
from collectors.port import concatenated
from collectors.replay.tape import SHIPPED, read_tape
from collectors.script import SECOND_US, Script

DAY = "20140508"
SOURCES = (("fxcm", "fxcm-raw", "-05:00"), ("ic_markets", "oanda", "+00:00"))
SYMBOLS = ("EURUSD", "NZDUSD")


def real_tape() -> tuple[str, tuple[Script, ...]]:
    """What it is called, and its brokers' scripts. OANDA's ticks stand for ic_markets, one of the tiers' brokers."""
    if not (REAL_TAPES / "oanda").is_dir():
        return "the shipped hour of 2014-05-08, three brokers", tuple(map(twice, read_tape(SHIPPED).scripts.values()))
    entries = [
        {
            "broker": broker, "symbol": symbol, "format": "lean", "utc_offset": offset,
            "paths": [str(REAL_TAPES / folder / symbol.lower() / f"{DAY}_quote.zip")],
        }
        for broker, folder, offset in SOURCES
        for symbol in SYMBOLS
    ]  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "TAPE.yaml"
        path.write_text(yaml.safe_dump({"entries": entries}))
        return "FXCM and OANDA, EURUSD and NZDUSD, 2014-05-08", tuple(map(twice, read_tape(path).scripts.values()))


def twice(script: Script) -> Script:
    """The tape and then once more in the same sessions: a JVM is not warm within 400,000 ticks.

    Sequences go on: by them the peers tell duplicates, and sessions they do not know.
    """
    again = script.shifted(script.end_us - script.start_us + SECOND_US)
    sessions = tuple(
        replace(one, spans=one.spans + more.spans, silences=one.silences + more.silences)
        for one, more in zip(script.sessions, again.sessions, strict=True)
    )
    ticks = script.ticks
    series = ticks.line * len(ticks.symbols) + ticks.symbol
    newest = np.zeros(int(series.max()) + 1, np.int64)
    np.maximum.at(newest, series, ticks.sequence)
    more_ticks = replace(again.ticks, session=ticks.session, sequence=ticks.sequence + newest[series])
    return replace(
        script, end_us=again.end_us, sessions=sessions, ticks=concatenated([ticks, more_ticks], ticks.symbols)
    )
