"""Workers are killed, suspended and joined by others in the middle of a tape: the tier topics say what one
uninterrupted worker would have said, record by record."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import confluent_kafka as ck
import pytest

from infra.kafka import admin, apply, plan_topics
from infra.transport import PARTITION_EOF, FetchedBatch
from schemas import catalogue, topics
from streams.agents.tiers import rules_of
from streams.publishing import Publisher
from streams.shard import Shard
from tests.builders import eventually
from tierfeed.domain.partitions import partition_of
from tierfeed.settings import KafkaSettings, Settings, load_settings

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(280)]

SYMBOLS = ("EURUSD", "GBPUSD", "USDJPY", "AUDUSD", "NZDUSD")
START_US = 1_700_000_000_000_000
PARTITIONS = 3
IDS = {entry.name: entry.id for entry in catalogue.ALL}


@pytest.fixture
def deployment(kafka: KafkaSettings, unique: str, tmp_path: Path) -> Settings:
    """Brokers, tiers and groups of the test's own."""
    brokers = tuple(f"{unique}{letter}" for letter in "abc")
    tiers = tmp_path / "tiers.yaml"
    tiers.write_text(
        f"{unique}free: {{symbols: [EURUSD, GBPUSD], interval_ms: 1000, depth_hours: 1, "
        f"brokers: [{brokers[0]}], redundancy: 1, record: FreeQuote}}\n"
        f"{unique}all: {{symbols: all, interval_ms: 10, depth_hours: 168, "
        f"brokers: [{', '.join(brokers)}], redundancy: 3, record: EnterpriseQuote}}\n"
    )
    settings = load_settings(
        kafka={"bootstrap_servers": kafka.bootstrap_servers, "partitions": PARTITIONS},
        stream={"app_id": unique, "session_timeout_ms": 6000, "delivery_timeout_ms": 2000},
        brokers=brokers,
        tiers_file=tiers,
    )
    declared = topics.declared(brokers, settings.tiers(), PARTITIONS)
    client = admin(settings.kafka)
    existing = set(client.list_topics(timeout=10).topics)
    apply(plan_topics({name: topic for name, topic in declared.items() if name not in existing}, {}), client)
    return settings


@pytest.fixture
def workers(deployment: Settings, tmp_path: Path) -> Iterator[Callable[[], subprocess.Popen[bytes]]]:
    """Starts stream workers as processes of their own."""
    started: list[subprocess.Popen[bytes]] = []
    environment = os.environ | {
        "TIERFEED_KAFKA__BOOTSTRAP_SERVERS": deployment.kafka.bootstrap_servers,
        "TIERFEED_KAFKA__PARTITIONS": str(PARTITIONS),
        "TIERFEED_STREAM__APP_ID": deployment.stream.app_id,
        "TIERFEED_STREAM__SESSION_TIMEOUT_MS": str(deployment.stream.session_timeout_ms),
        "TIERFEED_STREAM__DELIVERY_TIMEOUT_MS": str(deployment.stream.delivery_timeout_ms),
        "TIERFEED_BROKERS": '["' + '","'.join(deployment.brokers) + '"]',
        "TIERFEED_TIERS_FILE": str(deployment.tiers_file),
        "TIERFEED_HOME": str(tmp_path),
    }

    def start() -> subprocess.Popen[bytes]:
        log = (tmp_path / f"worker{len(started)}.log").open("wb")
        command = [sys.executable, "-m", "tierfeed", "stream", "run"]
        started.append(subprocess.Popen(command, env=environment, stdout=log, stderr=log))
        return started[-1]

    yield start
    for process in started:
        if process.poll() is None:
            process.send_signal(signal.SIGCONT)
            process.kill()
            process.wait(10)


def publish_tape(settings: Settings, seconds: int, ticks_per_s: int, *, over_s: float, seed: int) -> None:
    """Publish a tape of three brokers on tape time, in `over_s` seconds of wall time, with redeliveries."""
    rng = random.Random(seed)
    producer = ck.Producer(settings.kafka.client(enable_idempotence=True, linger_ms=2))
    sequences: defaultdict[tuple[str, str], int] = defaultdict(int)
    published: defaultdict[tuple[str, int], int] = defaultdict(int)
    began = time.monotonic()

    def say(kind: str, at_us: int) -> None:
        for broker in settings.brokers:
            for p in range(PARTITIONS):
                record = {
                    "kind": kind, "broker": broker, "line": "A", "session": START_US, "time": at_us,
                    "wall_time": at_us, "speed": 0.0, "ticks": published[broker, p], "feed": "SIMULATED",
                    "reason": None,
                }  # fmt: skip
                payload = catalogue.encode("SessionRecord", record)
                producer.produce(topics.ticks(broker), payload, partition=p, headers=[("kind", b"SessionRecord")])

    say("SESSION_START", START_US)
    for second in range(seconds):
        for at_us in sorted(rng.randrange(1_000_000) for _ in range(ticks_per_s)):
            now_us = START_US + second * 1_000_000 + at_us
            broker, symbol = rng.choice(settings.brokers), rng.choice(SYMBOLS)
            sequences[broker, symbol] += 1
            bid = round(1.1 + rng.randrange(40) / 1e4, 5)
            record = {
                "broker": broker, "symbol": symbol, "bid": bid, "ask": round(bid + rng.choice([0.0001, 0.0002]), 5),
                "bid_size": None, "ask_size": 1e6, "event_time": now_us - 700, "received_time": now_us, "line": "A",
                "session": START_US, "sequence": sequences[broker, symbol], "flags": 0,
            }  # fmt: skip
            p = partition_of(symbol, PARTITIONS)
            for _ in range(2 if rng.random() < 0.03 else 1):
                published[broker, p] += 1
                producer.produce(topics.ticks(broker), catalogue.encode("Tick", record), symbol, p)
        say("HEARTBEAT", START_US + (second + 1) * 1_000_000)
        producer.poll(0)
        producer.flush(10)
        time.sleep(max(began + over_s * (second + 1) / seconds - time.monotonic(), 0))
    say("SESSION_END", START_US + seconds * 1_000_000)
    assert producer.flush(10) == 0


def read_all(settings: Settings, topic: str) -> dict[int, list[ck.Message]]:
    """Every record of a topic, by partition."""
    consumer = ck.Consumer(settings.kafka.client(group_id="reader", enable_partition_eof=True))
    consumer.assign([ck.TopicPartition(topic, p, ck.OFFSET_BEGINNING) for p in range(PARTITIONS)])
    records: dict[int, list[ck.Message]] = {p: [] for p in range(PARTITIONS)}
    waiting = set(records)
    while waiting:
        message = consumer.poll(10)
        assert message is not None
        if message.error() is None:
            records[message.partition()].append(message)
        else:
            assert message.error().code() == PARTITION_EOF
            waiting.discard(message.partition())
    consumer.close()
    return records


class _Collected:
    """In place of a producer: what one uninterrupted worker would send."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, bytes]] = []

    def send_batch(self, topic: str, partition: int, messages: list[dict[str, bytes]]) -> None:
        self.sent += [(topic, message["value"]) for message in messages]

    def send(self, topic: str, partition: int, value: bytes, key: Any = None, headers: Any = None) -> None:
        """Control records and dead letters are not what is compared."""


def reference(settings: Settings) -> dict[str, list[dict[str, Any]]]:
    """Records per tier topic from one pass over everything that is on the broker topics."""
    brokers, tiers = tuple(sorted(settings.brokers)), settings.tiers()
    ticks = {broker: read_all(settings, topics.ticks(broker)) for broker in brokers}
    out: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for p in range(PARTITIONS):
        shard, collected = Shard(brokers, tiers, rules_of(settings), IDS), _Collected()
        publisher = Publisher(collected, p, brokers, tiers, shard.symbols.names, IDS)  # type: ignore[arg-type]
        for b, broker in enumerate(brokers):
            messages = ticks[broker][p]
            shard.read(FetchedBatch(topics.ticks(broker), p, messages, True, len(messages)), b)
        shard.advance(0, publisher.emit)
        for topic, value in collected.sent:
            if topic != topics.QUALITY:
                out[topic].append(catalogue.decode(value)[1])
    return out


def said(settings: Settings, topic: str) -> tuple[list[dict[str, Any]], int]:
    """Quotes on a tier topic as a reader has them: records of an older epoch behind a newer one are discarded."""
    quotes, stale = [], 0
    for messages in read_all(settings, topic).values():
        newest = 0
        for message in messages:
            _, record = catalogue.decode(message.value())
            if record["epoch"] < newest:
                stale += 1
                continue
            newest = record["epoch"]
            if "upto_sequence" in record:
                quotes.append(record)
    return quotes, stale


def by_symbol(quotes: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    out: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for quote in quotes:
        out[quote["symbol"]].append({name: value for name, value in quote.items() if name != "epoch"})
    return dict(out)


def counted(settings: Settings, topic: str) -> dict[str, int]:
    return {symbol: len(quotes) for symbol, quotes in by_symbol(said(settings, topic)[0]).items()}


def assert_as_one_worker(settings: Settings, within_s: float) -> None:
    expected = reference(settings)
    for tier in settings.tiers():
        topic = topics.tier(tier.name)
        wanted = by_symbol(expected[topic])
        counts = {symbol: len(quotes) for symbol, quotes in wanted.items()}
        eventually(lambda topic=topic, counts=counts: counted(settings, topic) == counts, within_s)
        quotes, stale = said(settings, topic)
        assert stale == 0
        for symbol, records in by_symbol(quotes).items():
            uptos = [record["upto_sequence"] for record in records]
            assert uptos == sorted(set(uptos))
            assert [record["as_of_time"] for record in records] == sorted(record["as_of_time"] for record in records)
            assert records == wanted[symbol]


def test_killed_again_and_again_the_workers_say_what_one_would_have_said(
    deployment: Settings, workers: Callable[[], subprocess.Popen[bytes]]
) -> None:
    seed = random.randrange(1 << 30)
    rng = random.Random(seed)
    print("seed", seed)
    tape = threading.Thread(target=publish_tape, args=(deployment, 120, 150), kwargs={"over_s": 40, "seed": seed})
    tape.start()
    worker = workers()
    for _ in range(3):
        time.sleep(rng.uniform(6, 11))
        worker.kill()
        worker.wait(10)
        worker = workers()
    tape.join()
    assert_as_one_worker(deployment, 90)


def test_a_suspended_worker_that_wakes_up_late_does_no_harm(
    deployment: Settings, workers: Callable[[], subprocess.Popen[bytes]]
) -> None:
    tape = threading.Thread(target=publish_tape, args=(deployment, 90, 150), kwargs={"over_s": 30, "seed": 11})
    tape.start()
    first = workers()
    time.sleep(10)
    second = workers()
    time.sleep(6)
    first.send_signal(signal.SIGSTOP)
    time.sleep(10)
    first.send_signal(signal.SIGCONT)
    tape.join()
    assert_as_one_worker(deployment, 90)
    assert second.poll() is None
