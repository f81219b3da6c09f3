"""What every kind of meter does with what it hears: ranges, gathered, and put on `usage` in order."""

from collections import Counter
from dataclasses import replace
from typing import Any, Final

import confluent_kafka as ck

from infra import metrics
from infra.kafka import REQUEST_S, admin, producer, topic_ids
from infra.metrics import Metric
from schemas import catalogue, topics
from tenants.meter.commits import Commit, Member, Members
from tenants.meter.memory import resume
from tenants.meter.ranges import Gathered, Range, Ranges, Source
from tierfeed.domain.tenants import tenant_of_group
from tierfeed.errors import ConfigError, UpstreamError
from tierfeed.settings import Settings

POLL_S: Final = 0.2
RECORD: Final = "UsageRange"


class Teller:
    """The kernel, with its memory from ClickHouse and its results on Kafka."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._admin = admin(settings.kafka)
        self._failed: list[str] = []
        self._producer = producer(settings.kafka, on_delivery=self._delivered)
        self._gathered = Gathered()
        self._commits = 0
        self._ids: dict[str, str] = {}
        self._ranges = Ranges()
        self.begin: dict[int, int] = {}
        """Per partition of the log, the first offset that is not stored yet."""

    def prepare(self) -> None:
        """Learn the tiers' topics, and what is stored. Raises ConfigError and UpstreamError."""
        tiers = [topics.tier(tier.name) for tier in self._settings.tiers()]
        self._ids = {name: str(found) for name, found in topic_ids(self._admin, tiers).items()}
        if missing := sorted(set(tiers) - self._ids.keys()):
            raise ConfigError(f"topics {', '.join(missing)} are not there: `tierfeed topics apply` makes them")
        self.begin, positions = resume(self._settings.clickhouse, self._ids)
        self._ranges = Ranges(positions)

    def hear(self, said: Commit | Members | Member, source: Source) -> None:
        """Take in one record. What is no tenant's, or of no tier, is left out."""
        if isinstance(said, Commit):
            if said.topic not in self._ids or tenant_of_group(said.group) is None:
                return
            self._commits += 1
            if said.topic_id is None:  # an older cluster does not write it, and an answer to a question has none
                said = replace(said, topic_id=self._ids[said.topic])
        for found in self._ranges.hear(said, source):
            self._gathered.add(found)

    def tell(self) -> None:
        """Have what was gathered on disk, in the order of the log. Raises UpstreamError."""
        counts: Counter[str] = Counter()
        for found in self._gathered.take():
            record = usage_range(found)
            self._produce(found.source.partition % self._settings.kafka.partitions, record)
            counts[found.kind.value] += 1
        left = self._producer.flush(REQUEST_S)
        if left or self._failed:
            raise UpstreamError(f"usage could not be published: {self._failed[0] if self._failed else 'no answer'}")
        for kind, count in counts.items():
            metrics.count(Metric.USAGE_RANGES, count, kind=kind)
        metrics.count(Metric.METER_COMMITS, self._commits)
        self._commits = 0

    def _produce(self, partition: int, record: dict[str, Any]) -> None:
        value = catalogue.encode(RECORD, record)
        while True:
            try:
                self._producer.produce(topics.USAGE, value, record["tenant"], partition)
                return
            except BufferError:
                self._producer.poll(POLL_S)

    def _delivered(self, error: ck.KafkaError | None, _: ck.Message) -> None:
        if error is not None:
            self._failed.append(error.str())


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
