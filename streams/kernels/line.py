"""The line: events in, records out, in one compiled pass. Twin: `plain/line.py`.

Before an event at time t every timer due at or before t fires: the second timer, which judges liveness and age and
closes the quality windows, and the ends of conflation intervals. The pass stops early when its output is nearly full
and goes on where it stopped: `apply` returns how many events it has taken.
"""

import numpy as np

from streams.kernels import dedupe, lead, quality
from streams.kernels.compiled import kernel
from streams.kernels.conflate import fire_due, next_due, next_owed, update
from streams.kernels.intake import priced
from streams.kernels.members import muster
from streams.kernels.quarantine import mid_of, release_near, remember_spread, suspicious
from streams.kernels.state import (
    ACCEPTED,
    BEAT,
    END,
    FOREIGN,
    NAMELESS,
    NEVER,
    NO_SYMBOL,
    NOT_HELD,
    QUARANTINED,
    SECOND_US,
    TICK,
    UNREADABLE,
)
from tierfeed.domain.words import Drop, Flag

APPLIED, DUPLICATE, LINE_DUPLICATE = int(Drop.APPLIED), int(Drop.DUPLICATE), int(Drop.LINE_DUPLICATE)
UNCHANGED, BACKFILLED, INVALID = int(Drop.UNCHANGED), int(Drop.BACKFILLED), int(Drop.INVALID)
BACKFILLED_FLAG = int(Flag.BACKFILLED)


@kernel
def apply(state, rules, events, start, until, clock, drops, rows):
    """Apply events from `start` on, then fire timers up to `until` (NEVER: none beyond the events').

    `clock` is NEVER on tape time. `drops[i]` receives what became of event i. Returns (events taken, all done), and
    where it stands, so that nobody has to look: time, the next second timer, the earliest last value that is owed
    (NEVER: none), ticks remembered for dedupe, latencies of the second in progress.
    """
    taken, done = _applied(state, rules, events, start, until, clock, drops, rows)
    engine = state.engine[0]
    return taken, done, engine.now, engine.next_second, next_owed(state), engine.log_count, engine.latencies


@kernel
def _applied(state, rules, events, start, until, clock, drops, rows):
    n = events.shape[0]
    # One event or timer releases each (tier, symbol) at most once.
    room_rows = rows.quotes.shape[0] - state.composites.size - 1
    room_windows = rows.windows.shape[0] - state.quotes.size
    for i in range(start, n):
        t = events[i].time
        if not _fire(state, rules, max(t, clock), clock, rows, room_rows, room_windows):
            return i, False
        if rows.n[0] >= room_rows:
            return i, False
        drops[i] = _event(state, rules, events, i, clock, rows)
    if until != NEVER and not _fire(state, rules, until, clock, rows, room_rows, room_windows):
        return n, False
    return n, True


@kernel
def _fire(state, rules, upto, clock, rows, room_rows, room_windows):
    """Fire timers due at or before `upto`, in order. False when the output ran out of room first."""
    engine = state.engine[0]
    if engine.now == NEVER:
        return True
    while True:
        tier, due = next_due(state)
        second = engine.next_second
        if second <= upto and (tier < 0 or second <= due):
            if rows.n[0] >= room_rows or rows.n[1] >= room_windows:
                return False
            alive = _alive(state)
            if not alive:
                second = min(upto, due if tier >= 0 else upto) // SECOND_US * SECOND_US
            moved = muster(state, second)
            if alive:
                _second(state, rules, second, clock, rows, moved)
            engine.next_second = second + SECOND_US
        elif tier >= 0 and due <= upto:
            if rows.n[0] >= room_rows:
                return False
            engine.now = max(engine.now, due)
            fire_due(state, rows, tier, clock)
        else:
            return True


@kernel
def _alive(state):
    """Whether a second timer could have anything to do."""
    for b in range(state.brokers.shape[0]):
        if state.brokers[b].live == 1 or state.brokers[b].heartbeats > 0:
            return True
    for b in range(state.quotes.shape[0]):
        for s in range(state.engine[0].symbols):
            if state.quotes[b, s].held != NOT_HELD or state.windows[b, s].active == 1:
                return True
    return False


@kernel
def _second(state, rules, now, clock, rows, moved):
    """Windows close; liveness and age take effect together; it is judged who leads; then each symbol touched has one
    update per tier. `moved`: so has each (tier, symbol) that is marked there.
    """
    streams = state.streams
    state.engine[0].now = max(state.engine[0].now, now)
    for x in range(state.engine[0].streams):
        if streams[x].open == 1 and now - streams[x].last > rules.heartbeat_timeout_us:
            streams[x].open = 0
    changed = _let_go(state, rules, now)
    closed = rows.n[1]
    quality.close(state, rows, now)
    if state.engine[0].leads == 1:
        lead.judge(state, rules, rows.windows[closed : rows.n[1]], now)
    if changed or moved:
        for s in range(state.engine[0].symbols):
            _update_tiers(state, rows, state.touched[s], s, now, clock, -1, 0)
    if moved:
        for t in range(state.tiers.shape[0]):
            for s in range(state.engine[0].symbols):
                state.moved[t, s] = 0


@kernel
def _let_go(state, rules, now):
    """End brokers whose streams are all silent, forget quotes that are too old; mark the symbols in `touched`."""
    brokers, quotes, touched = state.brokers, state.quotes, state.touched
    touched[: state.engine[0].symbols] = 0
    changed = False
    for b in range(brokers.shape[0]):
        died = brokers[b].live == 1 and not _has_open_stream(state, b)
        if died:
            brokers[b].live = 0
        for s in range(state.engine[0].symbols):
            if quotes[b, s].held == NOT_HELD:
                continue
            old = now - quotes[b, s].received_time >= rules.quote_lifetime_us
            if died or old:
                touched[s] |= 1 << b
                changed = True
            if old:
                _forget_quote(quotes, b, s)
    return changed


@kernel
def _forget_quote(quotes, b, s):
    quotes[b, s].held = NOT_HELD
    quotes[b, s].bid = np.nan
    quotes[b, s].ask = np.nan
    quotes[b, s].bid_size = np.nan
    quotes[b, s].ask_size = np.nan
    quotes[b, s].event_time = NEVER
    quotes[b, s].received_time = NEVER
    quotes[b, s].accepted_mid = np.nan
    quotes[b, s].spread_count = 0


@kernel
def _update_tiers(state, rows, brokers_touched, s, now, clock, cause_broker, cause_offset):
    """One update for each tier that carries the symbol and has one of the brokers (a bit each), or is marked."""
    for t in range(state.tiers.shape[0]):
        if state.composites[t, s].carries == 0:
            continue
        concerned = state.moved[t, s] == 1
        for b in range(state.has_broker.shape[1]):
            if (brokers_touched >> b) & 1 and state.has_broker[t, b] != FOREIGN:
                concerned = True
        if concerned:
            update(state, rows, t, s, now, clock, cause_broker, cause_offset)


@kernel
def _event(state, rules, events, i, clock, rows):
    """Apply one event; returns what became of it (APPLIED for session records)."""
    engine, brokers, streams = state.engine[0], state.brokers, state.streams
    t = events[i].time
    if engine.now == NEVER:
        engine.next_second = (t // SECOND_US + 1) * SECOND_US
        engine.now = t
    now = max(engine.now, t)
    engine.now = now
    b = events[i].broker
    kind = events[i].kind
    brokers[b].applied_offset = events[i].offset
    if kind == UNREADABLE:
        return INVALID
    x = events[i].stream
    if streams[x].last != NEVER and now - streams[x].last > rules.quote_lifetime_us:
        # Its place may have been given to another in the meantime, or not: either way it begins anew.
        dedupe.forget_stream(state.places, x, engine.symbols)
    streams[x].last = now
    streams[x].open = 0 if kind == END else 1
    drop = APPLIED
    s = NO_SYMBOL
    confirmed = 0
    if kind == TICK:
        s = events[i].symbol
        drop, confirmed = _tick(state, rules, events, i, now)
    elif kind == BEAT:
        brokers[b].heartbeats += 1
        brokers[b].beat = now
    elif kind == NAMELESS:
        drop = INVALID
    if kind != TICK or drop != APPLIED:
        s = NO_SYMBOL
    if _liveness_changed(state, b, kind):
        _update_held(state, rows, b, s, confirmed, now, clock, events[i].offset)
    elif s != NO_SYMBOL:
        _update_tiers(state, rows, confirmed | (1 << b), s, now, clock, b, events[i].offset)
    return drop


@kernel
def _update_held(state, rows, b, applied_symbol, confirmed, now, clock, offset):
    """Broker `b` came or went: one update for every symbol it holds a quote of."""
    for s in range(state.engine[0].symbols):
        touched = 1 << b if state.quotes[b, s].held != NOT_HELD else 0
        if s == applied_symbol:
            touched |= confirmed
        if touched != 0:
            _update_tiers(state, rows, touched, s, now, clock, b, offset)


@kernel
def _has_open_stream(state, b):
    """Whether one of the broker's streams is open. A loop: numba has no any()."""
    for x in range(state.engine[0].streams):  # noqa: SIM110
        if state.streams[x].broker == b and state.streams[x].open == 1:
            return True
    return False


@kernel
def _liveness_changed(state, b, kind):
    """Revive the broker with any sign of life; end it with its last stream. Whether that changed anything."""
    live = state.brokers[b].live == 1
    if kind == END:
        if live and not _has_open_stream(state, b):
            state.brokers[b].live = 0
            return True
    elif not live:
        state.brokers[b].live = 1
        return True
    return False


@kernel
def _tick(state, rules, events, i, now):
    """Dedupe and hold one tick. Returns (what became of it, brokers it released from quarantine, a bit each)."""
    b, s, x = events[i].broker, events[i].symbol, events[i].stream
    bid, ask = events[i].bid, events[i].ask
    missing = 0
    quarantined = 0
    confirmed = 0
    if not priced(bid, ask):
        # Its sequence has come all the same: the next one has none missing before it.
        drop, missing = dedupe.sequence(state.places, x, s, events[i].sequence)
        drop = INVALID
    elif events[i].flags & BACKFILLED_FLAG:
        drop = BACKFILLED
    else:
        drop, missing = dedupe.sequence(state.places, x, s, events[i].sequence)
        if drop == APPLIED:
            drop = _news(state, rules, events, i, now)
        if drop == APPLIED:
            quarantined, confirmed = _hold(state, rules, events, i, now)
    quality.note(state, b, s, drop, missing, quarantined, bid, ask, events[i].received_time, events[i].event_time)
    return drop, confirmed


@kernel
def _same(a, b):
    return a == b or (np.isnan(a) and np.isnan(b))


@kernel
def _news(state, rules, events, i, now):
    """Whether a tick that is new in its stream is new to the broker, and a change."""
    b, s, x = events[i].broker, events[i].symbol, events[i].stream
    quotes = state.quotes
    if events[i].event_time == NEVER:
        if not dedupe.leads(state.streams, state.engine[0].streams, x, now, rules.heartbeat_timeout_us):
            return LINE_DUPLICATE
    else:
        dedupe.forget(state, now, rules.line_horizon_us)
        key = dedupe.identity(
            b, s, events[i].event_time, events[i].bid, events[i].ask, events[i].bid_size, events[i].ask_size
        )
        if not dedupe.occurrence(state, x, key, now):
            return LINE_DUPLICATE
    if (
        quotes[b, s].held == ACCEPTED
        and quotes[b, s].bid == events[i].bid
        and quotes[b, s].ask == events[i].ask
        and _same(quotes[b, s].bid_size, events[i].bid_size)
        and _same(quotes[b, s].ask_size, events[i].ask_size)
    ):
        quotes[b, s].received_time = now
        quotes[b, s].event_time = events[i].event_time
        return UNCHANGED
    return APPLIED


@kernel
def _hold(state, rules, events, i, now):
    """Make the tick the broker's current quote, in quarantine where it jumps. Returns (quarantined, confirmed)."""
    b, s = events[i].broker, events[i].symbol
    quotes = state.quotes
    mid = mid_of(events[i].bid, events[i].ask)
    waits = suspicious(state, b, s, mid, rules)
    quotes[b, s].held = QUARANTINED if waits else ACCEPTED
    quotes[b, s].bid = events[i].bid
    quotes[b, s].ask = events[i].ask
    quotes[b, s].bid_size = events[i].bid_size
    quotes[b, s].ask_size = events[i].ask_size
    quotes[b, s].event_time = events[i].event_time
    quotes[b, s].received_time = now
    if waits:
        return 1, 0
    if np.isnan(mid):
        return 0, 0
    quotes[b, s].accepted_mid = mid
    remember_spread(state, b, s, events[i].bid, events[i].ask)
    return 0, release_near(state, b, s, mid, rules)
