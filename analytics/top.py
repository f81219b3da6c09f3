"""How everything is, just now: brokers, tiers, and whose promise is at risk."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from analytics.sla.slices import FORMULA
from analytics.summary import Questions, Row
from tierfeed.domain.tenants import Registered

STORED = timedelta(seconds=3)
"""What is newer may not be stored yet."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Rows as the files of sql/ that they answer say. `at_risk`: by tenant, the incidents that are going on."""

    at: datetime
    brokers: list[Row]
    tiers: list[Row]
    incidents: list[Row]
    at_risk: list[Row]
    formula_version: str = FORMULA


def snapshot(questions: Questions, registered: Registered, now: datetime | None = None) -> Snapshot:
    """Of the minute before. Raises UpstreamError."""
    at = (now or datetime.now(UTC)).replace(microsecond=0) - STORED
    asked = {"subject": "", "from": at, "to": at}
    incidents = [row for row in questions.ask("sla_incidents", asked) if row["ended"] is None]
    brokers, tiers = questions.ask("top_brokers", {"to": at}), questions.ask("top_tiers", {"to": at})
    return Snapshot(at, brokers, tiers, incidents, list(_at_risk(registered, incidents)))


def _at_risk(registered: Registered, incidents: list[Row]) -> list[Row]:
    """Whoever has a breach going on: of its tier, or its own where it has bought fewer symbols. Oldest breach first."""
    found = []
    for tenant in registered.tenants.values():
        subject = tenant.tier if tenant.symbols is None else tenant.id
        broken = [row for row in incidents if row["subject"] == subject and row["what"] == "breach"]
        if broken:
            since = min(row["began"] for row in broken)
            objectives = sorted({row["objective"] for row in broken})
            found.append({"tenant": tenant.id, "tier": tenant.tier, "broken": objectives, "since": since})
    return sorted(found, key=lambda row: (row["since"], row["tenant"]))
