"""The secured form, as an operator and a hundred tenants use it."""

import asyncio
import contextlib
import json
import re
import subprocess
import threading
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import confluent_kafka as ck
import pytest
import yaml

from schemas import catalogue
from tests.builders import eventually
from tests.command_line import CommandLine
from tierfeed.client import TierConsumer
from tierfeed.domain.market import Calendar
from tierfeed.domain.spans import total
from tierfeed.domain.tenants import OWN_PRINCIPALS

pytestmark = [pytest.mark.kafka, pytest.mark.clickhouse, pytest.mark.timeout(600)]

UP_S = 180
TENANTS = 100
SAMPLE = 9
QUOTES = tuple(catalogue.schema(name).header for name in ("FreeQuote", "ProQuote", "EnterpriseQuote"))
TIERS = ("free", "pro", "enterprise")
BROKERS = {"fxcm", "ic_markets", "pepperstone"}
SINCE = "2020-01-01"


@contextlib.contextmanager
def up_secured(line: CommandLine, told: Path) -> Iterator[dict[str, Any]]:
    with told.open("w") as err:
        running = subprocess.Popen(
            line.arguments("up", "--secure", "--json"),
            env=line.environment,
            stdout=subprocess.PIPE,
            stderr=err,
            text=True,
        )
    try:
        assert running.stdout is not None
        yield json.loads(running.stdout.readline())
    finally:
        ended = line.run("down")
        assert (ended.returncode, running.wait(UP_S)) == (0, 0), ended.stderr


class Tenant(threading.Thread):
    """A consumer of its own kind, not of ours, that counts the quotes it has committed."""

    def __init__(self, servers: str, user: str, password: str, tier: str) -> None:
        super().__init__()
        self.user, self.topic = user, f"tier.{tier}"
        self.counted = 0
        self.stop = threading.Event()
        self._config = {
            "bootstrap.servers": servers,
            "security.protocol": "SASL_PLAINTEXT",
            "sasl.mechanism": "SCRAM-SHA-512",
            "sasl.username": user,
            "sasl.password": password,
            "group.id": f"{user}.desk",
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
        }

    def run(self) -> None:
        consumer = ck.Consumer(self._config)
        consumer.subscribe([self.topic])
        at: dict[int, int] = {}
        begun: set[int] = set()
        while not self.stop.is_set():
            for message in consumer.consume(200, 0.5):
                assert message.error() is None, message.error()
                at.setdefault(message.partition(), message.offset())
                if message.partition() not in begun:
                    begun.add(message.partition())
                    self._commit(consumer, message.partition(), message.offset(), f"tierfeed from={message.offset()}")
                at[message.partition()] = message.offset() + 1
                self.counted += (message.value() or b"").startswith(QUOTES)
            for partition, offset in at.items():
                self._commit(consumer, partition, offset)
        consumer.close()

    def _commit(self, consumer: ck.Consumer, partition: int, offset: int, says: str = "") -> None:
        consumer.commit(offsets=[ck.TopicPartition(self.topic, partition, offset, says)], asynchronous=False)


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory) -> CommandLine:
    folder = tmp_path_factory.mktemp("secured-up")
    tenants = [
        {"id": f"tenant-{number:03d}", "name": f"Tenant {number}", "tier": TIERS[number % 3]}
        for number in range(TENANTS)
    ]
    (folder / "tenants.yaml").write_text(yaml.safe_dump({"tenants": tenants}))
    return CommandLine(folder / "home", {"TIERFEED_TENANTS_FILE": str(folder / "tenants.yaml")})


@pytest.fixture(scope="module")
def addresses(line: CommandLine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    with up_secured(line, tmp_path_factory.mktemp("told") / "told") as found:
        yield found


@pytest.fixture(scope="module")
def passwords(line: CommandLine, addresses: dict[str, Any]) -> dict[str, str]:
    planned = line.run("tenants", "plan", "--json")
    assert planned.returncode == 1, planned.stderr
    assert len(json.loads(planned.stdout)["changes"]) == TENANTS + len(TIERS)
    applied = line.json("tenants", "apply")
    assert line.run("tenants", "plan").returncode == 0
    again = line.json("tenants", "apply")
    assert (again["changes"], again["credentials"]) == ([], [])
    return {row["username"]: row["password"] for row in applied["credentials"]}


def secured_log(line: CommandLine) -> Path:
    return line.home / "secured" / "kafka" / "authorizer.log"


def test_every_part_is_well_and_was_refused_nothing(line: CommandLine, addresses: dict[str, Any]) -> None:
    assert addresses["secured"] is True
    eventually(lambda: int(line.rows("SELECT count() AS n FROM tier_quotes")[0]["n"]) > 100, 60)
    status = line.json("status")
    assert {part["restarts"] for part in status["parts"]} == {0}
    assert {part["name"] for part in status["parts"]} >= {"meter", "audit", "sink", "stream", "collect-fxcm"}
    refused = secured_log(line).read_text() if secured_log(line).exists() else ""
    assert not any(f"User:{user} " in refused for user in OWN_PRINCIPALS)


def test_a_hundred_tenants_are_metered_to_the_tick(
    line: CommandLine, addresses: dict[str, Any], passwords: dict[str, str]
) -> None:
    assert len(passwords) == TENANTS
    sample = [
        Tenant(addresses["bootstrap_servers"], user, passwords[user], TIERS[number % 3])
        for number, user in enumerate(sorted(passwords)[:SAMPLE])
    ]
    for tenant in sample:
        tenant.start()
    eventually(lambda: all(tenant.counted > 20 for tenant in sample), 60)
    for tenant in sample:
        tenant.stop.set()
    for tenant in sample:
        tenant.join(30)
    counted = {tenant.user: tenant.counted for tenant in sample}
    eventually(lambda: usage(line, counted) == counted, 60)
    found = line.json("usage", "--tenant", sample[0].user, "--from", SINCE)
    assert (found["replayed"], found["skipped"], found["status"]) == (0, 0, "ok")
    assert not found["groups"][0]["start_unknown"]


def test_bytes_by_user_are_told_by_the_clusters_exporter(
    line: CommandLine, addresses: dict[str, Any], passwords: dict[str, str]
) -> None:
    user = sorted(passwords)[0]
    asked = f"SELECT sum(bytes) AS sent FROM principal_bytes FINAL WHERE principal = '{user}'"
    eventually(lambda: int(line.rows(asked)[0]["sent"]), 130)  # a minute has to be over
    found = line.json("usage", "--tenant", user, "--from", SINCE)["bytes"]
    assert found["status"] in ("ok", "insufficient_data"), found
    assert found["sent"] > 0
    assert found["explained"] > 0


def test_what_was_promised_is_judged(line: CommandLine, addresses: dict[str, Any], passwords: dict[str, str]) -> None:
    user = next(user for user in sorted(passwords) if int(user[-3:]) % 3 == 2)
    now = datetime.now(UTC)
    brokers = ("fxcm", "ic_markets", "pepperstone")
    spans = Calendar(rollover_s=dict.fromkeys(brokers, 300)).scheduled(now, now + timedelta(seconds=200), brokers)
    trading = total(spans) > 150  # on a weekend nothing is promised
    asked = "SELECT uniqExact(tier, objective) AS n FROM sla_slices"
    if trading:
        eventually(lambda: int(line.rows(asked)[0]["n"]) == 12, 150)  # it begins with the second whole minute
    told = line.run("sla", "--tenant", user, "--json")
    assert told.returncode in (0, 1), told.stderr
    report = json.loads(told.stdout)
    assert (report["tenant_id"], report["subscription_tier"]) == (user, "enterprise")
    assert report["sla_targets"] == {
        "latency_ms": 1, "uptime_percent": 99.99, "data_completeness_percent": 99.9, "broker_redundancy": 3,
    }  # fmt: skip
    assert set(report["compliance_status"]) == {
        f"{objective}_compliance" for objective in ("latency", "completeness", "uptime", "redundancy")
    }
    assert report["current_metrics"]["broker_count"] == (3 if trading else None)


QUALITY = (
    "broker", "symbol", "ticks", "lines", "completeness_percent", "spread_mean_pips", "crossed_percent",
    "feed_latency_p50_ms", "feed_latency_p99_ms", "source_percent",
)  # fmt: skip
PROMISES = (
    "objective", "target %", "last hour %", "kept", "bad", "burn 1h", "month's target %", "month %", "kept",
    "budget left %",
)  # fmt: skip
REPORT = {
    "tenant_id", "subscription_tier", "sla_targets", "current_metrics", "compliance_status", "overall_compliance",
    "next_review_date", "live", "month", "month_status", "promised", "contractual", "incidents", "judged_until",
    "computed_at", "formula_version",
}  # fmt: skip
KEPT = {
    "objective", "target_percent", "value_percent", "good", "total", "unmeasured", "status", "is_kept",
    "budget_left_percent", "burn_rates",
}  # fmt: skip
OBJECTIVES = ["latency", "completeness", "uptime", "redundancy"]
INCIDENTS = ("incident", "what", "began", "ended", "good", "total", "target percent", "causes", "remedy")
INCIDENT = {
    "incident", "subject", "tier", "objective", "what", "began", "ended", "good", "total", "target_percent", "causes",
    "remedy",
}  # fmt: skip
CREDITS = (
    "tenant", "month", "tier", "state", "usd", "percent", "uptime percent", "target percent", "decided by", "evidence",
)  # fmt: skip
CREDIT = {
    "tenant", "month", "state", "tier", "fee_microusd", "percent", "amount_microusd", "good", "total", "target_percent",
    "evidence", "decided_by", "note",
}  # fmt: skip


def shown(line: CommandLine, *arguments: str, codes: tuple[int, ...] = (0,)) -> tuple[int, list[tuple[str, ...]]]:
    """The exit code, and the lines of what a command prints as their columns."""
    done = line.run(*arguments)
    assert done.returncode in codes, done.stderr
    return done.returncode, [tuple(re.split(r"\s{2,}", each.strip())) for each in done.stdout.splitlines()]


def test_the_tables_of_what_was_promised(line: CommandLine, addresses: dict[str, Any]) -> None:
    # On a machine that is busy a promise may be broken; on a weekend none is, and all there is of them is dashes.
    code, table = shown(line, "sla", codes=(0, 1))
    assert table.count(PROMISES) == len(TIERS)
    rows = [row for row in table if row[0] in OBJECTIVES]
    assert [row[0] for row in rows] == OBJECTIVES * len(TIERS)
    assert {len(row) for row in rows} == {len(PROMISES)}
    assert code == ("no" in {row[3] for row in rows})
    told = line.run("sla", "--json")
    reports = json.loads(told.stdout)
    assert told.returncode == any(report["overall_compliance"] is False for report in reports)
    assert {report["subscription_tier"] for report in reports} == {*TIERS}
    for report in reports:
        assert set(report) == REPORT
        assert report["promised"]["status"] == "ok"
        for of in ("live", "contractual"):
            assert [kept["objective"] for kept in report[of]] == OBJECTIVES
            assert {frozenset(kept) for kept in report[of]} == {frozenset(KEPT)}


@pytest.mark.parametrize(
    ("command", "headings", "keys"),
    [(("sla", "incidents"), INCIDENTS, INCIDENT), (("credits", "list"), CREDITS, CREDIT)],
    ids=["incidents", "credits"],
)
def test_the_tables_of_what_there_may_be_nothing_of(
    line: CommandLine, addresses: dict[str, Any], command: tuple[str, ...], headings: tuple[str, ...], keys: set[str]
) -> None:
    _, table = shown(line, *command)
    assert headings in table
    rows = line.json(*command)
    assert isinstance(rows, list)
    assert {frozenset(row) for row in rows} <= {frozenset(keys)}


def test_the_tables_of_how_everything_is(line: CommandLine, addresses: dict[str, Any]) -> None:
    now = eventually(lambda: snapshot(line), 60)
    assert set(now) == {"at", "brokers", "tiers", "incidents", "at_risk", "formula_version"}
    assert {frozenset(row) for row in now["tiers"]} == {
        frozenset({"tier", "records_per_s", "symbols", "p50_ms", "p99_ms"})
    }
    assert {frozenset(row) for row in now["brokers"]} == {
        frozenset({"broker", "ticks_per_s", "latency_p50_ms", "missing", "faulty", "silent_s", "quiet_s"})
    }
    _, table = shown(line, "top", "--once")
    assert ("broker", "is", "ticks/s", "latency ms", "missing", "faulty", "quiet s") in table
    assert ("tier", "records/s", "symbols", "p50 ms", "p99 ms", "broken") in table
    assert {row[0] for row in table} >= {*BROKERS, *TIERS}


def snapshot(line: CommandLine) -> dict[str, Any] | None:
    """How everything is, once every broker and every tier is known."""
    now: dict[str, Any] = line.json("top")
    known = {row["broker"] for row in now["brokers"]} == BROKERS and {row["tier"] for row in now["tiers"]} == {*TIERS}
    return now if known else None


def test_the_tables_of_how_good_brokers_are(line: CommandLine, addresses: dict[str, Any]) -> None:
    found = eventually(lambda: figures(line), 60)
    assert set(found) == {"quality", "alike"}
    assert {frozenset(row) for row in found["quality"]} == {frozenset(QUALITY)}
    assert isinstance(found["alike"], list)
    _, table = shown(line, "brokers", "quality")
    assert tuple(name.replace("_", " ") for name in QUALITY) in table
    assert {row[0] for row in table} >= BROKERS


def figures(line: CommandLine) -> dict[str, Any] | None:
    """How good brokers are, once every one of them is known."""
    found: dict[str, Any] = line.json("brokers", "quality")
    return found if {row["broker"] for row in found["quality"]} == BROKERS else None


def test_our_own_consumer_is_metered_from_where_it_began(
    line: CommandLine, addresses: dict[str, Any], passwords: dict[str, str]
) -> None:
    user = sorted(passwords)[-2]
    tier = TIERS[int(user[-3:]) % 3]

    async def read() -> int:
        async with TierConsumer(
            addresses["bootstrap_servers"], tier=tier, tenant=user, password=passwords[user], from_="beginning"
        ) as consumer:
            async for _ in consumer.quotes():
                if consumer.stats.quotes >= 30:
                    return consumer.stats.quotes
        raise AssertionError("it ended by itself")

    taken = asyncio.run(asyncio.wait_for(read(), 60))
    eventually(lambda: usage(line, {user: taken}) == {user: taken}, 60)
    found = line.json("usage", "--tenant", user, "--from", SINCE)
    assert not found["groups"][0]["start_unknown"]


def usage(line: CommandLine, users: dict[str, int]) -> dict[str, int]:
    return {user: line.json("usage", "--tenant", user, "--from", SINCE)["ticks"] for user in users}


def test_what_a_tenant_is_refused_is_in_the_decision_log(
    line: CommandLine, addresses: dict[str, Any], passwords: dict[str, str]
) -> None:
    free = next(user for user in sorted(passwords) if int(user[-3:]) % 3 == 0)
    curious = Tenant(addresses["bootstrap_servers"], free, passwords[free], "pro")
    config = curious._config | {"log_level": 0}
    client = ck.admin.AdminClient(
        {name: config[name] for name in config if name.startswith(("bootstrap", "sec", "sasl"))}
    )
    found = client.list_topics("tier.pro", timeout=10).topics["tier.pro"]
    assert found.error is not None
    early = line.run("history", "--tenant", free, "--symbol", "EURUSD", "--from", SINCE, "--limit", "3", "--json")
    assert early.returncode == 0
    assert "goes back 1 h" in early.stderr
    records = [json.loads(each) for each in early.stdout.splitlines()]
    assert len(records) == 3
    assert "spread" not in records[0]
    other = line.run("history", "--tenant", free, "--symbol", "USDJPY", "--from", SINCE)
    assert other.returncode == 2
    asked = "SELECT operation, resource FROM access_decisions WHERE tenant = '{}' GROUP BY ALL ORDER BY ALL"
    wanted = [("DESCRIBE", "tier.pro"), ("HISTORY", "free EURUSD"), ("HISTORY", "free USDJPY")]
    eventually(lambda: [tuple(row.values()) for row in line.rows(asked.format(free))] == wanted, 30)


def test_a_tenants_best_broker_is_told_with_the_figures_behind_it(
    line: CommandLine, addresses: dict[str, Any], passwords: dict[str, str]
) -> None:
    enterprise = next(user for user in sorted(passwords) if int(user[-3:]) % 3 == 2)
    (feed,) = eventually(lambda: feeds(line, enterprise), 60)
    assert feed["broker"] in {"ic_markets", "pepperstone", "fxcm"}
    assert (feed["latency_sla_ms"], feed["quality_level"]) == (1, "premium")
    assert [standing["broker"] for standing in feed["standings"]] == ["ic_markets", "pepperstone", "fxcm"]
    assert any(standing["score"] for standing in feed["standings"])
    # The tier's own records say who led, too.
    assert eventually(lambda: [each["broker"] for (found,) in [feeds(line, enterprise)] for each in found["told"]], 60)


def feeds(line: CommandLine, tenant: str) -> list[dict[str, Any]]:
    done = line.run("tenants", "feed", tenant, "--symbol", "EURUSD", "--json")
    return json.loads(done.stdout) if done.stdout else []


def test_no_secret_is_in_any_log_or_argument(
    line: CommandLine, addresses: dict[str, Any], passwords: dict[str, str]
) -> None:
    own = json.loads((line.home / "secured" / "kafka" / "secrets.json").read_text())
    database = (line.home / "secured" / "clickhouse" / "password").read_text()
    secrets = {*own.values(), *passwords.values(), database}
    shown = line.run("status", "--json").stdout + line.run("config", "show").stdout
    files = [file for file in (line.home / "secured").rglob("*") if file.suffix in {".log", ".json", ".1", ".out"}]
    texts = {str(file): file.read_text(errors="replace") for file in files if file.name != "secrets.json"}
    arguments = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    for where, text in {**texts, "status": shown, "arguments": arguments}.items():
        assert not [secret for secret in secrets if secret in text], where
    modes = Counter(
        file.stat().st_mode & 0o077
        for file in (line.home / "secured" / "kafka").iterdir()
        if file.name in {"secrets.json", "server.properties"}
    )
    assert modes == {0: 2}


def test_clickhouse_answers_nobody_without_its_password(line: CommandLine, addresses: dict[str, Any]) -> None:
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"{addresses['clickhouse_url']}/?query=SELECT+1", timeout=10)
    assert refused.value.code == 403
    assert line.rows("SELECT 1 AS one") == [{"one": 1}]


def test_a_removed_tenant_is_gone_and_the_others_stay(
    line: CommandLine, addresses: dict[str, Any], passwords: dict[str, str]
) -> None:
    gone = sorted(passwords)[-1]
    still = line.run("tenants", "remove", gone, "--yes")
    assert still.returncode == 2
    assert "take it out first" in still.stderr
    file = Path(line.extra["TIERFEED_TENANTS_FILE"])
    document = yaml.safe_load(file.read_text())
    document["tenants"] = [tenant for tenant in document["tenants"] if tenant["id"] != gone]
    file.write_text(yaml.safe_dump(document))
    assert line.run("tenants", "remove", gone, "--yes").returncode == 0
    assert gone not in {row["tenant"] for row in line.json("tenants", "list")}
    assert line.run("tenants", "plan").returncode == 0
    versions = line.rows(f"SELECT active FROM tenant_versions WHERE tenant = '{gone}' ORDER BY valid_from")
    assert [row["active"] for row in versions] == [True, False]
