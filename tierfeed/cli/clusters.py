"""Questions to the Kafka cluster that the command line asks: groups, ends, commits. All block."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import confluent_kafka as ck
from confluent_kafka.admin import AdminClient, OffsetSpec

from infra.kafka import REQUEST_S
from tierfeed.errors import UpstreamError

Place = tuple[str, int]
"""(topic, partition)."""
NO_OFFSET: Final = -1
EMPTY_STATES: Final = frozenset({"EMPTY", "DEAD", "UNKNOWN"})


@dataclass(frozen=True, slots=True)
class Member:
    """One process of a group, and the partitions it has."""

    id: str
    client: str
    instance: str | None
    host: str
    places: tuple[Place, ...]


@dataclass(frozen=True, slots=True)
class GroupState:
    """A consumer group as the cluster sees it."""

    name: str
    state: str
    members: tuple[Member, ...]

    @property
    def is_working(self) -> bool:
        """Every member has what it is to have, and there is something to have."""
        return self.state == "STABLE" and any(member.places for member in self.members)

    @property
    def is_active(self) -> bool:
        return bool(self.members) or self.state not in EMPTY_STATES


def group_names(client: AdminClient) -> list[str]:
    """Every consumer group. Raises UpstreamError."""
    listed = _asked(client.list_consumer_groups(request_timeout=REQUEST_S), "list groups")
    return sorted(group.group_id for group in listed.valid)


def group_state(client: AdminClient, name: str) -> GroupState:
    """One group; one that is not there is DEAD and has no members. Raises UpstreamError."""
    try:
        found = client.describe_consumer_groups([name], request_timeout=REQUEST_S)[name].result()
    except ck.KafkaException as error:
        if error.args[0].code() == ck.KafkaError.GROUP_ID_NOT_FOUND:
            return GroupState(name, "DEAD", ())
        raise UpstreamError(f"cannot describe group {name}: {error.args[0].str()}") from error
    members = tuple(
        Member(
            member.member_id,
            member.client_id,
            member.group_instance_id,
            member.host.lstrip("/"),
            tuple(sorted((at.topic, at.partition) for at in member.assignment.topic_partitions)),
        )
        for member in found.members
    )
    return GroupState(name, found.state.name, members)


def committed(client: AdminClient, group: str) -> dict[Place, int]:
    """What a group has committed. Raises UpstreamError."""
    request = [ck.ConsumerGroupTopicPartitions(group)]
    answer = _asked(client.list_consumer_group_offsets(request, request_timeout=REQUEST_S)[group], f"read {group}")
    return {(at.topic, at.partition): at.offset for at in answer.topic_partitions if at.offset >= 0}


def partitions_of(client: AdminClient, topics: Iterable[str]) -> list[Place]:
    """Every partition of those of `topics` that are there. Raises UpstreamError."""
    wanted = set(topics)
    try:
        known = client.list_topics(timeout=REQUEST_S).topics
    except ck.KafkaException as error:
        raise UpstreamError(f"cannot list topics: {error.args[0].str()}") from error
    return [(name, at) for name in sorted(wanted & known.keys()) for at in sorted(known[name].partitions)]


def ends(client: AdminClient, places: Iterable[Place]) -> dict[Place, int]:
    """One past the last offset of each partition. Raises UpstreamError."""
    return _offsets(client, places, OffsetSpec.latest())


def starts(client: AdminClient, places: Iterable[Place]) -> dict[Place, int]:
    """The first offset that is still there. Raises UpstreamError."""
    return _offsets(client, places, OffsetSpec.earliest())


def _offsets(client: AdminClient, places: Iterable[Place], spec: Any) -> dict[Place, int]:
    wanted = {ck.TopicPartition(topic, partition): spec for topic, partition in places}
    if not wanted:
        return {}
    futures = client.list_offsets(wanted, request_timeout=REQUEST_S)
    return {(at.topic, at.partition): int(_asked(future, "list offsets").offset) for at, future in futures.items()}


def reset(client: AdminClient, group: str, offsets: Mapping[Place, int]) -> None:
    """Commit for a group that is not at work. Raises UpstreamError."""
    wanted = [ck.TopicPartition(topic, partition, offset) for (topic, partition), offset in offsets.items()]
    request = [ck.ConsumerGroupTopicPartitions(group, wanted)]
    answer = _asked(client.alter_consumer_group_offsets(request, request_timeout=REQUEST_S)[group], f"reset {group}")
    refused = [f"{at.topic}/{at.partition}: {at.error.str()}" for at in answer.topic_partitions if at.error]
    if refused:
        raise UpstreamError(f"cannot reset {group}: {'; '.join(refused)}")


def _asked(future: Any, doing: str) -> Any:
    try:
        return future.result()
    except ck.KafkaException as error:
        raise UpstreamError(f"cannot {doing}: {error.args[0].str()}") from error
