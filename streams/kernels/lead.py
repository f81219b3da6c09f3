"""Lead: which broker leads for each symbol of the tiers that sell it, judged second by second. Twin: `plain/lead.py`.

The numbers and the order of what is preferred are those of `tierfeed.domain.selection`, which tells what they mean.
"""

import numpy as np

from streams.kernels.compiled import kernel
from streams.kernels.members import preferred
from streams.kernels.state import FOREIGN, MINUTE, NEVER, NO_SYMBOL, NOT_HELD, SECOND_US
from tierfeed.domain.selection import BETTER, COMPARED, HUNDRED, LOGS, OFFSET_MINUTES, TIMELY_US, WEIGHTS, WHOLE

LOG_OF = np.array(LOGS, dtype=np.int64)
W_A, W_C, W_T, W_V, W_K = WEIGHTS["A"], WEIGHTS["C"], WEIGHTS["T"], WEIGHTS["V"], WEIGHTS["K"]
MINUTE_BITS = (1 << MINUTE) - 1


@kernel
def judge(state, rules, windows, end):
    """Take in the second that ends at `end`, with the windows it has closed, and see who leads from now on."""
    engine = state.engine[0]
    gap = 1 if engine.judged == NEVER else (end - engine.judged) // SECOND_US
    engine.judged = end
    engine.judged_seconds = min(engine.judged_seconds + gap, MINUTE)
    _pass(state, min(gap, MINUTE), end)
    for r in range(windows.shape[0]):
        if windows[r].symbol != NO_SYMBOL:
            _hear(state, windows[r], end)
    for t in range(state.tiers.shape[0]):
        if state.tiers[t].detail == 1:
            for s in range(engine.symbols):
                if state.composites[t, s].carries == 1:
                    _compare(state, t, s, end, gap)
                    _judge_one(state, rules, t, s, end, gap)


@kernel
def _pass(state, seconds, end):
    """Let what is older than a minute go; the new seconds are empty as yet."""
    for b in range(state.brokers.shape[0]):
        alive = (state.brokers[b].alive << seconds) & MINUTE_BITS if seconds < MINUTE else 0
        state.brokers[b].alive = alive | state.brokers[b].live
        for s in range(state.engine[0].symbols):
            sums = state.minutes[b, s]
            if sums.ticked == 0:
                continue
            sums.ticked = (sums.ticked << seconds) & MINUTE_BITS if seconds < MINUTE else 0
            for k in range(seconds):
                old = state.heard[b, s, (end // SECOND_US - k) % MINUTE]
                if old.ticks == 0:
                    continue
                sums.ticks -= old.ticks
                sums.faulty -= old.faulty
                if old.timed > 0:
                    sums.timed -= old.timed
                    sums.timely -= old.timely
                    sums.p50s -= old.p50
                    sums.p50_seconds -= 1
                old.ticks = 0


@kernel
def _hear(state, window, end):
    """Take in a closed window of the second that ends at `end`."""
    b, s = window.broker, window.symbol
    sums = state.minutes[b, s]
    new = state.heard[b, s, (end // SECOND_US) % MINUTE]
    new.ticks = window.ticks
    new.faulty = window.invalid + window.quarantined
    new.timed = 0
    sums.ticked |= 1
    sums.ticks += new.ticks
    sums.faulty += new.faulty
    if not np.isnan(window.mid):
        hundredths = state.scale[s] * HUNDRED
        sums.mid = np.int64(np.rint(window.mid * hundredths))
        sums.spread = np.int64(np.rint(window.spread_mean * hundredths))
        sums.mid_at = end
    if window.p50 == NEVER:
        return
    _lower(state, b, s, window.p50, (end // SECOND_US - 1) // 60)
    offset = _offset(state, b, s)
    share = 0
    if window.highest - offset <= TIMELY_US:
        share = 100
    elif window.p99 - offset <= TIMELY_US:
        share = 99
    elif window.p95 - offset <= TIMELY_US:
        share = 95
    elif window.p50 - offset <= TIMELY_US:
        share = 50
    new.timed = window.ticks
    new.timely = window.ticks * share * WHOLE // 100
    new.p50 = window.p50
    sums.timed += new.timed
    sums.timely += new.timely
    sums.p50s += new.p50
    sums.p50_seconds += 1


@kernel
def _lower(state, b, s, p50, minute):
    """Note a second's median among the lowest of each minute; those of minutes long gone are forgotten."""
    lows, sums = state.lows[b, s], state.minutes[b, s]
    for passed in range(max(sums.minute + 1, minute - OFFSET_MINUTES + 1), minute + 1):
        lows[passed % OFFSET_MINUTES] = NEVER
    sums.minute = minute
    low = lows[minute % OFFSET_MINUTES]
    lows[minute % OFFSET_MINUTES] = p50 if low == NEVER else min(low, p50)


@kernel
def _offset(state, b, s):
    """The third lowest, the highest where there are fewer; 0 where there is none."""
    lowest, second, third = NEVER, NEVER, NEVER
    for k in range(OFFSET_MINUTES):
        low = state.lows[b, s, k]
        if low == NEVER:
            continue
        if lowest == NEVER or low < lowest:
            lowest, second, third = low, lowest, second
        elif second == NEVER or low < second:
            second, third = low, second
        elif third == NEVER or low < third:
            third = low
    if third != NEVER:
        return third
    if second != NEVER:
        return second
    return 0 if lowest == NEVER else lowest


@kernel
def _compare(state, t, s, end, gap):
    """Note whose mid is near the median of the others': within two median spreads. Of fewer than three, nobody's."""
    brokers, values = state.tier_brokers[t], state.scratch
    n = 0
    for i in range(state.tiers[t].broker_count):
        b = brokers[i]
        state.compared[t, s, b] = (state.compared[t, s, b] << gap) & MINUTE_BITS if gap < MINUTE else 0
        state.near[t, s, b] = (state.near[t, s, b] << gap) & MINUTE_BITS if gap < MINUTE else 0
        if _has_mid(state, b, s, end):
            values[n] = state.minutes[b, s].spread
            n += 1
    if n < COMPARED:
        return
    spreads = _middles(values, n)
    for i in range(state.tiers[t].broker_count):
        b = brokers[i]
        if not _has_mid(state, b, s, end):
            continue
        m = 0
        for k in range(state.tiers[t].broker_count):
            other = brokers[k]
            if other != b and _has_mid(state, other, s, end):
                values[m] = state.minutes[other, s].mid
                m += 1
        state.compared[t, s, b] |= 1
        if abs(2.0 * state.minutes[b, s].mid - _middles(values, m)) <= 2.0 * spreads:
            state.near[t, s, b] |= 1


@kernel
def _has_mid(state, b, s, end):
    return state.brokers[b].live == 1 and end - state.minutes[b, s].mid_at < MINUTE * SECOND_US


@kernel
def _middles(values, n):
    """Twice the median of the first `n`, which it sorts."""
    for i in range(1, n):
        value = values[i]
        k = i
        while k > 0 and values[k - 1] > value:
            values[k] = values[k - 1]
            k -= 1
        values[k] = value
    return values[(n - 1) // 2] + values[n // 2]


@kernel
def _judge_one(state, rules, t, s, end, gap):
    lead = state.leads[t, s]
    known = end <= lead.known
    if gap > 1:  # in the seconds between nobody was there
        _forget_better(state, t, s)
        if not known:
            lead.broker = -1
            lead.since = NEVER
    if _follow_order(state, t, s, end, known):
        return
    leads = lead.broker >= 0 and _can_lead(state, t, lead.broker, s)
    if known:
        if leads and end > lead.since:
            _count_better(state, t, s, lead.broker)
        return
    if not leads:
        lead.broker = _best(state, t, s)
        lead.since = end if lead.broker >= 0 else NEVER
        _forget_better(state, t, s)
        return
    if not _count_better(state, t, s, lead.broker):
        return
    if lead.switched != NEVER and end - lead.switched < rules.lead_rest_us:
        return
    best = _best(state, t, s)
    if state.better[t, s, best] >= rules.lead_for_s:
        lead.broker = best
        lead.since = end
        lead.switched = end
        _forget_better(state, t, s)


@kernel
def _follow_order(state, t, s, end, known):
    """Whether it is ordered who leads, and that broker can. It takes over by a switch; nobody counts as better."""
    broker = preferred(state, t, s)
    if broker < 0 or not _can_lead(state, t, broker, s):
        return False
    _forget_better(state, t, s)
    lead = state.leads[t, s]
    if not known and lead.broker != broker:
        lead.broker = broker
        lead.since = end
        lead.switched = end
    return True


@kernel
def _can_lead(state, t, b, s):
    return state.has_broker[t, b] != FOREIGN and _able(state, b, s)


@kernel
def _able(state, b, s):
    return state.brokers[b].live == 1 and state.quotes[b, s].held != NOT_HELD


@kernel
def _forget_better(state, t, s):
    for b in range(state.better.shape[2]):
        state.better[t, s, b] = 0


@kernel
def _count_better(state, t, s, leading):
    """Count for how many seconds each has been so much better than the one that leads. Whether any is now."""
    bar = _merit(state, t, s, leading) + BETTER
    if bar > 0:  # no merit is above that
        _forget_better(state, t, s)
        return False
    found = False
    for i in range(state.tiers[t].broker_count):
        b = state.tier_brokers[t, i]
        if b != leading and _able(state, b, s) and _merit(state, t, s, b) >= bar:
            state.better[t, s, b] += 1
            found = True
        else:
            state.better[t, s, b] = 0
    return found


@kernel
def _best(state, t, s):
    """The able one of the greatest merit, then of the lowest latency, then the tier's earlier; -1: there is none."""
    best = -1
    most = 0
    quickest = 0
    for i in range(state.tiers[t].broker_count):
        b = state.tier_brokers[t, i]
        if not _able(state, b, s):
            continue
        merit = _merit(state, t, s, b)
        latency = _latency(state, b, s)
        if best < 0 or merit > most or (merit == most and latency < quickest):
            best = b
            most = merit
            quickest = latency
    return best


@kernel
def _latency(state, b, s):
    """The mean of the seconds' medians, less the clock's offset; 0 where there is none."""
    sums = state.minutes[b, s]
    return sums.p50s // sums.p50_seconds - _offset(state, b, s) if sums.p50_seconds > 0 else 0


@kernel
def _merit(state, t, s, b):
    """The weighted mean of the logarithms of A, C, T, V and K."""
    engine, sums = state.engine[0], state.minutes[b, s]
    alive = state.brokers[b].alive & ((1 << engine.judged_seconds) - 1)
    total = W_A * LOG_OF[_ones(alive) * WHOLE // engine.judged_seconds]
    weights = W_A
    others = 0
    for i in range(state.tiers[t].broker_count):
        other = state.tier_brokers[t, i]
        if other != b:
            others |= state.minutes[other, s].ticked
    asked = _ones(others)
    if asked > 0:
        total += W_C * LOG_OF[_ones(others & alive) * WHOLE // asked]
        weights += W_C
    if sums.timed > 0:
        total += W_T * LOG_OF[sums.timely // sums.timed]
        weights += W_T
    if sums.ticks > 0:
        total += W_V * LOG_OF[WHOLE - sums.faulty * WHOLE // sums.ticks]
        weights += W_V
    compared = _ones(state.compared[t, s, b])
    if compared > 0:
        total += W_K * LOG_OF[_ones(state.near[t, s, b]) * WHOLE // compared]
        weights += W_K
    return total // weights


@kernel
def _ones(bits):
    """How many of 60 bits are set."""
    bits = bits - ((bits >> 1) & 0x555555555555555)
    bits = (bits & 0x333333333333333) + ((bits >> 2) & 0x333333333333333)
    bits = (bits + (bits >> 4)) & 0xF0F0F0F0F0F0F0F
    bits = bits + (bits >> 8)
    bits = bits + (bits >> 16)
    bits = bits + (bits >> 32)
    return bits & 0x7F
