"""Every report of a made-up company, in every form, as whoever runs the commands has it."""

import csv
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from sinks.setup import migrate
from tests.command_line import use
from tierfeed.cli.root import app
from tierfeed.settings import ClickHouseSettings, Settings

pytestmark = pytest.mark.clickhouse

MONTH, UNTIL = "2026-10", "2026-11-01"
REPORTS = (
    ("usage", "--days", "31", "--until", UNTIL),  # first of all: it has the month's cost shared itself
    ("month", MONTH),
    ("costs", MONTH),
    ("brokers", "--until", UNTIL),
    ("health", "--until", UNTIL),
    ("profit",),
)


def run(*arguments: str, code: int = 0) -> str:
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == code, done.output
    return done.stdout


def test_every_report_is_told_in_every_form_and_a_month_is_closed_once(
    database: ClickHouseSettings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    migrate(Settings(clickhouse=database))
    use(database, monkeypatch, tmp_path)
    run("ops", "generate", "--tenants", "40", "--months", "2", "--seed", "7", "--until", MONTH)
    told: dict[str, Any] = {}
    for name, *arguments in REPORTS:
        folder, page = tmp_path / name, tmp_path / f"{name}.html"
        files = ("--csv", str(folder), "--html", str(page))
        told[name] = json.loads(run("report", name, *arguments, "--json", *files))
        assert "no data" in run("report", name, *arguments)  # nobody consumed anything
        with (folder / "figures.csv").open(newline="") as file:
            figures = list(csv.DictReader(file))
        assert all(bool(row["value"]) != bool(row["reason"]) for row in figures)
        drawn = page.read_text()
        assert drawn.startswith("<!DOCTYPE html>")
        assert name == "profit" or "synthetic" in drawn

    # Nobody consumed anything: revenue is known, cost is what was charged, and all of it is idle or nobody's.
    month, costs = told["month"], told["costs"]
    assert month["revenue_metrics"]["infrastructure_cost_usd"]["value"] == costs["total_usd"]
    assert Decimal(costs["allocated_usd"]) == 0
    assert Decimal(costs["idle_usd"]) + Decimal(costs["unallocated_usd"]) == Decimal(costs["total_usd"]) > 2600
    patterns = told["usage"]["usage_patterns"].values()
    assert {Decimal(each["allocated_infrastructure_cost"]) for each in patterns} == {Decimal(0)}
    assert told["usage"]["total_tenants"] >= len(told["health"]) > 30
    assert set(told["brokers"]["broker_analysis"]) == {"ic_markets", "pepperstone", "fxcm"}

    focus = tmp_path / "focus.csv"
    run("report", "costs", MONTH, "--focus", str(focus))
    with focus.open(newline="") as file:
        assert sum(Decimal(row["EffectiveCost"]) for row in csv.DictReader(file)) == Decimal(costs["total_usd"])

    assert json.loads(run("close", MONTH, "--by", "ann", "--json"))["outcome"] == "closed"
    assert json.loads(run("close", MONTH, "--json"))["outcome"] == "unchanged"
    assert "provisional" not in run("report", "month", MONTH)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("report", "month", "2026-13"), "2026-13"),
        (("report", "brokers", "--until", "yesterday"), "--until must be a date such as 2026-11-01, was 'yesterday'"),
        (("close", "2999-01"), "2999-01"),
    ],
)
def test_what_is_no_month_or_day_is_told(
    arguments: tuple[str, ...], says: str, database: ClickHouseSettings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    migrate(Settings(clickhouse=database))
    use(database, monkeypatch, tmp_path)
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 2
    assert says in done.stderr
