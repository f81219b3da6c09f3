"""The memory of one shard, as structured arrays that the compiled kernels share.

Axes: b broker, s symbol, t tier, x stream (one line's session of one broker), h slot of the hash table. Times are
microseconds of the sessions' clock. `NEVER` stands for a time or an offset that does not exist; NaN for a price or
a size that does not. Records, not one array per field: the kernels pass their memory by value, and compile and run
ten times faster with a dozen arrays than with eighty.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from tierfeed.domain.selection import OFFSET_MINUTES

Records = npt.NDArray[np.void]
I8 = npt.NDArray[np.int8]
I32 = npt.NDArray[np.int32]
I64 = npt.NDArray[np.int64]

NEVER = -(2**62)
SECOND_US = 1_000_000

# kinds of events
TICK, START, BEAT, END, NAMELESS, UNREADABLE = range(6)
"""NAMELESS: a tick whose symbol is none: a sign of life, and a dead letter. UNREADABLE: not even that."""

PLANNED = 1
"""`flags` of an END that is in the planned course of its session. To the kernels all ends are alike."""
NO_SYMBOL = -1
"""The symbol of a window in which nothing ticked."""
NO_STREAM = -1
"""The stream of an event that could not be read."""

# how a tier has a broker: not at all, as one of its own, or admitted for a time
FOREIGN, OWN, ADMITTED = 0, 1, 2

# how a broker's quote is held
NOT_HELD, ACCEPTED, QUARANTINED = 0, 1, 2

SPREADS = 63
"""Spreads remembered per broker and symbol for the median of the jump rule."""
OWNERS = 4
"""Streams of one broker whose occurrences of a tick are counted apart."""
MINUTE = 60
"""Seconds that a broker is judged by where one is to lead, and the bits of `alive` and `ticked`."""
COUNTERS = 12
(
    N_TICKS, N_APPLIED, N_DUPLICATE, N_LINE_DUPLICATE, N_UNCHANGED, N_LATE, N_BACKFILLED, N_INVALID,
    N_MISSING, N_CROSSED, N_LOCKED, N_QUARANTINED,
) = range(COUNTERS)  # fmt: skip


def _record(ints: str = "", floats: str = "", **others: str) -> np.dtype[np.void]:
    """A structured type: 64-bit whole numbers, 64-bit floats, then fields with types of their own."""
    fields = [(name, "i8") for name in ints.split()] + [(name, "f8") for name in floats.split()]
    return np.dtype(fields + list(others.items()), align=True)


EVENT = _record(
    "time offset event_time received_time sequence flags", "bid ask bid_size ask_size",
    broker="i4", stream="i4", symbol="i4", kind="i1",
)  # fmt: skip
"""An event in the order in which it is to be applied."""

ENGINE = _record(
    "now next_second symbols streams log_head log_count latencies leads judged judged_seconds ticked admitted"
)
"""[1]: scalars of the shard. `log_*` is the ring of `seen_log`; `latencies` counts the second's. `leads`: whether any
tier has a leading broker; `judged`: the end of the newest second that was judged, `judged_seconds` how many, up to 60;
`ticked`: whether any symbol has ever ticked; `admitted`: how many brokers are, over all tiers.
"""
BROKER = _record("applied_offset heartbeats beat alive", live="i1")
"""[b]: liveness and progress. `beat`: when the newest heartbeat came. `alive`: at the end of which of the last 60
seconds it lived, the newest lowest."""
STREAM = _record("session last", broker="i4", line="i4", open="i1")
"""[x]: one line's session."""
PLACE = _record("newest", bits="u8")
"""[x, s]: sequences seen: the newest, and which of the 64 up to it."""
QUOTE = _record("event_time received_time spread_count", "bid ask bid_size ask_size accepted_mid", held="i1")
"""[b, s]: each broker's current quote. The spreads of the jump rule lie beside it in `spreads`."""
TIER = _record("interval own reserve broker_count due_head due_count settled", detail="i1")
"""[t]: a tier, and the ring of its `dues`. What was due before `settled` has been released by an earlier worker. Of its
`broker_count` brokers the first `own` are its own, the others are admitted; it may admit `reserve` ones, which stand in
`reserves`, the preferred first."""
ORDER = _record("since until begun", tier="i4", broker="i4", symbol="i4")
"""[k]: until then the broker is one of the tier's or, with a symbol, leads there. `begun`: it was in force at the last
whole second. Of two for the same tier and symbol the later one counts."""
COMPOSITE = _record(
    "upto published_upto as_of last_release covered_as_of", "spread_min spread_max mid_low mid_high",
    carries="i1", pending="i1", published_state="i1",
)  # fmt: skip
"""[t, s]: numbering and conflation."""
MINUTE_SUMS = _record("ticked ticks faulty timed timely p50s p50_seconds minute mid spread mid_at")
"""[b, s]: the last minute. `ticked`: bits as in `alive`; `timed`: ticks with a latency; `timely`: these, times the
share of them that came in time; `minute`: that of the newest of `lows`; `mid`, `spread`, `mid_at`: of the newest second
with a mid, in hundredths of the price's last digit, and when that ended."""
HEARD = _record("ticks faulty timed timely p50")
"""[b, s, MINUTE]: its seconds."""
LEAD = _record("since switched known", broker="i4")
"""[t, s]: who leads (-1: nobody), since when, and when a better one last took over. Until `known` an earlier worker has
judged. Beside it lie, by broker: in `better`, for how many seconds it has been better; in `compared` and `near`, bits
as in `alive`: when its mid could be compared with those of two others, and was near them."""
DUE = _record("symbol time")
"""[t, s + 1]: ends of intervals, first in, first out."""
SEEN = _record("time", key="u8", most="i4")
"""[h]: a tick of the last horizon, by hash."""
OWNER = _record(stream="i4", count="i4")
"""[h, OWNERS]: how often each stream has had it."""
SEEN_LOG = _record("time", key="u8")
"""[h]: the order in which ticks were last new."""
WINDOW = _record("spread_n last_received", "spread_min spread_max spread_sum mid", active="i1")
"""[b, s]: the quality of the second in progress; counts lie beside it in `counts`."""
LATENCY = _record("series value")
"""Latencies of the second in progress, kept whole: percentiles are exact."""

QUOTE_ROW = _record(
    "tier symbol state event_time received_time as_of due released conflated upto bid_age ask_age eligible quarantined "
    "bid_broker ask_broker feed_latency conflation control published epoch lead_broker lead_since lead_switched",
    "bid ask mid spread spread_min spread_max mid_low mid_high bid_size ask_size",
)
"""A released record; [t, s] in `held_rows`: the composite that waits for its interval to end. `published` and `epoch`
are whoever hands it over's to fill in."""
BROKER_ROW = _record("broker source status event_time received_time", "bid ask bid_size ask_size")
"""[r, i]: the record's tier's i-th broker; -1 where it had fewer then."""
QUALITY_ROW = _record(
    "broker symbol start heartbeats last_received p50 p95 p99 highest epoch ticks applied duplicates line_duplicates "
    "unchanged late backfilled invalid missing crossed locked quarantined",
    "spread_min spread_mean spread_max mid",
)
"""A closed window. `epoch` as above."""


class Rules(NamedTuple):
    """What the kernels may be told, all in microseconds or plain numbers."""

    heartbeat_timeout_us: int
    quote_lifetime_us: int
    line_horizon_us: int
    jump_spreads: float
    jump_fraction: float
    lead_for_s: int
    lead_rest_us: int


class State(NamedTuple):
    """Everything a shard remembers."""

    engine: Records
    brokers: Records
    streams: Records
    places: Records
    quotes: Records
    spreads: npt.NDArray[np.float64]
    tiers: Records
    tier_brokers: I32
    has_broker: I8
    reserves: I32
    orders: Records
    moved: I8
    composites: Records
    covered_offset: I64
    held_rows: Records
    held_brokers: Records
    dues: Records
    seen: Records
    owners: Records
    seen_log: Records
    windows: Records
    counts: I64
    latencies: Records
    latency_ends: I64
    sorted_latencies: I64
    touched: I64
    minutes: Records
    lows: I64
    heard: Records
    leads: Records
    better: I64
    compared: I64
    near: I64
    scratch: npt.NDArray[np.float64]
    scale: npt.NDArray[np.float64]


class Rows(NamedTuple):
    """What comes out: `n[0]` released records of all tiers, and `n[1]` closed windows, in order."""

    n: I64
    quotes: Records
    brokers: Records
    windows: Records


def new_state(brokers: int, tiers: int, symbols: int, streams: int, slots: int, latencies: int) -> State:
    """An empty shard with room for so many symbols, streams, hash slots (a power of two) and latencies a second."""
    b, t, s, x, h = brokers, tiers, symbols, streams, slots
    state = State(
        engine=np.zeros(1, ENGINE), brokers=np.zeros(b, BROKER), streams=np.zeros(x, STREAM),
        places=np.zeros((x, s), PLACE), quotes=np.zeros((b, s), QUOTE), spreads=np.zeros((b, s, SPREADS)),
        tiers=np.zeros(t, TIER), tier_brokers=np.zeros((t, b), np.int32), has_broker=np.zeros((t, b), np.int8),
        reserves=np.zeros((t, b), np.int32), orders=np.zeros(0, ORDER), moved=np.zeros((t, s), np.int8),
        composites=np.zeros((t, s), COMPOSITE), covered_offset=np.full((t, s, b), -1, np.int64),
        held_rows=np.zeros((t, s), QUOTE_ROW), held_brokers=np.zeros((t, s, b), BROKER_ROW),
        dues=np.zeros((t, s + 1), DUE), seen=np.zeros(h, SEEN), owners=np.zeros((h, OWNERS), OWNER),
        seen_log=np.zeros(h, SEEN_LOG), windows=np.zeros((b, s), WINDOW), counts=np.zeros((b, s, COUNTERS), np.int64),
        latencies=np.zeros(latencies, LATENCY), latency_ends=np.zeros(b * s, np.int64),
        sorted_latencies=np.zeros(latencies, np.int64), touched=np.zeros(s, np.int64),
        minutes=np.zeros((b, s), MINUTE_SUMS), lows=np.full((b, s, OFFSET_MINUTES), NEVER, np.int64),
        heard=np.zeros((b, s, MINUTE), HEARD), leads=np.zeros((t, s), LEAD), better=np.zeros((t, s, b), np.int64),
        compared=np.zeros((t, s, b), np.int64), near=np.zeros((t, s, b), np.int64),
        scratch=np.zeros(SPREADS), scale=np.full(s, 1e5),
    )  # fmt: skip
    times: tuple[tuple[Records, tuple[str, ...]], ...] = (
        (state.engine, ("now", "next_second", "judged")),
        (state.tiers, ("settled",)),
        (state.streams, ("last",)),
        (state.places, ("newest",)),
        (state.quotes, ("event_time", "received_time")),
        (state.composites, ("as_of", "last_release", "covered_as_of")),
        (state.leads, ("since", "switched", "known")),
        (state.minutes, ("mid_at",)),
    )
    for records, names in times:
        for name in names:
            records[name] = NEVER
    prices: tuple[tuple[Records, tuple[str, ...]], ...] = (
        (state.quotes, ("bid", "ask", "bid_size", "ask_size", "accepted_mid")),
        (state.composites, ("spread_min", "spread_max", "mid_low", "mid_high")),
        (state.windows, ("mid",)),
    )
    for records, names in prices:
        for name in names:
            records[name] = np.nan
    state.brokers["applied_offset"] = -1
    state.leads["broker"] = -1
    state.composites["published_state"] = -1
    return state


def new_rows(quotes: int, windows: int, brokers: int) -> Rows:
    """Room for so many released records and closed windows."""
    return Rows(
        np.zeros(2, np.int64), np.zeros(quotes, QUOTE_ROW), np.zeros((quotes, brokers), BROKER_ROW),
        np.zeros(windows, QUALITY_ROW),
    )  # fmt: skip
