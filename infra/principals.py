"""The product's own users of a Kafka cluster, each with the least it needs; what that is follows from schemas/topics.

A part is named there as producer or consumer of its topics, and by nothing else is it allowed to be one.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from confluent_kafka.admin import AdminClient

from infra.acls import Acl, acls_of, set_acls, upsert_scram
from schemas import topics
from schemas.topics import Topic
from tierfeed.domain.tenants import PARTS
from tierfeed.errors import UpstreamError
from tierfeed.settings import MeterMode, Settings

METER_GROUP = "tierfeed-meter"
"""By which meters elect one where they have to ask for commits."""
OFFSETS_TOPIC = "__consumer_offsets"
"""Kafka's own record of what every group has committed."""


ALONE = {
    "audit": "tierfeed-audit-tail",
    "collectors": "tierfeed-collector-tail",
    "meter": "tierfeed-meter-tail",
    "sinks": "tierfeed-sink-tail",
    "sla": "tierfeed-sla-tail",
    "streams": "tierfeed-takeover",
}
"""What parts call themselves that read partitions outside any group: librdkafka asks for such a group's coordinator."""


@dataclass(frozen=True, slots=True)
class RightsPlan:
    """What is to be allowed, and no longer allowed, to the product's own users."""

    add: tuple[Acl, ...]
    remove: tuple[Acl, ...]


def rights(settings: Settings, declared: Iterable[Topic]) -> frozenset[Acl]:
    """Everything that the parts may do on the cluster."""
    found = set()
    for topic in declared:
        may = [(user, "WRITE") for user in topic.producers] + [(user, "READ") for user in topic.consumers]
        found |= {Acl(user, "TOPIC", topic.name, "LITERAL", what) for user, what in may if user in PARTS}
    groups = {"streams": settings.stream.app_id, "sinks": settings.sink.app_id}
    found |= {Acl(user, "GROUP", prefix, "PREFIXED", "READ") for user, prefix in groups.items()}
    found |= {Acl(user, "GROUP", group, "LITERAL", "DESCRIBE") for user, group in ALONE.items()}
    found |= _polling_rights() if settings.meter.mode is MeterMode.POLL else set()
    found.add(Acl("meter", "TOPIC", OFFSETS_TOPIC, "LITERAL", "READ"))
    found |= {Acl("meter", "TOPIC", topics.tier(tier.name), "LITERAL", "DESCRIBE") for tier in settings.tiers()}
    return frozenset(found)


def _polling_rights() -> set[Acl]:
    """To ask for commits, a meter has to be in the election's group and to see every group."""
    return {Acl("meter", "GROUP", METER_GROUP, "LITERAL", "READ"), Acl("meter", "GROUP", "*", "LITERAL", "DESCRIBE")}


def plan_rights(wanted: frozenset[Acl], actual: frozenset[Acl]) -> RightsPlan:
    """Compare; touch nothing. Of others than the parts nothing is looked at."""
    theirs = {acl for acl in actual if acl.user in PARTS}
    return RightsPlan(tuple(sorted(wanted - theirs)), tuple(sorted(theirs - wanted)))


def provide(settings: Settings, client: AdminClient, declared: Iterable[Topic], passwords: Mapping[str, str]) -> None:
    """Give the parts their passwords and exactly their rights. Raises UpstreamError."""
    actual = acls_of(client)
    if actual is None:
        raise UpstreamError(f"Kafka cluster {settings.kafka.bootstrap_servers} has no authorizer: it allows everything")
    upsert_scram(client, {user: passwords[user] for user in PARTS if user in passwords})
    plan = plan_rights(rights(settings, declared), actual)
    set_acls(client, add=plan.add, remove=plan.remove)
