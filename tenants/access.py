"""One tick and one tenant: may it be seen, is it due, and which of its fields were sold.

The product is the tier topics; this is the same contract for whoever serves one tenant by other means. Pure: time is an
argument, and the memory is a mapping.
"""

from collections.abc import Iterator, Mapping, MutableMapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final

from tierfeed.domain.features import FIELDS
from tierfeed.domain.tenants import Tenant
from tierfeed.domain.tiers import Tier
from tierfeed.errors import TierfeedError

Tick = Mapping[str, Any]
"""A composite of the tenant's own tier, with the fields of an EnterpriseQuote or fewer of them."""
SECOND_US: Final = 1_000_000


class UnknownTenantError(TierfeedError):
    """There is no such tenant."""


class Refusal(StrEnum):
    """Why a tenant does not get a tick at all."""

    SYMBOL_OF_ANOTHER_TIER = "symbol_of_another_tier"
    """What its tier does not carry: what a tenant would pay more for."""
    SYMBOL_NOT_BOUGHT = "symbol_not_bought"
    """What its tier carries and its own contract does not."""
    NO_CONTRACT = "no_contract"
    """Its contract does not cover the day."""


@dataclass(frozen=True, slots=True)
class Delivered:
    """What the tenant gets: only the fields of its tier's features."""

    tick: Tick


@dataclass(frozen=True, slots=True)
class Held:
    """Not yet: it waits for the end of the tier's interval, unless a newer one takes its place."""

    due_us: int


@dataclass(frozen=True, slots=True)
class Refused:
    """Never."""

    reason: Refusal


@dataclass(slots=True)
class Flow:
    """What is remembered of one tenant and symbol: when it last got something, and what waits."""

    released_us: int
    waiting: Tick | None = None
    conflated: int = 0


@dataclass(slots=True)
class DataAccessController:
    """The rules of every tenant's tier. `flows`: the memory, by tenant and symbol."""

    tenants: Mapping[str, Tenant]
    tiers: Mapping[str, Tier]
    flows: MutableMapping[tuple[str, str], Flow] = field(default_factory=dict)

    def filter_data_for_tenant(self, tenant_id: str, tick: Tick, now_us: int) -> Delivered | Held | Refused:
        """What becomes of `tick` for one tenant at `now_us`, which never goes back. Raises UnknownTenantError.

        The first tick of a symbol goes out at once, later ones at most one an interval; of those that wait the newest
        goes out when the interval ends: `due` hands it over. Its `conflated_count` counts those it replaces.
        """
        tenant, tier = self._of(tenant_id)
        symbol = tick["symbol"]
        if not tenant.is_active(datetime.fromtimestamp(now_us / SECOND_US, UTC).date()):
            return Refused(Refusal.NO_CONTRACT)
        if not tier.carries(symbol):
            return Refused(Refusal.SYMBOL_OF_ANOTHER_TIER)
        if not tenant.may_see(symbol, tier):
            return Refused(Refusal.SYMBOL_NOT_BOUGHT)
        flow = self.flows.get((tenant_id, symbol))
        if flow is None:
            self.flows[tenant_id, symbol] = Flow(now_us)
            return Delivered(sold(tick, tier))
        if flow.waiting is not None:
            flow.conflated += flow.waiting["conflated_count"] + 1
        flow.waiting = tick
        due_us = flow.released_us + tier.interval_us
        return Held(due_us) if now_us < due_us else Delivered(_released(flow, tick, tier, now_us))

    def due(self, now_us: int) -> Iterator[tuple[str, Delivered]]:
        """(tenant, tick) of everything whose interval has ended by `now_us`."""
        for (tenant_id, _), flow in self.flows.items():
            tier = self._of(tenant_id)[1]
            if flow.waiting is not None and flow.released_us + tier.interval_us <= now_us:
                yield tenant_id, Delivered(_released(flow, flow.waiting, tier, now_us))

    def next_due_us(self) -> int | None:
        """When `due` has something next; None while nothing waits."""
        return min(
            (
                flow.released_us + self._of(tenant_id)[1].interval_us
                for (tenant_id, _), flow in self.flows.items()
                if flow.waiting is not None
            ),
            default=None,
        )

    def get_tenant_historical_depth(self, tenant_id: str) -> int:
        """How many hours back the tenant may look. Raises UnknownTenantError."""
        return self._of(tenant_id)[1].depth_hours

    def _of(self, tenant_id: str) -> tuple[Tenant, Tier]:
        tenant = self.tenants.get(tenant_id)
        if tenant is None or tenant.tier not in self.tiers:
            raise UnknownTenantError(f"there is no tenant {tenant_id!r}")
        return tenant, self.tiers[tenant.tier]


def sold(tick: Tick, tier: Tier) -> Tick:
    """The fields of `tick` that the tier's features show; of the brokers only those that the tier has."""
    fields = {name for feature in tier.features for name in FIELDS[feature]}
    shown = {name: value for name, value in tick.items() if name in fields}
    for name in shown.keys() & {"brokers", "sources"}:
        shown[name] = [each for each in shown[name] if each["broker"] in tier.brokers]
    return shown


def _released(flow: Flow, tick: Tick, tier: Tier, now_us: int) -> Tick:
    released = {**tick, "conflated_count": tick["conflated_count"] + flow.conflated}
    flow.released_us, flow.waiting, flow.conflated = now_us, None, 0
    return sold(released, tier)
