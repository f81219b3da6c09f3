"""Questions to the Kafka cluster that the command line asks: groups, ends, commits. All block."""

import contextlib
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import confluent_kafka as ck
from confluent_kafka.admin import AdminClient, OffsetSpec

from infra.kafka import REQUEST_S, admin, wait_ready
from tierfeed.errors import UpstreamError
from tierfeed.settings import KafkaSettings

Place = tuple[str, int]
"""(topic, partition)."""
NO_OFFSET: Final = -1
EMPTY_STATES: Final = frozenset({"EMPTY", "DEAD", "UNKNOWN"})
COORDINATOR_MOVES: Final = frozenset(
    {
        ck.KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
        ck.KafkaError.COORDINATOR_NOT_AVAILABLE,
        ck.KafkaError.NOT_COORDINATOR,
    }
)
"""A node has just started, or taken a group over: it answers in a moment."""
ASK_AGAIN_S: Final = 0.1
ANSWER_S: Final = 10.0


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


def asking(kafka: KafkaSettings) -> AdminClient:
    """An admin client of a cluster that answers. Raises UpstreamError that says where there is none."""
    wait_ready(kafka, ANSWER_S)
    return admin(kafka)


def group_names(client: AdminClient) -> list[str]:
    """Every consumer group. Raises UpstreamError."""
    listed = _asked(client.list_consumer_groups(request_timeout=REQUEST_S), "list groups")
    return sorted(group.group_id for group in listed.valid)


def group_state(client: AdminClient, name: str) -> GroupState:
    """One group; one that is not there is DEAD and has no members. Raises UpstreamError."""
    try:
        found = _settled(lambda: client.describe_consumer_groups([name], request_timeout=REQUEST_S)[name].result())
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


@dataclass(frozen=True, slots=True)
class Commit:
    """What a group has committed of one partition."""

    offset: int
    metadata: str = ""


class Commits:
    """What one group has committed.

    Asked by a consumer that never joins: the admin client's question ends the whole process by a segmentation fault
    where the group's coordinator has moved or is just starting.
    """

    # XXX https://github.com/confluentinc/librdkafka/issues/5040: once it is closed, the admin client can ask.

    def __init__(self, kafka: KafkaSettings, group: str) -> None:
        self._group = group
        self._reader = ck.Consumer(kafka.client(group_id=group, enable_auto_commit=False))

    def of(self, places: Iterable[Place]) -> dict[Place, Commit]:
        """Of those partitions of which it has committed something. Raises UpstreamError."""
        wanted = [ck.TopicPartition(*place) for place in places]
        try:
            found = _settled(lambda: self._reader.committed(wanted, REQUEST_S)) if wanted else []
        except ck.KafkaException as error:
            raise UpstreamError(f"cannot read {self._group}: {error.args[0].str()}") from error
        return {(at.topic, at.partition): Commit(at.offset, at.metadata or "") for at in found if at.offset >= 0}

    def close(self) -> None:
        self._reader.close()


def committed(kafka: KafkaSettings, group: str, places: Iterable[Place]) -> dict[Place, Commit]:
    """What a group has committed of `places`, asked once. Raises UpstreamError."""
    with contextlib.closing(Commits(kafka, group)) as commits:
        return commits.of(places)


def partitions_of(client: AdminClient, topics: Iterable[str] | None = None) -> list[Place]:
    """Every partition of those of `topics` that are there; without them, of every topic. Raises UpstreamError."""
    try:
        known = client.list_topics(timeout=REQUEST_S).topics
    except ck.KafkaException as error:
        raise UpstreamError(f"cannot list topics: {error.args[0].str()}") from error
    wanted = known.keys() if topics is None else set(topics) & known.keys()
    return [(name, at) for name in sorted(wanted) for at in sorted(known[name].partitions)]


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


def _settled(ask: Callable[[], Any]) -> Any:
    """The answer, asked for again while the group's coordinator moves. Raises KafkaException."""
    deadline_s = time.monotonic() + REQUEST_S
    while True:
        try:
            return ask()
        except ck.KafkaException as error:
            if error.args[0].code() not in COORDINATOR_MOVES or time.monotonic() > deadline_s:
                raise
        time.sleep(ASK_AGAIN_S)


def _asked(future: Any, doing: str) -> Any:
    try:
        return future.result()
    except ck.KafkaException as error:
        raise UpstreamError(f"cannot {doing}: {error.args[0].str()}") from error
