"""A shard on the wall clock: when intervals begin, and what is owed when the sessions have ended."""

import numpy as np
import pytest

from infra.batches import FetchedBatch
from schemas import catalogue, topics
from streams.kernels.state import Rows, Rules
from streams.shard import Shard
from tests.builders import Message
from tierfeed.domain.tiers import Tier

NOON_US = 1_700_000_000_000_000
INTERVAL_US = 300_000
LATE_US = 700
"""From the decision to release a record to its being handed over."""
BROKERS = ("a", "b")
TIER = Tier(
    name="t",
    symbols=None,
    interval_us=INTERVAL_US,
    depth_hours=1,
    brokers=BROKERS,
    redundancy=1,
    record="FreeQuote",
)
RULES = Rules(10_000_000, 600_000_000, 60_000_000, 20.0, 0.005, 30, 1_200_000_000)
IDS = {entry.name: entry.id for entry in catalogue.ALL}


class Live:
    """Live sessions on a shard, and the bids it publishes with their times."""

    def __init__(self) -> None:
        self.shard = Shard(BROKERS, [TIER], RULES, IDS)
        self.said: list[tuple[float | None, int]] = []
        self.seconds: list[tuple[int, str, int]] = []
        """Quality windows: their start, the broker, and when they were told."""
        self._offset = 0
        for broker in BROKERS:
            self.session("SESSION_START", 0, broker)

    def session(self, kind: str, after_us: int, broker: str = "b") -> None:
        at_us = NOON_US + after_us
        record = {
            "kind": kind, "broker": broker, "line": "A", "session": 1, "time": at_us, "wall_time": at_us, "speed": 1.0,
            "ticks": 0, "feed": "LIVE", "reason": None,
        }  # fmt: skip
        self._read(broker, catalogue.encode("SessionRecord", record), after_us)

    def tick(self, bid: float, after_us: int, broker: str = "b") -> None:
        at_us = NOON_US + after_us
        record = {
            "broker": broker, "symbol": "EURUSD", "bid": bid, "ask": 1.2, "bid_size": None, "ask_size": None,
            "event_time": at_us, "received_time": at_us, "line": "A", "session": 1, "sequence": self._offset,
            "flags": 0,
        }  # fmt: skip
        self._read(broker, catalogue.encode("Tick", record), after_us)

    def _read(self, broker: str, payload: bytes, after_us: int) -> None:
        batch = FetchedBatch(topics.ticks(broker), 0, [Message(self._offset, payload)], True, self._offset + 1)  # type: ignore[list-item]
        self._offset += 1
        self.shard.read(batch, BROKERS.index(broker))
        self.advance(after_us)

    def advance(self, after_us: int) -> None:
        """What the clock alone does."""

        def emit(rows: Rows) -> int:
            bids = rows.quotes["bid"][: rows.n[0]].tolist()
            self.said += [(None if np.isnan(bid) else bid, after_us + LATE_US) for bid in bids]
            for row in rows.windows[: rows.n[1]]:
                self.seconds.append((int(row["start"]) - NOON_US, BROKERS[row["broker"]], after_us))
            return NOON_US + after_us + LATE_US

        self.shard.advance(NOON_US + after_us, emit)

    def due_us(self, after_us: int) -> int | None:
        wait_us = self.shard.next_due_us(NOON_US + after_us)
        return None if wait_us is None else after_us + wait_us


@pytest.mark.parametrize("after_us", [INTERVAL_US, INTERVAL_US + LATE_US - 1])
def test_an_interval_begins_when_a_record_is_handed_over(after_us: int) -> None:
    live = Live()
    live.tick(1.1, 0)
    live.tick(1.15, 1000)
    assert live.due_us(1000) == INTERVAL_US + LATE_US
    live.advance(after_us)
    assert live.said == [(1.1, LATE_US)]
    live.advance(INTERVAL_US + LATE_US)
    assert live.said == [(1.1, LATE_US), (1.15, INTERVAL_US + 2 * LATE_US)]


def test_the_last_value_waits_for_its_time_though_all_sessions_have_ended() -> None:
    live = Live()
    live.tick(1.1, 0)
    for broker in BROKERS:
        live.session("SESSION_END", 1000, broker)
    assert live.said == [(1.1, LATE_US)]
    assert live.due_us(1000) == INTERVAL_US + LATE_US
    live.advance(INTERVAL_US + LATE_US)
    assert live.said == [(1.1, LATE_US), (None, INTERVAL_US + 2 * LATE_US)]
    live.advance(1_000_000)
    live.advance(1_000_001)
    assert live.due_us(1_000_001) is None


def test_what_the_last_ends_bring_about_waits_for_its_time_too() -> None:
    live = Live()
    live.tick(1.1, 0, "a")
    live.tick(1.0, 1000)
    live.advance(INTERVAL_US + LATE_US)
    live.advance(2_000_000)
    live.session("SESSION_END", 2_000_000, "a")
    live.session("SESSION_END", 2_005_000, "b")
    live.advance(2_000_000 + INTERVAL_US + LATE_US)
    (*_, (bid, at_us), (last, last_us)) = live.said
    assert (bid, last) == (1.0, None)
    assert last_us - at_us >= INTERVAL_US


def test_the_beats_of_the_last_second_are_told_when_it_is_over_though_all_sessions_have_ended() -> None:
    live = Live()
    live.tick(1.1, 0)
    live.advance(1_000_000)
    for broker in BROKERS:
        live.session("HEARTBEAT", 5_200_000, broker)
    for broker in BROKERS:
        live.session("SESSION_END", 5_400_000, broker)
    live.advance(5_999_999)
    assert [each for each in live.seconds if each[0] >= 5_000_000] == []
    assert live.due_us(5_999_999) == 6_000_000
    live.advance(6_000_000)
    last = [each for each in live.seconds if each[0] >= 5_000_000]
    assert last == [(5_000_000, "a", 6_000_000), (5_000_000, "b", 6_000_000)]
    live.advance(6_000_001)
    assert live.due_us(6_000_001) is None
