"""Decoded ticks to events, in one compiled pass: names to numbers, nulls to what stands for them, what is poison."""

import numpy as np

from streams.kernels.compiled import kernel
from streams.kernels.intern import MALFORMED, pack, slot_of, stream_of
from streams.kernels.state import NAMELESS, NEVER, NO_STREAM, TICK

FIELDS = (
    "broker", "symbol", "bid", "ask", "bid_size", "ask_size", "event_time", "received_time", "line", "session",
    "sequence", "flags",
)  # fmt: skip
(
    BROKER, SYMBOL, BID, ASK, BID_SIZE, ASK_SIZE, EVENT_TIME, RECEIVED_TIME, LINE, SESSION, SEQUENCE, FLAGS,
) = range(len(FIELDS))  # fmt: skip
"""The order in which a tick's fields are named to `fill_ticks`."""


@kernel
def fill_ticks(events, rows, at, decoded, names, broker, streams, stream_count, poison):
    """Write tick `k` of the decoded ones to `events[rows[k]]`, where it was readable; the others stay as they are.

    at: the columns of FIELDS. decoded: bytes, ok, numbers, numbers as doubles, presence. names: the topic's broker and
    the table of symbols. `poison[k]`: for the dead letters, readable or not. Returns whether a symbol and whether a
    stream was not known: they are to be entered, and all this done again.
    """
    buf, ok, numbers, doubles, present = decoded
    name, table = names
    new_symbol = False
    new_stream = False
    x = NO_STREAM
    for k in range(rows.shape[0]):
        poison[k] = True
        if not ok[k] or not _is(buf, numbers[at[BROKER], k], numbers[at[BROKER] + 1, k], name):
            continue
        event = events[rows[k]]
        line, session = numbers[at[LINE], k], numbers[at[SESSION], k]
        x = stream_of(streams, stream_count, broker, line, session, x)
        if x == NO_STREAM:
            new_stream = True
        low, high = pack(buf, numbers[at[SYMBOL], k], numbers[at[SYMBOL] + 1, k])
        event.kind = TICK
        if low == np.uint64(0):
            event.kind = NAMELESS
            event.symbol = MALFORMED
        else:
            slot = slot_of(table, low, high)
            if table[slot].low == np.uint64(0):
                new_symbol = True
            event.symbol = table[slot].id
        event.stream = x
        event.bid, event.ask = doubles[at[BID], k], doubles[at[ASK], k]
        event.bid_size = doubles[at[BID_SIZE], k] if present[at[BID_SIZE], k] else np.nan
        event.ask_size = doubles[at[ASK_SIZE], k] if present[at[ASK_SIZE], k] else np.nan
        event.event_time = numbers[at[EVENT_TIME], k] if present[at[EVENT_TIME], k] else NEVER
        event.received_time = numbers[at[RECEIVED_TIME], k]
        event.time = event.received_time
        event.sequence = numbers[at[SEQUENCE], k]
        event.flags = numbers[at[FLAGS], k]
        poison[k] = low == np.uint64(0) or not priced(event.bid, event.ask)
    return new_symbol, new_stream


@kernel
def priced(bid, ask):
    """At least one side is positive, and neither is negative, infinite or not a number."""
    return bid >= 0.0 and ask >= 0.0 and bid < np.inf and ask < np.inf and (bid > 0.0 or ask > 0.0)


@kernel
def _is(buf, start, length, name):
    if length != name.shape[0]:
        return False
    for k in range(length):  # noqa: SIM110  numba has no all()
        if buf[start + k] != name[k]:
            return False
    return True
