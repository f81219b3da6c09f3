"""The demo as a user runs it: the shipped tape through real Kafka and real ClickHouse, every figure checked."""

import fcntl
import json
import subprocess
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from collectors.replay.tape import read_tape
from collectors.script import SECOND_US
from tests.command_line import CommandLine

pytestmark = [pytest.mark.kafka, pytest.mark.clickhouse]

INTERVAL_MS = {"free": 1000, "pro": 100, "enterprise": 10}


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CommandLine]:
    command = CommandLine(tmp_path_factory.mktemp("demo"))
    try:
        yield command
    finally:
        command.run("down")


@pytest.fixture(scope="module")
def done(line: CommandLine) -> "subprocess.CompletedProcess[str]":
    """One demo for all tests of this file; its Kafka and ClickHouse stay up."""
    return line.run("demo", "--speed", "max", "--json", "--keep")


@pytest.fixture(scope="module")
def figures(done: "subprocess.CompletedProcess[str]") -> dict[str, Any]:
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_progress_goes_to_standard_error_in_plain_lines(done: "subprocess.CompletedProcess[str]") -> None:
    assert "all is stored" in done.stderr
    assert "\x1b" not in done.stderr


def test_every_tick_of_the_tape_is_published_and_none_twice(figures: dict[str, Any]) -> None:
    tape = read_tape()
    assert figures["published"] == {broker: len(script.ticks) for broker, script in tape.scripts.items()}
    assert (figures["lost"], figures["doubled"], figures["problems"]) == (0, 0, [])


def test_what_was_doubled_on_purpose_is_dropped_and_what_was_lost_is_noticed(figures: dict[str, Any]) -> None:
    for broker, found in figures["brokers"].items():
        ledger = read_tape().scripts[broker].ledger
        assert found["duplicates_seen"] == found["doubled_on_purpose"] == ledger.total.redelivered
        assert found["line_duplicates_seen"] == found["line_doubled"]
        assert found["missing_seen"] == found["skipped_on_purpose"] == ledger.total.skipped


@pytest.mark.parametrize("tier", INTERVAL_MS)
def test_the_tiers_tell_of_what_their_brokers_lost_on_purpose_and_of_nothing_else(
    figures: dict[str, Any], line: CommandLine, tier: str
) -> None:
    told = line.run("consume", "--tier", tier, "--from", "beginning", "--no-follow", "--json")
    controls = [json.loads(record) for record in told.stdout.splitlines() if '"control"' in record]
    found = Counter(
        (gap["symbol"], *(_micros(gap[name]) for name in ("from_time", "to_time")), gap["reason"])
        for gap in controls
        if gap["control"] == "GAP"
    )
    script = read_tape().scripts["pepperstone"]
    (session,) = script.sessions
    # One for each partition on which anything ticks: both symbols have one of their own.
    wanted = Counter({(None, *silence, "session_lost"): 2 for silence in session.silences})
    assert len(wanted) == 1
    skipped = 0
    for symbol in range(len(script.ticks.symbols)):
        rows = np.flatnonzero(script.ticks.symbol == symbol)
        received, sequence = script.ticks.received_us[rows], script.ticks.sequence[rows]
        holes = np.flatnonzero(np.diff(sequence) > 1)
        skipped += int((np.diff(sequence)[holes] - 1).sum())
        for second in np.unique(received[holes + 1] // SECOND_US).tolist():
            before = int(received[received < second * SECOND_US][-1])
            wanted[script.ticks.symbols[symbol], before, (second + 1) * SECOND_US, "missing"] += 1
    assert skipped == script.ledger.total.skipped
    assert found == (wanted if tier == "enterprise" else Counter())


def _micros(time: str) -> int:
    return round(datetime.fromisoformat(time).timestamp() * SECOND_US)


def test_the_summary_says_which_brokers_are_real(figures: dict[str, Any]) -> None:
    feeds = {name: broker["feed"] for name, broker in figures["brokers"].items()}
    assert feeds == {"fxcm": "real", "ic_markets": "simulated", "pepperstone": "simulated"}


def test_what_goes_in_comes_out_or_is_dropped_for_a_reason(figures: dict[str, Any]) -> None:
    balance = figures["conservation"]
    assert {what: entry["held"] for what, entry in balance.items()} == dict.fromkeys(balance, 0)
    assert balance["ticks"]["in"] == sum(figures["published"].values())
    assert balance["ticks"]["dropped"] == sum(figures["dropped"].values())


def test_every_record_is_a_row(figures: dict[str, Any], line: CommandLine) -> None:
    assert figures["rows"]["ticks"] == sum(figures["published"].values())
    assert figures["rows"]["tier_quotes"] == sum(tier["published"] for tier in figures["tiers"].values())
    (found,) = line.rows("SELECT count() AS rows, uniqExact(topic, partition, offset) AS places FROM tier_quotes")
    assert found == {"rows": figures["rows"]["tier_quotes"], "places": figures["rows"]["tier_quotes"]}


@pytest.mark.parametrize("tier", ["free", "pro"])
def test_a_tier_without_the_symbol_has_no_record_of_it(figures: dict[str, Any], line: CommandLine, tier: str) -> None:
    assert figures["tiers"][tier]["symbols"] == ["EURUSD"]
    told = line.run("consume", "--tier", tier, "--from", "beginning", "--no-follow", "--json")
    symbols = {json.loads(record)["symbol"] for record in told.stdout.splitlines()}
    assert symbols == {"EURUSD"}


def test_no_two_records_of_a_tier_are_closer_than_its_interval(figures: dict[str, Any], line: CommandLine) -> None:
    closest = line.rows(
        """
        SELECT tier, min(arrayMin(arrayPopFront(arrayDifference(at_us)))) / 1000 AS gap_ms
        FROM
        (
            SELECT tier, arraySort(groupArray(toUnixTimestamp64Micro(published_time))) AS at_us
            FROM tier_quotes
            GROUP BY tier, symbol
        )
        GROUP BY tier
        """
    )
    enough = {row["tier"]: row["gap_ms"] >= INTERVAL_MS[row["tier"]] for row in closest}
    assert enough == dict.fromkeys(INTERVAL_MS, True)


def test_the_last_word_of_each_tier_is_that_its_sessions_ended(figures: dict[str, Any], line: CommandLine) -> None:
    last = line.rows(
        "SELECT tier, symbol, argMax(state, upto_sequence) AS state FROM tier_quotes GROUP BY tier, symbol"
    )
    assert {row["state"] for row in last} == {"STALE"}


def test_at_full_speed_there_is_no_latency_but_a_reason(figures: dict[str, Any]) -> None:
    for tier in figures["latency_ms"].values():
        assert (tier["p50"], tier["p99"]) == (None, None)
        assert "max" in tier["reason"]


def test_what_a_demo_keeps_can_be_asked(figures: dict[str, Any], line: CommandLine) -> None:
    told = json.loads(line.run("status", "--json").stdout)
    assert told["running"]
    assert told["brokers"] == ["fxcm", "ic_markets", "pepperstone"]


def test_a_second_demo_beside_a_running_one_is_an_error(tmp_path: Path) -> None:
    with (tmp_path / "demo.lock").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        refused = CommandLine(tmp_path).run("demo")
    assert refused.returncode == 1
    assert refused.stderr.startswith("error: another process runs in ")
    assert refused.stderr.count("\n") == 1
