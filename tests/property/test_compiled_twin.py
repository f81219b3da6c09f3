"""The compiled kernels and their plain twins say the same, record by record, however the input is cut."""

import math
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from streams.kernels.plain.align import Align
from streams.kernels.plain.events import Event, SessionEvent, Stream, TickEvent, UndecodableEvent
from streams.kernels.plain.line import Line, reference
from streams.kernels.plain.members import Order as PlainOrder
from streams.kernels.plain.outputs import Output, QualityRow, TierControlOut, TierQuote
from streams.kernels.state import BEAT, END, EVENT, NAMELESS, NEVER, START, TICK, UNREADABLE, Records, Rows
from streams.kernels.state import Rules as CompiledRules
from streams.membership import Order
from streams.resuming import Published
from streams.shard import Shard
from tests.property.stream_tapes import (
    BROKERS,
    RULES,
    START_US,
    TIERS,
    Step,
    Tape,
    orders,
    session_event,
    steps,
    tape_of,
    time_of,
)
from tierfeed.domain.selection import MEMORY_S
from tierfeed.domain.symbols import CANONICAL
from tierfeed.domain.words import ControlKind, SessionKind

LONG_S = 1800
IDS = {"Tick": 1, "SessionRecord": 2}
COMPILED = CompiledRules(
    RULES.heartbeat_timeout_us, RULES.quote_lifetime_us, RULES.line_horizon_us,
    RULES.jump_spreads, RULES.jump_percent / 100, RULES.lead_for_s, RULES.lead_rest_s * 1_000_000,
)  # fmt: skip
ASIDE = ("tier", "symbol", "control", "published", "epoch")
COUNTS = (
    "ticks", "applied", "duplicates", "line_duplicates", "unchanged", "late", "backfilled", "invalid", "missing",
    "crossed", "locked", "quarantined",
)  # fmt: skip
unhurried = settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow])
KINDS = {SessionKind.SESSION_START: START, SessionKind.HEARTBEAT: BEAT, SessionKind.SESSION_END: END}


class Compiled:
    """A shard fed with events, its output read back as the twins' values."""

    def __init__(self, ordered: Sequence[PlainOrder] = ()) -> None:
        self.shard = Shard(BROKERS, TIERS, COMPILED, IDS)
        self.shard.obey(
            [Order(str(n), o.tier, o.broker, o.symbol, o.since_us, o.until_us) for n, o in enumerate(ordered)]
        )
        self.quotes: defaultdict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
        self.windows: list[tuple[Any, ...]] = []

    def feed(self, broker: str, events: Sequence[Event], *, at_end: bool) -> None:
        lane = self.shard.aligner.lanes[BROKERS.index(broker)]
        self.shard._forget_streams()
        if events:
            lane.add(np.concatenate([self._event(broker, event) for event in events]))
        lane.at_end = at_end
        self.shard.advance(0, self._keep)

    def feed_all(self, tape: Tape) -> None:
        for broker, events in tape.items():
            self.feed(broker, events, at_end=True)

    def _event(self, broker: str, event: Event) -> Records:
        row = np.zeros(1, EVENT)
        b = row["broker"] = BROKERS.index(broker)
        row["offset"], row["kind"], row["time"], row["stream"] = event.offset, UNREADABLE, NEVER, -1
        if isinstance(event, UndecodableEvent):
            return row
        lines, sessions = np.array([event.line]), np.array([event.session])
        row["stream"] = self.shard._stream_ids(int(b), lines, sessions)
        row["time"] = row["received_time"] = event.time_us
        if isinstance(event, SessionEvent):
            row["kind"] = KINDS[event.kind]
            return row
        if not CANONICAL.fullmatch(event.symbol):
            row["kind"] = NAMELESS
            return row
        row["kind"], row["symbol"] = TICK, self.shard._symbol(event.symbol)
        row["bid"], row["ask"], row["sequence"], row["flags"] = event.bid, event.ask, event.sequence, event.flags
        row["bid_size"] = np.nan if event.bid_size is None else event.bid_size
        row["ask_size"] = np.nan if event.ask_size is None else event.ask_size
        row["event_time"] = NEVER if event.event_time is None else event.event_time
        return row

    def _keep(self, rows: Rows) -> None:
        names, shard = (*self.shard.symbols.names, ""), self.shard
        for row, brokers in zip(rows.quotes[: rows.n[0]], rows.brokers[: rows.n[0]], strict=True):
            t = int(row["tier"])
            key = TIERS[t].name, names[row["symbol"]]
            room = shard.state.tiers[t]["own"] + shard.state.tiers[t]["reserve"]
            self.quotes[key].append(_quote(row, brokers[:room]))
        for row in rows.windows[: rows.n[1]]:
            latency = [_number(row[name]) for name in ("p50", "p95", "p99", "highest")]
            spread = [_number(row[name]) for name in ("spread_min", "spread_mean", "spread_max", "mid")]
            head = BROKERS[row["broker"]], names[row["symbol"]], int(row["start"])
            self.windows.append(
                (
                    *head,
                    *(int(row[name]) for name in COUNTS),
                    *spread,
                    *latency,
                    int(row["heartbeats"]),
                    int(row["last_received"]),
                )
            )


def _number(value: Any) -> Any:
    value = value.item()
    return None if value == NEVER or value != value else value


def _quote(row: Any, brokers: Any) -> dict[str, Any]:
    brokers = brokers[brokers["broker"] >= 0]
    names = [BROKERS[b] for b in brokers["broker"]]
    told = {name: _number(row[name]) for name in row.dtype.names if name not in ASIDE}
    for name in ("bid_broker", "ask_broker", "lead_broker"):
        told[name] = BROKERS[told[name]] if told[name] >= 0 else None
    told["control"] = int(row["control"])
    told["sources"] = {name: int(b["source"]) for name, b in zip(names, brokers, strict=False) if b["source"] >= 0}
    fields = ("status", "bid", "ask", "bid_size", "ask_size", "event_time", "received_time")
    told["brokers"] = [
        (name, *(_number(b[field]) for field in fields)) for name, b in zip(names, brokers, strict=False)
    ]
    return told


def _expected(outputs: Sequence[Output]) -> dict[tuple[str, str], list[dict[str, Any]]]:
    quotes: defaultdict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    fresh = set()
    for output in outputs:
        if isinstance(output, TierControlOut):
            key = output.tier, str(output.symbol)
            if output.kind is ControlKind.STALE:
                quotes[key][-1]["control"] = int(ControlKind.STALE)
            else:
                fresh.add(key)
        elif isinstance(output, TierQuote):
            key = output.tier, output.symbol
            quotes[key].append(_twin(output, int(ControlKind.FRESH) if key in fresh else 0))
            fresh.discard(key)
    return quotes


def _twin(q: TierQuote, control: int) -> dict[str, Any]:
    return {
        "state": int(q.state), "event_time": q.event_time, "received_time": q.received_time, "as_of": q.as_of_time,
        "due": q.due_time, "conflation": q.conflation_us, "released": q.published_time,
        "conflated": q.conflated_count, "upto": q.upto_sequence,
        "bid_age": q.bid_age_us, "ask_age": q.ask_age_us, "eligible": q.eligible_brokers,
        "quarantined": q.quarantined_brokers, "bid_broker": q.bid_broker, "ask_broker": q.ask_broker,
        "feed_latency": q.feed_latency_us, "control": control, "bid": q.bid, "ask": q.ask, "mid": q.mid,
        "spread": q.spread, "spread_min": q.spread_min, "spread_max": q.spread_max, "mid_low": q.mid_low,
        "lead_broker": q.lead_broker, "lead_since": q.lead_since, "lead_switched": q.lead_switched,
        "mid_high": q.mid_high, "bid_size": q.bid_size, "ask_size": q.ask_size,
        "sources": {source.broker: source.offset for source in q.sources},
        "brokers": [
            (b.broker, int(b.status), b.bid, b.ask, b.bid_size, b.ask_size, b.event_time, b.received_time)
            for b in q.brokers
        ],
    }  # fmt: skip


def _windows(outputs: Sequence[Output]) -> list[tuple[Any, ...]]:
    return sorted(
        (
            q.broker, q.symbol, q.window_start, q.ticks, q.applied, q.duplicates, q.line_duplicates, q.unchanged,
            q.late,
            q.backfilled, q.invalid, q.missing, q.crossed, q.locked, q.quarantined, q.spread_min, q.spread_mean,
            q.spread_max, q.mid, q.latency_p50_us, q.latency_p95_us, q.latency_p99_us, q.latency_max_us, q.heartbeats,
            q.last_received_time,
        )
        for q in outputs
        if isinstance(q, QualityRow)
    )  # fmt: skip


def _cut(tape: Tape, cuts: Sequence[tuple[str, int]]) -> list[tuple[str, list[Event], bool]]:
    """The tape in batches, brokers in the order that `cuts` says, whatever is left at the end."""
    left = {broker: list(events) for broker, events in tape.items()}
    batches = []
    for broker, n in cuts:
        batch, left[broker] = left[broker][:n], left[broker][n:]
        batches.append((broker, batch, not left[broker]))
    return batches + [(broker, events, True) for broker, events in left.items()]


def _certain(tape: Tape, ordered: Sequence[PlainOrder] = ()) -> list[Output]:
    """What may be said while sessions are open: a broker that can still deliver something earlier is waited for."""
    line, align = Line(BROKERS, TIERS, RULES, orders=ordered), Align(BROKERS)
    for broker, events in tape.items():
        align.push(broker, events, at_end=True)
    outputs = [output for event in align.release() for output in line.apply(event)]
    safe_us = align.safe_us()
    return outputs + (line.finish() if safe_us == math.inf else line.advance(int(safe_us)) if safe_us > 0 else [])


tapes = st.lists(steps, max_size=12) | st.lists(steps, min_size=20, max_size=80)
cuts = st.lists(st.tuples(st.sampled_from(BROKERS), st.integers(0, 9)), max_size=12)


@unhurried
@given(tapes, st.booleans(), cuts, orders)
def test_compiled_and_plain_agree_however_the_input_is_cut(
    script: list[Step], ended: bool, how: Any, ordered: list[PlainOrder]
) -> None:
    tape = tape_of(script, ended=ended)
    compiled = Compiled(ordered)
    for broker, events, at_end in _cut(tape, how):
        compiled.feed(broker, events, at_end=at_end)
    outputs = reference(tape, TIERS, RULES, orders=ordered) if ended else _certain(tape, ordered)
    expected = _expected(outputs)
    assert compiled.quotes.keys() == expected.keys()
    for key, quotes in expected.items():
        assert len(compiled.quotes[key]) == len(quotes)
        for ours, theirs in zip(compiled.quotes[key], quotes, strict=True):
            assert {name: (ours[name], theirs[name]) for name in theirs if ours[name] != theirs[name]} == {}
    assert sorted(compiled.windows, key=repr) == sorted(_windows(outputs), key=repr)


@unhurried
@given(tapes, st.integers(0, 60), cuts, orders)
def test_a_worker_that_takes_over_says_what_is_missing_and_nothing_twice(
    script: list[Step], stop: int, how: Any, ordered: list[PlainOrder]
) -> None:
    tape = tape_of(script, ended=True)
    whole, first, second = Compiled(ordered), Compiled(ordered), Compiled(ordered)
    for broker, events, at_end in _cut(tape, []):
        whole.feed(broker, events, at_end=at_end)
    for broker, events, at_end in _cut(tape, how)[: max(stop % (len(how) + 1), 0)]:
        first.feed(broker, events, at_end=at_end)
    second.shard.prime([_newest(key, quotes) for key, quotes in first.quotes.items() if quotes], {})
    for broker, events, at_end in _cut(tape, []):
        second.feed(broker, events, at_end=at_end)
    for key, quotes in whole.quotes.items():
        told = first.quotes[key] + second.quotes[key]
        assert [quote["upto"] for quote in told] == [quote["upto"] for quote in quotes]
        for ours, expected in zip(told, quotes, strict=True):
            assert {k: (ours[k], v) for k, v in expected.items() if ours[k] != v} == {}


SPELLS = {
    "sound": 20_000, "lively": 20_000, "faulty": 20_000, "slow": 900_000, "uneven": 100_000, "ahead": -700_000,
    "mute": 0, "gone": 0,
}  # fmt: skip
"""Kinds, with how late a tick is then."""
short_spells = st.lists(st.tuples(st.sampled_from(list(SPELLS)), st.sampled_from([1, 5, 30, 65, 100])), max_size=8)
spells = st.lists(st.tuples(st.sampled_from(list(SPELLS)), st.integers(20, 300)), min_size=4, max_size=12)

GONE_AT_THE_STOP = (
    [("sound", 131), ("uneven", 267), ("lively", 294), ("ahead", 49), ("gone", 273), ("sound", 178)],
    [("slow", 76), ("ahead", 255), ("lively", 21), ("uneven", 89), ("faulty", 144)],
    [("ahead", 247), ("slow", 169), ("slow", 248), ("uneven", 143), ("mute", 229), ("lively", 145), ("slow", 159)],
)


def _order(tier: str, broker: str, symbol: str | None, since_s: int, for_s: int) -> PlainOrder:
    since_us = START_US + since_s * 1_000_000
    return PlainOrder(tier, broker, symbol, since_us, since_us + for_s * 1_000_000)


PREFERRED = [
    _order("enterprise", "beta", "EURUSD", 50, 20), _order("pro", "gamma", None, 20, 370),
    _order("pro", "gamma", "EURUSD", 90, 120),
]  # fmt: skip
long_orders = st.lists(
    st.builds(
        _order,
        st.sampled_from([tier.name for tier in TIERS]),
        st.sampled_from(BROKERS),
        st.sampled_from([None, "EURUSD", "EURUSD"]),
        st.integers(-5, 400),
        st.integers(0, 200),
    ),
    max_size=5,
)


def _long_tape(of: Sequence[list[tuple[str, int]]], seconds: int) -> Tape:
    """A time in which each broker beats and quotes once a second, in good spells and bad ones."""
    tape: Tape = {}
    for b, (broker, plan) in enumerate(zip(BROKERS, of, strict=True)):
        kinds = [kind for kind, length in plan for _ in range(length)] + ["sound"] * seconds
        events: list[Event] = []
        for second, kind in enumerate(kinds[:seconds]):
            at_us, late_us = START_US + second * 1_000_000 + b * 1000, SPELLS[kind]
            late_us *= 1 + second % {"uneven": 5, "lively": 2}.get(kind, 1)
            if kind != "gone":
                events.append(session_event(SessionKind.HEARTBEAT, broker, len(events), Stream(0, 1), at_us))
            if kind not in ("mute", "gone"):
                bid = 0.0 if kind == "faulty" and second % 2 else 1.1 + (second + b) % 7 / 10_000
                events.append(
                    TickEvent(
                        broker=broker, offset=len(events), symbol="EURUSD", bid=bid, ask=bid and 1.2,
                        event_time=at_us - late_us, received_time=at_us + 500, sequence=second + 1,
                    )
                )  # fmt: skip
        tape[broker] = events
    return tape


@settings(deadline=None, max_examples=15, suppress_health_check=[HealthCheck.too_slow])
@given(st.tuples(short_spells, short_spells, short_spells), long_orders)
@example(([], [], [("sound", 65), ("ahead", 1)]), [])
@example(([("uneven", 65)], [], [("sound", 200), ("gone", 100)]), [])
@example(([("lively", 300)], [], [("sound", 200), ("gone", 100)]), [])
@example(([("lively", 300)], [("slow", 400)], [("sound", 200), ("gone", 20)]), PREFERRED)
@example(
    (
        [("sound", 10), ("mute", 20), ("gone", 20)],
        [("sound", 30), ("mute", 20), ("sound", 5), ("gone", 30)],
        [("sound", 10), ("gone", 20), ("mute", 20)],
    ),
    [],
)
@example(
    ([("sound", 10), ("gone", 30)], [("sound", 10), ("gone", 30)], [("sound", 10), ("gone", 30), ("mute", 30)]), []
)
def test_compiled_and_plain_agree_for_minutes_on_who_leads(
    of: tuple[list[tuple[str, int]], ...], ordered: list[PlainOrder]
) -> None:
    tape = _long_tape(of, 400)
    compiled = Compiled(ordered)
    compiled.feed_all(tape)
    names = ("as_of", "lead_broker", "lead_since", "lead_switched", "bid_broker", "ask_broker")
    for key, quotes in _expected(_certain(tape, ordered)).items():
        told = [tuple(quote[name] for name in names) for quote in compiled.quotes[key]]
        assert told == [tuple(quote[name] for name in names) for quote in quotes]


@settings(deadline=None, max_examples=8, suppress_health_check=[HealthCheck.too_slow])
@given(st.tuples(spells, spells, spells), st.integers(MEMORY_S + 100, LONG_S))
@example(GONE_AT_THE_STOP, 979)
def test_who_leads_is_known_to_a_worker_that_reads_the_lead_s_memory_again(
    of: tuple[list[tuple[str, int]], ...], stop_s: int
) -> None:
    tape, stop_us = _long_tape(of, LONG_S), START_US + stop_s * 1_000_000
    whole, first, second = Compiled(), Compiled(), Compiled()
    whole.feed_all(tape)
    first.feed_all({broker: [e for e in events if time_of(e) < stop_us] for broker, events in tape.items()})
    # Its own time: it waits for a broker that is gone, and has told nothing since.
    back_us = (first.shard.time_us() or stop_us) - RULES.quote_lifetime_us - MEMORY_S * 1_000_000
    second.shard.prime([_newest(key, quotes) for key, quotes in first.quotes.items()], {})
    second.feed_all({broker: [e for e in events if time_of(e) >= back_us] for broker, events in tape.items()})
    names = ("upto", "lead_broker", "lead_since", "lead_switched", "bid_broker", "ask_broker")
    key = "enterprise", "EURUSD"
    told = [tuple(quote[name] for name in names) for quote in first.quotes[key] + second.quotes[key]]
    assert told == [tuple(quote[name] for name in names) for quote in whole.quotes[key]]


def _newest(key: tuple[str, str], quotes: list[dict[str, Any]]) -> Published:
    last = quotes[-1]
    tier = [entry.name for entry in TIERS].index(key[0])
    names = ("upto", "as_of", "released", "state", "sources", "lead_broker", "lead_since", "lead_switched")
    return Published(tier, key[1], *(last[name] for name in names))
