"""The long-running form: up, asked, hit, down, and up again with everything still there."""

import contextlib
import json
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.builders import eventually
from tests.command_line import CommandLine

pytestmark = [pytest.mark.kafka, pytest.mark.clickhouse, pytest.mark.timeout(600)]

UP_S = 180
RESTART_S = 90
PARTS = {"kafka", "clickhouse", "stream", "sink", "collect-fxcm", "collect-ic_markets", "collect-pepperstone"}


@contextlib.contextmanager
def _up(line: CommandLine, told: Path) -> Iterator[dict[str, Any]]:
    """`tierfeed up` until the context ends, then `tierfeed down`; `told` gets what it says."""
    with told.open("w") as err:
        running = subprocess.Popen(
            line.arguments("up", "--json"), env=line.environment, stdout=subprocess.PIPE, stderr=err, text=True
        )
    try:
        assert running.stdout is not None
        yield json.loads(running.stdout.readline())
    finally:
        ended = line.run("down")
        assert (ended.returncode, running.wait(UP_S)) == (0, 0), ended.stderr


def _part(line: CommandLine, name: str) -> dict[str, Any]:
    parts = json.loads(line.run("status", "--json").stdout)["parts"]
    return next(dict(part) for part in parts if part["name"] == name)


def _count(line: CommandLine) -> int:
    return int(line.rows("SELECT count() AS n FROM tier_quotes")[0]["n"])


def test_what_runs_can_be_asked_hit_ended_and_run_again(tmp_path: Path) -> None:
    line, told = CommandLine(tmp_path / "home"), tmp_path / "told"
    with _up(line, told) as addresses:
        _is_well(line, addresses)
        _second_finds_first(line, addresses)
        _tiers_can_be_read(line)
        _restarts(line, told)
        before = eventually(lambda: _count(line), RESTART_S)
        _nothing_is_doubled(line)
    assert json.loads(line.run("status", "--json").stdout)["running"] is False
    with _up(line, told) as again:
        assert again == addresses
        eventually(lambda: _count(line) > before, RESTART_S)
        _nothing_is_doubled(line)


def _is_well(line: CommandLine, addresses: dict[str, Any]) -> None:
    status = line.json("status")
    assert {name: status[name] for name in addresses} == addresses
    assert {part["name"] for part in status["parts"]} >= PARTS
    assert {part["restarts"] for part in status["parts"]} == {0}


def _second_finds_first(line: CommandLine, addresses: dict[str, Any]) -> None:
    second = line.run("up", "--json")
    assert second.returncode == 0
    assert json.loads(second.stdout) == addresses
    assert "already" in second.stderr


def _tiers_can_be_read(line: CommandLine) -> None:
    first = line.run("consume", "--tier", "pro", "--from", "beginning", "--limit", "3", "--json")
    assert [json.loads(record)["symbol"] for record in first.stdout.splitlines()] == ["EURUSD"] * 3
    live = line.run("consume", "--tier", "enterprise", "--limit", "1")
    assert live.stdout.splitlines()[0].startswith("published")
    eventually(lambda: _count(line), RESTART_S)


def _restarts(line: CommandLine, told: Path) -> None:
    for name in ("stream", "sink"):
        os.kill(_part(line, name)["pid"], signal.SIGKILL)
    for name in ("stream", "sink"):
        eventually(
            lambda name=name: _part(line, name)["state"] == "running" and _part(line, name)["restarts"], RESTART_S
        )
        assert f"{name}: killed by SIGKILL" in told.read_text()
    before = _count(line)
    eventually(lambda: _count(line) > before, RESTART_S)


def _nothing_is_doubled(line: CommandLine) -> None:
    (found,) = line.rows(
        """
        SELECT
            count() - uniqExact(topic, partition, offset) AS rows,
            count() - uniqExact(tier, symbol, upto_sequence) AS composites
        FROM tier_quotes
        """
    )
    assert found == {"rows": 0, "composites": 0}
