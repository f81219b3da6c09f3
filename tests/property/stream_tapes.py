"""Random tapes: what brokers, lines, sessions and bad luck may put on one partition number of the broker topics."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from hypothesis import strategies as st

from streams.kernels.plain.events import Event, SessionEvent, Stream, TickEvent, UndecodableEvent
from streams.kernels.plain.members import Order
from streams.kernels.plain.rules import SECOND_US, Rules
from tierfeed.domain.tiers import Tier
from tierfeed.domain.words import Flag, SessionKind

START_US = 1_700_000_000_000_000
BROKERS = ("alpha", "beta", "gamma")
SYMBOLS = ("EURUSD", "USDJPY", "bad", "GBPUSD")
RULES = Rules(
    heartbeat_timeout_us=1_500_000, quote_lifetime_us=4 * SECOND_US, line_horizon_us=2 * SECOND_US,
    lead_for_s=2, lead_rest_s=6,
)  # fmt: skip
FEARLESS = replace(RULES, jump_spreads=1e12)  # no quarantine, in which brokers outside a tier have a say

Tape = dict[str, list[Event]]


def a_tier(
    name: str, interval_ms: int, brokers: Sequence[str], symbols: Sequence[str] | None, emergency: Sequence[str] = ()
) -> Tier:
    return Tier(
        name=name,
        symbols=None if symbols is None else frozenset(symbols),
        interval_us=interval_ms * 1000,
        depth_hours=1,
        brokers=tuple(brokers),
        redundancy=1,
        record="EnterpriseQuote",
        emergency=tuple(emergency),
    )


TIERS = (
    a_tier("free", 1000, ["beta"], ["EURUSD"], ["gamma", "alpha"]),
    a_tier("pro", 100, ["beta", "alpha"], ["EURUSD", "USDJPY"], ["gamma", "nowhere"]),
    a_tier("enterprise", 10, ["gamma", "nowhere", "alpha", "beta"], None),
)
UNLED = tuple(replace(tier, record="ProQuote") for tier in TIERS)  # who leads depends on more of the past
WHOLE_TIERS = tuple(replace(tier, brokers=("beta", "gamma", "alpha"), emergency=()) for tier in TIERS)

moments_us = st.sampled_from([-5_000_000, 0, 1, 500_000, 1_000_000, 1_700_000, 3_000_000, 7_100_000, 12_000_000])
spans_us = st.sampled_from([0, 1, 900_000, 1_000_000, 2_500_000, 4_000_000, 60_000_000])
admissible = [("free", "gamma", None), ("free", "alpha", None), ("pro", "gamma", None)]
orders = st.just([]) | st.lists(
    st.builds(
        lambda of, since_us, span_us: Order(*of, START_US + since_us, START_US + since_us + span_us),
        of=st.sampled_from(admissible)
        | st.tuples(
            st.sampled_from([tier.name for tier in TIERS]),
            st.sampled_from(BROKERS),
            st.sampled_from([None, "EURUSD", "EURUSD", "USDJPY"]),
        ),
        since_us=moments_us,
        span_us=spans_us,
    ),
    min_size=2,
    max_size=8,
)
"""Admissions and switches of the lead that begin and end at any moment; some that cannot be."""


@dataclass(frozen=True)
class Step:
    """One record of a random tape, before it gets its time, offset and sequence."""

    broker: str
    wait_us: int
    kind: str
    stream: Stream
    symbol: str
    prices: tuple[float, float]
    size: float | None
    event_age_us: int | None
    skip: int


RARE = ["again", "late", "late", "backfilled", "invalid", "undecodable", "back", "start", "end"]
KINDS = ["tick"] * 16 + RARE + ["heartbeat"] * 3
PRICES = [(1.1, 1.1002), (1.1001, 1.1002), (1.1, 1.1003), (1.1002, 1.1), (1.1, 1.1), (1.1, 0.0), (0.0, 1.1002)]
JUMPS = [(1.2, 1.2002), (1.2001, 1.2002), (1.3, 1.3002)]
WAITS_US = [0, 0, 1, 1, 999, 4_000, 4_000, 10_000, 40_000, 100_000, 250_000, 1_000_000, 1_700_000, 4_000_000]

steps = st.builds(
    Step,
    broker=st.sampled_from(BROKERS),
    wait_us=st.sampled_from(WAITS_US),
    kind=st.sampled_from(KINDS),
    stream=st.sampled_from([Stream(0, 1), Stream(0, 1), Stream(0, 2), Stream(1, 1)]),
    symbol=st.sampled_from(SYMBOLS[:2] * 5 + SYMBOLS[2:]),
    prices=st.sampled_from(PRICES * 2 + JUMPS),
    size=st.sampled_from([None, None, 1.0]),
    event_age_us=st.sampled_from([None, 0, 0, 250_000]),
    skip=st.sampled_from([0] * 6 + [1, 1, 2, 63, 64]),
)
plain_steps = st.builds(
    Step,
    broker=st.sampled_from(BROKERS),
    wait_us=st.sampled_from(WAITS_US),
    kind=st.sampled_from(["tick"] * 8 + ["heartbeat", "start", "end"]),
    stream=st.just(Stream(0, 1)),
    symbol=st.sampled_from(SYMBOLS[:2]),
    prices=st.sampled_from(PRICES[:3]),
    size=st.none(),
    event_age_us=st.just(0),
    skip=st.just(0),
)


def tape_of(script: Sequence[Step], *, ended: bool) -> Tape:
    """The records of a script, by broker. `ended`: every session says goodbye, half a second after the last record."""
    tape: Tape = {broker: [] for broker in BROKERS}
    opened: dict[str, dict[Stream, None]] = {broker: {} for broker in BROKERS}
    sequences: Counter[tuple[str, Stream, str]] = Counter()
    now_us = START_US
    for step in script:
        now_us += step.wait_us
        event = record(step, now_us, len(tape[step.broker]), sequences)
        tape[step.broker].append(event)
        if not isinstance(event, UndecodableEvent):
            opened[step.broker][event.stream] = None
    for broker, streams in opened.items() if ended else ():
        for line, session in streams:
            event = session_event(SessionKind.SESSION_END, broker, len(tape[broker]), Stream(line, session), now_us)
            tape[broker].append(replace(event, time=now_us + 500_000))
    return tape


def session_event(kind: SessionKind, broker: str, offset: int, stream: Stream, time: int) -> SessionEvent:
    return SessionEvent(kind=kind, broker=broker, offset=offset, line=stream.line, session=stream.session, time=time)


def record(step: Step, now_us: int, offset: int, sequences: Counter[tuple[str, Stream, str]]) -> Event:
    kinds = {
        "start": SessionKind.SESSION_START,
        "heartbeat": SessionKind.HEARTBEAT,
        "end": SessionKind.SESSION_END,
    }
    if step.kind in kinds:
        return session_event(kinds[step.kind], step.broker, offset, step.stream, now_us)
    if step.kind == "undecodable":
        return UndecodableEvent(broker=step.broker, offset=offset, reason="bytes")
    series = (step.broker, step.stream, step.symbol)
    if step.kind in ("again", "late"):
        sequence = max(sequences[series] - (step.skip or step.kind == "late"), 1)
    else:
        sequences[series] += 1 + step.skip
        sequence = sequences[series]
    bid, ask = step.prices
    return TickEvent(
        broker=step.broker,
        offset=offset,
        symbol=step.symbol,
        bid=-bid - 1 if step.kind == "invalid" else bid,
        ask=ask,
        bid_size=step.size,
        event_time=None if step.event_age_us is None else (now_us - step.event_age_us) // 100_000 * 100_000,
        received_time=now_us - 30_000 if step.kind == "back" else now_us,
        line=step.stream.line,
        session=step.stream.session,
        sequence=sequence,
        flags=Flag.BACKFILLED if step.kind == "backfilled" else 0,
    )


def time_of(event: Event) -> int:
    return START_US if isinstance(event, UndecodableEvent) else event.time_us
