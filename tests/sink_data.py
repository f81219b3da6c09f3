"""Records, batches and places for the tests of the sinks."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import NAMESPACE_DNS, UUID, uuid5

import numpy as np

from schemas.catalogue import encode
from sinks.batch import read
from sinks.port import Place, Rows
from sinks.tables import QUALITY_WINDOWS, TICKS, TIER_QUOTES, Route

SECOND = 1_000_000
NOON = 1_400_000_000 * SECOND  # 2014-05-13 16:53:20

ROUTES = {
    route.topic: route
    for route in (
        Route("ticks.fxcm", TICKS, "Tick", owns_poison=False),
        Route("ticks.oanda", TICKS, "Tick", owns_poison=False),
        Route("tier.free", TIER_QUOTES, "FreeQuote", "free"),
        Route("tier.pro", TIER_QUOTES, "ProQuote", "pro"),
        Route("tier.enterprise", TIER_QUOTES, "EnterpriseQuote", "enterprise"),
        Route("quality", QUALITY_WINDOWS, "QualityWindow"),
    )
}
TABLES = {topic: route.table for topic, route in ROUTES.items()}


def place(topic: str = "ticks.fxcm", partition: int = 0, topic_id: UUID | None = None) -> Place:
    return Place(topic, topic_id or uuid5(NAMESPACE_DNS, topic), partition)


@dataclass(frozen=True)
class Message:
    """A confluent_kafka.Message as far as the sinks look."""

    payload: bytes | None
    position: int
    record_key: bytes | None = None
    record_headers: list[tuple[str, bytes]] | None = None

    def value(self) -> bytes | None:
        return self.payload

    def key(self) -> bytes | None:
        return self.record_key

    def headers(self) -> list[tuple[str, bytes]] | None:
        return self.record_headers


@dataclass(frozen=True)
class Batch:
    """A fetched batch."""

    messages: list[Message] = field(default_factory=list)
    empty_end: int = 0

    @property
    def payloads(self) -> list[bytes | None]:
        return [message.payload for message in self.messages]

    @property
    def end_offset(self) -> int:
        return self.messages[-1].position + 1 if self.messages else self.empty_end

    def offsets(self) -> Any:
        return np.array([message.position for message in self.messages], dtype=np.int64)

    def append_times_ms(self) -> Any:
        return self.offsets() + 1_700_000_000_000


def batch(payloads: Sequence[bytes | Message | None], first: int = 0) -> Batch:
    """Payloads from offset `first` on."""
    return Batch([p if isinstance(p, Message) else Message(p, first + i) for i, p in enumerate(payloads)])


def tick(**fields: Any) -> bytes:
    record = {
        "broker": "fxcm", "symbol": "EURUSD", "bid": 1.1, "ask": 1.10002, "bid_size": None, "ask_size": None,
        "event_time": NOON, "received_time": NOON, "line": "A", "session": 1, "sequence": 1, "flags": 0,
    }  # fmt: skip
    return encode("Tick", record | fields)


def session_record(**fields: Any) -> bytes:
    record = {
        "kind": "HEARTBEAT", "broker": "fxcm", "line": "A", "session": 1, "time": NOON, "wall_time": NOON,
        "speed": 1.0, "ticks": 0, "feed": "LIVE", "reason": None,
    }  # fmt: skip
    return encode("SessionRecord", record | fields)


_FREE = {
    "symbol": "EURUSD", "bid": 1.1, "ask": 1.10002, "mid": 1.10001, "state": "NORMAL", "event_time": NOON,
    "received_time": NOON, "as_of_time": NOON, "due_time": NOON, "published_time": NOON, "conflated_count": 0,
    "upto_sequence": 1, "epoch": 1, "sources": [{"broker": "fxcm", "offset": 7}],
}  # fmt: skip
_PRO = _FREE | {
    "spread": 0.00002, "spread_min": 0.00001, "spread_max": 0.00003, "mid_low": 1.0, "mid_high": 1.2, "bid_age_us": 5,
    "ask_age_us": None, "eligible_brokers": 2, "quarantined_brokers": 0,
}  # fmt: skip
_BROKER = {
    "broker": "fxcm", "status": "ELIGIBLE", "bid": 1.1, "ask": 1.10002, "bid_size": None, "ask_size": 3.0,
    "event_time": NOON, "received_time": NOON,
}  # fmt: skip
_ENTERPRISE = _PRO | {
    "bid_broker": "fxcm", "ask_broker": None, "bid_size": 1e6, "ask_size": None, "feed_latency_us": 40,
    "conflation_us": 3, "brokers": [_BROKER, _BROKER | {"broker": "oanda", "status": "NO_QUOTE", "bid": None}],
}  # fmt: skip
_QUALITY = {
    "broker": "fxcm", "symbol": "EURUSD", "window_start": NOON, "ticks": 3, "applied": 2, "duplicates": 1,
    "line_duplicates": 0, "unchanged": 0, "late": 0, "backfilled": 0, "invalid": 0, "missing": -1, "crossed": 0,
    "locked": 0, "quarantined": 0, "spread_min": 0.1, "spread_mean": None, "spread_max": 0.2, "mid": 1.1,
    "latency_p50_us": 5, "latency_p95_us": None, "latency_p99_us": 7, "latency_max_us": 9, "heartbeats": 1,
    "last_received_time": NOON, "epoch": 1,
}  # fmt: skip


def free(**fields: Any) -> bytes:
    return encode("FreeQuote", _FREE | fields)


def pro(**fields: Any) -> bytes:
    return encode("ProQuote", _PRO | fields)


def enterprise(**fields: Any) -> bytes:
    return encode("EnterpriseQuote", _ENTERPRISE | fields)


def quality(**fields: Any) -> bytes:
    return encode("QualityWindow", _QUALITY | fields)


def control(**fields: Any) -> bytes:
    record = {"kind": "HEARTBEAT", "tier": "free", "symbol": None, "time": NOON, "epoch": 1, "reason": None}
    return encode("TierControl", record | fields)


def rows(*parts: tuple[Place, Batch]) -> Rows:
    """What is to be stored of batches of one table."""
    found = read(parts, ROUTES, {}).rows
    assert found is not None
    return found


def ticks(first: int, last: int, at: Place | None = None, **fields: Any) -> Rows:
    """Ticks at offsets first to last, one second apart."""
    at = at or place()
    payloads = [tick(received_time=NOON + offset * SECOND, **fields) for offset in range(first, last + 1)]
    return rows((at, batch(payloads, first)))
