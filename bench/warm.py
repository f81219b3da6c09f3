"""Loads every compiled kernel and codec before a measurement: a small market through a shard that nobody reads."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from bench.market import Shape, market
from collectors.script import Script
from infra.transport import FetchedBatch
from schemas import catalogue, topics
from schemas.catalogue import schema
from schemas.codec import Encoder, Nullable, Pool, Strings
from streams.agents.tiers import rules_of
from streams.publishing import Publisher
from streams.shard import Shard
from tierfeed.domain.words import Line
from tierfeed.settings import Settings

TICKS = 20_000


@dataclass(frozen=True, slots=True)
class Message:
    """As much of a Kafka message as a shard looks at."""

    place: int
    payload: bytes

    def value(self) -> bytes:
        return self.payload

    def offset(self) -> int:
        return self.place

    def key(self) -> None:
        return None

    def headers(self) -> None:
        return None


class Nowhere:
    """A producer that forgets."""

    def send_batch(self, *_: Any) -> None: ...

    def send(self, *_: Any, **__: Any) -> None: ...


def warm(settings: Settings) -> None:
    """Run every step of the worker's work once."""
    ids = {known.name: known.id for known in catalogue.ALL}
    brokers, tiers = tuple(sorted(settings.brokers)), settings.tiers()
    shard = Shard(brokers, tiers, rules_of(settings), ids)
    publisher = Publisher(Nowhere(), 0, brokers, tiers, shard.symbols.names, ids)  # type: ignore[arg-type]
    for b, script in enumerate(market(Shape(TICKS, brokers=len(brokers)))):
        payloads = [payload for part in payloads_of(script) for payload in part]
        messages: Any = [Message(i, payload) for i, payload in enumerate(payloads)]
        shard.read(FetchedBatch(topics.ticks(brokers[b]), 0, messages, True, len(messages)), b)
    shard.advance(0, publisher.emit)
    publisher.heartbeat(shard.time_us())


def payloads_of(script: Script) -> Iterator[list[bytes]]:
    """A script's records as a broker topic holds them, but for the counts in session records."""
    encoder = Encoder(schema("Tick"))
    broker, symbols = Pool.of([script.broker]), Pool.of(script.ticks.symbols)
    for batch in script.batches():
        for event in batch.events:
            record = {
                "kind": event.kind.name, "broker": script.broker, "line": Line(event.line).name,
                "session": event.session, "time": event.time_us, "wall_time": event.time_us, "speed": 0.0, "ticks": 0,
                "feed": script.feed.name, "reason": None,
            }  # fmt: skip
            yield [catalogue.encode("SessionRecord", record)]
        ticks, n = batch.ticks, len(batch.ticks)
        columns: Any = {
            "broker": Strings(np.zeros(n, np.int64), broker),
            "symbol": Strings(ticks.symbol, symbols),
            "bid": ticks.bid,
            "ask": ticks.ask,
            "bid_size": Nullable(~np.isnan(ticks.bid_size), ticks.bid_size),
            "ask_size": Nullable(~np.isnan(ticks.ask_size), ticks.ask_size),
            "event_time": Nullable(ticks.timed, ticks.event_us),
            "received_time": ticks.received_us,
            "line": ticks.line,
            "session": ticks.session,
            "sequence": ticks.sequence,
            "flags": ticks.flags,
        }
        yield encoder.encode(n, columns)
