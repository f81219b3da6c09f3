"""What was kept of each tenant's promises in a month: tenant-months, and the revenue behind them."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from analytics.sla.customers import Bought
from analytics.sla.incidents import LEAST_EVENTS
from analytics.sla.slices import SHARES
from analytics.sla.store import Store
from tierfeed.domain.objectives import MILLION, Objective, target_ppm

AT_ONCE: Final = 500
"""Moments in one question: a parameter has to fit into a request."""

Counts = Mapping[tuple[int, str], tuple[int, int]]
"""(good, total) by (since, objective)."""


@dataclass(frozen=True, slots=True)
class TenantMonths:
    """Tenants that had bought something when the month ended, by what was kept of it; money in micro-dollars.

    `missed`: by objective, tenants of which it was not kept. Unmeasured: too little is stored to tell, or nothing was
    promised.
    """

    kept: int = 0
    measured: int = 0
    unmeasured: int = 0
    kept_microusd: int = 0
    measured_microusd: int = 0
    missed: Mapping[str, int] | None = None


def tenant_months(store: Store, start: datetime, end: datetime, now: datetime, net: Mapping[str, int]) -> TenantMonths:
    """`net`: revenue by tenant. Whoever has bought the same symbols of a tier is judged by one pass over its slices."""
    until = min(end, max(now, start)).replace(microsecond=0)
    alike: dict[tuple[str, frozenset[str] | None], list[Bought]] = {}
    for bought in store.customers(start, end).values():
        alike.setdefault((bought.subject.tier, bought.subject.symbols), []).append(bought)
    found = TenantMonths()
    for (tier, symbols), group in alike.items():
        counts = _counts(store, tier, symbols, {_since(bought) for bought in group}, until)
        for bought in group:
            found = _added(found, failed(bought, counts), net.get(bought.subject.name, 0))
    return found


def failed(bought: Bought, counts: Counts) -> tuple[str, ...] | None:
    """The objectives that were not kept; None where none failed, and of one there is too little to tell."""
    missed: list[str] = []
    judged, is_whole = 0, True
    for objective in Objective:
        target = target_ppm(bought, objective)
        if target is None:
            continue
        good, total = counts.get((_since(bought), objective), (0, 0))
        if total < (LEAST_EVENTS if objective in SHARES else 1):
            is_whole = False
            continue
        judged += 1
        if good * MILLION < target * total:
            missed.append(objective)
    if missed:
        return tuple(missed)
    return () if judged and is_whole else None


def _added(found: TenantMonths, missed: tuple[str, ...] | None, microusd: int) -> TenantMonths:
    if missed is None:
        return TenantMonths(
            found.kept, found.measured, found.unmeasured + 1, found.kept_microusd, found.measured_microusd, found.missed
        )
    by = dict(found.missed or {})
    for objective in missed:
        by[objective] = by.get(objective, 0) + 1
    is_kept = not missed
    return TenantMonths(
        found.kept + is_kept,
        found.measured + 1,
        found.unmeasured,
        found.kept_microusd + microusd * is_kept,
        found.measured_microusd + microusd,
        by,
    )


def _counts(
    store: Store, tier: str, symbols: frozenset[str] | None, sinces: Iterable[int], until: datetime
) -> dict[tuple[int, str], tuple[int, int]]:
    found: dict[tuple[int, str], tuple[int, int]] = {}
    for moments in _chunks(sorted(sinces)):
        asked = {"tier": tier, "symbols": sorted(symbols or ()), "since": moments, "to": until}
        for row in store.ask("month_kept", asked):
            since = int(row["since"].replace(tzinfo=UTC).timestamp())
            found[since, row["objective"]] = (row["good"], row["total"])
    return found


def _chunks(moments: list[int]) -> Iterator[list[int]]:
    for at in range(0, len(moments), AT_ONCE):
        yield moments[at : at + AT_ONCE]


def _since(bought: Bought) -> int:
    return int(bought.since.timestamp())
