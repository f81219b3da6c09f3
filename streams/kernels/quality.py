"""Quality: what came in each second from each broker's symbol, and how good it was. Twin: `plain/quality.py`."""

import numpy as np

from streams.kernels.compiled import kernel
from streams.kernels.consolidate import rounded
from streams.kernels.state import (
    COUNTERS,
    N_APPLIED,
    N_BACKFILLED,
    N_CROSSED,
    N_DUPLICATE,
    N_INVALID,
    N_LATE,
    N_LINE_DUPLICATE,
    N_LOCKED,
    N_MISSING,
    N_QUARANTINED,
    N_TICKS,
    N_UNCHANGED,
    NEVER,
    NO_SYMBOL,
    SECOND_US,
)
from tierfeed.domain.words import Drop

INVALID, BACKFILLED = int(Drop.INVALID), int(Drop.BACKFILLED)
APPLIED, UNCHANGED = int(Drop.APPLIED), int(Drop.UNCHANGED)
# Position d: the counter of outcome d, in the order of `Drop`.
COUNTER_OF = np.array(
    [N_APPLIED, N_DUPLICATE, N_LINE_DUPLICATE, N_UNCHANGED, N_LATE, N_BACKFILLED, N_INVALID], dtype=np.int64
)
MEAN_DIGITS = 100.0
"""A mean spread is told with two digits more than a spread."""


@kernel
def note(state, b, s, drop, missing, quarantined, bid, ask, received_time, event_time):
    """Count one tick of (broker, symbol), whatever became of it."""
    window = state.windows[b, s]
    counts = state.counts[b, s]
    window.active = 1
    state.engine[0].ticked = 1
    window.last_received = received_time
    counts[N_TICKS] += 1
    counts[COUNTER_OF[drop]] += 1
    counts[N_MISSING] += missing
    counts[N_QUARANTINED] += quarantined
    if drop in (INVALID, BACKFILLED):
        return
    if bid > 0.0 and ask > 0.0:
        if quarantined == 0 and drop in (APPLIED, UNCHANGED):
            window.mid = rounded((bid + ask) / 2.0, state.scale[s] * 10.0)
        if ask < bid:
            counts[N_CROSSED] += 1
        elif ask == bid:
            counts[N_LOCKED] += 1
        spread = rounded(ask - bid, state.scale[s])
        if window.spread_n == 0:
            window.spread_min = spread
            window.spread_max = spread
        else:
            window.spread_min = min(window.spread_min, spread)
            window.spread_max = max(window.spread_max, spread)
        window.spread_sum += spread
        window.spread_n += 1
    if event_time != NEVER:
        n = state.engine[0].latencies
        state.latencies[n].series = b * state.windows.shape[1] + s
        state.latencies[n].value = received_time - event_time
        state.engine[0].latencies = n + 1


@kernel
def close(state, rows, end):
    """Write the windows of the second that ends at `end`, by broker and symbol, and start anew.

    A broker whose sessions beat, and none of whose symbols ticked, has one window without a symbol: it was there. Not
    where no symbol has ever ticked: of every six shards five would tell nothing else.
    """
    brokers, symbols = state.windows.shape
    _by_series(state, brokers * symbols)
    ends = state.latency_ends
    for b in range(brokers):
        quiet = state.brokers[b].heartbeats > 0 and state.engine[0].ticked == 1
        for s in range(state.engine[0].symbols):
            window = state.windows[b, s]
            if window.active == 0:
                continue
            quiet = False
            r = rows.n[1]
            rows.n[1] = r + 1
            row = rows.windows[r]
            row.broker = b
            row.symbol = s
            row.start = end - SECOND_US
            row.heartbeats = state.brokers[b].heartbeats
            row.last_received = window.last_received
            row.mid = window.mid
            _write_counts(row, state.counts[b, s])
            _write_spreads(row, window, state.scale[s])
            series = b * symbols + s
            _write_latencies(state.sorted_latencies, row, ends[series - 1] if series > 0 else 0, ends[series])
            window.active = 0
            window.mid = np.nan
        if quiet:
            _write_quiet(state, rows, b, end)
        state.brokers[b].heartbeats = 0
    state.engine[0].latencies = 0


@kernel
def _write_quiet(state, rows, b, end):
    row = rows.windows[rows.n[1]]
    rows.n[1] += 1
    row.broker = b
    row.symbol = NO_SYMBOL
    row.start = end - SECOND_US
    row.heartbeats = state.brokers[b].heartbeats
    row.last_received = state.brokers[b].beat
    row.ticks = row.applied = row.duplicates = row.line_duplicates = row.unchanged = row.late = 0
    row.backfilled = row.invalid = row.missing = row.crossed = row.locked = row.quarantined = 0
    row.spread_min = row.spread_mean = row.spread_max = row.mid = np.nan
    row.p50 = row.p95 = row.p99 = row.highest = NEVER


@kernel
def _write_counts(row, counts):
    row.ticks = counts[N_TICKS]
    row.applied = counts[N_APPLIED]
    row.duplicates = counts[N_DUPLICATE]
    row.line_duplicates = counts[N_LINE_DUPLICATE]
    row.unchanged = counts[N_UNCHANGED]
    row.late = counts[N_LATE]
    row.backfilled = counts[N_BACKFILLED]
    row.invalid = counts[N_INVALID]
    row.missing = counts[N_MISSING]
    row.crossed = counts[N_CROSSED]
    row.locked = counts[N_LOCKED]
    row.quarantined = counts[N_QUARANTINED]
    counts[:COUNTERS] = 0


@kernel
def _by_series(state, series):
    """Sort the second's latencies by series: side by side in `sorted_latencies`, ends in `latency_ends`."""
    n = state.engine[0].latencies
    ends, values = state.latency_ends, state.sorted_latencies
    ends[:series] = 0
    for i in range(n):
        ends[state.latencies[i].series] += 1
    total = 0
    for k in range(series):
        start = total
        total += ends[k]
        ends[k] = start
    for i in range(n):
        k = state.latencies[i].series
        values[ends[k]] = state.latencies[i].value
        ends[k] += 1


@kernel
def _sort(values, start, end):
    """Shell sort in place (Ciura's gaps): no allocation, quick for the hundreds of ticks a second brings."""
    n = end - start
    for gap in (1750, 701, 301, 132, 57, 23, 10, 4, 1):
        for i in range(gap, n):
            value = values[start + i]
            k = i
            while k >= gap and values[start + k - gap] > value:
                values[start + k] = values[start + k - gap]
                k -= gap
            values[start + k] = value


@kernel
def _write_spreads(row, window, scale):
    n = window.spread_n
    if n == 0:
        row.spread_min = np.nan
        row.spread_mean = np.nan
        row.spread_max = np.nan
        return
    row.spread_min = window.spread_min
    row.spread_mean = rounded(window.spread_sum / n, scale * MEAN_DIGITS)
    row.spread_max = window.spread_max
    window.spread_n = 0
    window.spread_sum = 0.0


@kernel
def _write_latencies(values, row, start, end):
    """Nearest-rank percentiles 50, 95, 99 and the maximum of `values[start:end]`."""
    n = end - start
    if n == 0:
        row.p50 = NEVER
        row.p95 = NEVER
        row.p99 = NEVER
        row.highest = NEVER
        return
    _sort(values, start, end)
    row.p50 = values[start + (n * 50 + 99) // 100 - 1]
    row.p95 = values[start + (n * 95 + 99) // 100 - 1]
    row.p99 = values[start + (n * 99 + 99) // 100 - 1]
    row.highest = values[end - 1]
