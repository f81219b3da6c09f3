"""Ten thousand tenants: what entitlement costs the Kafka cluster, what a meter's cycle takes, and what usage asks."""

import shutil
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import confluent_kafka as ck

from analytics.summary import Questions
from bench.places import TARGET
from bench.process import cpu_s
from bench.telling import say
from infra import clickhouse
from infra.acls import Acl, add_acls
from infra.embedded.clickhouse import EmbeddedClickHouse
from infra.embedded.kafka import EmbeddedKafka, State
from infra.kafka import admin, apply, describe, plan_topics
from schemas import topics
from schemas.topics import Topic
from sinks.setup import migrate
from tenants.cluster import Access
from tenants.meter.meter import LogMeter
from tenants.plan import plan_tenants
from tierfeed.domain.tenants import ADMIN, Registered, Tenant
from tierfeed.settings import ClickHouseSettings, Settings

TENANTS = 10_000
SHARES = {"free": 0.85, "pro": 0.13, "enterprise": 0.02}
CROWDED = "crowded"
"""A topic on which every tenant has an entry of Kafka's own kind, for comparison."""
ASKED_S = 4.0
QUOTES = 2_000_000
RANGES = 20
"""Of each group and partition: what a meter that tells every half minute tells in ten minutes."""
DAY = datetime(2026, 11, 1, tzinfo=UTC)


def measure(tenants: int = TENANTS) -> dict[str, Any]:
    """Everything, on a secured cluster and a database of their own."""
    declared = [_tenant(number, tenants) for number in range(tenants)]
    with _servers() as (state, database):
        settings = Settings(kafka=state.settings(), clickhouse=database, brokers=("fxcm",))
        client = admin(settings.kafka)
        wanted = topics.declared(settings.brokers, settings.tiers(), settings.kafka.partitions)
        wanted[CROWDED] = Topic(name=CROWDED, key="", values=(), partitions=1)
        apply(plan_topics(wanted, describe(client)), client)
        migrate(settings)
        found = {"tenants": tenants, "apply": _applied(settings, declared, client)}
        found["authorizer"] = _authorized(state, declared, client)
        found["meter"] = _metered(settings, declared)
        found["usage"] = _asked(settings, declared)
        return found


def _tenant(number: int, of: int) -> Tenant:
    share, tier = number / of, "enterprise"
    for name, part in SHARES.items():
        if share < part:
            tier = name
            break
        share -= part
    return Tenant(id=f"tenant-{number:05d}", name=f"Tenant {number}", tier=tier)


@contextmanager
def _servers() -> Iterator[tuple[State, ClickHouseSettings]]:
    homes = [TARGET / "kafka-tenants", TARGET / "clickhouse-tenants"]
    for home in homes:
        shutil.rmtree(home, ignore_errors=True)
    kafka, database = EmbeddedKafka(homes[0], secure=True), EmbeddedClickHouse(homes[1])
    try:
        yield kafka.start(), ClickHouseSettings(url=database.start().url)
    finally:
        kafka.stop()
        database.stop()
        for home in homes:
            shutil.rmtree(home, ignore_errors=True)


def _applied(settings: Settings, declared: list[Tenant], client: Any) -> dict[str, float]:
    """Seconds: the first plan and its carrying out, and a plan that finds nothing to do."""
    access, day = Access(settings.kafka, client), DAY.date()
    tiers, nobody, names = settings.tiers(), Registered({}, {}), [tenant.id for tenant in declared]
    plan_s, plan = _timed(lambda: plan_tenants(declared, tiers, access.state(names), nobody, day))
    apply_s, _ = _timed(lambda: access.carry_out(plan))
    known = Registered({tenant.id: tenant for tenant in declared}, {tier.name: tier for tier in tiers})
    again_s, again = _timed(lambda: plan_tenants(declared, tiers, access.state(names), known, day))
    assert again.is_empty, again.changes[:3]
    _PASSWORDS.update(access.passwords)
    say(f"tenants: plan {plan_s:.1f} s, apply {apply_s:.1f} s, plan again {again_s:.1f} s")
    return {"plan_s": plan_s, "apply_s": apply_s, "plan_again_s": again_s}


_PASSWORDS: dict[str, str] = {}


def _authorized(state: State, declared: list[Tenant], client: Any) -> dict[str, float]:
    """µs of the server's CPU per request: of the admin, whose rights nobody looks up, of a tenant that asks its tier's
    topic, and of the same on the crowded topic.
    """
    user = declared[0].id
    add_acls(client, [Acl(tenant.id, "TOPIC", CROWDED, "LITERAL", "READ") for tenant in declared])
    _PASSWORDS[ADMIN] = _password(state)
    _request_us(state, ADMIN, CROWDED)  # the server compiles
    found = {
        "admin_us": _request_us(state, ADMIN, CROWDED),
        "doors_us": _request_us(state, user, topics.tier(declared[0].tier)),
        "entries_on_the_topic_us": _request_us(state, user, CROWDED),
    }
    say(f"tenants: {found['doors_us']:.0f} µs a request by doors, {found['entries_on_the_topic_us']:.0f} µs without")
    return found


def _password(state: State) -> str:
    password = state.settings().password
    assert password is not None
    return password.get_secret_value()


def _request_us(state: State, user: str, topic: str) -> float:
    kafka = state.settings().model_dump() | {"username": user, "password": _PASSWORDS[user]}
    reader = ck.Consumer(Settings(kafka=kafka).kafka.client(group_id=f"{user}.bench"))
    place, asked, pid = ck.TopicPartition(topic, 0), 0, state.pid
    assert pid is not None
    for _ in range(200):
        reader.get_watermark_offsets(place)
    begun, cpu = time.monotonic(), cpu_s(pid)
    while time.monotonic() - begun < ASKED_S:
        reader.get_watermark_offsets(place)
        asked += 2  # one for each end
    spent = cpu_s(pid) - cpu
    reader.close()
    return spent / asked * 1e6


@dataclass(frozen=True)
class _Message:
    """A record of __consumer_offsets, as much of it as the meter asks for."""

    of_key: bytes
    of_value: bytes
    at: int

    def error(self) -> None:
        return None

    def key(self) -> bytes:
        return self.of_key

    def value(self) -> bytes:
        return self.of_value

    def partition(self) -> int:
        return 0

    def offset(self) -> int:
        return self.at


def _metered(settings: Settings, declared: list[Tenant]) -> dict[str, float]:
    """One cycle: every group commits in every partition, and the ranges are on `usage`."""
    partitions = settings.kafka.partitions
    meter = LogMeter(settings)
    meter.teller.prepare()
    for round_ in range(2):  # the first says where everybody is
        messages = [
            _commit(tenant, partition, 1000 * (round_ + 1), round_ * len(declared) * partitions + at)
            for at, (tenant, partition) in enumerate((t, p) for t in declared for p in range(partitions))
        ]
        begun, cpu = time.monotonic(), time.process_time()
        for message in messages:
            meter.take(message)
        meter.teller.tell()
        wall_s, spent_s = time.monotonic() - begun, time.process_time() - cpu
    meter.close()
    each_us = spent_s / len(messages) * 1e6
    say(f"tenants: a cycle of {len(messages):,} commits takes {wall_s:.1f} s, {each_us:.1f} µs each")
    return {"commits": len(messages), "cycle_s": wall_s, "cpu_us_per_commit": each_us}


def _commit(tenant: Tenant, partition: int, offset: int, at: int) -> _Message:
    def text(value: str) -> bytes:
        return struct.pack(">h", len(value)) + value.encode()

    key = (
        struct.pack(">h", 1) + text(f"{tenant.id}.desk") + text(topics.tier(tenant.tier)) + struct.pack(">i", partition)
    )
    return _Message(key, struct.pack(">hqi", 3, offset, -1) + text("") + struct.pack(">q", 0), at)


def _asked(settings: Settings, declared: list[Tenant]) -> dict[str, float]:
    """Seconds that the questions take, over a day of quotes and every tenant's ranges."""
    client = clickhouse.client(settings.clickhouse)
    for sql in (_FILL_QUOTES, _FILL_RANGES):
        client.command(sql.format(tenants=len(declared), quotes=QUOTES, ranges=RANGES))
    stored = {
        table: int(client.query(f"SELECT count() FROM {table}").result_rows[0][0])
        for table in ("tier_quotes", "usage_ranges")
    }
    client.close()
    questions = Questions(settings.clickhouse)
    span = {"from": DAY, "to": DAY.replace(day=2)}
    all_s, rows = _timed(lambda: questions.ask("usage_tenants", span))
    one_s, _ = _timed(lambda: questions.ask("usage", span | {"tenant": declared[1].id}))
    questions.close()
    say(f"tenants: usage of all {all_s:.1f} s ({len(rows):,} rows), of one {one_s:.2f} s; stored {stored}")
    return {"all_s": all_s, "one_s": one_s, "rows": len(rows), **stored}


def _timed(work: Callable[[], Any]) -> tuple[float, Any]:
    begun = time.monotonic()
    result = work()
    return time.monotonic() - begun, result


_FILL_QUOTES = """
INSERT INTO tier_quotes
    (tier, symbol, state, published_time, received_time, topic_id, partition, offset, upto_sequence, stored_at)
SELECT ['free', 'pro', 'enterprise'][tier_at], concat('SYMBOL', toString(number % 28)), 'NORMAL',
    toDateTime64('2026-11-01', 6, 'UTC') + toIntervalMillisecond(intDiv(number * 86000000, {quotes})),
    toDateTime64('2026-11-01', 6, 'UTC'), toUUID(concat('00000000-0000-0000-0000-00000000000', toString(tier_at))),
    intDiv(number, 3) % 6, intDiv(number, 18), number, now64(6)
FROM (SELECT number, number % 3 + 1 AS tier_at FROM numbers({quotes}))
"""
_FILL_RANGES = """
INSERT INTO usage_ranges
    (tenant, consumer_group, read_topic, read_topic_id, read_partition, kind, from_offset, to_offset)
SELECT tenant, concat(tenant, '.desk'), '', id, arrayJoin(range(6)) AS at, 'CONSUMED',
    piece * each + number % 97, (piece + 1) * each + number % 97
FROM
(
    SELECT
        number,
        concat('tenant-', leftPad(toString(number), 5, '0')) AS tenant,
        concat(
            '00000000-0000-0000-0000-00000000000',
            if(number < {tenants} * 0.85, '1', if(number < {tenants} * 0.98, '2', '3'))
        ) AS id,
        arrayJoin(range({ranges})) AS piece,
        intDiv({quotes}, 18 * {ranges}) AS each
    FROM numbers({tenants})
)
"""
