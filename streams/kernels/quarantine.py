"""Quarantine: a mid that jumps too far waits for a second opinion. Twin: `plain/quarantine.py`."""

import numpy as np

from streams.kernels.compiled import kernel
from streams.kernels.state import ACCEPTED, QUARANTINED, SPREADS


@kernel
def mid_of(bid, ask):
    """The mid, or NaN where a side is missing."""
    if bid > 0.0 and ask > 0.0:
        return (bid + ask) / 2.0
    return np.nan


@kernel
def jumps(state, b, s, mid, reference, rules):
    """Whether `mid` is further from `reference` than broker `b`'s spreads and the percentage allow."""
    quotes = state.quotes
    distance = abs(mid - reference)
    if not distance > rules.jump_fraction * reference:
        return False
    n = min(quotes[b, s].spread_count, SPREADS)
    # Without a habit nothing is a jump.
    return n > 0 and distance > rules.jump_spreads * _median(state.spreads[b, s], n, state.scratch)


@kernel
def _median(values, n, scratch):
    """The median of the first `n` values. `scratch` has room for them."""
    for i in range(n):
        k = i
        while k > 0 and scratch[k - 1] > values[i]:
            scratch[k] = scratch[k - 1]
            k -= 1
        scratch[k] = values[i]
    return (scratch[(n - 1) // 2] + scratch[n // 2]) / 2.0


@kernel
def remember_spread(state, b, s, bid, ask):
    """Feed the median with an accepted tick's spread, where it has a positive one."""
    quotes = state.quotes
    if bid > 0.0 and ask > bid:
        state.spreads[b, s, quotes[b, s].spread_count % SPREADS] = ask - bid
        quotes[b, s].spread_count += 1


@kernel
def suspicious(state, b, s, mid, rules):
    """Whether a tick with this mid is to be held in quarantine."""
    quotes = state.quotes
    reference = quotes[b, s].accepted_mid
    if np.isnan(mid) or np.isnan(reference) or not jumps(state, b, s, mid, reference, rules):
        return False
    if quotes[b, s].held == QUARANTINED:
        held = mid_of(quotes[b, s].bid, quotes[b, s].ask)
        if not jumps(state, b, s, mid, held, rules):
            return False
    for other in range(quotes.shape[0]):
        if other == b or state.brokers[other].live == 0 or quotes[other, s].held != ACCEPTED:
            continue
        mid_there = mid_of(quotes[other, s].bid, quotes[other, s].ask)
        if not np.isnan(mid_there) and not jumps(state, b, s, mid, mid_there, rules):
            return False
    return True


@kernel
def release_near(state, b, s, mid, rules):
    """Accept other brokers' quarantined quotes that broker `b`'s accepted mid confirms. Returns a bit per broker."""
    quotes = state.quotes
    released = 0
    for other in range(quotes.shape[0]):
        if other != b and quotes[other, s].held == QUARANTINED:
            held = mid_of(quotes[other, s].bid, quotes[other, s].ask)
            if not jumps(state, other, s, held, mid, rules):
                quotes[other, s].held = ACCEPTED
                quotes[other, s].accepted_mid = held
                released |= 1 << other
    return released
