"""A demo on a tape of one's own: a bad row goes to the dead letters, a damaged file stops it before it begins."""

from pathlib import Path

import pytest
import yaml

from tests.command_line import CommandLine

pytestmark = [pytest.mark.kafka, pytest.mark.clickhouse]

SECONDS = 30
PER_SECOND = 10
BAD = "2026-01-05 10:00:03.500,what,1.2"
COLUMNS = {"time": 0, "bid": 1, "ask": 2}


BROKERS = ("fxcm", "ic_markets", "nobodys")


def _tape(folder: Path) -> Path:
    """Brokers that tick in turns for half a minute. One row of the first is none; no tier has the last."""
    for number, broker in enumerate(BROKERS):
        rows = [
            f"2026-01-05 10:00:{at // PER_SECOND:02d}.{at % PER_SECOND}{3 * number}0,1.1{at:04d},1.2{at:04d}"
            for at in range(SECONDS * PER_SECOND)
        ]
        if broker == "fxcm":
            rows.insert(35, BAD)
        (folder / f"{broker}.csv").write_text("\n".join(rows) + "\n")
    entry = {
        "symbol": "EURUSD",
        "format": "csv",
        "columns": COLUMNS,
        "header": False,
        "time_format": "%Y-%m-%d %H:%M:%S.%f",
    }
    entries = [entry | {"broker": broker, "paths": [f"{broker}.csv"]} for broker in BROKERS]
    tape = folder / "TAPE.yaml"
    tape.write_text(yaml.safe_dump({"entries": entries}))
    return tape


def test_any_tape_can_be_fed_in_at_any_speed(tmp_path: Path) -> None:
    figures = CommandLine(tmp_path / "home").json("demo", "--tape", str(_tape(tmp_path)), "--speed", "10")
    ticks = SECONDS * PER_SECOND
    assert figures["published"] == dict.fromkeys(BROKERS, ticks)
    assert figures["in_no_tier"] == ["nobodys"]
    assert figures["brokers"]["nobodys"]["applied"] == ticks
    assert {broker["feed"] for broker in figures["brokers"].values()} == {"real"}
    assert (figures["lost"], figures["doubled"], figures["problems"]) == (0, 0, [])
    assert figures["dead_letters"] == {"collector": 1, "stream": 0, "sink": 0}
    assert figures["latency_ms"]["enterprise"]["records"] > ticks
    assert 0 <= figures["latency_ms"]["enterprise"]["p50"] <= figures["latency_ms"]["enterprise"]["p99"]
    assert not (tmp_path / "home" / "demo").exists()


def test_a_damaged_file_is_named_before_anything_starts(tmp_path: Path) -> None:
    (tmp_path / "fxcm.zip").write_bytes(b"PK\x03\x04 not a zip")
    entry = {"broker": "fxcm", "symbol": "EURUSD", "format": "lean", "paths": ["fxcm.zip"]}
    tape = tmp_path / "TAPE.yaml"
    tape.write_text(yaml.safe_dump({"entries": [entry]}))
    refused = CommandLine(tmp_path / "home").run("demo", "--tape", str(tape))
    assert refused.returncode == 2
    assert refused.stderr.startswith("error: fxcm.zip: ")
    assert refused.stdout == ""
    assert not (tmp_path / "home").exists()
