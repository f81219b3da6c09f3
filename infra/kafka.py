"""The Kafka cluster: clients, readiness, and the topic plan (compare, show, apply)."""

import logging
import time
import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import confluent_kafka as ck
from confluent_kafka.admin import (
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewPartitions,
    NewTopic,
    ResourceType,
)

from schemas.topics import Topic
from tierfeed.errors import UpstreamError
from tierfeed.settings import KafkaSettings

REQUEST_S: Final = 30.0
SYMBOL_KEY: Final = "symbol"
PRODUCER: Final[Mapping[str, Any]] = {
    "enable.idempotence": True,
    "acks": "all",
    # Measured on ticks of 98 bytes. Full batches: lz4 22 bytes, zstd 13, and the same CPU. The small batches of a live
    # feed: lz4 41 bytes and 16 µs of client CPU a record, zstd 34 bytes and 19 µs.
    "compression.type": "lz4",
    "partitioner": "murmur2_random",
    "linger.ms": 1,
    "batch.size": 262_144,
    "queue.buffering.max.messages": 500_000,
    "delivery.report.only.error": True,
}
UNDERSCORED: Final = frozenset(("on_delivery", "error_cb", "stats_cb", "oauth_cb", "throttle_cb", "log_level"))

_log = logging.getLogger(__name__)


def producer(settings: KafkaSettings, **extra: Any) -> ck.Producer:
    """An idempotent producer that waits for every replica. `extra`: librdkafka keys, underscores for dots."""
    return ck.Producer(settings.client() | dict(PRODUCER) | _dotted(extra) | {"logger": _log})


def admin(settings: KafkaSettings) -> AdminClient:
    """An admin client. Keep the reference for as long as its futures are waited for."""
    return AdminClient(settings.client(), logger=_log)


def wait_ready(settings: KafkaSettings, within_s: float = 30.0) -> str:
    """Wait until the cluster answers; its cluster id. Raises UpstreamError when it does not within `within_s`."""
    client = AdminClient(settings.client(reconnect_backoff_max_ms=250) | {"log_level": 0})
    deadline, trouble = time.monotonic() + within_s, "no answer"
    while (left_s := deadline - time.monotonic()) > 0:
        try:
            metadata = client.list_topics(timeout=min(left_s, 1.0))
            if metadata.brokers:
                return str(metadata.cluster_id)
        except ck.KafkaException as error:
            trouble = error.args[0].str()
    raise UpstreamError(f"Kafka cluster {settings.bootstrap_servers} is not ready after {within_s:g} s: {trouble}")


@dataclass(frozen=True, slots=True)
class ActualTopic:
    """A topic as the cluster has it; `config` holds every effective value, defaults included."""

    name: str
    topic_id: uuid.UUID
    partitions: int
    config: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ConfigChange:
    """One configuration value of a topic that is not as declared. `was` is None where the cluster does not know it."""

    topic: str
    key: str
    was: str | None
    to: str

    def __str__(self) -> str:
        return f"{self.topic}: {self.key} {self.was} → {self.to}"


@dataclass(frozen=True, slots=True)
class Growth:
    """Partitions to add to a topic."""

    topic: str
    was: int
    to: int

    def __str__(self) -> str:
        return f"{self.topic}: partitions {self.was} → {self.to}"


@dataclass(frozen=True, slots=True)
class Plan:
    """What `apply` would do, what it leaves alone (`unknown`), and what it cannot put right (`problems`)."""

    create: tuple[Topic, ...] = ()
    change: tuple[ConfigChange, ...] = ()
    grow: tuple[Growth, ...] = ()
    unknown: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Nothing to do."""
        return not (self.create or self.change or self.grow)


def plan_topics(declared: Mapping[str, Topic], actual: Mapping[str, ActualTopic]) -> Plan:
    """Compare; touch nothing.

    Topics keyed by symbol never change their number of partitions: symbols would move and no longer be
    co-partitioned. Others may grow. Nothing shrinks and nothing is deleted.
    """
    change: list[ConfigChange] = []
    grow: list[Growth] = []
    problems: list[str] = []
    for name in sorted(declared.keys() & actual.keys()):
        topic, there = declared[name], actual[name]
        change += _config_changes(topic, there)
        if topic.partitions == there.partitions:
            continue
        if topic.partitions < there.partitions or topic.key == SYMBOL_KEY:
            problems.append(
                f"{name}: must have {topic.partitions} partitions, was {there.partitions}; "
                f"partitions cannot be taken away, nor added where symbols are co-partitioned"
            )
        else:
            grow.append(Growth(name, there.partitions, topic.partitions))
    return Plan(
        create=tuple(declared[name] for name in sorted(declared.keys() - actual.keys())),
        change=tuple(change),
        grow=tuple(grow),
        unknown=tuple(sorted(actual.keys() - declared.keys())),
        problems=tuple(problems),
    )


def _config_changes(topic: Topic, there: ActualTopic) -> Iterator[ConfigChange]:
    for key, value in sorted(topic.config.items()):
        was = there.config.get(key)
        if was is None or _as_set(was) != _as_set(value):
            yield ConfigChange(topic.name, key, was, value)


def _as_set(value: str) -> frozenset[str]:
    """Kafka gives lists (cleanup.policy) back in an order of its own."""
    return frozenset(value.split(","))


def describe(client: AdminClient) -> dict[str, ActualTopic]:
    """Every topic of the cluster but Kafka's own. Raises UpstreamError."""
    try:
        metadata = client.list_topics(timeout=REQUEST_S)
    except ck.KafkaException as error:
        raise UpstreamError(f"cannot list topics: {error.args[0].str()}") from error
    names = sorted(name for name in metadata.topics if not name.startswith("_"))
    ids, configs = topic_ids(client, names), _configs(client, names)
    return {
        name: ActualTopic(name, ids[name], len(metadata.topics[name].partitions), configs[name])
        for name in names
        if name in ids and name in configs  # deleted meanwhile
    }


def topic_ids(client: AdminClient, names: Iterable[str]) -> dict[str, uuid.UUID]:
    """The ids of the topics of `names` that exist: a topic deleted and created again has another one."""
    wanted = list(names)
    if not wanted:
        return {}
    found = _results(client.describe_topics(ck.TopicCollection(wanted), request_timeout=REQUEST_S), "describe")
    return {name: _uuid(description.topic_id) for name, description in found.items()}


def _configs(client: AdminClient, names: Iterable[str]) -> dict[str, dict[str, str]]:
    resources = [ConfigResource(ResourceType.TOPIC, name) for name in names]
    if not resources:
        return {}
    found = _results(client.describe_configs(resources, request_timeout=REQUEST_S), "describe the configuration of")
    return {name: {key: entry.value for key, entry in entries.items()} for name, entries in found.items()}


def _uuid(kafka: Any) -> uuid.UUID:
    high, low = kafka.get_most_significant_bits(), kafka.get_least_significant_bits()
    return uuid.UUID(int=(high & (1 << 64) - 1) << 64 | low & (1 << 64) - 1)


def apply(plan: Plan, client: AdminClient, replication_factor: int = 1) -> None:
    """Carry out `plan` and wait until the topics can be used. Raises UpstreamError with what the cluster refused.

    Where the cluster keeps three or more replicas, a record counts as stored once all but one have it.
    """
    if plan.create:
        floor = {"min.insync.replicas": str(replication_factor - 1)} if replication_factor > 2 else {}
        new = [
            NewTopic(topic.name, topic.partitions, replication_factor, config=floor | dict(topic.config))
            for topic in plan.create
        ]
        _done(client.create_topics(new, operation_timeout=REQUEST_S), "create", but=ck.KafkaError.TOPIC_ALREADY_EXISTS)
    if plan.grow:
        more = [NewPartitions(growth.topic, growth.to) for growth in plan.grow]
        _done(client.create_partitions(more, operation_timeout=REQUEST_S), "add partitions to")
    if plan.change:
        _done(client.incremental_alter_configs(_alterations(plan.change)), "configure")
    _wait_for(client, {topic.name: topic.partitions for topic in plan.create} | {g.topic: g.to for g in plan.grow})


def _alterations(changes: Iterable[ConfigChange]) -> list[ConfigResource]:
    by_topic: dict[str, list[ConfigEntry]] = {}
    for change in changes:
        entry = ConfigEntry(change.key, change.to, incremental_operation=AlterConfigOpType.SET)
        by_topic.setdefault(change.topic, []).append(entry)
    return [
        ConfigResource(ResourceType.TOPIC, topic, incremental_configs=entries) for topic, entries in by_topic.items()
    ]


def _wait_for(client: AdminClient, wanted: Mapping[str, int]) -> None:
    deadline = time.monotonic() + REQUEST_S
    missing = set(wanted)
    while missing:
        topics = client.list_topics(timeout=REQUEST_S).topics
        missing = {name for name in missing if not _is_usable(topics.get(name), wanted[name])}
        if missing and time.monotonic() > deadline:
            raise UpstreamError(f"topics without a leader {REQUEST_S:g} s after they were made: {sorted(missing)}")
        time.sleep(0.05 if missing else 0)


def _is_usable(topic: Any, partitions: int) -> bool:
    if topic is None or len(topic.partitions) < partitions:
        return False
    return all(partition.leader >= 0 for partition in topic.partitions.values())


def _results(futures: Mapping[Any, Any], doing: str) -> dict[str, Any]:
    """Results by topic name; topics that are gone are left out."""
    return dict(_each(futures, doing, ck.KafkaError.UNKNOWN_TOPIC_OR_PART))


def _done(futures: Mapping[Any, Any], doing: str, but: int | None = None) -> None:
    for _ in _each(futures, doing, but):
        pass


def _each(futures: Mapping[Any, Any], doing: str, but: int | None) -> Iterator[tuple[str, Any]]:
    refused = []
    for key, future in futures.items():
        name = key if isinstance(key, str) else key.name
        try:
            yield name, future.result()
        except ck.KafkaException as error:
            if error.args[0].code() != but:
                refused.append(f"cannot {doing} {name}: {error.args[0].str()}")
    if refused:
        raise UpstreamError("; ".join(refused))


def _dotted(extra: Mapping[str, Any]) -> dict[str, Any]:
    return {key if key in UNDERSCORED else key.replace("_", "."): value for key, value in extra.items()}
