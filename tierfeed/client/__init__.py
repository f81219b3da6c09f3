"""Read a tier as a tenant: `TierConsumer` yields typed quotes, and what the topic says or proves about them.

Needs Kafka alone, and a schema registry if one is named: no stream engine, no compiler, no database is imported.
"""

from tierfeed.client.consumer import TierConsumer
from tierfeed.client.values import Fresh, Gap, GapNotice, Quote, Session, Stale, Stats, Update
from tierfeed.domain.words import GapCause
from tierfeed.errors import ConfigError, EntitlementError, TierfeedError, UpstreamError

__all__ = [
    "ConfigError",
    "EntitlementError",
    "Fresh",
    "Gap",
    "GapCause",
    "GapNotice",
    "Quote",
    "Session",
    "Stale",
    "Stats",
    "TierConsumer",
    "TierfeedError",
    "Update",
    "UpstreamError",
]
