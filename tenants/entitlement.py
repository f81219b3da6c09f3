"""What the Kafka cluster is to allow each tenant: its tier's topics, its own groups, so many bytes a second."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from infra.acls import Acl
from schemas import topics
from tierfeed.domain.tenants import Tenant, group_prefix
from tierfeed.domain.tiers import Tier

RECORD_BYTES: Final[Mapping[str, int]] = {"FreeQuote": 150, "ProQuote": 220, "EnterpriseQuote": 400}
"""A record with its key and Kafka's own bytes, uncompressed, of a symbol that three brokers quote."""
MANY_SYMBOLS: Final = 128
"""What `symbols: all` is counted as."""
HEADROOM: Final = 4
LEAST_BYTE_RATE: Final = 1_048_576
SECOND_US: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Entitlement:
    """What one tenant's user is to have on the cluster. Without `acls` it may log in and do nothing."""

    user: str
    acls: frozenset[Acl]
    consumer_byte_rate: int


def entitlement(tenant: Tenant, tier: Tier, day: date, *, doors: bool) -> Entitlement:
    """What `tenant` is to have on `day`; no rights outside its contract.

    `doors`: the cluster's authorizer knows doors (see `door`).
    """
    rights = _rights(tenant.id, tier, doors) if tenant.is_active(day) else frozenset()
    return Entitlement(tenant.id, rights, consumer_byte_rate(tier))


def _rights(user: str, tier: Tier, doors: bool) -> frozenset[Acl]:
    read = [topics.tier(tier.name), topics.latest(tier.name)]
    names = [door(topic, user) for topic in read] if doors else read
    return frozenset(
        [
            *(Acl(user, "TOPIC", name, "LITERAL", "READ") for name in names),
            Acl(user, "GROUP", group_prefix(user), "PREFIXED", "READ"),
        ]
    )


def door(topic: str, user: str) -> str:
    """The name under which one user's right to a topic is kept, where the cluster's authorizer knows of it.

    Kafka's own authorizer walks through every entry of a topic at every request: 0.13 µs each, 1.3 ms with ten thousand
    tenants. Under a name of its own a right is found at once, however many there are.
    """
    return f"{topic}@{user}"


def consumer_byte_rate(tier: Tier) -> int:
    """Bytes a second that each node lets a tenant fetch: four times the tier's peak, and at least 1 MiB."""
    symbols = MANY_SYMBOLS if tier.symbols is None else len(tier.symbols)
    peak = symbols * SECOND_US * RECORD_BYTES[tier.record] // tier.interval_us
    return max(HEADROOM * peak, LEAST_BYTE_RATE)
