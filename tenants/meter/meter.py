"""The meter's process: `__consumer_offsets` in, UsageRanges on `usage` out.

It joins no group and keeps nothing but in memory: where to go on, ClickHouse says. Several at once tell the same
ranges, in other pieces; figures rest on their union.
"""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any, Final

import confluent_kafka as ck
import structlog

from infra import metrics
from infra.kafka import REQUEST_S, admin, producer, topic_ids
from infra.metrics import Metric
from infra.principals import ALONE, OFFSETS_TOPIC
from schemas import catalogue, topics
from tenants.meter.commits import Commit, UnknownRecordError, read
from tenants.meter.memory import resume
from tenants.meter.ranges import Gathered, Range, Ranges, Source
from tierfeed.domain.tenants import tenant_of_group
from tierfeed.errors import ConfigError, UpstreamError
from tierfeed.settings import Settings

log = structlog.get_logger(__name__)

BATCH: Final = 10_000
POLL_S: Final = 0.2
RECORD: Final = "UsageRange"
STAGE: Final = "meter"


def run_meter(settings: Settings, stop: threading.Event, ready: Callable[[], Any] = lambda: None) -> None:
    """Meter until `stop` is set. Raises ConfigError, and UpstreamError when this process has to end. Blocks."""
    meter = Meter(settings)
    try:
        if meter.begin(stop):
            ready()
            meter.run(stop)
    finally:
        meter.close()


class Meter:
    """One meter, step by step: `run_meter` is the way to run it."""

    def __init__(self, settings: Settings) -> None:
        kafka = settings.kafka
        self._settings = settings
        self._partitions = kafka.partitions
        self._admin = admin(kafka)
        self._reader = ck.Consumer(
            kafka.client(group_id=ALONE[STAGE], enable_auto_commit=False, auto_offset_reset="error")
        )
        self._failed: list[str] = []
        self._producer = producer(kafka, on_delivery=self._delivered)
        self._gathered = Gathered()
        self._counts: Counter[str] = Counter()

    def begin(self, stop: threading.Event) -> bool:
        """Find the place to go on at; False where it was told to stop before the cluster had any group."""
        sources = self._log_partitions(stop)
        if not sources:
            return False
        self.prepare()
        self._refuse_another_log(sources)
        # From the beginning, for who has members stands there; it is compacted, and short.
        self._reader.assign([ck.TopicPartition(OFFSETS_TOPIC, at, ck.OFFSET_BEGINNING) for at in sources])
        return True

    def prepare(self) -> None:
        """Learn the tiers' topics, and what is stored."""
        tiers = [topics.tier(tier.name) for tier in self._settings.tiers()]
        self._ids = {name: str(found) for name, found in topic_ids(self._admin, tiers).items()}
        if missing := sorted(set(tiers) - self._ids.keys()):
            raise ConfigError(f"topics {', '.join(missing)} are not there: `tierfeed topics apply` makes them")
        self._begin, positions = resume(self._settings.clickhouse, self._ids)
        self._ranges = Ranges(positions)

    def _log_partitions(self, stop: threading.Event) -> list[int]:
        """The partitions of the log, which Kafka makes when the first group commits."""
        while not stop.is_set():
            try:
                found = self._admin.list_topics(OFFSETS_TOPIC, timeout=REQUEST_S).topics[OFFSETS_TOPIC]
            except ck.KafkaException as error:
                raise UpstreamError(f"cannot ask for {OFFSETS_TOPIC}: {error.args[0].str()}") from error
            if found.error is not None and found.error.code() == ck.KafkaError.TOPIC_AUTHORIZATION_FAILED:
                raise UpstreamError(f"{OFFSETS_TOPIC} may not be read by {self._settings.kafka.username or 'anybody'}")
            if found.partitions:
                return sorted(found.partitions)
            stop.wait(POLL_S)
        return []

    def _refuse_another_log(self, sources: Iterable[int]) -> None:
        """What is stored must come from this log: another one counts anew, and would be taken for known."""
        for at in sources:
            place = ck.TopicPartition(OFFSETS_TOPIC, at)
            end = self._reader.get_watermark_offsets(place, timeout=REQUEST_S, cached=False)[1]
            if end < self._begin.get(at, 0):
                raise ConfigError(
                    f"usage_ranges knows {OFFSETS_TOPIC}/{at} up to {self._begin[at] - 1}, the cluster has {end}: "
                    f"this database belongs to another Kafka cluster"
                )

    def run(self, stop: threading.Event) -> None:
        flush_s = self._settings.meter.flush_s
        due_s = time.monotonic() + flush_s
        while not stop.is_set():
            for message in self._reader.consume(BATCH, POLL_S):
                self.take(message)
            if time.monotonic() >= due_s:
                self.tell()
                due_s = time.monotonic() + flush_s
        self.tell()

    def take(self, message: ck.Message) -> None:
        """Read one record of the log."""
        if message.error() is not None:
            raise UpstreamError(f"{OFFSETS_TOPIC} cannot be read: {message.error().str()}")
        try:
            said = read(message.key(), message.value())
        except UnknownRecordError as error:
            self._counts["unknown"] += 1
            log.warning("a record that this version cannot read", error=str(error), offset=message.offset())
            return
        if said is None:
            return
        source = Source(message.partition(), message.offset())
        if isinstance(said, Commit):
            if said.topic not in self._ids or tenant_of_group(said.group) is None:
                return
            if source.offset < self._begin.get(source.partition, 0):
                return  # told already
            self._counts["commits"] += 1
            if said.topic_id is None:  # written by an older cluster
                said = replace(said, topic_id=self._ids[said.topic])
        for found in self._ranges.hear(said, source):
            self._gathered.add(found)

    def tell(self) -> None:
        """Have what was gathered on disk, in the order of the log."""
        for found in self._gathered.take():
            record = usage_range(found)
            partition = found.source.partition % self._partitions
            self._produce(partition, record["tenant"], catalogue.encode(RECORD, record))
            metrics.count(Metric.USAGE_RANGES, kind=found.kind.value)
        left = self._producer.flush(REQUEST_S)
        if left or self._failed:
            raise UpstreamError(f"usage could not be published: {self._failed[0] if self._failed else 'no answer'}")
        metrics.count(Metric.METER_COMMITS, self._counts["commits"])
        metrics.count(Metric.METER_UNKNOWN, self._counts["unknown"])
        self._counts.clear()

    def _produce(self, partition: int, key: str, value: bytes) -> None:
        while True:
            try:
                self._producer.produce(topics.USAGE, value, key, partition)
                return
            except BufferError:
                self._producer.poll(POLL_S)

    def _delivered(self, error: ck.KafkaError | None, _: ck.Message) -> None:
        if error is not None:
            self._failed.append(error.str())

    def close(self) -> None:
        self._reader.close()


def usage_range(found: Range) -> dict[str, Any]:
    """A range as it stands on `usage`."""
    group, topic, topic_id, partition = found.key
    return {
        "tenant": tenant_of_group(group),
        "consumer_group": group,
        "read_topic": topic,
        "read_topic_id": topic_id,
        "read_partition": partition,
        "kind": found.kind.value,
        "from_offset": found.start,
        "to_offset": found.end,
        "pass": found.pass_,
        "committed_at": found.committed_at_us,
        "source_partition": found.source.partition,
        "source_offset": found.told_to,
    }
