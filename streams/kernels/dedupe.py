"""Dedupe: is this tick news? Twin: `plain/dedupe.py`."""

import numpy as np

from streams.kernels.compiled import kernel
from streams.kernels.state import NEVER, OWNERS
from tierfeed.domain.words import Drop

APPLIED, DUPLICATE, LINE_DUPLICATE, LATE = (
    int(Drop.APPLIED),
    int(Drop.DUPLICATE),
    int(Drop.LINE_DUPLICATE),
    int(Drop.LATE),
)
REMEMBERED = 64
"""Sequences below the newest that are told apart, duplicate from late."""


@kernel
def sequence(places, x, s, number):
    """Place a sequence number in its stream. Returns (drop, change of the count of missing ones)."""
    newest = places[x, s].newest
    if newest == NEVER:
        places[x, s].newest = number
        places[x, s].bits = np.uint64(1)
        return APPLIED, 0
    ahead = number - newest
    if ahead > 0:
        bits = np.uint64(0) if ahead >= REMEMBERED else places[x, s].bits << np.uint64(ahead)
        places[x, s].bits = bits | np.uint64(1)
        places[x, s].newest = number
        return APPLIED, ahead - 1
    if -ahead >= REMEMBERED:
        return DUPLICATE, 0
    bit = np.uint64(1) << np.uint64(-ahead)
    if places[x, s].bits & bit:
        return DUPLICATE, 0
    places[x, s].bits |= bit
    return LATE, -1


@kernel
def forget_stream(places, x, symbols):
    """Forget what sequences a stream has had."""
    for s in range(symbols):
        places[x, s].newest = NEVER
        places[x, s].bits = np.uint64(0)


@kernel
def _mix(h, value):
    # the finalizer of splitmix64: every bit of the value reaches every bit of the hash
    h = h ^ value
    h = (h ^ (h >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    h = (h ^ (h >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return h ^ (h >> np.uint64(31))


@kernel
def _bits(value):
    if value == 0.0:
        return np.uint64(0)  # -0.0 equals 0.0
    if np.isnan(value):
        return np.uint64(0x7FF8000000000001)
    return np.float64(value).view(np.uint64)


@kernel
def identity(b, s, event_time, bid, ask, bid_size, ask_size):
    """64 bits for (broker, symbol, event time, prices, sizes); never 0, which marks a free slot."""
    # Mixed before the time joins: else another broker's tick of another time would have the same bits.
    h = _mix(_mix(np.uint64(b * 1_000_003 + s + 1), np.uint64(0)), np.uint64(event_time))
    h = _mix(h, _bits(bid))
    h = _mix(h, _bits(ask))
    h = _mix(h, _bits(bid_size))
    h = _mix(h, _bits(ask_size))
    return h if h != np.uint64(0) else np.uint64(1)


@kernel
def find(seen, key):
    """The slot of `key`, or the free slot where it belongs."""
    mask = np.uint64(seen.shape[0] - 1)
    slot = key & mask
    while seen[slot].key != np.uint64(0) and seen[slot].key != key:
        slot = (slot + np.uint64(1)) & mask
    return slot


@kernel
def _remove(seen, owners, slot):
    """Free a slot and move what probed past it back, so that no search ends early."""
    mask = np.uint64(seen.shape[0] - 1)
    hole = slot
    probe = (slot + np.uint64(1)) & mask
    while seen[probe].key != np.uint64(0):
        home = seen[probe].key & mask
        if ((probe - home) & mask) >= ((probe - hole) & mask):
            seen[hole].key = seen[probe].key
            seen[hole].time = seen[probe].time
            seen[hole].most = seen[probe].most
            for i in range(OWNERS):
                owners[hole, i].stream = owners[probe, i].stream
                owners[hole, i].count = owners[probe, i].count
            hole = probe
        probe = (probe + np.uint64(1)) & mask
    seen[hole].key = np.uint64(0)


@kernel
def forget(state, now, horizon_us):
    """Forget what was last new longer ago than the horizon."""
    seen, owners, log, engine = state.seen, state.owners, state.seen_log, state.engine[0]
    size = log.shape[0]
    while engine.log_count > 0:
        head = engine.log_head
        if now - log[head].time <= horizon_us:
            return
        slot = find(seen, log[head].key)
        # a later occurrence keeps the entry: it stands in the log again, further on
        if seen[slot].key != np.uint64(0) and seen[slot].time == log[head].time:
            _remove(seen, owners, slot)
        engine.log_head = (head + 1) % size
        engine.log_count -= 1


@kernel
def occurrence(state, x, key, now):
    """Whether the k-th occurrence of a tick in stream `x` is new: no stream of the broker has had its k-th yet."""
    seen, owners, log, engine = state.seen, state.owners, state.seen_log, state.engine[0]
    slot = find(seen, key)
    if seen[slot].key == np.uint64(0):
        seen[slot].key = key
        seen[slot].most = 0
        for i in range(OWNERS):
            owners[slot, i].stream = -1
            owners[slot, i].count = 0
    own = 0
    fewest = 0
    for i in range(OWNERS):
        if owners[slot, i].stream == x or owners[slot, i].stream == -1:
            own = i
            break
        if owners[slot, i].count < owners[slot, fewest].count:
            fewest = i
        own = fewest
    if owners[slot, own].stream != x:
        owners[slot, own].stream = x
        owners[slot, own].count = 0
    owners[slot, own].count += 1
    if owners[slot, own].count <= seen[slot].most:
        return False
    seen[slot].most = owners[slot, own].count
    seen[slot].time = now
    size = log.shape[0]
    end = (engine.log_head + engine.log_count) % size
    log[end].key = key
    log[end].time = now
    engine.log_count += 1
    return True


@kernel
def leads(streams, count, x, now, heartbeat_timeout_us):
    """Whether no other live stream of the broker comes before `x`: a lower line, or the same line's earlier session."""
    for y in range(count):
        if y == x or streams[y].broker != streams[x].broker or streams[y].open == 0:
            continue
        if now - streams[y].last > heartbeat_timeout_us:
            continue
        if streams[y].line < streams[x].line:
            return False
        if streams[y].line == streams[x].line and streams[y].session < streams[x].session:
            return False
    return True
