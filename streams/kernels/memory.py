"""More room for a shard: symbols, streams, remembered ticks and latencies grow by copying."""

import numpy as np

from streams.kernels.compiled import kernel
from streams.kernels.dedupe import find
from streams.kernels.state import Records, State, new_state


def with_symbols(state: State, symbols: int) -> State:
    """A copy with room for more symbols."""
    b, old = state.quotes.shape
    t, x = len(state.tiers), len(state.streams)
    grown = new_state(b, t, symbols, x, 2, len(state.latencies))
    for name in (
        "places",
        "quotes",
        "windows",
        "composites",
        "spreads",
        "counts",
        "covered_offset",
        "held_rows",
        "held_brokers",
        "minutes",
        "lows",
        "heard",
        "leads",
        "better",
        "compared",
        "near",
    ):
        getattr(grown, name)[:, :old] = getattr(state, name)
    grown.scale[:old] = state.scale
    for tier in range(t):
        count = int(state.tiers["due_count"][tier])
        ring = (int(state.tiers["due_head"][tier]) + np.arange(count)) % state.dues.shape[1]
        grown.dues[tier, :count] = state.dues[tier, ring]
    state.tiers["due_head"] = 0
    latencies = state.latencies.copy()
    latencies["series"] = latencies["series"] // old * symbols + latencies["series"] % old
    return grown._replace(
        engine=state.engine, brokers=state.brokers, streams=state.streams, tiers=state.tiers,
        tier_brokers=state.tier_brokers, has_broker=state.has_broker, reserves=state.reserves,
        orders=state.orders, latencies=latencies,
        seen=state.seen, owners=state.owners, seen_log=state.seen_log,
    )  # fmt: skip


def with_streams(state: State, streams: int) -> State:
    """A copy with room for more streams."""
    b, s = state.quotes.shape
    grown = new_state(b, 1, s, streams, 2, 1)
    grown.streams[: len(state.streams)] = state.streams
    grown.places[: len(state.places)] = state.places
    return state._replace(streams=grown.streams, places=grown.places)


def with_latencies(state: State, latencies: int) -> State:
    """A copy with room for more latencies in a second."""
    grown = np.zeros(latencies, state.latencies.dtype)
    grown[: len(state.latencies)] = state.latencies
    return state._replace(latencies=grown, sorted_latencies=np.zeros(latencies, np.int64))


def with_slots(state: State, slots: int) -> State:
    """A copy with a larger hash table of remembered ticks; `slots` is a power of two."""
    grown = new_state(1, 1, 1, 1, slots, 1)
    count = int(state.engine["log_count"][0])
    ring = (int(state.engine["log_head"][0]) + np.arange(count)) % len(state.seen_log)
    grown.seen_log[:count] = state.seen_log[ring]
    state.engine["log_head"] = 0
    _rehash(state.seen, state.owners, grown.seen, grown.owners)
    return state._replace(seen=grown.seen, owners=grown.owners, seen_log=grown.seen_log)


@kernel
def _rehash(seen: Records, owners: Records, new_seen: Records, new_owners: Records) -> None:
    for old in range(seen.shape[0]):
        if seen[old].key != np.uint64(0):
            slot = find(new_seen, seen[old].key)
            new_seen[slot] = seen[old]
            for i in range(owners.shape[1]):
                new_owners[slot, i] = owners[old, i]
