"""How far whoever takes over reads back."""

from typing import Any

from faust.types.tuples import TP

from infra.batches import FetchedBatch
from schemas import catalogue, topics
from streams.agents.tiers import TierWorker, _Owned, rules_of
from streams.shard import Shard
from tests.builders import Message
from tests.unit.streams.plain_builders import START_US
from tierfeed.settings import load_settings

IDS = {entry.name: entry.id for entry in catalogue.ALL}
SECOND_US = 1_000_000


def test_of_a_broker_that_says_no_more_the_last_records_are_read_again() -> None:
    settings = load_settings(brokers=("fxcm", "ic_markets"))
    worker = TierWorker(settings, IDS)
    shard = Shard(worker.brokers, worker.tiers, rules_of(settings), IDS)
    nobody: Any = None
    worker._owned[0] = owned = _Owned(shard, nobody, {})
    for second in range(4000):
        for b, broker in enumerate(worker.brokers):
            if broker == "fxcm" and second > 100:  # the record that ends its session comes with a mark
                continue
            batch = FetchedBatch(topics.ticks(broker), 0, [_said(broker, second)], True, second + 1)
            shard.read(batch, b)
            worker._mark(owned, batch, b)
        shard.advance(0, lambda rows: None)
    silent, lively = (worker.metadata(TP(topics.ticks(broker), 0)) for broker in worker.brokers)
    assert silent == "rewind=100"
    assert 2600 < int(lively.removeprefix("rewind=")) < 2700


def _said(broker: str, second: int) -> Any:
    at_us = START_US + second * SECOND_US
    kind = "SESSION_END" if (broker, second) == ("fxcm", 100) else "HEARTBEAT" if second else "SESSION_START"
    record = {
        "kind": kind, "broker": broker, "line": "A", "session": 1, "time": at_us,
        "wall_time": at_us, "speed": 0.0, "ticks": 0, "feed": "REPLAY", "reason": None,
    }  # fmt: skip
    return Message(second, catalogue.encode("SessionRecord", record))
