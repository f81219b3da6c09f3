"""The real tape: FXCM and OANDA in EURUSD and NZDUSD, 2014-05-08; else the shipped hour."""

import tempfile
from dataclasses import replace
from pathlib import Path

import yaml

from bench.places import REAL_TAPES
from collectors.port import concatenated
from collectors.replay.tape import SHIPPED, read_tape
from collectors.script import Script

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
    """The tape and then once more, as the next sessions: a JVM is not warm within 400,000 ticks."""
    again = script.shifted(script.end_us - script.start_us)
    return replace(
        script,
        end_us=again.end_us,
        sessions=script.sessions + again.sessions,
        ticks=concatenated([script.ticks, again.ticks], script.ticks.symbols),
    )
