"""Sinks as processes, topics that fill, and the proof that every record is stored once."""

import json
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import confluent_kafka as ck
import yaml

from infra.kafka import admin, apply, describe, plan_topics, producer
from schemas import topics
from sinks.connection import Connection
from sinks.setup import migrate
from tests.builders import eventually
from tests.child import Child
from tests.sink_data import NOON, SECOND, control, free, session_record, tick
from tierfeed.settings import ClickHouseSettings, KafkaSettings, Settings, SinkSettings

CHILD = Path(__file__).parent / "integration" / "sinks_child.py"
PARTITIONS = 3


def deployment(word: str, folder: Path, kafka: KafkaSettings, clickhouse: ClickHouseSettings, **sink: Any) -> Settings:
    """Two brokers and one tier of the test's own, with their topics and tables."""
    tiers = folder / "tiers.yaml"
    tier = {"symbols": "all", "interval_ms": 10, "depth_hours": 24, "redundancy": 1, "record": "FreeQuote"}
    tiers.write_text(yaml.safe_dump({word: tier | {"brokers": [f"{word}a"]}}))
    settings = Settings(
        kafka=kafka.model_copy(update={"partitions": PARTITIONS}),
        clickhouse=clickhouse,
        brokers=(f"{word}a", f"{word}b"),
        tiers_file=tiers,
        sink=SinkSettings(app_id=f"{word}-sink", **({"session_timeout_ms": 10_000, "flush_ms": 50} | sink)),
    )
    client = admin(settings.kafka)
    declared = topics.declared(settings.brokers, settings.tiers(), PARTITIONS)
    apply(plan_topics(declared, describe(client)), client)
    migrate(settings)
    return settings


class Life(Child):
    """One sink process."""

    def __init__(self, settings: Settings, log: Path, mood: str = "careful") -> None:
        super().__init__((str(CHILD), told(settings), mood), {"PYTHONPATH": str(CHILD.parents[2])}, log)

    @property
    def is_ready(self) -> bool:
        """It has its partitions."""
        return b"ready" in self.log.read_bytes()


def told(settings: Settings) -> str:
    """Settings for another process; the address is not secret here."""
    document = json.loads(settings.model_dump_json(exclude={"kafka": {"password"}, "clickhouse": {"password"}}))
    document["clickhouse"]["password"] = settings.clickhouse.password.get_secret_value()
    return json.dumps(document)


class Feed:
    """Fills the topics of a deployment from a thread: ticks, tier quotes, control records and poison."""

    SYMBOLS = ("EURUSD", "USDJPY", "NZDUSD", "GBPUSD", "AUDUSD")

    def __init__(self, settings: Settings, every_s: float = 0.02) -> None:
        self.settings, self.every_s = settings, every_s
        self.stored: Counter[str] = Counter()
        self.poison = 0
        self._producer = producer(settings.kafka)
        self._halt = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.rounds = 0

    def __enter__(self) -> "Feed":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> "Feed":
        self._halt.set()
        self._thread.join()
        self.flush()
        return self

    def flush(self) -> None:
        assert self._producer.flush(30) == 0

    def _run(self) -> None:
        while not self._halt.wait(self.every_s):
            self.once()

    def once(self, ticks: int = 30) -> None:
        """A round: `ticks` ticks and quotes in every topic's every partition, heartbeats, now and then poison."""
        self.rounds += 1
        (tier,) = self.settings.tiers()
        for partition in range(PARTITIONS):
            for broker in self.settings.brokers:
                topic = topics.ticks(broker)
                self._send(topic, partition, session_record(broker=broker))
                for number in range(ticks):
                    self._send(topic, partition, self._tick(broker, number), stored="ticks")
                if self.rounds % 20 == 0:
                    self._send(topic, partition, b"rubbish")
            topic = topics.tier(tier.name)
            for number in range(ticks):
                self._send(
                    topic,
                    partition,
                    free(symbol=self.SYMBOLS[number % 5], upto_sequence=self.rounds),
                    stored="tier_quotes",
                )
            self._send(topic, partition, control(tier=tier.name))
            if self.rounds % 20 == 0:
                self._send(topic, partition, b"rubbish")
                self.poison += 1
        self._producer.poll(0)

    def _tick(self, broker: str, number: int) -> bytes:
        at = NOON + self.rounds * SECOND + number
        bid = round(1.1 + (self.rounds * 7 + number) % 50 / 100_000, 5)
        return tick(
            broker=broker,
            symbol=self.SYMBOLS[number % 5],
            bid=bid,
            ask=round(bid + number % 3 / 100_000 - 0.00001, 5),
            received_time=at,
            flags=4 if number % 11 == 0 else 0,
        )

    def _send(self, topic: str, partition: int, value: bytes, stored: str | None = None) -> None:
        self._producer.produce(topic, value, partition=partition)
        if stored:
            self.stored[stored] += 1


class Proof:
    """What is in ClickHouse."""

    def __init__(self, settings: Settings) -> None:
        self.connection = Connection(settings.clickhouse)

    def rows(self, table: str) -> int:
        return int(self.connection.query(f"SELECT count() FROM {table}")[0][0])

    def distinct(self, table: str) -> int:
        return int(self.connection.query(f"SELECT uniqExact(topic, partition, offset) FROM {table}")[0][0])

    def holds(self, expected: Counter[str]) -> bool:
        """Every record that was sent is there; there may be more."""
        return all(self.distinct(table) >= count for table, count in expected.items())

    def assert_once(self, expected: Counter[str]) -> None:
        found = {table: (self.rows(table), self.distinct(table)) for table in expected}
        assert found == {table: (count, count) for table, count in expected.items()}


def letters(settings: Settings, topic: str) -> list[Any]:
    """The dead letters of a topic."""
    consumer = ck.Consumer(settings.kafka.client(group_id="letters", enable_auto_commit=False))
    found: list[Any] = []
    for partition in range(PARTITIONS):
        at = ck.TopicPartition(topics.dlq(topic), partition)
        low, high = consumer.get_watermark_offsets(at, 10)
        consumer.assign([ck.TopicPartition(at.topic, partition, low)])
        wanted = len(found) + high - low
        eventually(lambda wanted=wanted: found.extend(consumer.consume(100, 0.1)) or len(found) >= wanted, 20)
    consumer.close()
    return found


class Kept:
    """A sink that is started again when it ends by itself, for on a busy machine its lease may run out."""

    def __init__(self, start: Callable[[], Life]) -> None:
        self._start = start
        self.life = start()

    def keep(self) -> None:
        if self.life.process.poll() is not None:
            self.life = self._start()


def kept_until(probe: Callable[[], bool], *sinks: Kept, within_s: float = 90) -> None:
    """Wait for `probe`, keeping the sinks alive."""

    def kept_and_done() -> bool:
        for sink in sinks:
            sink.keep()
        return probe()

    eventually(kept_and_done, within_s)
