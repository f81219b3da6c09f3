"""Conflate: the first value at once, then at most one per interval, and the last one always. Twin: `plain/conflate.py`.

Also numbers the updates of each (tier, symbol), and writes the record when one is released.
"""

import numpy as np

from streams.kernels.compiled import kernel
from streams.kernels.consolidate import (
    ELIGIBLE,
    IN_QUARANTINE,
    ONE_SIDED_QUOTE,
    STALE,
    best,
    rounded,
    state_of,
    status_of,
)
from streams.kernels.state import NEVER, OWN
from tierfeed.domain.words import ControlKind

CONTROL_STALE, CONTROL_FRESH = int(ControlKind.STALE), int(ControlKind.FRESH)


@kernel
def _covered(state, t, s, now, cause_broker, cause_offset):
    """Whether an earlier worker's record has this cause in it already, so that it is applied silently.

    Records tell the offsets of the brokers that their tier had then; for a timer, and for a broker that it did not have
    (whose tick may release a quote from quarantine, and who may have been admitted since), the time decides. Were an
    admitted broker's ticks of before that record not covered by it, they would make updates out of quotes older than
    those that it tells, under its very offsets. And what was due before the tier's `settled` and is in no record
    never was an update: it only looks like one, because the rewind begins after the quote that it merely repeats.
    """
    composite = state.composites[t, s]
    if composite.covered_as_of == NEVER:
        return False
    covered = now <= composite.covered_as_of
    if cause_broker >= 0:
        offset = state.covered_offset[t, s, cause_broker]
        if offset >= 0 or state.has_broker[t, cause_broker] == OWN:
            covered = cause_offset <= offset
    return covered or max(now, composite.last_release + state.tiers[t].interval) < state.tiers[t].settled


@kernel
def update(state, rows, t, s, now, clock, cause_broker, cause_offset):
    """Number one update of (tier, symbol), caused by a record of a broker or (-1) by a timer; release it if it may."""
    if _covered(state, t, s, now, cause_broker, cause_offset):
        return
    composite = state.composites[t, s]
    composite.upto += 1
    composite.as_of = max(composite.as_of, now)
    quotes = state.quotes
    bid_broker, ask_broker = best(state, t, s)
    if bid_broker >= 0 and ask_broker >= 0:
        scale = state.scale[s]
        bid = quotes[bid_broker, s].bid
        ask = quotes[ask_broker, s].ask
        spread = rounded(ask - bid, scale)
        mid = rounded((bid + ask) / 2.0, scale * 10.0)
        if np.isnan(composite.spread_min):
            composite.spread_min = spread
            composite.spread_max = spread
            composite.mid_low = mid
            composite.mid_high = mid
        else:
            composite.spread_min = min(composite.spread_min, spread)
            composite.spread_max = max(composite.spread_max, spread)
            composite.mid_low = min(composite.mid_low, mid)
            composite.mid_high = max(composite.mid_high, mid)
    last = composite.last_release
    release_time = max(composite.as_of, clock)
    if last == NEVER or release_time >= last + state.tiers[t].interval:
        r = rows.n[0]
        _write(state, rows.quotes[r], rows.brokers[r], t, s, bid_broker, ask_broker)
        release(state, rows, t, s, release_time)
    else:
        _write(state, state.held_rows[t, s], state.held_brokers[t, s], t, s, bid_broker, ask_broker)
        composite.pending = 1


@kernel
def next_due(state):
    """(tier, time) of the earliest release that may be due; tier -1 where none is."""
    tier = -1
    time = np.int64(0)
    for t in range(state.tiers.shape[0]):
        if state.tiers[t].due_count > 0:
            due = state.dues[t, state.tiers[t].due_head].time
            if tier < 0 or due < time:
                tier = t
                time = due
    return tier, time


@kernel
def next_owed(state):
    """The earliest time at which a last value has to go out; NEVER where none waits."""
    earliest = NEVER
    for t in range(state.tiers.shape[0]):
        tier = state.tiers[t]
        for k in range(tier.due_count):
            due = state.dues[t, (tier.due_head + k) % state.dues.shape[1]]
            if state.composites[t, due.symbol].pending == 1:
                if earliest == NEVER or due.time < earliest:
                    earliest = due.time
                break
    return earliest


@kernel
def fire_due(state, rows, t, clock):
    """Take tier `t`'s earliest due time; release the symbol's last value if one is pending."""
    tier = state.tiers[t]
    head = tier.due_head
    s = state.dues[t, head].symbol
    due = state.dues[t, head].time
    tier.due_head = (head + 1) % state.dues.shape[1]
    tier.due_count -= 1
    if state.composites[t, s].pending == 1:
        r = rows.n[0]
        rows.quotes[r] = state.held_rows[t, s]
        for i in range(tier.own + tier.reserve):
            rows.brokers[r, i] = state.held_brokers[t, s, i]
        release(state, rows, t, s, max(due, clock))


@kernel
def release(state, rows, t, s, release_time):
    """Complete the next row, which has the composite in it, and start the symbol's next interval."""
    composite = state.composites[t, s]
    r = rows.n[0]
    rows.n[0] = r + 1
    row = rows.quotes[r]
    row.tier = t
    row.symbol = s
    row.due = row.as_of if composite.last_release == NEVER else composite.last_release + state.tiers[t].interval
    row.conflation = max(row.due - row.as_of, 0)
    row.released = release_time
    row.upto = composite.upto
    row.conflated = composite.upto - composite.published_upto - 1
    row.spread_min = composite.spread_min
    row.spread_max = composite.spread_max
    row.mid_low = composite.mid_low
    row.mid_high = composite.mid_high
    row.control = 0
    if row.state == STALE and composite.published_state != STALE:
        row.control = CONTROL_STALE
    elif composite.published_state == STALE and row.state != STALE:
        row.control = CONTROL_FRESH
    composite.published_state = row.state
    composite.published_upto = composite.upto
    composite.last_release = release_time
    composite.pending = 0
    composite.spread_min = np.nan
    composite.spread_max = np.nan
    composite.mid_low = np.nan
    composite.mid_high = np.nan
    await_due(state, t, s, release_time + state.tiers[t].interval)


@kernel
def begin_intervals(state, rows, published):
    """Live: let the intervals of the rows run from when they were handed over, a little after they were released.

    Returns the earliest last value that is owed now.
    """
    for r in range(rows.n[0]):
        state.composites[rows.quotes[r].tier, rows.quotes[r].symbol].last_release = published
    for t in range(state.tiers.shape[0]):
        tier = state.tiers[t]
        released = 0
        for r in range(rows.n[0]):
            if rows.quotes[r].tier == t:
                released += 1
        for i in range(min(released, tier.due_count)):
            end = (tier.due_head + tier.due_count - 1 - i) % state.dues.shape[1]
            state.dues[t, end].time = published + tier.interval
    return next_owed(state)


@kernel
def await_due(state, t, s, due):
    """Queue the end of an interval. One per symbol at most, so the ring cannot overflow; dues never go back."""
    tier = state.tiers[t]
    end = (tier.due_head + tier.due_count) % state.dues.shape[1]
    state.dues[t, end].symbol = s
    state.dues[t, end].time = due
    tier.due_count += 1


@kernel
def _write(state, row, lines, t, s, bid_broker, ask_broker):
    """Write the composite of (tier, symbol) as it stands: `row`, and its brokers in the tier's order: `lines`."""
    row.as_of = state.composites[t, s].as_of
    row.lead_broker = state.leads[t, s].broker
    row.lead_since = state.leads[t, s].since
    row.lead_switched = state.leads[t, s].switched
    _write_best(state, row, s, bid_broker, ask_broker)
    _write_brokers(state, row, lines, t, s)


@kernel
def _write_best(state, row, s, bid_broker, ask_broker):
    quotes, scale = state.quotes, state.scale[s]
    bid = np.nan
    ask = np.nan
    row.bid_size = np.nan
    row.ask_size = np.nan
    row.bid_age = NEVER
    row.ask_age = NEVER
    if bid_broker >= 0:
        bid = quotes[bid_broker, s].bid
        row.bid_size = quotes[bid_broker, s].bid_size
        row.bid_age = row.as_of - quotes[bid_broker, s].received_time
    if ask_broker >= 0:
        ask = quotes[ask_broker, s].ask
        row.ask_size = quotes[ask_broker, s].ask_size
        row.ask_age = row.as_of - quotes[ask_broker, s].received_time
    row.bid_broker = bid_broker
    row.ask_broker = ask_broker
    row.bid = bid
    row.ask = ask
    row.mid = rounded((bid + ask) / 2.0, scale * 10.0)
    row.spread = rounded(ask - bid, scale)
    row.state = state_of(bid_broker, ask_broker, bid, ask)


@kernel
def _write_brokers(state, row, lines, t, s):
    quotes, detail = state.quotes, state.tiers[t].detail
    row.eligible = 0
    row.quarantined = 0
    newest = -1
    for i in range(state.tiers[t].broker_count):
        b = state.tier_brokers[t, i]
        status = status_of(state, b, s)
        quote, line = quotes[b, s], lines[i]
        line.broker = b
        line.source = max(state.brokers[b].applied_offset, state.covered_offset[t, s, b])
        line.status = status
        if status == ELIGIBLE:
            row.eligible += 1
        elif status == IN_QUARANTINE:
            row.quarantined += 1
        if status in (ELIGIBLE, ONE_SIDED_QUOTE) and (
            newest < 0 or quote.received_time >= quotes[newest, s].received_time
        ):
            newest = b
        if detail == 1:
            line.bid = quote.bid if quote.bid > 0.0 else np.nan
            line.ask = quote.ask if quote.ask > 0.0 else np.nan
            line.bid_size = quote.bid_size
            line.ask_size = quote.ask_size
            line.event_time = quote.event_time
            line.received_time = quote.received_time
    for i in range(state.tiers[t].broker_count, state.tiers[t].own + state.tiers[t].reserve):
        lines[i].broker = -1
        lines[i].source = -1
    row.event_time = NEVER
    row.received_time = NEVER
    row.feed_latency = NEVER
    if newest >= 0:
        row.event_time = quotes[newest, s].event_time
        row.received_time = quotes[newest, s].received_time
        if row.event_time != NEVER:
            row.feed_latency = row.received_time - row.event_time
