"""Which broker serves a tenant's symbol best, from the live quality windows."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from analytics.summary import Questions, Row
from tierfeed.domain.features import Feature
from tierfeed.domain.selection import FORMULA, HOUR_S, Choice, Second, Standing, choose, hundredths
from tierfeed.domain.tenants import Registered
from tierfeed.domain.tiers import Tier
from tierfeed.errors import EntitlementError, TierfeedError
from tierfeed.settings import ClickHouseSettings


class NoBrokerError(TierfeedError):
    """None of the tier's brokers can serve the symbol now. `reasons` says why not, of each."""

    def __init__(self, symbol: str, reasons: Mapping[str, str]) -> None:
        self.reasons = dict(reasons)
        told = "; ".join(f"{broker}: {reason}" for broker, reason in reasons.items())
        super().__init__(f"no broker can serve {symbol} now: {told}")


@dataclass(frozen=True, slots=True)
class Lead:
    """A broker that led in the stream. `better`: it took over because it was better, not because another had gone."""

    broker: str
    since: datetime
    better: bool
    records: int
    last_told: datetime


@dataclass(frozen=True, slots=True)
class BrokerFeed:
    """The broker, and what the tier promises of it. `since`: when it took the lead, in the last hour."""

    tenant: str
    symbol: str
    broker: str
    latency_sla_ms: float | None
    quality_level: str
    since: datetime
    switches: tuple[datetime, ...]
    standings: tuple[Standing, ...]
    told: tuple[Lead, ...]
    """Who led in the tier's records of the last hour, the newest last; none where the tier does not sell it."""
    computed_at: datetime
    formula_version: str = FORMULA


class TenantBrokerManager:
    """Chooses for the tenants that are registered."""

    def __init__(self, settings: ClickHouseSettings, registered: Registered) -> None:
        self._settings, self._registered = settings, registered

    def get_optimal_broker_feed(self, tenant_id: str, symbol: str, at: datetime | None = None) -> BrokerFeed:
        """The best broker at `at`, of those that the tenant's tier has.

        Raises ConfigError where there is no such tenant or its tier is sold no more, EntitlementError where it has not
        bought the symbol, NoBrokerError, UpstreamError.
        """
        tenant = self._registered.tenant(tenant_id)
        tier = self._registered.tier_of(tenant)
        if not tenant.may_see(symbol, tier):
            raise EntitlementError(f"{symbol} is not among the symbols of {tenant_id} ({tier.name})")
        now = at or datetime.now(UTC)
        choice = self._choice(tier, symbol, now)
        if choice.broker is None or choice.since_s is None:
            raise NoBrokerError(symbol, {each.broker: each.reason or "" for each in choice.standings})
        return BrokerFeed(
            tenant=tenant_id,
            symbol=symbol,
            broker=choice.broker,
            latency_sla_ms=None if tier.latency_us is None else tier.latency_us / 1000,
            quality_level=tier.quality,
            since=datetime.fromtimestamp(choice.since_s, UTC),
            switches=tuple(datetime.fromtimestamp(at_s, UTC) for at_s in choice.switches),
            standings=choice.standings,
            told=self._told(tier, symbol, now),
            computed_at=now,
        )

    def _told(self, tier: Tier, symbol: str, now: datetime) -> tuple[Lead, ...]:
        if Feature.PRIORITY_ROUTING not in tier.features:
            return ()
        rows = self._ask("lead_changes", {"tier": tier.name, "from": now - timedelta(seconds=HOUR_S), "to": now})
        return tuple(Lead(**{name: row[name] for name in Lead.__slots__}) for row in rows if row["symbol"] == symbol)

    def _ask(self, question: str, parameters: Mapping[str, Any]) -> list[Row]:
        questions = Questions(self._settings)
        try:
            return questions.ask(question, parameters)
        finally:
            questions.close()

    def _choice(self, tier: Tier, symbol: str, now: datetime) -> Choice:
        at_s = int(now.timestamp())
        end = datetime.fromtimestamp(at_s, UTC)
        asked = {"symbol": symbol, "from": end - timedelta(seconds=HOUR_S), "to": end}
        rows = self._ask("broker_seconds", asked)
        seconds: dict[str, dict[int, Second]] = {}
        for row in rows:
            latencies = tuple(row[name] for name in ("p50_us", "p95_us", "p99_us", "max_us"))
            timed = None if None in latencies else latencies
            mid, spread = (hundredths(symbol, row[name]) for name in ("mid", "spread_mean"))
            second = Second(row["ticks"], row["faulty"], timed, mid, spread)
            seconds.setdefault(row["broker"], {})[row["second"]] = second
        return choose(tier.brokers, {name: of for name, of in seconds.items() if name in tier.brokers}, at_s)
