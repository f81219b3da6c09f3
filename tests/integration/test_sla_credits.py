"""Credits on real ClickHouse: proposed from the evidence, decided once."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from analytics.sla.credits import Credits, amount_of, percent_of
from analytics.sla.process import propose_credits
from infra import clickhouse
from sinks.setup import migrate
from tests.command_line import use
from tierfeed.cli.root import app
from tierfeed.errors import ConfigError
from tierfeed.settings import ClickHouseSettings, Settings, SlaSettings

pytestmark = pytest.mark.clickhouse

OCTOBER = datetime(2026, 10, 1, tzinfo=UTC)
CLOSED = datetime(2026, 11, 4, tzinfo=UTC)


@pytest.fixture
def owed(database: ClickHouseSettings) -> Credits:
    """acme has bought pro, whose EURUSD was down for 2 of 1,000 slices; globex only GBPUSD, which was down for 20."""
    migrate(Settings(clickhouse=database))
    client = clickhouse.client(database)
    tenants = [("acme", "pro", []), ("globex", "pro", ["GBPUSD"]), ("small", "free", [])]
    client.insert(
        "tenant_versions",
        [(name, datetime(2026, 9, 1, tzinfo=UTC), True, name, tier, symbols) for name, tier, symbols in tenants],
        column_names=("tenant", "valid_from", "active", "name", "tier", "symbols"),
    )
    tiers = [("pro", 49_000_000, 99.9), ("free", 0, 99.0)]
    client.insert(
        "tier_versions",
        [(name, datetime(2026, 9, 1, tzinfo=UTC), True, 100.0, 1, 1, price, uptime) for name, price, uptime in tiers],
        column_names=(
            "tier", "valid_from", "active", "interval_ms", "depth_hours", "redundancy", "price_microusd",
            "uptime_percent",
        ),
    )  # fmt: skip
    slices = []
    for n in range(1000):
        start = datetime.fromtimestamp(OCTOBER.timestamp() + 10 * n, UTC)
        both, one = n < 2, n < 20
        # Of twenty symbols one may be down: GBPUSD alone is no outage for acme.
        symbols = ["EURUSD", "GBPUSD", *(f"S{i}" for i in range(18))]
        good = [int(not both), int(not one), *([int(not both)] * 18)]
        causes = ["mute" if not each else "" for each in good]
        of_all = ("uptime", start, 10, symbols, good, [1] * 20, causes, "sla/1", CLOSED)
        slices += [(tier, *of_all) for tier in ("pro", "free")]
    columns = ("tier", "objective", "slice_start", "slice_s", "symbols", "good", "total", "causes", "formula", "judged_at")  # fmt: skip  # noqa: E501
    client.insert("sla_slices", slices, column_names=columns)
    client.close()
    return Credits(database, SlaSettings())


def test_what_is_owed_is_proposed_once(owed: Credits) -> None:
    proposals = {each.tenant: each for each in owed.propose("2026-10", CLOSED)}
    assert {name: (each.percent, each.amount_microusd, each.good, each.total) for name, each in proposals.items()} == {
        "acme": (10, 4_900_000, 998, 1000), "globex": (25, 12_250_000, 980, 1000),
    }  # fmt: skip
    assert proposals["acme"].evidence == "2 × mute, 2026-10-01 00:00:00 to 2026-10-01 00:00:10"
    assert owed.propose("2026-10", CLOSED) == []
    assert [(row["tenant"], row["state"]) for row in owed.rows()] == [("acme", "proposed"), ("globex", "proposed")]


def test_the_judge_proposes_for_the_newest_month_that_can_be_judged(
    owed: Credits, database: ClickHouseSettings
) -> None:
    settings = Settings(clickhouse=database)
    assert propose_credits(settings, "", datetime(2026, 11, 3, tzinfo=UTC)) == "2026-09"
    assert owed.rows() == []
    assert propose_credits(settings, "2026-09", CLOSED) == "2026-10"
    assert propose_credits(settings, "", CLOSED) == "2026-10"
    assert len(owed.rows()) == 2


def test_a_month_that_may_still_change_is_not_proposed_for(owed: Credits) -> None:
    with pytest.raises(ConfigError, match="2026-10 can be judged from 2026-11-04 00:00Z on"):
        owed.propose("2026-10", datetime(2026, 11, 3, 23, tzinfo=UTC))


def test_a_decision_is_made_once_and_stands(owed: Credits) -> None:
    owed.propose("2026-10", CLOSED)
    (row,) = owed.decide(["acme"], "2026-10", "APPROVED", "ann", "fair")
    assert (row["state"], row["amount_microusd"], row["decided_by"]) == ("approved", 4_900_000, "ann")
    (row,) = owed.decide(["acme"], "2026-10", "APPROVED", "bob", "again")
    assert row["decided_by"] == "ann"
    with pytest.raises(ConfigError) as refused:
        owed.decide(["acme", "nobody", "globex"], "2026-10", "REJECTED", "bob", "")
    assert [str(problem) for problem in refused.value.problems] == [
        "the credit of 2026-10 for acme was approved by ann",
        "no credit of 2026-10 was proposed for nobody: `tierfeed credits list --month 2026-10` shows them",
    ]
    assert [row["state"] for row in owed.rows("2026-10")] == ["approved", "proposed"]
    assert owed.propose("2026-10", CLOSED) == []


def test_the_table_of_credits_tells_what_is_owed_and_why(
    owed: Credits, database: ClickHouseSettings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    owed.propose("2026-10", CLOSED)
    use(database, monkeypatch, tmp_path)
    done = CliRunner().invoke(app, ["credits", "list", "--month", "2026-10"])
    assert done.exit_code == 0, done.output
    table = [re.split(r"\s{2,}", line.strip()) for line in done.stdout.splitlines()]
    assert [
        "tenant", "month", "tier", "state", "usd", "percent", "uptime percent", "target percent", "decided by",
        "evidence",
    ] in table  # fmt: skip
    assert [
        "acme", "2026-10", "pro", "proposed", "4.90", "10", "99.8", "99.9",
        "2 × mute, 2026-10-01 00:00:00 to 2026-10-01 00:00:10",
    ] in table  # fmt: skip


@pytest.mark.parametrize(
    ("good", "total", "percent"),
    [
        (999, 1000, 0),
        (9_989, 10_000, 10),
        (990, 1000, 10),
        (9_899, 10_000, 25),
        (950, 1000, 25),
        (949, 1000, 50),
        (0, 0, 0),
    ],
)
def test_the_largest_that_applies_is_owed(good: int, total: int, percent: int) -> None:
    assert percent_of(good, total, 999_000, SlaSettings()) == percent


def test_money_is_whole_millionths() -> None:
    assert [amount_of(fee, 25) for fee in (49_000_000, 1, 2, 3)] == [12_250_000, 0, 1, 1]
