"""Two brokers' ticks whose numbers and times make up for each other are two ticks, not copies of one."""

import numpy as np
import pytest

from infra.batches import FetchedBatch
from schemas import catalogue, topics
from streams.kernels.state import ACCEPTED, SECOND_US, Rules
from streams.shard import Shard
from tests.builders import Message
from tests.unit.streams.plain_builders import START_US, tier

BROKERS = ("alpha", "beta")
IDS = {entry.name: entry.id for entry in catalogue.ALL}
RULES = Rules(10 * SECOND_US, 600 * SECOND_US, 60 * SECOND_US, 20.0, 0.005, 30, 1200 * SECOND_US)
APART = 1 ^ (1_000_003 + 1)
"""Beta's first symbol has this number where alpha's has 1; in bits, as times are compared with numbers."""


def session(broker: str, kind: str, at_us: int) -> bytes:
    record = {
        "kind": kind, "broker": broker, "line": "A", "session": 1, "time": at_us, "wall_time": at_us, "speed": 0.0,
        "ticks": 0, "feed": "SIMULATED", "reason": None,
    }  # fmt: skip
    return catalogue.encode("SessionRecord", record)


def tick(broker: str, event_us: int) -> bytes:
    record = {
        "broker": broker, "symbol": "EURUSD", "bid": 1.1, "ask": 1.1002, "bid_size": 1e6, "ask_size": 1e6,
        "event_time": event_us, "received_time": START_US + SECOND_US, "line": "A", "session": 1, "sequence": 1,
        "flags": 0,
    }  # fmt: skip
    return catalogue.encode("Tick", record)


def feed(shard: Shard, broker: str, event_us: int) -> None:
    """A session with one tick, up to three seconds after its start."""
    payloads = [
        session(broker, "SESSION_START", START_US),
        tick(broker, event_us),
        session(broker, "HEARTBEAT", START_US + 3 * SECOND_US),
    ]
    messages = [Message(at, payload) for at, payload in enumerate(payloads)]
    batch = FetchedBatch(topics.ticks(broker), 0, messages, True, len(messages))  # type: ignore[arg-type]
    shard.read(batch, BROKERS.index(broker))


@pytest.mark.parametrize("event_us", [START_US, START_US + 123_456, START_US + 999_999])
def test_a_brokers_tick_is_no_copy_of_anothers(event_us: int) -> None:
    shard = Shard(BROKERS, (tier(brokers=BROKERS),), RULES, IDS)
    feed(shard, "alpha", event_us)
    feed(shard, "beta", event_us ^ APART)
    shard.advance(0, lambda rows: START_US)
    assert shard.symbols.names == ["EURUSD"]
    assert shard.state.quotes["held"][:, 0].tolist() == [ACCEPTED, ACCEPTED]
    assert np.isclose(shard.state.quotes["bid"][:, 0], 1.1).all()
