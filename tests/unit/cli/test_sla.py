"""`tierfeed sla budget`, against a month counted by hand."""

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from tierfeed.cli.root import app


@pytest.fixture(autouse=True)
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No settings file and no running stack."""
    monkeypatch.chdir(tmp_path)


def budget(*arguments: str) -> Any:
    return CliRunner().invoke(app, ["sla", "budget", *arguments])


def test_october_counted_by_hand() -> None:
    told = json.loads(budget("--month", "2026-10", "--tier", "pro", "--json").stdout)
    # Thursday the 1st to Friday 21:00: 45 h; four weeks; 17 days end within them, each with five minutes' pause.
    seconds = (45 + 4 * 120) * 3600 - 17 * 300
    uptime = next(row for row in told["budgets"] if row["objective"] == "uptime")
    assert uptime == {
        "tier": "pro", "objective": "uptime", "target_percent": 99.9, "scheduled_hours": round(seconds / 3600, 2),
        "slices": seconds // 10, "bad_slices": seconds // 10 // 1000,
        "bad_minutes": float(round(Fraction(seconds, 60_000), 2)),
    }  # fmt: skip
    assert [row["burn_rate"] for row in told["alerts"]["pro"]] == [
        round(seconds * share / window, 2) for share, window in ((0.02, 3600), (0.05, 21_600), (0.1, 259_200))
    ]


def test_a_calendar_of_ones_own_is_what_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "market.yaml").write_text("rollover_minutes: {}\n")
    monkeypatch.setenv("TIERFEED_MARKET_FILE", "market.yaml")
    told = json.loads(budget("--month", "2026-10", "--json").stdout)
    assert {row["scheduled_hours"] for row in told["budgets"]} == {525.0}


def test_the_table_says_what_may_be_bad() -> None:
    shown = budget("--month", "2026-10").stdout
    assert "188 of 188,490 slices" in shown
    assert "0.5 % of updates" in shown
    assert "1 % of records" in shown
