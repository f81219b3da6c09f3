"""The tenants and tiers that were in force at every time, kept in ClickHouse: rows are added, none is edited."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final

from clickhouse_connect.driver.exceptions import ClickHouseError

from infra import clickhouse
from tenants.plan import TenantPlan
from tierfeed.domain.tenants import Registered, Tenant
from tierfeed.domain.tiers import PPM_OF_PERCENT, Tier
from tierfeed.errors import ConfigError, UpstreamError
from tierfeed.settings import ClickHouseSettings

MS_US: Final = 1000
_TENANT: Final = ("tenant", "valid_from", "active", "name", "tier", "symbols", "contract_from", "contract_to")
_TIER: Final = (
    "tier", "valid_from", "active", "symbols", "interval_ms", "depth_hours", "brokers", "redundancy", "record",
    "features", "latency_ms", "completeness_percent", "uptime_percent", "quality", "price_microusd",
    "emergency",
)  # fmt: skip


class Registry:
    """The tables tenant_versions and tier_versions. Raises UpstreamError; ConfigError where they are not there."""

    def __init__(self, settings: ClickHouseSettings) -> None:
        self._settings = settings
        self._client = clickhouse.client(settings)

    def newest(self) -> Registered:
        """The newest version of everything that is active."""
        tenants = self._rows("tenant_versions", "tenant", _TENANT)
        tiers = self._rows("tier_versions", "tier", _TIER)
        return Registered(
            {row["tenant"]: _tenant(row) for row in tenants if row["active"]},
            {row["tier"]: _tier(row) for row in tiers if row["active"]},
        )

    def record(self, plan: TenantPlan, at: datetime) -> None:
        """Add the plan's new versions, in force from `at` on."""
        tenants = [_tenant_row(tenant, at, active=True) for tenant in plan.tenants]
        tenants += [_tenant_row(tenant, at, active=False) for tenant in plan.gone_tenants]
        tiers = [_tier_row(tier, at, active=True) for tier in plan.tiers]
        tiers += [_tier_row(tier, at, active=False) for tier in plan.gone_tiers]
        self._insert("tier_versions", _TIER, tiers)
        self._insert("tenant_versions", _TENANT, tenants)

    def close(self) -> None:
        self._client.close()

    def _rows(self, table: str, key: str, columns: tuple[str, ...]) -> list[Mapping[str, Any]]:
        sql = f"SELECT {', '.join(columns)} FROM {table} ORDER BY {key}, valid_from DESC LIMIT 1 BY {key}"
        try:
            return list(self._client.query(sql).named_results())
        except ClickHouseError as error:
            raise self._told(error) from error

    def _insert(self, table: str, columns: tuple[str, ...], rows: Iterable[tuple[Any, ...]]) -> None:
        listed = list(rows)
        try:
            if listed:
                self._client.insert(table, listed, column_names=columns)
        except ClickHouseError as error:
            raise self._told(error) from error

    def _told(self, error: ClickHouseError) -> Exception:
        if getattr(error, "code", None) == clickhouse.UNKNOWN_TABLE:
            return ConfigError(f"database {self._settings.database} has no tenants yet; run `tierfeed tables apply`")
        return UpstreamError(f"ClickHouse at {self._settings.url}: {error}")


def _tenant_row(tenant: Tenant, at: datetime, *, active: bool) -> tuple[Any, ...]:
    symbols = sorted(tenant.symbols or ())
    return tenant.id, at, active, tenant.name, tenant.tier, symbols, tenant.contract_from, tenant.contract_to


def _tenant(row: Mapping[str, Any]) -> Tenant:
    return Tenant(
        id=row["tenant"],
        name=row["name"],
        tier=row["tier"],
        symbols=frozenset(row["symbols"]) or None,
        contract_from=row["contract_from"],
        contract_to=row["contract_to"],
    )


def _tier_row(tier: Tier, at: datetime, *, active: bool) -> tuple[Any, ...]:
    return (
        tier.name, at, active, sorted(tier.symbols or ()), tier.interval_us / MS_US, tier.depth_hours, [*tier.brokers],
        tier.redundancy, tier.record, [str(feature) for feature in tier.features],
        None if tier.latency_us is None else tier.latency_us / MS_US, _percent(tier.completeness_ppm),
        _percent(tier.uptime_ppm), tier.quality, tier.price_microusd, [*tier.emergency],
    )  # fmt: skip


def _tier(row: Mapping[str, Any]) -> Tier:
    latency_ms = row["latency_ms"]
    return Tier(
        name=row["tier"],
        symbols=frozenset(row["symbols"]) or None,
        interval_us=round(row["interval_ms"] * MS_US),
        depth_hours=row["depth_hours"],
        brokers=tuple(row["brokers"]),
        redundancy=row["redundancy"],
        record=row["record"],
        latency_us=None if latency_ms is None else round(latency_ms * MS_US),
        completeness_ppm=_ppm(row["completeness_percent"]),
        uptime_ppm=_ppm(row["uptime_percent"]),
        quality=row["quality"],
        price_microusd=row["price_microusd"],
        emergency=tuple(row["emergency"]),
    )


def _percent(ppm: int | None) -> float | None:
    return None if ppm is None else ppm / PPM_OF_PERCENT


def _ppm(percent: float | None) -> int | None:
    return None if percent is None else round(percent * PPM_OF_PERCENT)
