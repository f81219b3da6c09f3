"""The parts one by one against a cluster that the environment names, as an installation runs them."""

import contextlib
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.builders import eventually
from tests.command_line import CommandLine
from tierfeed.settings import ClickHouseSettings, KafkaSettings

pytestmark = [pytest.mark.kafka, pytest.mark.clickhouse, pytest.mark.timeout(600)]

TICKS = 200
WITHIN_S = 120


@pytest.fixture
def line(tmp_path: Path, unique: str, kafka: KafkaSettings, database: ClickHouseSettings) -> CommandLine:
    """A deployment of the test's own: one broker, one tier."""
    tier = {"symbols": "all", "interval_ms": 10, "depth_hours": 1, "redundancy": 1, "record": "ProQuote"}
    (tmp_path / "tiers.yaml").write_text(yaml.safe_dump({unique: tier | {"brokers": [unique]}}))
    return CommandLine(
        tmp_path / "home",
        {
            "TIERFEED_KAFKA__BOOTSTRAP_SERVERS": kafka.bootstrap_servers,
            "TIERFEED_KAFKA__PARTITIONS": str(kafka.partitions),
            "TIERFEED_CLICKHOUSE__URL": database.url,
            "TIERFEED_CLICKHOUSE__DATABASE": database.database,
            "TIERFEED_CLICKHOUSE__USERNAME": database.username,
            "TIERFEED_CLICKHOUSE__PASSWORD": database.password.get_secret_value(),
            "TIERFEED_BROKERS": json.dumps([unique]),
            "TIERFEED_TIERS_FILE": str(tmp_path / "tiers.yaml"),
            "TIERFEED_STREAM__APP_ID": f"{unique}-stream",
            "TIERFEED_SINK__APP_ID": f"{unique}-sink",
        },
    )


@contextlib.contextmanager
def _running(line: CommandLine, *arguments: str) -> Iterator[None]:
    """A part for as long as the context lasts; it ends well when it is told to."""
    child = subprocess.Popen(line.arguments(*arguments), env=line.environment, stdout=subprocess.PIPE, text=True)
    try:
        assert child.stdout is not None
        assert json.loads(child.stdout.readline()) == {"event": "part ready"}
        yield
        child.terminate()
        assert child.wait(WITHIN_S) == 0
    finally:
        child.kill()
        child.wait()


def _tape(folder: Path, broker: str) -> str:
    rows = [f"2026-01-05 10:00:{at // 10:02d}.{at % 10}00,1.1{at:04d},1.2{at:04d}" for at in range(TICKS)]
    (folder / "ticks.csv").write_text("\n".join(rows) + "\n")
    entry = {"broker": broker, "symbol": "EURUSD", "format": "csv", "paths": ["ticks.csv"], "header": False}
    entry |= {"columns": {"time": 0, "bid": 1, "ask": 2}, "time_format": "%Y-%m-%d %H:%M:%S.%f"}
    (folder / "TAPE.yaml").write_text(yaml.safe_dump({"entries": [entry]}))
    return str(folder / "TAPE.yaml")


def _groups(line: CommandLine) -> dict[str, dict[str, Any]]:
    return {group["group"]: group for group in line.json("groups", "list")}


def test_an_installation_is_prepared_run_and_looked_at_part_by_part(
    line: CommandLine, unique: str, tmp_path: Path
) -> None:
    _prepare(line, unique)
    with _running(line, "stream", "run"), _running(line, "sink", "run"):
        outcome = line.json("collect", "run", "--tape", _tape(tmp_path, unique))
        assert [row["published"] for row in outcome] == [TICKS]
        again = line.json("collect", "run", "--tape", _tape(tmp_path, unique))
        assert [(row["published"], row["found"]) for row in again] == [(0, TICKS)]
        eventually(lambda: line.rows("SELECT count() AS n FROM tier_quotes WHERE state = 'STALE'")[0]["n"], WITHIN_S)
        assert line.rows("SELECT count() AS n FROM ticks") == [{"n": TICKS}]
        _groups_can_be_looked_at(line, unique)
    told = line.run("consume", "--tier", unique, "--from", "beginning", "--no-follow", "--json").stdout.splitlines()
    assert line.rows("SELECT count() AS n FROM tier_quotes") == [{"n": sum("bid" in record for record in told)}]
    _groups_at_rest_can_be_set_back(line, unique)
    _the_latest_agent_skips_nothing(line, f"{unique}-stream-latest")
    _what_the_tiers_would_skip_is_told(line, f"{unique}-stream-tiers")
    _read_again_nothing_is_published_twice(line, unique)


def _prepare(line: CommandLine, unique: str) -> None:
    planned = line.run("topics", "plan", "--json")
    assert planned.returncode == 1
    assert f"ticks.{unique}" in json.loads(planned.stdout)["create"]
    line.json("topics", "apply")
    assert line.run("topics", "plan").returncode == 0
    assert f"tier.{unique}" in {topic["topic"] for topic in line.json("topics", "list")}
    refused = line.run("sink", "run")
    assert refused.returncode == 2
    assert "run `tierfeed tables apply`" in refused.stderr
    assert line.run("tables", "plan").returncode == 1
    assert "0001_ticks.sql" in line.json("tables", "apply")
    assert line.run("tables", "plan").returncode == 0


def _groups_can_be_looked_at(line: CommandLine, unique: str) -> None:
    name = f"{unique}-stream-tiers"
    eventually(lambda: _groups(line)[name]["lag"] == 0, WITHIN_S)
    shown = line.json("groups", "show", name)
    assert shown["state"] == "stable"
    assert {row["lag"] for row in shown["partitions"]} == {0}
    refused = line.run("groups", "reset", name, "--to", "beginning", "--yes")
    assert refused.returncode == 1
    assert "is at work" in refused.stderr


def _groups_at_rest_can_be_set_back(line: CommandLine, unique: str) -> None:
    for name in (f"{unique}-stream-tiers", f"{unique}-stream-latest"):
        eventually(lambda name=name: _groups(line)[name]["state"] == "empty", WITHIN_S)
        before = _groups(line)[name]["lag"]
        shown = line.run("groups", "reset", name, "--to", "beginning")
        assert shown.returncode == 1
        assert "read again" in shown.stderr
        assert _groups(line)[name]["lag"] == before
        line.json("groups", "reset", name, "--to", "beginning", "--yes")
        assert _groups(line)[name]["lag"] > before


def _the_latest_agent_skips_nothing(line: CommandLine, name: str) -> None:
    before = line.json("groups", "show", name)
    for to in ("latest", "1000000"):
        refused = line.run("groups", "reset", name, "--to", to, "--yes")
        assert refused.returncode == 2
        assert refused.stderr.startswith(f"error: --to {to} would skip ")
    assert line.json("groups", "show", name) == before


def _what_the_tiers_would_skip_is_told(line: CommandLine, name: str) -> None:
    shown = line.run("groups", "reset", name, "--to", "latest", "--json")
    assert shown.returncode == 1
    plan = json.loads(shown.stdout)
    assert not plan["done"]
    skipped = sum(row["to"] - row["was"] for row in plan["partitions"])
    assert skipped > TICKS
    assert plan["means"][0].startswith(f"{skipped} records are SKIPPED for good")


def _read_again_nothing_is_published_twice(line: CommandLine, unique: str) -> None:
    """Both stream groups begin anew: the tier's topic gets no quote, `.latest` in the end the same."""

    def quotes() -> list[str]:
        told = line.run("consume", "--tier", unique, "--from", "beginning", "--no-follow", "--json")
        return [record for record in told.stdout.splitlines() if "bid" in record]

    before = quotes()
    with _running(line, "stream", "run"):
        for part in ("tiers", "latest"):
            eventually(lambda part=part: _groups(line)[f"{unique}-stream-{part}"]["lag"] == 0, WITHIN_S)
    assert quotes() == before


def test_a_cluster_that_is_away_is_told_with_its_address(tmp_path: Path) -> None:
    away = CommandLine(
        tmp_path, {"TIERFEED_CLICKHOUSE__URL": "http://127.0.0.1:9", "TIERFEED_KAFKA__BOOTSTRAP_SERVERS": "127.0.0.1:9"}
    )
    refused = away.run("sql", "SELECT 1")
    assert refused.returncode == 3
    assert refused.stderr.startswith("error: ClickHouse at http://127.0.0.1:9 is away")
    refused = away.run("groups", "list")
    assert refused.returncode == 3
    assert refused.stderr.startswith("error: Kafka cluster 127.0.0.1:9 is not ready")


def test_no_part_waits_for_ever_for_a_cluster_that_is_away(tmp_path: Path) -> None:
    away = CommandLine(tmp_path, {"TIERFEED_KAFKA__BOOTSTRAP_SERVERS": "127.0.0.1:9"})
    parts = [
        subprocess.Popen(away.arguments(*part), env=away.environment, stderr=subprocess.PIPE, text=True)
        for part in (("collect", "run"), ("stream", "run"), ("sink", "run"))
    ]
    for part in parts:
        _, told = part.communicate(timeout=WITHIN_S)
        assert part.returncode == 3
        assert told.endswith("error: Kafka cluster 127.0.0.1:9 is away: no answer within 30 s\n")


def test_what_clickhouse_refuses_is_told_in_its_own_words(line: CommandLine) -> None:
    refused = line.run("sql", "SELECT nothing")
    assert refused.returncode == 1
    assert "UNKNOWN_IDENTIFIER" in refused.stderr
    assert refused.stderr.count("\n") == 1
    assert line.json("sql", "SELECT {n:UInt8} AS n, 'a' AS b", "--param", "n=3") == [{"n": 3, "b": "a"}]
