"""Whose prices earned what: recognised revenue split by what tenants consumed, to the micro-dollar. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from analytics.allocation.shares import apportion
from analytics.summary import Row

UNNAMED: Final = ""
"""As whose the rollups have the halves of records that nobody can be named for."""


def split(amount: int, weights: Mapping[str, int]) -> dict[str, int]:
    """Whole parts of an amount in proportion to weights of 0 and more, by largest remainder: they add up to it.

    Of equal remainders the first name is served first. Raises ValueError where there is an amount and no weight.
    """
    if not any(weights.values()):
        if amount:
            raise ValueError(f"{amount} cannot be split: no weight is above 0")
        return dict.fromkeys(weights, 0)
    names = sorted(weights)
    parts = apportion(amount, np.array([weights[name] for name in names], dtype=np.int64))
    return dict(zip(names, parts.tolist(), strict=True))


@dataclass(frozen=True, slots=True)
class Attributed:
    """Recognised revenue by broker, in micro-dollars: the brokers', `unnamed` and `unconsumed` add up to `revenue`.

    unnamed: of consumed halves that nobody can be named for. unconsumed: of `idle` tenants, which consumed nothing.
    tenants: how many had a part of the broker's.
    """

    revenue: int
    earning: int
    brokers: Mapping[str, int]
    tenants: Mapping[str, int]
    unnamed: int
    unconsumed: int
    idle: tuple[str, ...]
    is_metered: bool
    synthetic: bool


def attribute(rows: Iterable[Row]) -> Attributed:
    """Split each tenant's revenue by whose prices it consumed; `rows` answer sql/brokers_consumed.sql."""
    halves: dict[str, dict[str, int]] = {}
    revenue: dict[str, int] = {}
    brokers: dict[str, int] = {}
    tenants: dict[str, int] = {}
    is_metered = synthetic = False
    for row in rows:
        is_metered |= bool(row["halves"])
        if row["broker"]:
            brokers.setdefault(row["broker"], 0)
        if row["earns"]:
            revenue[row["tenant"]] = row["microusd"]
            halves.setdefault(row["tenant"], {})[row["broker"]] = row["halves"]
            synthetic |= bool(row["synthetic"])
    idle = tuple(sorted(tenant for tenant, weights in halves.items() if not sum(weights.values())))
    unnamed = 0
    for tenant in halves.keys() - set(idle):
        for broker, part in split(revenue[tenant], halves[tenant]).items():
            if broker == UNNAMED:
                unnamed += part
            else:
                brokers[broker] += part
                tenants[broker] = tenants.get(broker, 0) + 1
    return Attributed(
        revenue=sum(revenue.values()),
        earning=len(revenue),
        brokers=brokers,
        tenants=tenants,
        unnamed=unnamed,
        unconsumed=sum(revenue[tenant] for tenant in idle),
        idle=idle,
        is_metered=is_metered,
        synthetic=synthetic,
    )
