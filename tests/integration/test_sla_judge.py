"""The judge on real Kafka and ClickHouse: what it tells once, whoever dies, and what it judges again."""

import uuid
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from analytics.sla import judge as judging
from analytics.sla.compliance import SLAManager
from analytics.sla.judge import Judge
from analytics.sla.log import read
from analytics.sla.slices import Admitted
from analytics.sla.store import Edges, Store
from infra import clickhouse
from tests.sink_parts import deployment
from tierfeed.domain.market import Calendar
from tierfeed.domain.objectives import ALERTS
from tierfeed.domain.tenants import Registered, Tenant
from tierfeed.domain.tiers import Tier
from tierfeed.errors import UpstreamError
from tierfeed.settings import ClickHouseSettings, KafkaSettings, Settings

pytestmark = [pytest.mark.kafka, pytest.mark.clickhouse]

NOON = 1_777_464_000
"""Wednesday 2026-04-29 12:00 UTC. Judging begins with the second whole minute."""
BEGIN = NOON + 120
BROKERS = ("alpha", "beta")
NEVER_STALLED = 0.0
"""A clock by which everything that is stored came just now."""


class World:
    """A tier of two brokers and one symbol, and what is stored of it."""

    def __init__(self, settings: Settings, word: str) -> None:
        self.settings, self.word = settings, word
        self.tier = Tier(
            name=word, symbols=None, interval_us=10_000, depth_hours=24, brokers=BROKERS, redundancy=2,
            record="FreeQuote", latency_us=1000, completeness_ppm=999_000, uptime_ppm=999_000,
        )  # fmt: skip
        self.registered = Registered({}, {word: self.tier})
        self._client = clickhouse.client(settings.clickhouse)

    def judge(self, admitted: Admitted = lambda tier, end: ()) -> Judge:
        return Judge(self.settings, self.registered, admitted)

    def store(self, seconds: Iterable[int], brokers: Iterable[str] = BROKERS) -> None:
        """Quality windows of these seconds from NOON on: each broker ticks once."""
        now = datetime.now(UTC)
        rows = [
            (broker, "EURUSD", datetime.fromtimestamp(NOON + second, UTC), 1, 1, now)
            for second in seconds
            for broker in brokers
        ]
        columns = ("broker", "symbol", "window_start", "ticks", "heartbeats", "stored_at")
        self._client.insert("quality_windows", rows, column_names=columns)

    def sign(self, tenant: Tenant, at: int, name: str, symbols: Iterable[str] = ()) -> None:
        """What the register tells of the tenant from then on."""
        when = datetime.fromtimestamp(at, UTC)
        columns = ("tenant", "valid_from", "active", "name", "tier", "symbols")
        row = (tenant.id, when, True, name, self.word, list(symbols))
        self._client.insert("tenant_versions", [row], column_names=columns)
        sold = (self.word, datetime.fromtimestamp(0, UTC), True, 10, 24, BROKERS, 2, 1, 99.9, 99.9)
        columns = (
            "tier", "valid_from", "active", "interval_ms", "depth_hours", "brokers", "redundancy", "latency_ms",
            "completeness_percent", "uptime_percent",
        )  # fmt: skip
        self._client.insert("tier_versions", [sold], column_names=columns)

    def publish(self, seconds: Iterable[int], late_us: int = 0) -> None:
        """Thirty records of these seconds, so long after they were due."""
        now = datetime.now(UTC)
        rows = []
        for second in seconds:
            for k in range(30):
                due_us = (NOON + second) * 1_000_000 + k * 10_000
                due, published = (datetime.fromtimestamp(us / 1e6, UTC) for us in (due_us, due_us + late_us))
                rows.append((self.word, "EURUSD", due, due, published, 0, second * 30 + k, now))
        columns = (
            "tier",
            "symbol",
            "as_of_time",
            "due_time",
            "published_time",
            "conflated_count",
            "upto_sequence",
            "stored_at",
        )
        self._client.insert("tier_quotes", rows, column_names=columns)

    def told(self) -> list[tuple[str, str, int, int]]:
        """(kind, objective, began, time) on the topic, seconds from BEGIN on."""
        found = [record for record in read(self.settings.kafka) if record["subject"] == self.word]
        return [
            (each["kind"], each["objective"], *(int(each[name].timestamp()) - BEGIN for name in ("began_time", "time")))
            for each in found
            if each["window_s"] is None
        ]

    def alerts(self) -> list[dict[str, Any]]:
        """Those on the topic, and their ends."""
        found = [record for record in read(self.settings.kafka) if record["subject"] == self.word]
        return [each for each in found if each["window_s"] is not None]

    def bad(self, objective: str) -> list[int]:
        """The starts of slices with anything bad, seconds from BEGIN on."""
        sql = (
            "SELECT toUnixTimestamp(slice_start) FROM sla_slices FINAL "
            "WHERE objective = {objective:String} AND arrayExists((g, t) -> g < t, good, total) ORDER BY 1"
        )
        return [row[0] - BEGIN for row in self._client.query(sql, parameters={"objective": objective}).result_rows]

    def slices(self) -> dict[str, int]:
        rows = self._client.query("SELECT objective, count() FROM sla_slices FINAL GROUP BY objective").result_rows
        return dict(rows)


@pytest.fixture
def world(kafka: KafkaSettings, database: ClickHouseSettings, tmp_path: Path) -> World:
    word = f"w{uuid.uuid4().hex[:8]}"
    return World(deployment(word, tmp_path, kafka, database), word)


def lost(world: World, until: int = 900) -> None:
    """Beta is away from 300 to 420 s after BEGIN; all is stored by `until`."""
    away = range(420, 540)
    world.store([second for second in range(120 + until) if second not in away])
    world.store(away, ["alpha"])


def test_a_lost_broker_is_one_incident_with_a_beginning_and_an_end(world: World) -> None:
    lost(world)
    judge = world.judge()
    judge.step(NEVER_STALLED)
    judge.close()
    assert world.bad("uptime") == []
    assert world.bad("redundancy") == [300, 360]
    assert world.told() == [("BREACH", "redundancy", 300, 360), ("RECOVERY", "redundancy", 300, 480)]
    assert world.slices() == {"uptime": 89, "redundancy": 14}  # the last three seconds are waited for


def test_a_judge_that_dies_at_any_step_tells_nothing_twice_and_leaves_nothing_out(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(judging, "CHUNK_S", 130)
    lost(world)
    keep, steps = Store.keep, 0

    def dies(store: Store, slices: Iterable[object]) -> int:
        nonlocal steps
        listed, steps = list(slices), steps + 1
        if steps % 2:
            raise UpstreamError("killed between what was told and what it rests on")
        return keep(store, listed)  # type: ignore[arg-type]

    monkeypatch.setattr(Store, "keep", dies)
    for _ in range(16):
        judge = world.judge()
        try:
            judge.step(NEVER_STALLED)
        except UpstreamError:
            pass
        finally:
            judge.close()
    assert world.told() == [("BREACH", "redundancy", 300, 360), ("RECOVERY", "redundancy", 300, 480)]
    assert world.slices() == {"uptime": 89, "redundancy": 14}


def test_time_that_nobody_tells_of_is_bad_until_it_is_told(world: World) -> None:
    world.store(range(420))
    judge = world.judge()
    judge.step(NEVER_STALLED)
    assert world.bad("uptime") == []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(judging, "CHUNK_S", 3600)
        old = Edges(NOON, NOON + 419, datetime.fromtimestamp(NOON, UTC))
        patch.setattr(Store, "edges", lambda *_: old)
        judge.step(NOON + 420 + 60 + judging.STALLED_S)
    assert world.bad("uptime") == [300, 310, 320, 330, 340, 350]
    assert [each[:2] for each in world.told()] == [("BREACH", "uptime"), ("BREACH", "redundancy")]
    world.store(range(420, 620))
    judge.step(NEVER_STALLED)
    assert world.bad("uptime") == []  # it was there all the time: only what was told stays told
    assert world.told()[-2:] == [("RECOVERY", "uptime", 300, 420), ("RECOVERY", "redundancy", 300, 420)]
    judge.close()


def test_an_incident_ends_when_nobody_is_promised_anything_any_more(world: World) -> None:
    world.store(range(420))
    world.store(range(420, 600), ["alpha"])
    judge = world.judge()
    judge.step(NEVER_STALLED)
    judge.close()
    assert [each[0] for each in world.told()] == ["BREACH"]
    world.registered = Registered({}, {})
    for _ in range(2):
        judge = world.judge()
        judge.step(NEVER_STALLED)
        judge.close()
    assert world.told() == [("BREACH", "redundancy", 300, 360), ("RECOVERY", "redundancy", 300, 470)]
    (ended,) = (
        record for record in read(world.settings.kafka) if record["tier"] == world.word and record["kind"] == "RECOVERY"
    )
    assert ended["causes"] == "no_longer_promised"


def test_an_alert_ends_when_nobody_is_promised_anything_any_more(world: World) -> None:
    world.store(range(420))
    world.publish(range(120, 420), late_us=1500)
    judge = world.judge()
    judge.step(NEVER_STALLED)
    judge.close()
    begun = world.alerts()
    assert {(each["kind"], each["causes"]) for each in begun} == {("ALERT", "")}
    of_latency = {("latency", window_s) for _, window_s in ALERTS}
    assert {(each["objective"], each["window_s"]) for each in begun} >= of_latency
    world.registered = Registered({}, {})
    for _ in range(2):
        judge = world.judge()
        judge.step(NEVER_STALLED)
        judge.close()
    ended = world.alerts()[len(begun) :]
    assert {(each["kind"], each["causes"]) for each in ended} == {("ALERT_END", "no_longer_promised")}
    assert {int(each["time"].timestamp()) - BEGIN for each in ended} == {290}
    told = ("incident", "objective", "window_s", "began_time", "good", "total", "target_ppm")
    of_begun, of_ended = (sorted(tuple(each[name] for name in told) for each in rows) for rows in (begun, ended))
    assert of_ended == of_begun


def test_occurrences(world: World) -> None:
    world.store(range(120 + 300))
    world.publish(range(120, 240))
    world.publish(range(240, 260), late_us=1500)
    world.publish(range(260, 420))
    judge = world.judge()
    judge.step(NEVER_STALLED)
    judge.close()
    assert world.bad("latency") == [120, 130]
    # The breach begins with the minute that ends with the first late slice.
    assert [each for each in world.told() if each[1] == "latency"] == [
        ("BREACH", "latency", 70, 130), ("RECOVERY", "latency", 70, 200),
    ]  # fmt: skip
    report = SLAManager(world.settings.clickhouse, world.registered, Calendar()).tier_compliance(
        world.word, "2026-04", datetime.fromtimestamp(BEGIN + 300, UTC)
    )
    latency = next(kept for kept in report.live if kept.objective == "latency")
    assert (latency.good, latency.total, latency.is_kept) == (270 * 30, 290 * 30, False)
    assert latency.value_percent == round(100 * 270 / 290, 5)
    assert report.current_metrics["latency_p50_ms"] == 0


def test_a_tenant_with_fewer_symbols_is_judged_apart(world: World) -> None:
    tenant = Tenant(id=f"{world.word}-t", name="T", tier=world.word, symbols=frozenset({"EURUSD"}))
    world.registered = Registered({tenant.id: tenant}, {world.word: world.tier})
    lost(world)
    judge = world.judge()
    judge.step(NEVER_STALLED)
    judge.close()
    of = {record["tenant"] for record in read(world.settings.kafka) if record["tier"] == world.word}
    assert of == {None, tenant.id}
    report = SLAManager(world.settings.clickhouse, world.registered, Calendar()).monitor_sla_compliance(
        tenant.id, "2026-04", datetime.fromtimestamp(BEGIN + 890, UTC)
    )
    assert report.compliance_status["uptime_compliance"] is True
    assert report.compliance_status["redundancy_compliance"] is False
    assert report.compliance_status["latency_compliance"] is None
    assert report.overall_compliance is False


def test_a_tenants_month_begins_with_what_it_has(world: World) -> None:
    tenant = Tenant(id=f"{world.word}-t", name="T", tier=world.word)
    world.registered = Registered({tenant.id: tenant}, {world.word: world.tier})
    lost(world)
    judge = world.judge()
    judge.step(NEVER_STALLED)
    judge.close()
    until = BEGIN + 880
    manager = SLAManager(world.settings.clickhouse, world.registered, Calendar())

    def slices() -> int:
        report = manager.monitor_sla_compliance(tenant.id, "2026-04", datetime.fromtimestamp(until, UTC))
        return next(kept.total for kept in report.contractual if kept.objective == "uptime")

    whole = slices()
    world.sign(tenant, NOON - 86_400, "T")
    assert slices() == whole
    world.sign(tenant, BEGIN + 300, "another name")
    assert slices() == whole
    world.sign(tenant, BEGIN + 400, "T", symbols=["EURUSD"])
    assert slices() == whole - 40
