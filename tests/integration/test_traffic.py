"""The cross-check of bytes, on a real secured Kafka with its exporter: who reads without committing is told."""

import os
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import confluent_kafka as ck
import pytest

from analytics.usage import Bytes, Status, usage
from infra import clickhouse
from infra.embedded.kafka import State
from infra.kafka import admin, apply, describe, plan_topics, producer
from schemas import topics
from sinks.setup import migrate
from tenants.cluster import Access
from tenants.meter.exporter import Traffic, ask
from tenants.plan import plan_tenants
from tests.builders import eventually
from tierfeed.domain.tenants import Registered, Tenant
from tierfeed.settings import ClickHouseSettings, MeterSettings, Settings

pytestmark = [pytest.mark.kafka, pytest.mark.clickhouse]

RECORDS, BYTES = 4000, 1000
TOPIC = topics.tier("pro")
TODAY = datetime(2026, 7, 1, tzinfo=UTC).date()


@pytest.fixture
def settings(secured: State, database: ClickHouseSettings) -> Settings:
    assert secured.exporter_url is not None
    settings = Settings(
        kafka=secured.settings(),
        clickhouse=database,
        brokers=("fxcm",),
        meter=MeterSettings(exporters=(secured.exporter_url,), scrape_s=1.0),
    )
    client = admin(settings.kafka)
    declared = topics.declared(settings.brokers, settings.tiers(), settings.kafka.partitions)
    apply(plan_topics(declared, describe(client)), client)
    migrate(settings)
    return settings


@pytest.fixture
def asked(settings: Settings) -> Iterator[None]:
    """The exporter is asked, from the beginning of a minute on."""
    time.sleep(-time.time() % 60)
    stop = threading.Event()
    thread = threading.Thread(target=Traffic(settings).run, args=(stop,))
    thread.start()
    yield
    stop.set()
    thread.join()


def read(settings: Settings, tenant: str, password: str, group: str) -> dict[int, tuple[int, int]]:
    """Everything that stands on the topic; by partition, from where to where."""
    consumer = ck.Consumer(
        {
            "bootstrap.servers": settings.kafka.bootstrap_servers, "security.protocol": "SASL_PLAINTEXT",
            "sasl.mechanism": "SCRAM-SHA-512", "sasl.username": tenant, "sasl.password": password,
            "group.id": f"{tenant}.{group}", "enable.auto.commit": False,
        }
    )  # fmt: skip
    ends = {}
    for partition in range(settings.kafka.partitions):
        first, end = consumer.get_watermark_offsets(ck.TopicPartition(TOPIC, partition), timeout=20)
        ends[partition] = (first, end)
    consumer.assign([ck.TopicPartition(TOPIC, p, first) for p, (first, _) in ends.items()])
    left = sum(end - first for first, end in ends.values())
    deadline_s = time.monotonic() + 30
    while left and time.monotonic() < deadline_s:
        left -= sum(message.error() is None for message in consumer.consume(500, 0.5))
    consumer.close()
    assert not left
    return ends


def metered(settings: Settings, tenant: str, ends: dict[int, tuple[int, int]]) -> None:
    """What the meter and the sink make of the commits of somebody who has read this."""
    now = datetime.now(UTC)
    rows = [
        (tenant, f"{tenant}.desk", TOPIC, partition, "CONSUMED", first, end, 0, now, partition)
        for partition, (first, end) in ends.items()
    ]
    columns = ("tenant", "consumer_group", "read_topic", "read_partition", "kind", "from_offset", "to_offset", "pass", "committed_at", "source_offset")  # fmt: skip  # noqa: E501
    client = clickhouse.client(settings.clickhouse)
    client.insert("usage_ranges", rows, column_names=columns)
    client.close()


def test_who_reads_and_does_not_commit_is_told(settings: Settings, secured: State, asked: None, unique: str) -> None:
    tenants = [Tenant(id=f"{unique}-{name}", name=name, tier="pro") for name in ("honest", "silent")]
    honest, silent = (tenant.id for tenant in tenants)
    access = Access(settings.kafka, admin(settings.kafka))
    none = Registered({}, {})
    access.carry_out(plan_tenants(tenants, settings.tiers(), access.state([honest, silent]), none, TODAY))
    passwords = {user: access.passwords[user] for user in (honest, silent)}
    sending = producer(settings.kafka)
    for number in range(RECORDS):
        sending.produce(TOPIC, os.urandom(BYTES), str(number))
    assert sending.flush(30) == 0

    begin = datetime.now(UTC).replace(second=0, microsecond=0)
    for user in (honest, silent):
        metered(settings, user, read(settings, user, passwords[user], "desk"))
    read(settings, silent, passwords[silent], "nobody-knows")

    def told(user: str) -> Bytes:
        return usage(settings.clickhouse, user, begin, begin + timedelta(minutes=1)).bytes

    assert told(honest).status in (Status.NO_SOURCE, Status.INSUFFICIENT_DATA)  # the minute is not over
    eventually(lambda: told(honest).status is not Status.NO_SOURCE and told(silent).sent, 75)
    fair, more = told(honest), told(silent)
    assert fair.status is Status.OK, fair
    assert fair.sent == pytest.approx(RECORDS * BYTES, rel=0.15)
    assert more.status is Status.UNDER_METERED, more
    assert more.sent == pytest.approx(2 * RECORDS * BYTES, rel=0.15)


def test_a_cluster_that_nobody_asks_is_no_source(settings: Settings) -> None:
    found = usage(settings.clickhouse, "nobody", datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC))
    assert found.bytes == Bytes(None, None, 0.0, Status.NO_SOURCE)


def test_an_exporter_that_does_not_answer_is_a_hole_and_nothing_else(settings: Settings) -> None:
    changed = settings.model_copy(update={"meter": MeterSettings(exporters=("http://127.0.0.1:9/metrics",))})
    traffic, stop = Traffic(changed), threading.Event()
    traffic._ask("http://127.0.0.1:9/metrics")
    assert not traffic._waiting
    stop.set()
    traffic.run(stop)
    assert ask(settings.meter.exporters[0]).logs
