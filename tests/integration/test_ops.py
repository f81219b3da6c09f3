"""What operations supply, on real ClickHouse: imported, corrected, taken back; and what it changes for promises."""

import json
import time
from collections.abc import Iterable
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from analytics.ops.check import check
from analytics.ops.files import read_csv, write_csv, write_json
from analytics.ops.importing import Imported, import_file
from analytics.ops.kinds import KINDS, KindName, Row
from analytics.ops.store import Operations
from analytics.ops.terms import Terms
from analytics.sla import judge as judging
from analytics.sla.incidents import Event
from analytics.sla.judge import Judge
from infra import clickhouse
from sinks.setup import migrate
from tests.command_line import use
from tierfeed.cli.root import app
from tierfeed.domain.market import Maintenance
from tierfeed.domain.tenants import Registered
from tierfeed.domain.tiers import Tier
from tierfeed.errors import ConfigError
from tierfeed.settings import ClickHouseSettings, Settings

pytestmark = pytest.mark.clickhouse

NOON = 1_777_464_000
"""Wednesday 2026-04-29 12:00 UTC."""
FILES: dict[KindName, list[str]] = {
    KindName.SUBSCRIPTIONS: ["acme,2026-01-01,2026-06-01,pro,49.00", "acme,2026-06-01,,enterprise,499.000001"],
    KindName.INVOICES: [
        "i1,acme,2026-01-01,2026-02-01,49,2026-01-01,2026-01-15,2026-01-15",
        "i2,acme,2026-02-01,2026-03-01,0,2026-02-01,2026-02-01,",
    ],
    KindName.CREDITS: ["""k1,acme,2026-02,1000000000,invoiced,"sorry, ""again""\nand again\""""],
    KindName.TICKETS: [
        "t1,acme,2026-01-01T00:00:00.000001,2026-01-01T00:00:00.000001Z,urgent,gaps",
        "t2,globex,2026-01-01T02:00+02:00,,low,Preis € 'x' \\",
    ],
    KindName.SURVEYS: ["s1,acme,NPS,0,2099-12-31T23:59:59.999999Z", "s2,acme,CSAT,5,2000-01-01T00:00Z"],
    KindName.OPPORTUNITIES: [
        "o1,acme,new,,pro,49,2026-01-01,2026-01-01,won",
        "o2,acme,upgrade,pro,enterprise,499,2026-01-01,,open",
    ],
    KindName.COST_CHARGES: [
        "c1,2026-01-01,2026-01-01,2026-02-01,aws,EC2,Compute,Usage,i-1,,200,199.999999,USD,"
        '"{""broker"": ""fxcm"", ""used"": ""1.5"", ""provisioned"": ""2""}"',
        "c2,2026-01-01,2026-01-31,2026-02-01,aws,EC2,Other,Credit,,,-1000000000,-0.000001,USD,",
    ],
    KindName.BROKER_CONTRACTS: [
        "fxcm,2026-01-01,2026-06-01,500,2,true,free;pro,",
        "fxcm,2026-06-01,,500,65535,false,,oanda",
    ],
    KindName.MAINTENANCE: ["m1,2026-01-07T21:00Z,2026-01-07T23:00Z,2026-01-01T00:00Z,disks"],
}


@pytest.fixture
def settings(database: ClickHouseSettings) -> Settings:
    migrate(Settings(clickhouse=database))
    return Settings(clickhouse=database)


def text(kind: KindName, lines: Iterable[str], more: str = "") -> str:
    return "\n".join([",".join(KINDS[kind].header()) + more, *lines]) + "\n"


def imported(settings: Settings, folder: Path, kind: KindName, lines: Iterable[str], more: str = "") -> Imported:
    file = folder / f"{kind}.csv"
    file.write_text(text(kind, lines, more), newline="")
    return import_file(settings, kind, file)


def counts(told: Imported) -> tuple[int, int, int, int]:
    return told.new, told.corrected, told.taken_back, told.unchanged


def listed(settings: Settings, kind: KindName) -> list[Row]:
    """The rows that hold, but for where they came from."""
    with closing(Operations(settings.clickhouse)) as operations:
        rows = operations.rows(KINDS[kind])
    return [{name: row[name] for name in KINDS[kind].fields} for row in rows]


def asked(settings: Settings, sql: str) -> list[tuple[Any, ...]]:
    client = clickhouse.client(settings.clickhouse)
    rows = [tuple(row) for row in client.query(sql).result_rows]
    client.close()
    return rows


def test_every_kind_is_stored_as_it_was_written_and_once(settings: Settings, tmp_path: Path) -> None:
    for kind, lines in FILES.items():
        told = imported(settings, tmp_path, kind, lines)
        assert counts(told) == (len(lines), 0, 0, 0)
        tiers = [tier.name for tier in settings.tiers()]
        sound = check(KINDS[kind], read_csv(KINDS[kind], text(kind, lines), "f"), tiers)
        rows = listed(settings, kind)
        assert rows == [each.row for each in sound]
        # The same once more; as JSON; and as it is written out of the database: nothing changes.
        assert counts(imported(settings, tmp_path, kind, lines)) == (0, 0, 0, len(lines))
        for name, written in (("f.json", write_json(KINDS[kind], rows)), ("f.csv", write_csv(KINDS[kind], rows))):
            (tmp_path / name).write_text(written, newline="")
            assert counts(import_file(settings, kind, tmp_path / name)) == (0, 0, 0, len(lines))
        (versions,) = asked(settings, f"SELECT count(), uniq(imported_at), any(file) FROM {KINDS[kind].versions}")
        assert versions == (len(lines), 1, f"{kind}.csv")


def test_a_correction_and_what_is_taken_back_are_rows_of_their_own(settings: Settings, tmp_path: Path) -> None:
    def again(*lines: str, void: bool = False) -> tuple[int, int, int, int]:
        return counts(imported(settings, tmp_path, KindName.INVOICES, lines, ",void" if void else ""))

    first, second = (
        "i1,acme,2026-01-01,2026-02-01,49,2026-01-01,2026-01-15,",
        "i2,acme,2026-02-01,2026-03-01,49,2026-02-01,2026-02-15,",
    )
    assert again(first, second) == (2, 0, 0, 0)
    assert again(f"{first}2026-01-10", second) == (0, 1, 0, 1)
    assert [row["paid_on"] for row in listed(settings, KindName.INVOICES)] == [date(2026, 1, 10), None]
    assert again(first) == (0, 1, 0, 0)  # as it was at first: a correction of the correction
    assert again(f"{first},true", f"{second},false", void=True) == (0, 0, 1, 1)
    assert again(f"{first},true", void=True) == (0, 0, 0, 1)
    assert [row["invoice"] for row in listed(settings, KindName.INVOICES)] == ["i2"]
    assert again(first) == (1, 0, 0, 0)
    versions = asked(
        settings, "SELECT paid_on, void FROM ops_invoices_versions WHERE invoice = 'i1' ORDER BY imported_at"
    )
    assert versions == [(None, False), (date(2026, 1, 10), False), (None, False), (None, True), (None, False)]


def test_what_is_imported_after_a_clock_went_back_is_newer_all_the_same(settings: Settings, tmp_path: Path) -> None:
    imported(settings, tmp_path, KindName.MAINTENANCE, FILES[KindName.MAINTENANCE])
    client = clickhouse.client(settings.clickhouse)
    client.command(
        "INSERT INTO ops_maintenance_versions "
        "SELECT * REPLACE ('2 disks' AS what, now64(6) + 7200 AS imported_at) FROM ops_maintenance_versions"
    )
    client.close()
    assert counts(imported(settings, tmp_path, KindName.MAINTENANCE, FILES[KindName.MAINTENANCE])) == (0, 1, 0, 0)
    assert [row["what"] for row in listed(settings, KindName.MAINTENANCE)] == ["disks"]


def test_a_file_with_a_problem_stores_nothing_and_tells_all_of_them(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(settings.clickhouse, monkeypatch, tmp_path)

    def tierfeed(*arguments: str) -> Any:
        return CliRunner().invoke(app, ["ops", *arguments])

    good = ["acme,2026-01-01,,pro,49", "globex,2026-01-01,,free,0.00"]
    (tmp_path / "bad.csv").write_text(
        text(KindName.SUBSCRIPTIONS, [*good, "initech,2026-01-01,,gold,49", "hooli,soon,,pro,49"])
    )
    refused = tierfeed("import", "subscriptions", "bad.csv", "--json")
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert refused.stderr.splitlines() == [
        "error: bad.csv:4: tier must be of the tiers free, pro, enterprise, was 'gold'",
        "error: bad.csv:5: from_date must be a day such as 2026-10-01, was 'soon'",
    ]
    (tmp_path / "good.csv").write_text(text(KindName.SUBSCRIPTIONS, good))
    tried = json.loads(tierfeed("import", "subscriptions", "good.csv", "--dry-run", "--json").stdout)
    assert (tried["new"], tried["dry_run"], tried["imported_at"]) == (2, True, None)
    assert asked(settings, "SELECT count() FROM ops_subscriptions_versions") == [(0,)]
    done = json.loads(tierfeed("import", "subscriptions", "good.csv", "--json").stdout)
    assert (done["new"], done["file"]) == (2, "good.csv")
    # What is stored counts, too: a subscription that has not ended keeps the next one out.
    (tmp_path / "next.csv").write_text(text(KindName.SUBSCRIPTIONS, ["acme,2026-02-01,,pro,59"]))
    assert tierfeed("import", "subscriptions", "next.csv").exit_code == 2
    rows = json.loads(tierfeed("list", "subscriptions", "--tenant", "acme", "--json").stdout)
    assert [(row["tenant"], row["price_microusd"], row["file"]) for row in rows] == [("acme", 49_000_000, "good.csv")]
    (tmp_path / "out.csv").write_text(tierfeed("list", "subscriptions", "--csv").stdout)
    assert json.loads(tierfeed("import", "subscriptions", "out.csv", "--json").stdout)["unchanged"] == 2
    assert "49.00" in tierfeed("list", "subscriptions").stdout
    assert tierfeed("list", "maintenance", "--tenant", "acme").exit_code == 2


def test_a_company_is_made_up_once_agrees_with_itself_and_is_forgotten(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(settings.clickhouse, monkeypatch, tmp_path)

    def generate(*arguments: str, of: str = "--tenants=200 --months=3 --until=2025-12") -> Any:
        return CliRunner().invoke(app, ["ops", "generate", *of.split(), *arguments])

    assert generate("--out=one", "--seed=7").exit_code == generate("--out=two", "--seed=7").exit_code == 0
    assert generate("--out=three", "--seed=8").exit_code == 0
    for name in KINDS:
        assert (tmp_path / "one" / f"{name}.csv").read_bytes() == (tmp_path / "two" / f"{name}.csv").read_bytes()
    assert (tmp_path / "one" / "invoices.csv").read_bytes() != (tmp_path / "three" / "invoices.csv").read_bytes()

    done = {row["kind"]: row for row in json.loads(generate("--seed=7", "--json").stdout)}
    assert set(done) == set(KINDS)
    assert all(row["new"] == row["synthetic"] > 0 for row in done.values())
    for name in KINDS:  # the files are what was imported
        told = import_file(settings, name, tmp_path / "one" / f"{name}.csv")
        assert counts(told) == (0, 0, 0, done[name]["new"])
        assert asked(settings, f"SELECT DISTINCT source FROM {KINDS[name].versions}") == [("synthetic",)]
    # Invoices are what revenue_days recognises of each tenant and month, to the micro-dollar, and the other way round.
    assert asked(settings, DISAGREEING) == []
    (sums,) = asked(settings, "SELECT sum(amount_microusd), count() FROM ops_invoices")
    assert (
        sums
        == asked(
            settings,
            f"SELECT sum(microusd), {sums[1]} FROM revenue_days WHERE day >= '2025-10-01' AND day < '2026-01-01'",
        )[0]
    )
    assert sums[0] > 0
    fixed = asked(
        settings,
        "SELECT billing_period_start, sum(billed_cost_microusd) FROM ops_cost_charges "
        "WHERE service_name != 'Kafka network' GROUP BY 1 ORDER BY 1",
    )
    assert [microusd for _, microusd in fixed] == [2_600_000_000, 2_652_000_000, 2_704_000_000]

    mixed = generate("--seed=8")
    assert mixed.exit_code == 2
    assert "`tierfeed ops forget` takes back all" in mixed.stderr
    (tmp_path / "real.csv").write_text(text(KindName.SUBSCRIPTIONS, ["acme,2026-01-01,,pro,49"]))
    import_file(settings, KindName.SUBSCRIPTIONS, tmp_path / "real.csv")
    gone = {row["kind"]: row for row in json.loads(CliRunner().invoke(app, ["ops", "forget", "--json"]).stdout)}
    assert all(gone[name]["taken_back"] == done[name]["new"] for name in KINDS)
    assert [row["tenant"] for name in KINDS for row in listed(settings, name)] == ["acme"]
    assert json.loads(CliRunner().invoke(app, ["ops", "forget", "--json"]).stdout)[0]["taken_back"] == 0
    assert generate("--seed=8").exit_code == 0


DISAGREEING = """
SELECT tenant, month, sum(invoiced), sum(earned) FROM
(
    SELECT tenant, toStartOfMonth(from_date) AS month, amount_microusd AS invoiced, 0 AS earned FROM ops_invoices
    UNION ALL
    SELECT tenant, toStartOfMonth(day), 0, microusd FROM revenue_days WHERE day >= '2025-10-01' AND day < '2026-01-01'
)
GROUP BY tenant, month
HAVING sum(invoiced) != sum(earned)
"""


# -- what it changes for promises

ANNOUNCED = "m1,2026-04-29T12:10Z,2026-04-29T12:20Z,2026-04-20T00:00Z,disks"
CONTRACT = "beta,2026-01-01,,500,1,true,,alpha"


def test_imported_maintenance_counts_as_that_of_the_market_file(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "market.yaml"
    file.write_text(
        "maintenance: [{announced: 2026-04-01T00:00:00Z, from: 2026-04-28T12:00:00Z, to: 2026-04-28T14:00:00Z}]"
    )
    settings = settings.model_copy(update={"market_file": file})
    imported(settings, tmp_path, KindName.MAINTENANCE, [ANNOUNCED])
    told = [
        datetime(2026, 4, day, hour, minute, tzinfo=UTC)
        for day, hour, minute in ((20, 0, 0), (29, 12, 10), (29, 12, 20))
    ]
    assert Terms.of(settings, date(2026, 4, 29)).calendar.maintenance[1:] == (Maintenance(*told, "disks"),)
    with pytest.raises(ConfigError, match=r"was 4\.17 with all"):  # two hours are the file's
        imported(
            settings, tmp_path, KindName.MAINTENANCE, ["m2,2026-04-29T15:00Z,2026-04-29T17:00Z,2026-04-20T00:00Z,disks"]
        )
    use(settings.clickhouse, monkeypatch, tmp_path)
    monkeypatch.setenv("TIERFEED_MARKET_FILE", str(file))

    def scheduled() -> float:
        found = json.loads(CliRunner().invoke(app, ["sla", "budget", "--month=2026-04", "--tier=pro", "--json"]).stdout)
        hours: float = found["budgets"][0]["scheduled_hours"]
        return hours

    with_it = scheduled()
    imported(settings, tmp_path, KindName.MAINTENANCE, [f"{ANNOUNCED},true"], ",void")
    assert scheduled() - with_it == pytest.approx(1 / 6, abs=0.01)


def test_a_contract_says_whose_prices_a_broker_resells_and_the_setting_has_the_last_word(
    settings: Settings, tmp_path: Path
) -> None:
    imported(settings, tmp_path, KindName.BROKER_CONTRACTS, [CONTRACT, "gamma,2026-01-01,2026-04-29,1,1,true,,alpha"])
    assert Terms.of(settings, date(2026, 4, 28)).upstreams == {"beta": "alpha", "gamma": "alpha"}
    assert Terms.of(settings, date(2026, 4, 29)).upstreams == {"beta": "alpha"}
    declared = settings.model_copy(update={"broker_upstreams": {"beta": "oanda"}})
    assert Terms.of(declared, date(2026, 4, 28)).upstreams == {"beta": "oanda", "gamma": "alpha"}


class Told:
    """What a judge told, without a Kafka to keep it."""

    def __init__(self, _: object) -> None:
        self.last: dict[tuple[str, str, int | None], dict[str, Any]] = {}

    def tell(self, events: Iterable[Event]) -> list[Event]:
        return list(events)


def test_a_judge_at_work_minds_what_is_imported_meanwhile(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two brokers tick all the time, and two are promised."""
    monkeypatch.setattr(judging, "EventLog", Told)
    monkeypatch.setattr(judging, "TERMS_S", 0.0)
    tier = Tier(
        name="pro",
        symbols=None,
        interval_us=10_000,
        depth_hours=24,
        brokers=("alpha", "beta"),
        redundancy=2,
        record="FreeQuote",
        uptime_ppm=999_000,
    )
    judge = Judge(settings, Registered({}, {"pro": tier}))

    def stored(begin: int, end: int) -> None:
        """Seconds after NOON; then judged."""
        now = datetime.now(UTC)
        rows = [
            (broker, "EURUSD", datetime.fromtimestamp(NOON + second, UTC), 1, 1, now)
            for second in range(begin, end)
            for broker in ("alpha", "beta")
        ]
        client = clickhouse.client(settings.clickhouse)
        columns = ("broker", "symbol", "window_start", "ticks", "heartbeats", "stored_at")
        client.insert("quality_windows", rows, column_names=columns)
        client.close()
        judge.step(time.time())

    def minutes(bad: bool) -> list[int]:
        """Of redundancy's slices, that are bad or good: minutes after NOON."""
        sql = (
            f"SELECT intDiv(toUnixTimestamp(slice_start) - {NOON}, 60) FROM sla_slices FINAL "
            f"WHERE objective = 'redundancy' AND arraySum(good) {'<' if bad else '='} arraySum(total) ORDER BY 1"
        )
        return [minute for (minute,) in asked(settings, sql)]

    stored(0, 303)
    assert (minutes(bad=False), minutes(bad=True)) == ([2, 3, 4], [])
    imported(settings, tmp_path, KindName.BROKER_CONTRACTS, [CONTRACT])
    stored(303, 483)
    assert (minutes(bad=False), minutes(bad=True)) == ([2, 3, 4], [5, 6, 7])
    imported(settings, tmp_path, KindName.BROKER_CONTRACTS, [f"{CONTRACT},true"], ",void")
    imported(settings, tmp_path, KindName.MAINTENANCE, [ANNOUNCED])
    stored(483, 1323)
    judge.close()
    assert minutes(bad=True) == [5, 6, 7]
    assert minutes(bad=False) == [2, 3, 4, 8, 9, 20, 21]  # nobody was promised the ten minutes between
