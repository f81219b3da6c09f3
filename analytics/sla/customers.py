"""What a tenant had bought at the end of a month, as the register tells, and why it had nothing. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Self

from analytics.figures import Status
from analytics.sla.incidents import Subject
from tierfeed.domain.tiers import PPM_OF_PERCENT, Tier


@dataclass(frozen=True, slots=True)
class Bought:
    """What somebody has since a moment, and what that promises; see `Promises`."""

    subject: Subject
    since: datetime
    brokers: tuple[str, ...]
    price_microusd: int | None
    latency_us: int | None
    completeness_ppm: int | None
    uptime_ppm: int | None

    @property
    def name(self) -> str:
        return self.subject.tier

    @classmethod
    def of_tier(cls, subject: Subject, tier: Tier, since: datetime) -> Self:
        """A tier as it is now."""
        return cls(
            subject, since, tier.brokers, tier.price_microusd, tier.latency_us, tier.completeness_ppm, tier.uptime_ppm
        )

    @classmethod
    def of_row(cls, row: Mapping[str, Any]) -> Self:
        """As sql/sla_customers.sql tells it."""
        latency_ms = row["latency_ms"]
        return cls(
            Subject(row["tenant"], row["tier"], frozenset(row["symbols"]) or None),
            row["since"].replace(tzinfo=UTC),
            tuple(row["brokers"]),
            row["price_microusd"],
            None if latency_ms is None else round(latency_ms * 1000),
            _ppm(row["completeness_percent"]),
            _ppm(row["uptime_percent"]),
        )


@dataclass(frozen=True, slots=True)
class Promised:
    """By what a month is judged: what was bought at its end, and since when in it. `symbols` None: all of the tier's.

    Where it had nothing, or nobody knows, `status` is not ok, `reason` says why, and the rest is None.
    """

    status: Status
    reason: str | None = None
    tier: str | None = None
    symbols: tuple[str, ...] | None = None
    since: datetime | None = None


def promised(bought: Bought) -> Promised:
    symbols = bought.subject.symbols
    return Promised(
        Status.OK, None, bought.subject.tier, None if symbols is None else tuple(sorted(symbols)), bought.since
    )


def unpromised(tenant: str, month: str, end: datetime, told: Mapping[str, Any]) -> Promised:
    """Why a tenant had nothing when the month ended; `told` answers sql/sla_register.sql."""
    began, came, contract_from = told["begins"], told["came"], told["contract_from"]
    end = end.replace(tzinfo=None)  # as the columns come
    if began is None or began >= end:
        since = "has nobody" if began is None else f"begins on {began:%F %T}Z"
        return Promised(Status.NO_SOURCE, f"what {tenant} had at the end of {month} is not known: the register {since}")
    if came is not None and came >= end and contract_from is not None and contract_from < end.date():
        return Promised(
            Status.NO_SOURCE,
            f"what {tenant} had at the end of {month} is not known: its contract is from {contract_from} on, and the "
            f"register tells of it from {came:%F %T}Z on",
        )
    return Promised(Status.NOT_APPLICABLE, f"{tenant} was promised nothing at the end of {month}: {_why(told)}")


def _why(told: Mapping[str, Any]) -> str:
    if told["changed"] is None:
        return "it never came" if told["came"] is None else f"it came on {told['came']:%F %T}Z"
    if not told["is_active"]:
        return f"it left on {told['changed']:%F %T}Z"
    return f"its tier {told['tier']} was sold no more"


def _ppm(percent: float | None) -> int | None:
    return None if percent is None else round(percent * PPM_OF_PERCENT)
