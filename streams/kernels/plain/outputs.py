"""What goes out, in order. `TierQuote` says everything an EnterpriseQuote says; the shell picks what a tier may see."""

from dataclasses import dataclass

from tierfeed.domain.words import BrokerStatus, ControlKind, QuoteState


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerQuote:
    """One broker's part in a composite; a side that is not quoted is None."""

    broker: str
    status: BrokerStatus
    bid: float | None = None
    ask: float | None = None
    bid_size: float | None = None
    ask_size: float | None = None
    event_time: int | None = None
    received_time: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """How far one broker's partition has been applied."""

    broker: str
    offset: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Composite:
    """Best bid and offer over a tier's brokers at one instant. Fields as in the EnterpriseQuote schema."""

    symbol: str
    bid: float | None
    ask: float | None
    mid: float | None
    spread: float | None
    state: QuoteState
    event_time: int | None
    received_time: int | None
    as_of_time: int
    sources: tuple[Source, ...]
    bid_age_us: int | None
    ask_age_us: int | None
    eligible_brokers: int
    quarantined_brokers: int
    bid_broker: str | None
    ask_broker: str | None
    bid_size: float | None
    ask_size: float | None
    feed_latency_us: int | None
    lead_broker: str | None
    lead_since: int | None
    lead_switched: int | None
    brokers: tuple[BrokerQuote, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TierQuote(Composite):
    """A composite as one tier releases it."""

    tier: str
    due_time: int
    published_time: int
    conflated_count: int
    upto_sequence: int
    epoch: int
    spread_min: float | None
    spread_max: float | None
    mid_low: float | None
    mid_high: float | None
    conflation_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TierControlOut:
    """STALE or FRESH for one symbol of one tier. `reason` names the statuses behind STALE, never a broker."""

    kind: ControlKind
    tier: str
    symbol: str
    time: int
    epoch: int
    reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class QualityRow:
    """One second of one broker's symbol. Fields as in the QualityWindow schema."""

    broker: str
    symbol: str
    window_start: int
    ticks: int
    applied: int
    duplicates: int
    line_duplicates: int
    unchanged: int
    late: int
    backfilled: int
    invalid: int
    missing: int
    crossed: int
    locked: int
    quarantined: int
    spread_min: float | None
    spread_mean: float | None
    spread_max: float | None
    mid: float | None
    latency_p50_us: int | None
    latency_p95_us: int | None
    latency_p99_us: int | None
    latency_max_us: int | None
    heartbeats: int
    last_received_time: int
    epoch: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """A record that means nothing to the stream; the shell sends its bytes to the dead-letter topic."""

    broker: str
    offset: int
    reason: str


Output = TierQuote | TierControlOut | QualityRow | DeadLetter
