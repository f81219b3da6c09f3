"""Deployments of a test's own, their parts as processes, and what one uninterrupted stream worker would have said."""

import functools
import os
import random
import signal
import subprocess
import sys
import time
import uuid
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import confluent_kafka as ck
import pytest
import yaml
from confluent_kafka.admin import AdminClient, OffsetSpec
from pydantic import SecretStr

from infra.batches import PARTITION_EOF, FetchedBatch
from infra.kafka import admin, apply, plan_topics, producer
from schemas import catalogue, topics
from streams.agents.tiers import rules_of
from streams.publishing import Publisher
from streams.shard import Shard
from tests.builders import eventually
from tierfeed.cli.clusters import committed
from tierfeed.domain.partitions import partition_of
from tierfeed.settings import KafkaSettings, Settings, load_settings

SYMBOLS = ("EURUSD", "GBPUSD", "USDJPY", "AUDUSD", "NZDUSD")
START_US = 1_700_000_000_000_000
SECOND_US = 1_000_000
PARTITIONS = 3
IDS = {entry.name: entry.id for entry in catalogue.ALL}
GROUPS = ("kafka", "clickhouse", "stream", "sink")


@contextmanager
def module_word(request: pytest.FixtureRequest, kafka: KafkaSettings) -> Iterator[str]:
    """What the fixture `unique` is to a test, for a whole module. Topics stay if one of its tests fails."""
    failed = request.session.testsfailed
    word = f"t{uuid.uuid4().hex[:10]}"
    yield word
    if request.session.testsfailed == failed:
        client = admin(kafka)
        if names := [name for name in client.list_topics(timeout=10).topics if word in name]:
            for future in client.delete_topics(names).values():
                future.result()


def deployed(
    kafka: KafkaSettings, word: str, folder: Path, brokers: Sequence[str], tiers: Mapping[str, Any], **groups: Any
) -> Settings:
    """A deployment with its topics. `tiers` as in a tiers file; `groups`: settings over those that suit tests."""
    tiers_file = folder / "tiers.yaml"
    tiers_file.write_text(yaml.safe_dump(dict(tiers), sort_keys=False))
    stream = {"app_id": word, "session_timeout_ms": 6000, "delivery_timeout_ms": 2000}
    settings = load_settings(
        kafka=kafka.model_copy(update={"partitions": PARTITIONS}),
        stream=stream | groups.pop("stream", {}),
        brokers=tuple(brokers),
        tiers_file=tiers_file,
        **groups,
    )
    declared = topics.declared(brokers, settings.tiers(), PARTITIONS)
    client = admin(settings.kafka)
    existing = set(client.list_topics(timeout=10).topics)
    apply(plan_topics({name: topic for name, topic in declared.items() if name not in existing}, {}), client)
    return settings


class Parts:
    """Parts of a deployment as processes of their own; what still runs in the end is killed."""

    def __init__(self, settings: Settings, folder: Path) -> None:
        self._settings, self._folder = settings, folder
        self.started: list[subprocess.Popen[bytes]] = []

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        """`tierfeed` with these arguments; without any a stream worker."""
        command = [sys.executable, "-m", "tierfeed", *(arguments or ("stream", "run"))]
        with self.log(len(self.started)).open("wb") as log:
            env = os.environ | environment(self._settings, self._folder)
            self.started.append(subprocess.Popen(command, env=env, stdout=log, stderr=log))
        return self.started[-1]

    def log(self, number: int) -> Path:
        """What the part started as this one has printed."""
        return self._folder / f"part{number}.log"

    def __enter__(self) -> "Parts":
        return self

    def __exit__(self, *_: object) -> None:
        for process in self.started:
            if process.poll() is None:
                process.send_signal(signal.SIGCONT)
                process.kill()
                process.wait(10)


def environment(settings: Settings, home: Path) -> dict[str, str]:
    """What tells a process the settings."""
    told = {
        f"TIERFEED_{group}__{key}".upper(): value.get_secret_value() if isinstance(value, SecretStr) else str(value)
        for group in GROUPS
        for key, value in getattr(settings, group).model_dump(exclude_unset=True).items()
        if value is not None
    }
    return told | {
        "TIERFEED_BROKERS": '["' + '","'.join(settings.brokers) + '"]',
        "TIERFEED_TIERS_FILE": str(settings.tiers_file),
        "TIERFEED_HOME": str(home),
    }


class Broker:
    """One broker's session, published record by record. `ends`: the offset that a partition's next record gets."""

    def __init__(self, settings: Settings, name: str, *, speed: float = 0.0, session: int = START_US) -> None:
        self.name, self.topic, self.session, self._speed = name, topics.ticks(name), session, speed
        self._partitions = settings.kafka.partitions
        self.ends: Counter[int] = Counter()
        self._sequences: Counter[str] = Counter()
        self._ticks: Counter[int] = Counter()
        self._producer = producer(settings.kafka, linger_ms=0)

    def say(self, kind: str, at_us: int, reason: str | None = None) -> None:
        """A session record on every partition."""
        for p in range(self._partitions):
            record = {
                "kind": kind, "broker": self.name, "line": "A", "session": self.session, "time": at_us,
                "wall_time": at_us, "speed": self._speed, "ticks": self._ticks[p], "feed": "SIMULATED",
                "reason": reason,
            }  # fmt: skip
            self.send(catalogue.encode("SessionRecord", record), p, headers=[("kind", b"SessionRecord")])

    def tick(self, symbol: str, at_us: int, bid: float, ask: float, *, copies: int = 1, **fields: Any) -> bytes:
        """Publish the session's next tick of the symbol; its payload."""
        p = partition_of(symbol, self._partitions)
        payload = self.payload(symbol, at_us, bid, ask, **fields)
        for _ in range(copies):
            self._ticks[p] += 1
            self.send(payload, p, symbol.encode())
        return payload

    def payload(self, symbol: str, at_us: int, bid: float, ask: float, **fields: Any) -> bytes:
        """The next tick's payload, not published."""
        self._sequences[symbol] += 1
        record = {
            "broker": self.name, "symbol": symbol, "bid": bid, "ask": ask, "bid_size": None, "ask_size": None,
            "event_time": at_us, "received_time": at_us, "line": "A", "session": self.session,
            "sequence": self._sequences[symbol], "flags": 0,
        }  # fmt: skip
        return catalogue.encode("Tick", record | fields)

    def send(self, value: bytes | None, partition: int, key: bytes | None = None, headers: Any = None) -> int:
        """Publish anything; the offset that it gets."""
        self._producer.produce(self.topic, value, key, partition, headers=headers)
        self.ends[partition] += 1
        return self.ends[partition] - 1

    def flush(self) -> None:
        """Wait until all of it is there, where it was meant to be."""
        assert self._producer.flush(10) == 0


def publish_tape(settings: Settings, seconds: int, ticks_per_s: int, *, over_s: float, seed: int) -> None:
    """Publish a tape of all brokers on tape time, in `over_s` seconds of wall time, with redeliveries."""
    rng = random.Random(seed)
    brokers = [Broker(settings, name) for name in settings.brokers]
    began = time.monotonic()
    for broker in brokers:
        broker.say("SESSION_START", START_US)
    for second in range(seconds):
        for at_us in sorted(rng.randrange(SECOND_US) for _ in range(ticks_per_s)):
            now_us = START_US + second * SECOND_US + at_us
            broker, symbol = rng.choice(brokers), rng.choice(SYMBOLS)
            bid = round(1.1 + rng.randrange(40) / 1e4, 5)
            ask = round(bid + rng.choice([0.0001, 0.0002]), 5)
            copies = 2 if rng.random() < 0.03 else 1
            broker.tick(symbol, now_us, bid, ask, copies=copies, event_time=now_us - 700, ask_size=1e6)
        for broker in brokers:
            broker.say("HEARTBEAT", START_US + (second + 1) * SECOND_US)
            broker.flush()
        time.sleep(max(began + over_s * (second + 1) / seconds - time.monotonic(), 0))
    for broker in brokers:
        broker.say("SESSION_END", START_US + seconds * SECOND_US)
        broker.flush()


def read_all(settings: Settings, topic: str) -> dict[int, list[ck.Message]]:
    """Every record of a topic, by partition."""
    quick = {"enable_partition_eof": True, "fetch_wait_max_ms": 10}
    consumer = ck.Consumer(settings.kafka.client(group_id="reader", **quick))
    partitions = range(settings.kafka.partitions)
    consumer.assign([ck.TopicPartition(topic, p, ck.OFFSET_BEGINNING) for p in partitions])
    records: dict[int, list[ck.Message]] = {p: [] for p in partitions}
    waiting = set(records)
    while waiting:
        first = consumer.poll(10)
        assert first is not None
        for message in (first, *consumer.consume(10_000, 0)):
            if message.error() is None:
                records[message.partition()].append(message)
            else:
                assert message.error().code() == PARTITION_EOF
                waiting.discard(message.partition())
    consumer.close()
    return records


@functools.cache
def _admin(kafka: KafkaSettings) -> AdminClient:
    """One for all questions: each has threads and connections of its own."""
    return admin(kafka)


def members(settings: Settings, group: str) -> list[set[int]]:
    """The partition numbers that each member of a group has; empty while it is not settled."""
    try:
        found = _admin(settings.kafka).describe_consumer_groups([group])[group].result(10)
    except ck.KafkaException:  # nobody has joined it yet
        return []
    if found.state is not ck.ConsumerGroupState.STABLE:
        return []
    return [{at.partition for at in member.assignment.topic_partitions} for member in found.members]


def ends_of(settings: Settings, *names: str) -> dict[tuple[str, int], int]:
    """One past the last offset of every partition."""
    known = _admin(settings.kafka).list_topics(timeout=10).topics
    places = [ck.TopicPartition(name, p) for name in names for p in known[name].partitions]
    found = _admin(settings.kafka).list_offsets({place: OffsetSpec.latest() for place in places})
    return {(place.topic, place.partition): future.result(10).offset for place, future in found.items()}


def has_read(settings: Settings, group: str, *names: str) -> bool:
    """Whether a consumer group has committed the ends of the topics."""
    places = ends_of(settings, *names)
    at = committed(settings.kafka, group, places)
    return all(place in at and at[place].offset >= end for place, end in places.items() if end)


def await_tiers(settings: Settings, within_s: float) -> None:
    """Until all that is on the broker topics is processed: what came of it is stored before it is committed."""
    names = [topics.ticks(broker) for broker in settings.brokers]
    eventually(lambda: has_read(settings, f"{settings.stream.app_id}-tiers", *names), within_s)


@dataclass(frozen=True)
class Said:
    """A quote on a tier topic, as it went out."""

    topic: str
    partition: int
    key: bytes
    value: bytes


class _Collected:
    """In place of a producer: what one uninterrupted worker would send."""

    def __init__(self) -> None:
        self.sent: list[Said] = []

    def send_batch(self, topic: str, partition: int, messages: list[dict[str, bytes]]) -> None:
        if topic != topics.QUALITY:
            self.sent += [Said(topic, partition, message["key"], message["value"]) for message in messages]

    def send(self, topic: str, partition: int, value: bytes, key: Any = None, headers: Any = None) -> None:
        """Control records and dead letters are not what is compared."""


def reference(settings: Settings, epoch: int = 0) -> list[Said]:
    """The quotes from one pass over everything that is on the broker topics."""
    brokers, tiers = tuple(sorted(settings.brokers)), settings.tiers()
    ticks = {broker: read_all(settings, topics.ticks(broker)) for broker in brokers}
    collected = _Collected()
    for p in range(settings.kafka.partitions):
        shard = Shard(brokers, tiers, rules_of(settings), IDS)
        publisher = Publisher(collected, p, brokers, tiers, shard.symbols.names, IDS, rules_of(settings))  # type: ignore[arg-type]
        publisher.epoch = epoch
        for b, broker in enumerate(brokers):
            messages = ticks[broker][p]
            shard.read(FetchedBatch(topics.ticks(broker), p, messages, True, len(messages)), b)
        shard.advance(0, publisher.emit)
    return collected.sent


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


def assert_as_one_worker(settings: Settings, within_s: float) -> None:
    expected = reference(settings)
    await_tiers(settings, within_s)
    for tier in settings.tiers():
        topic = topics.tier(tier.name)
        wanted = by_symbol([catalogue.decode(quote.value)[1] for quote in expected if quote.topic == topic])
        quotes, stale = said(settings, topic)
        assert stale == 0
        found = by_symbol(quotes)
        assert {symbol: len(records) for symbol, records in found.items()} == {
            symbol: len(records) for symbol, records in wanted.items()
        }
        for symbol, records in found.items():
            uptos = [record["upto_sequence"] for record in records]
            assert uptos == sorted(set(uptos))
            assert [record["as_of_time"] for record in records] == sorted(record["as_of_time"] for record in records)
            assert records == wanted[symbol]
