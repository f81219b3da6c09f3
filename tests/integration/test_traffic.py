"""The cross-check of bytes, on a real secured Kafka with its exporter: who reads without committing is told."""

import os
import socket
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import confluent_kafka as ck
import pytest
import yaml

from analytics.figures import Status
from analytics.usage import Bytes, usage
from infra import clickhouse, metrics
from infra.embedded.kafka import State
from infra.kafka import admin, apply, plan_topics, producer
from infra.metrics import Metric
from infra.parts import READY_LINE
from schemas import topics
from sinks.setup import migrate
from tenants.cluster import Access
from tenants.meter import exporter
from tenants.plan import plan_tenants
from tests.builders import eventually
from tests.child import Child
from tierfeed.cli.stack import environment
from tierfeed.domain.tenants import Registered, Tenant
from tierfeed.settings import ClickHouseSettings, MeterSettings, Settings

pytestmark = [pytest.mark.kafka, pytest.mark.clickhouse]

RECORDS, BYTES = 4000, 1000
BLUR = 0.3
"""A burst after a silence counts 1.11 to 1.15 times, asked every second; on a busy machine the seconds are uneven."""
TOPIC = topics.tier("pro")
TODAY = datetime(2026, 7, 1, tzinfo=UTC).date()
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
RATES = b'kafka_server_fetch_byte_rate{user="acme"} 1.0\n'


@pytest.fixture
def settings(secured: State, database: ClickHouseSettings, unique: str, tmp_path: Path) -> Settings:
    """With a tier of its own: a topic's records are taken to be alike, and other tests put bulky ones elsewhere."""
    assert secured.exporter_url is not None
    tier = {"symbols": "all", "interval_ms": 100, "depth_hours": 1, "redundancy": 1, "record": "ProQuote"}
    tiers_file = tmp_path / "tiers.yaml"
    tiers_file.write_text(yaml.safe_dump({unique: tier | {"brokers": ["fxcm"]}}))
    settings = Settings(
        tiers_file=tiers_file,
        kafka=secured.settings(),
        clickhouse=database,
        brokers=("fxcm",),
        meter=MeterSettings(exporters=(secured.exporter_url,), scrape_s=1.0),
    )
    client = admin(settings.kafka)
    declared = topics.declared(settings.brokers, settings.tiers(), settings.kafka.partitions)
    existing = set(client.list_topics(timeout=10).topics)
    apply(plan_topics({name: topic for name, topic in declared.items() if name not in existing}, {}), client)
    migrate(settings)
    return settings


@pytest.fixture
def parts(settings: Settings, tmp_path: Path) -> Iterator[None]:
    """A meter, which asks the exporter, and a sink, at work; then, the beginning of a minute."""
    quick = {"TIERFEED_METER__SCRAPE_S": "1", "TIERFEED_METER__FLUSH_S": "0.3", "TIERFEED_SINK__FLUSH_MS": "100"}
    quick["TIERFEED_TIERS_FILE"] = str(settings.tiers_file)
    env = environment(settings, tmp_path) | quick
    running = [Child(("-m", "tierfeed", part, "run"), env, tmp_path / f"{part}.log") for part in ("meter", "sink")]
    try:
        # The sink's first commit makes the log of commits, without which no meter is ready.
        eventually(lambda: all(READY_LINE.encode() in part.log.read_bytes() for part in running), 60)
        time.sleep(-time.time() % 60)
        yield
    finally:
        for part in running:
            part.end()


def read(settings: Settings, tenant: str, password: str, group: str, *, commits: bool) -> None:
    """Everything that stands on the tier's topic, with a client that is not ours."""
    (topic,) = map(topics.tier, (tier.name for tier in settings.tiers()))
    consumer = ck.Consumer(
        {
            "bootstrap.servers": settings.kafka.bootstrap_servers, "security.protocol": "SASL_PLAINTEXT",
            "sasl.mechanism": "SCRAM-SHA-512", "sasl.username": tenant, "sasl.password": password,
            "group.id": f"{tenant}.{group}", "enable.auto.commit": False,
        }
    )  # fmt: skip
    places = [ck.TopicPartition(topic, partition) for partition in range(settings.kafka.partitions)]
    spans = [consumer.get_watermark_offsets(place, timeout=20) for place in places]
    begins = [ck.TopicPartition(topic, p, first, f"tierfeed from={first}") for p, (first, _) in enumerate(spans)]
    consumer.assign(begins)
    if commits:
        consumer.commit(offsets=begins, asynchronous=False)
    left = sum(end - first for first, end in spans)
    deadline_s = time.monotonic() + 30
    while left and time.monotonic() < deadline_s:
        left -= sum(message.error() is None for message in consumer.consume(500, 0.5))
    assert not left
    if commits:
        consumer.commit(
            offsets=[ck.TopicPartition(topic, p, end) for p, (_, end) in enumerate(spans)], asynchronous=False
        )
    consumer.close()


def test_who_reads_and_does_not_commit_is_told(settings: Settings, parts: None, unique: str) -> None:
    tenants = [Tenant(id=f"{unique}-{name}", name=name, tier=unique) for name in ("honest", "silent")]
    honest, silent = (tenant.id for tenant in tenants)
    access = Access(settings.kafka, admin(settings.kafka))
    none = Registered({}, {})
    access.carry_out(plan_tenants(tenants, settings.tiers(), access.state([honest, silent]), none, TODAY))
    passwords = {user: access.passwords[user] for user in (honest, silent)}
    sending = producer(settings.kafka)
    for number in range(RECORDS):
        sending.produce(topics.tier(unique), os.urandom(BYTES), str(number))
    assert sending.flush(30) == 0

    begin = datetime.now(UTC).replace(second=0, microsecond=0)
    for user in (honest, silent):
        read(settings, user, passwords[user], "desk", commits=True)
    read(settings, silent, passwords[silent], "nobody-knows", commits=False)

    # The rates are of the last ten seconds; on a busy machine all of it may take longer than the minute it began in.
    end = (datetime.now(UTC) + timedelta(seconds=75)).replace(second=0, microsecond=0)
    whole_s = 0.95 * (end - begin).total_seconds()

    def told(user: str) -> Bytes:
        return usage(settings.clickhouse, user, begin, end).bytes

    eventually(lambda: all(told(user).asked_s >= whole_s and told(user).explained for user in (honest, silent)), 140)
    fair, more = told(honest), told(silent)
    assert fair.status is Status.OK, fair
    assert fair.sent == pytest.approx(RECORDS * BYTES, rel=BLUR)
    assert more.status is Status.UNDER_METERED, more
    assert more.sent == pytest.approx(2 * RECORDS * BYTES, rel=BLUR)


@pytest.mark.parametrize(
    ("known_s", "other_s", "sized", "status"),
    [
        (60, 60, True, Status.OK),
        (60, 0, True, Status.INSUFFICIENT_DATA),  # the other node does not answer: what it sent nobody knows
        (50, 60, True, Status.INSUFFICIENT_DATA),
        (60, 60, False, Status.INSUFFICIENT_DATA),
        (0, 0, True, Status.NO_SOURCE),
    ],
)
def test_what_is_not_known_is_not_judged(
    database: ClickHouseSettings, known_s: int, other_s: int, sized: bool, status: Status
) -> None:
    migrate(Settings(clickhouse=database))
    rows: list[tuple[Any, ...]] = []
    for minute in (NOON + timedelta(minutes=number) for number in range(10)):
        rows += [(minute, "a:1", "", 0, known_s), (minute, "b:1", "", 0, other_s), (minute, "a:1", "acme", 200_000, 60)]
    told = [("acme", "acme.desk", TOPIC, 0, "CONSUMED", 0, 2000, 0, NOON + timedelta(minutes=5), 1)]
    columns = ["tenant", "consumer_group", "read_topic", "read_partition", "kind", "from_offset", "to_offset", "pass", "committed_at", "source_offset"]  # fmt: skip  # noqa: E501
    client = clickhouse.client(database)
    client.insert("principal_bytes", rows, column_names=["minute", "node", "principal", "bytes", "covered_s"])
    client.insert("usage_ranges", told, column_names=columns)
    if sized:
        client.insert("log_sizes", [(NOON, "a:1", TOPIC, 0, 1000, 1)], column_names=["minute", "node", "topic", "partition", "bytes", "offsets"])  # fmt: skip  # noqa: E501
    client.close()
    assert usage(database, "acme", NOON - timedelta(hours=1), NOON + timedelta(minutes=10)).bytes.status is status


def test_a_cluster_that_nobody_asks_is_no_source(settings: Settings) -> None:
    found = usage(settings.clickhouse, "nobody", datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC))
    assert found.bytes == Bytes(None, None, 0.0, Status.NO_SOURCE)


class Answering(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(RATES)

    def log_message(self, *args: object) -> None:
        """Nothing."""


def test_a_node_that_hangs_holds_up_no_other() -> None:
    stop, before = threading.Event(), answered()
    with socket.create_server(("127.0.0.1", 0)) as hanging, ThreadingHTTPServer(("127.0.0.1", 0), Answering) as well:
        threading.Thread(target=well.serve_forever, daemon=True).start()
        urls = tuple(f"http://127.0.0.1:{port}/metrics" for port in (hanging.getsockname()[1], well.server_port))
        exporter.watch(Settings(meter=MeterSettings(exporters=urls, scrape_s=0.1)), stop)
        eventually(lambda: answered() - before > 5, exporter.ASK_S - 1)
        stop.set()
        well.shutdown()


def answered() -> float:
    return metrics.REGISTRY.get_sample_value(Metric.METER_SCRAPES.value, {"outcome": "answered"}) or 0.0
