"""Tier topics as a stream worker would write them, record by record, and consumers to read them with."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import confluent_kafka as ck

from infra.kafka import admin, apply, plan_topics, producer
from schemas import catalogue, topics
from tests.builders import EVERY_S, eventually
from tests.integration.stream_parts import PARTITIONS
from tierfeed.client import TierConsumer, Update
from tierfeed.domain.partitions import partition_of
from tierfeed.domain.tiers import parse_tiers
from tierfeed.domain.yamls import Document
from tierfeed.settings import KafkaSettings

AT = datetime(2026, 1, 5, 10, tzinfo=UTC)
GROUP = "desk"


class Worker:
    """Publishes one tier. The tenant that reads it is named like the test: so are its groups."""

    def __init__(self, kafka: KafkaSettings, word: str) -> None:
        self.kafka, self.tier, self.tenant = kafka.model_copy(update={"partitions": PARTITIONS}), word, word
        self.topic, self.latest_topic = topics.tier(word), topics.latest(word)
        tier = {"symbols": "all", "interval_ms": 10, "depth_hours": 1, "brokers": [word], "redundancy": 1}
        declared = topics.declared(
            [word], parse_tiers(Document(word, {word: tier | {"record": "ProQuote"}}, {})), PARTITIONS
        )
        wanted = {name: declared[name] for name in (self.topic, self.latest_topic)}
        apply(plan_topics(wanted, {}), admin(kafka))
        self.epoch = 1
        self.uptos: Counter[str] = Counter()
        self.ends: Counter[int] = Counter()
        self._producer = producer(kafka, linger_ms=0)

    def quote(self, symbol: str, *, conflated: int = 0, lost: bool = False, **fields: Any) -> dict[str, Any]:
        """Publish the symbol's next quote, unless it is lost."""
        self.uptos[symbol] += 1 + conflated
        record = {
            "symbol": symbol, "bid": 1.1, "ask": 1.2, "mid": 1.15, "spread": 0.1, "state": "NORMAL",
            "as_of_time": AT, "due_time": AT, "published_time": AT + timedelta(milliseconds=self.uptos[symbol]),
            "conflated_count": conflated, "upto_sequence": self.uptos[symbol], "epoch": self.epoch,
            "sources": [{"broker": "fxcm", "offset": 5}], "eligible_brokers": 1, "quarantined_brokers": 0,
        } | fields  # fmt: skip
        if not lost:
            self.send(catalogue.encode("ProQuote", record), self.partition(symbol), symbol.encode())
        return record

    def say(self, kind: str, partition: int, *, epoch: int | None = None, **fields: Any) -> None:
        """Publish a control record."""
        record = {"kind": kind, "tier": self.tier, "symbol": None, "time": AT, "reason": None} | fields
        record["epoch"] = self.epoch if epoch is None else epoch
        self.send(catalogue.encode("TierControl", record), partition)

    def send(self, value: bytes | None, partition: int, key: bytes | None = None) -> None:
        self._producer.produce(self.topic, value, key, partition)
        self.ends[partition] += 1

    def copy(self, record: dict[str, Any], source_offset: int, complete_to: int) -> None:
        """Publish what the latest agent would."""
        headers = {topics.SOURCE_OFFSET: str(source_offset), topics.COMPLETE_TO: str(complete_to)}
        value, key = catalogue.encode("ProQuote", record), record["symbol"].encode()
        self._producer.produce(self.latest_topic, value, key, self.partition(record["symbol"]), headers=headers)

    def flush(self) -> None:
        assert self._producer.flush(10) == 0

    def partition(self, symbol: str) -> int:
        return partition_of(symbol, PARTITIONS)

    def consumer(self, **wishes: Any) -> TierConsumer:
        wishes = {"tier": self.tier, "tenant": self.tenant, "group": GROUP} | wishes
        return TierConsumer(self.kafka.bootstrap_servers, **wishes)

    def commits(self) -> list[tuple[int, int, str]]:
        """(partition, offset, metadata) of every commit of the group, as the log of Kafka's own topic has them."""
        return [
            (partition, offset, metadata)
            for topic, partition, offset, metadata in read_commits(self.kafka, f"{self.tenant}.{GROUP}")
            if topic == self.topic
        ]

    def committed(self) -> dict[int, int]:
        """The newest commit per partition."""
        return {partition: offset for partition, offset, _ in self.commits()}


async def take(consumer: TierConsumer, count: int, within_s: float = 20.0) -> list[Update]:
    """So many updates; the last one is in hand, not taken."""
    async with asyncio.timeout(within_s):
        return [await anext(consumer) for _ in range(count)]


async def reads_until(consumer: TierConsumer, is_there: Callable[[], bool], within_s: float = 20.0) -> list[Update]:
    """Read on until it is so; every update that came, all of them taken."""
    found: list[Update] = []
    async with asyncio.timeout(within_s):
        while not is_there():
            try:
                found.append(await asyncio.wait_for(anext(consumer), 0.3))
            except TimeoutError:
                continue
    return found


async def until(is_so: Callable[[], object], within_s: float = 30.0) -> None:
    """As `eventually`, while others of the loop go on."""
    async with asyncio.timeout(within_s):
        while not is_so():  # noqa: ASYNC110  what others do sets no event
            await asyncio.sleep(EVERY_S)


def run(test: Awaitable[None], within_s: float = 60.0) -> None:
    async def timed() -> None:
        async with asyncio.timeout(within_s):
            await test

    asyncio.run(timed())


def read_commits(kafka: KafkaSettings, group: str) -> list[tuple[str, int, int, str]]:
    """`__consumer_offsets`, record by record: key (version, group, topic, partition), value (offset, …, metadata)."""
    consumer = ck.Consumer(kafka.client(group_id="commits", enable_partition_eof=True, enable_auto_commit=False))
    parts = eventually(lambda: consumer.list_topics(COMMITS, timeout=10).topics[COMMITS].partitions)
    consumer.assign([ck.TopicPartition(COMMITS, p, ck.OFFSET_BEGINNING) for p in parts])
    found, left = [], set(parts)
    while left:
        message = consumer.poll(10)
        assert message is not None
        if message.error() is not None:
            left.discard(message.partition())
            continue
        key, value = Reader(message.key()), Reader(message.value() or b"")
        if key.short() in (0, 1) and key.text() == group and message.value():
            topic, partition = key.text(), key.number(4)
            version, offset = value.short(), value.number(8)
            if version >= 3:
                value.number(4)  # the leader's epoch
            found.append((topic, partition, offset, value.short_text() if version >= 4 else value.text()))
    consumer.close()
    return found


COMMITS = "__consumer_offsets"


class Reader:
    """Kafka's own encoding, as much of it as is needed."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def number(self, width: int) -> int:
        self._at += width
        return int.from_bytes(self._data[self._at - width : self._at], "big", signed=True)

    def short(self) -> int:
        return self.number(2)

    def text(self) -> str:
        return self._text(self.short())

    def short_text(self) -> str:
        """The newer way, of texts below 127 bytes: the length and one more is a single byte."""
        return self._text(self.number(1) - 1)

    def _text(self, length: int) -> str:
        self._at += length
        return self._data[self._at - length : self._at].decode()
