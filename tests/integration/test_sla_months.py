"""A past month on real ClickHouse: tenants are judged by what they had at its end, or told why by nothing."""

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from analytics.figures import Status
from analytics.sla.compliance import Kept, SLAComplianceReport, SLAManager
from analytics.sla.credits import Credits
from analytics.sla.slices import Slice
from analytics.sla.store import Store
from infra import clickhouse
from sinks.setup import migrate
from tenants.registry import Registry
from tests.command_line import use
from tierfeed.cli.root import app
from tierfeed.domain.market import Calendar
from tierfeed.domain.objectives import Objective
from tierfeed.errors import ConfigError
from tierfeed.settings import ClickHouseSettings, Settings, SlaSettings

pytestmark = pytest.mark.clickhouse

MONTH = "2024-10"
TUESDAY = 1_727_784_000
"""2024-10-01 12:00 UTC."""
NOW = datetime(2024, 11, 20, tzinfo=UTC)
SYMBOLS = ("EURUSD", "GBPUSD")
SLICES = 1000
MUTE = {"pro": 5, "enterprise": 0}
"""GBPUSD is so many slices mute, EURUSD one less."""


def day(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def uptime(tier: str) -> Iterable[Slice]:
    for number in range(SLICES):
        good = (int(number >= MUTE[tier] - 1), int(number >= MUTE[tier]))
        causes = tuple("" if each else "mute" for each in good)
        yield Slice(tier, Objective.UPTIME, TUESDAY + 10 * number, 10, SYMBOLS, good, (1, 1), causes)


@pytest.fixture
def october(database: ClickHouseSettings) -> ClickHouseSettings:
    """October 2024: pro was down for a while, enterprise was not. The register begins on August 5."""
    migrate(Settings(clickhouse=database))
    client = clickhouse.client(database)
    versions = [
        ("acme", "2024-08-05", True, "pro", ["EURUSD"], None),
        ("acme", "2024-11-05", True, "enterprise", [], None),
        ("back", "2024-09-01", True, "pro", [], None),
        ("back", "2024-10-20", False, "pro", [], None),
        ("back", "2024-11-10", True, "pro", [], None),
        ("gone", "2024-09-01", True, "pro", [], None),
        ("gone", "2024-11-02", False, "pro", [], None),
        ("late", "2024-11-03", True, "pro", [], None),
        ("paper", "2024-11-03", True, "pro", [], day("2024-09-01").date()),
        ("split", "2024-10-01T12:10", True, "pro", [], None),
    ]
    client.insert(
        "tenant_versions",
        [(name, day(at), active, name, tier, symbols, begin) for name, at, active, tier, symbols, begin in versions],
        column_names=("tenant", "valid_from", "active", "name", "tier", "symbols", "contract_from"),
    )
    promises = [("pro", "2024-08-05", 99.8), ("pro", "2024-11-15", 99.0), ("enterprise", "2024-08-05", 99.99)]
    client.insert(
        "tier_versions",
        [(tier, day(at), True, 100.0, 24, ["fxcm"], 1, "ProQuote", 49_000_000, share) for tier, at, share in promises],
        column_names=(
            "tier", "valid_from", "active", "interval_ms", "depth_hours", "brokers", "redundancy", "record",
            "price_microusd", "uptime_percent",
        ),
    )  # fmt: skip
    client.close()
    stored = Store(database)
    for tier in MUTE:
        stored.keep(uptime(tier))
    stored.close()
    return database


def report(october: ClickHouseSettings, tenant: str, month: str = MONTH, at: datetime = NOW) -> SLAComplianceReport:
    registry = Registry(october)
    registered = registry.newest()
    registry.close()
    return SLAManager(october, registered, Calendar()).monitor_sla_compliance(tenant, month, at)


def uptime_of(found: SLAComplianceReport) -> Kept:
    return next(kept for kept in found.contractual if kept.objective is Objective.UPTIME)


def test_who_was_pro_then_and_is_enterprise_now_is_judged_as_pro(october: ClickHouseSettings) -> None:
    found = report(october, "acme")
    assert (found.promised.status, found.promised.tier, found.promised.symbols) == (Status.OK, "pro", ("EURUSD",))
    kept = uptime_of(found)
    assert (kept.good, kept.total, kept.target_percent, kept.is_kept) == (SLICES - 4, SLICES, 99.8, False)
    assert (found.subscription_tier, found.sla_targets["uptime_percent"]) == ("enterprise", 99.99)
    now = report(october, "acme", "2024-11")
    assert (now.promised.tier, now.promised.symbols, now.promised.since) == ("enterprise", None, day("2024-11-05"))


def test_a_report_and_a_credit_rest_on_the_same(october: ClickHouseSettings) -> None:
    proposals = {each.tenant: each for each in Credits(october, SlaSettings()).propose(MONTH, NOW)}
    assert set(proposals) == {"acme", "gone"}
    for tenant, proposal in proposals.items():
        found = report(october, tenant)
        kept = uptime_of(found)
        assert (proposal.good, proposal.total, proposal.tier) == (kept.good, kept.total, found.promised.tier)
        assert proposal.target_ppm == kept.target_percent * 10_000


def test_of_a_tenant_that_has_left_since_there_is_the_month_and_nothing_live(october: ClickHouseSettings) -> None:
    found = report(october, "gone")
    assert (uptime_of(found).good, found.promised.tier) == (SLICES - 5, "pro")
    assert (found.subscription_tier, found.live, found.overall_compliance) == (None, (), None)
    assert (found.sla_targets, found.current_metrics, found.compliance_status) == ({}, {}, {})


def test_of_a_tenant_that_came_within_the_month_the_rest_counts(october: ClickHouseSettings) -> None:
    found = report(october, "split")
    assert (found.promised.since, uptime_of(found).total) == (day("2024-10-01T12:10"), SLICES - 60)


@pytest.mark.parametrize(
    ("tenant", "month", "status", "reason"),
    [
        (
            "late", MONTH, Status.NOT_APPLICABLE,
            "late was promised nothing at the end of 2024-10: it came on 2024-11-03 00:00:00Z",
        ),
        (
            "back", MONTH, Status.NOT_APPLICABLE,
            "back was promised nothing at the end of 2024-10: it left on 2024-10-20 00:00:00Z",
        ),
        (
            "acme", "2024-07", Status.NO_SOURCE,
            "what acme had at the end of 2024-07 is not known: the register begins on 2024-08-05 00:00:00Z",
        ),
        (
            "paper", MONTH, Status.NO_SOURCE,
            "what paper had at the end of 2024-10 is not known: its contract is from 2024-09-01 on, and the register "
            "tells of it from 2024-11-03 00:00:00Z on",
        ),
    ],
    ids=["came later", "was away", "older than the register", "a contract older than the register"],
)  # fmt: skip
def test_who_had_nothing_then_has_no_figures_of_that_month_but_a_reason(
    october: ClickHouseSettings, tenant: str, month: str, status: Status, reason: str
) -> None:
    found = report(october, tenant, month)
    assert (found.promised.status, found.promised.reason) == (status, reason)
    assert (found.promised.tier, found.promised.symbols, found.promised.since) == (None, None, None)
    assert found.contractual == ()
    assert [kept.objective for kept in found.live] == [Objective.UPTIME, Objective.REDUNDANCY]


@pytest.mark.parametrize(
    ("tenant", "month", "told"),
    [
        (
            "gone", "2024-11",
            "gone is no customer now, and gone was promised nothing at the end of 2024-11: it left on "
            "2024-11-02 00:00:00Z",
        ),
        ("nobody", MONTH, "there is no tenant 'nobody': `tierfeed tenants list` shows them"),
    ],
)  # fmt: skip
def test_who_has_nothing_and_had_nothing_has_no_report(
    october: ClickHouseSettings, tenant: str, month: str, told: str
) -> None:
    with pytest.raises(ConfigError) as refused:
        report(october, tenant, month)
    assert str(refused.value) == told


def test_the_command_tells_by_what_the_month_is_judged(
    october: ClickHouseSettings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    use(october, monkeypatch, tmp_path)

    def told(tenant: str) -> list[str]:
        done = CliRunner().invoke(app, ["sla", "--tenant", tenant, "--month", MONTH])
        assert done.exit_code == 0, done.output
        return done.output.splitlines()

    def row(lines: list[str]) -> list[str]:
        return next(line.split() for line in lines if line.split()[:1] == ["uptime"])

    was_pro = told("acme")  # of 552 h, 0.2 % may be bad: 397.44 slices
    assert was_pro[0] == "enterprise, acme; month 2024-10, provisional, of pro, EURUSD"
    assert row(was_pro) == ["uptime", "99.99", "100", "yes", "0", "0", "99.8", "99.6", "no", "98.99"]
    gone = told("gone")
    assert gone[0] == "no customer now, gone; month 2024-10, provisional, of pro"
    assert row(gone) == ["uptime", *"-----", "99.8", "99.5", "no", "98.74"]
    assert told("split")[0] == "pro, split; month 2024-10, provisional, from 2024-10-01 12:10:00Z on"
    late = told("late")
    assert row(late)[6:] == [*"----"]
    assert "late was promised nothing at the end of 2024-10: it came on 2024-11-03 00:00:00Z" in late
