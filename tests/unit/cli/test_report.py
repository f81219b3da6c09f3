import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from analytics.reports.page import Column, Page, Section, Table, Trend, Unit
from tests.page_builders import HOSTILE, whole_page
from tierfeed.cli import app
from tierfeed.cli.paper import MOST_ROWS, draw, sparkline

NAMED = ("report", "profit", "--revenue-per-user", "180")


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TIERFEED_HOME", str(tmp_path / "home"))


def tierfeed(*arguments: str) -> Any:
    return CliRunner().invoke(app, arguments)


def lines(text: str) -> list[str]:
    return [" ".join(line.split()) for line in text.splitlines()]


def test_profit_is_told_on_the_terminal_with_its_figures_first() -> None:
    shown = tierfeed(*NAMED)
    assert (shown.exit_code, shown.stderr) == (0, "")
    told = lines(shown.stdout)
    assert told[0] == "Profit of consolidated ingestion"
    assert "Profit improvement $174,900.00" in told
    assert "Savings 97.17 %" in told
    assert told.index("Savings 97.17 %") < told.index("What it costs either way")
    assert "Total all of it $180,000.00 $5,100.00 $174,900.00 97.17 %" in told


def test_profit_is_one_json_value_with_exact_numbers() -> None:
    shown = tierfeed(*NAMED, "--users", "14", "--json")
    found = json.loads(shown.stdout)
    assert found["analysis"]["profit_improvement"] == "-115.000000"
    assert Decimal(found["analysis"]["margin_improvement_percent"]) == Decimal("-4.5635")
    assert found["break_even_users"] == 15
    assert found["figures"][0]["formula"] == "traditional cost - ingestion cost"


def test_files_are_written_and_told_on_standard_error(tmp_path: Path) -> None:
    shown = tierfeed(*NAMED, "--csv", "out/tables", "--html", "profit.html", "--json")
    assert shown.exit_code == 0
    names = ("comparison", "curve", "sensitivity", "figures")
    assert shown.stderr.splitlines() == [*(f"wrote out/tables/{name}.csv" for name in names), "wrote profit.html"]
    assert (tmp_path / "out/tables/comparison.csv").read_text().splitlines()[4] == (
        "Fixed,what stands however many are served,180000.000000,2600.000000,177400.000000,98.5556"
    )
    assert (tmp_path / "profit.html").read_text().startswith("<!DOCTYPE html>")
    assert json.loads(shown.stdout)["analysis"]["users"] == 1000


def test_a_card_of_ones_own_is_reckoned_with(tmp_path: Path) -> None:
    (tmp_path / "card.yaml").write_text(
        "version: mine\ntraditional_basis: bills of 2025\nuser_usd: '0'\n"
        "lines: {all: {what: one machine, count: 1, each_usd: '100', traditional_usd: '10'}}\n"
    )
    found = json.loads(tierfeed(*NAMED, "--card", "card.yaml", "--users", "10", "--json").stdout)
    assert (found["rate_card"], found["break_even_users"], found["analysis"]["profit_improvement"]) == (
        "mine",
        10,
        "0.000000",
    )


@pytest.mark.parametrize("amount", ["much", "-1", "nan", "inf", "0.0000001"])
def test_a_revenue_that_is_none_is_told(amount: str) -> None:
    refused = tierfeed("report", "profit", f"--revenue-per-user={amount}")
    told = f"error: --revenue-per-user must be dollars, with six decimals at most, was {amount!r}\n"
    assert (refused.exit_code, refused.stderr) == (2, told)


def test_a_card_that_is_not_there_is_told() -> None:
    refused = tierfeed(*NAMED, "--card", "nothing.yaml")
    assert (refused.exit_code, refused.stderr.count("\n")) == (2, 1)
    assert refused.stderr.startswith("error: the rate card nothing.yaml")


def test_everything_of_a_page_is_on_the_terminal_and_nothing_is_markup(capsys: pytest.CaptureFixture[str]) -> None:
    draw(whole_page())
    printed = capsys.readouterr().out
    told = lines(printed)
    assert "\x1b" not in printed
    assert told[2].startswith("! Some of these figures rest on synthetic rows")
    assert "Net promoter score no data not enough data: only 3 answers, 5 are needed" in told
    assert f"no data: no contract of {HOSTILE} was imported" in told
    assert any(line.startswith("worst: 2026-10-27") for line in told)
    assert f"the first {MOST_ROWS} of 60 rows; --csv and --html have all" in told
    assert any(line.startswith("tenant-04 pro 2026-01-05 no data no data") for line in told)


def test_a_trend_is_a_line_of_blocks_on_one_scale_with_holes(capsys: pytest.CaptureFixture[str]) -> None:
    assert sparkline([0, None, 7]) == "▁ █"
    assert sparkline([5, 5]) == "▄▄"
    assert sparkline([None]) == ""
    trend = Trend("t", "T", ("a", "b"), {"low": (0, 1), "high": (Decimal(7), None)}, Unit.USD)
    table = Table("x", "X", (Column("[b]"),), (("[/b]",),))
    draw(
        Page(
            "p",
            "P",
            "-",
            datetime(2026, 11, 4, tzinfo=UTC),
            (),
            sections=(Section("S", charts=(trend,), tables=(table,)),),
        )
    )
    told = lines(capsys.readouterr().out)
    assert "low ▁▂ $0.00 to $1.00" in told
    assert "high █ $7.00 to $7.00" in told
    assert "[/b]" in told
