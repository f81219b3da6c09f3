"""Compiles the kernels and the codec, or loads them from numba's cache, before any record waits for it."""

from dataclasses import dataclass
from datetime import UTC, datetime

from infra.batches import FetchedBatch
from schemas import catalogue, codec, topics
from streams.agents.tiers import rules_of
from streams.shard import LIVE, Shard
from tierfeed.domain.words import Feed, Line, SessionKind
from tierfeed.settings import Settings

NOON_US = 1_700_000_000_000_000
PARTITION = 0


@dataclass(frozen=True, slots=True)
class _Record:
    """As much of a Kafka message as a shard asks for."""

    at: int
    payload: bytes

    def value(self) -> bytes:
        return self.payload

    def key(self) -> bytes | None:
        return None

    def offset(self) -> int:
        return self.at

    def headers(self) -> None:
        return None


def warm(settings: Settings) -> None:
    """Take sessions with one tick through shards of their own; many seconds the first time, a fraction of one later."""
    codec.warm()
    ids = {entry.name: entry.id for entry in catalogue.ALL}
    brokers = tuple(sorted(settings.brokers))
    for speed in (0.0, LIVE):
        shard = Shard(brokers, settings.tiers(), rules_of(settings), ids)
        for index, broker in enumerate(brokers):
            script = _script(broker, speed)[: 2 if speed == LIVE else None]
            records = [_Record(at, payload) for at, payload in enumerate(script)]
            shard.read(FetchedBatch(topics.ticks(broker), PARTITION, records, True, len(records)), index)
            shard.advance(NOON_US, lambda _rows: NOON_US)


def _script(broker: str, speed: float) -> list[bytes]:
    """A session's start, a tick and its end."""
    noon = datetime.fromtimestamp(NOON_US / 1_000_000, UTC)
    session = {
        "broker": broker,
        "line": Line.A.name,
        "session": NOON_US,
        "time": noon,
        "wall_time": noon,
        "speed": speed,
        "ticks": 0,
        "feed": Feed.REPLAY.name,
    }
    tick = {
        "broker": broker,
        "symbol": "EURUSD",
        "bid": 1.1,
        "ask": 1.2,
        "event_time": noon,
        "received_time": noon,
        "line": Line.A.name,
        "session": NOON_US,
        "sequence": 1,
    }
    return [
        catalogue.encode("SessionRecord", session | {"kind": SessionKind.SESSION_START.name}),
        catalogue.encode("Tick", tick),
        catalogue.encode("SessionRecord", session | {"kind": SessionKind.SESSION_END.name, "ticks": 1}),
    ]
