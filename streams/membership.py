"""Which brokers a shard's tiers have, and what may change that for a time, as the kernels are told."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from streams.kernels.state import NO_SYMBOL, ORDER, OWN, Records, State
from tierfeed.domain.tiers import Tier


class Order(NamedTuple):
    """For a time a broker is one of a tier's; with a symbol it leads there, as long as it is able to.

    By the sessions' clock. It takes effect, and ends, at the first whole second that is not earlier.
    """

    id: str
    tier: str
    broker: str
    symbol: str | None
    since_us: int
    until_us: int


def set_members(state: State, brokers: Sequence[str], tiers: Sequence[Tier]) -> None:
    """Write each tier's own brokers, and those that it may admit, into an empty state; unknown ones are left out."""
    for t, tier in enumerate(tiers):
        own, reserve = ([brokers.index(b) for b in names if b in brokers] for names in (tier.brokers, tier.emergency))
        state.tiers[t]["own"] = state.tiers[t]["broker_count"] = len(own)
        state.tiers[t]["reserve"] = len(reserve)
        state.tier_brokers[t, : len(own)] = own
        state.reserves[t, : len(reserve)] = reserve
        state.has_broker[t, own] = OWN


def laid(
    orders: Sequence[Order], brokers: Sequence[str], tiers: Sequence[str], symbols: Sequence[str], now_us: int
) -> tuple[Records, tuple[str, ...]]:
    """As the kernels read them, with their ids. Left out is what is over, and what the shard has nothing of (yet)."""
    told = [
        each
        for each in orders
        if each.until_us > now_us
        and each.tier in tiers
        and each.broker in brokers
        and (each.symbol is None or each.symbol in symbols)
    ]
    rows = np.zeros(len(told), ORDER)
    for row, each in zip(rows, told, strict=True):
        row["tier"], row["broker"] = tiers.index(each.tier), brokers.index(each.broker)
        row["symbol"] = NO_SYMBOL if each.symbol is None else symbols.index(each.symbol)
        row["since"], row["until"] = each.since_us, each.until_us
    return rows, tuple(each.id for each in told)
