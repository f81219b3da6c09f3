"""`tierfeed gaps`: what it refuses, and how brokers are summed up."""

from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from tierfeed.cli.gaps import _brokers
from tierfeed.cli.root import app


@pytest.fixture(autouse=True)
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No settings file and no running stack."""
    monkeypatch.chdir(tmp_path)


def test_every_bad_value_is_told_with_what_there_is() -> None:
    refused = CliRunner().invoke(app, ["gaps", "--broker", "nobody", "--state", "lost"])
    assert refused.exit_code == 2
    assert refused.stderr.splitlines() == [
        "error: --broker must be one of fxcm, ic_markets, pepperstone, was 'nobody'",
        "error: --state must be one of suspected, confirmed, filling, filled, partial, unfillable, was 'lost'",
    ]


def test_a_bad_time_is_told_before_anything_is_asked() -> None:
    refused = CliRunner().invoke(app, ["gaps", "--from", "yesterday"])
    assert refused.exit_code == 2
    assert "--from must be a time such as 2026-11-26T09:00, was 'yesterday'" in refused.stderr


def complete(broker: str, sent: int, came: int, held: int) -> dict[str, Any]:
    return {"broker": broker, "sent": sent, "came": came, "held": held}


def covered(broker: str, expected: int, observed: int, history: int) -> dict[str, Any]:
    return {"broker": broker, "expected": expected, "observed": observed, "history": history}


def test_a_broker_is_summed_up_over_its_symbols() -> None:
    gaps = [{"broker": "alpha", "state": "filling"}, {"broker": "alpha", "state": "filled"}]
    rows = [complete("alpha", 90, 80, 90), complete("alpha", 10, 10, 10), complete("beta", 1, 1, 1)]
    source = [covered("alpha", 10, 5, 6), covered("alpha", 0, 0, 0), covered("beta", 0, 0, 0)]
    assert _brokers(gaps, rows, source) == [
        {
            "broker": "alpha", "gaps": 2, "open": 1,
            "completeness_live_percent": 90.0, "completeness_history_percent": 100.0,
            "source_live_percent": 50.0, "source_history_percent": 60.0,
        },
        {
            "broker": "beta", "gaps": 0, "open": 0,
            "completeness_live_percent": 100.0, "completeness_history_percent": 100.0,
            "source_live_percent": None, "source_history_percent": None,
        },
    ]  # fmt: skip


def test_a_broker_of_which_nothing_is_stored_has_no_figure() -> None:
    (row,) = _brokers([{"broker": "alpha", "state": "suspected"}], [], [])
    assert (row["open"], row["completeness_live_percent"], row["source_history_percent"]) == (1, None, None)
