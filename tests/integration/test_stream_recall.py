"""What a takeover believes, where `.latest` does not stand in the order in which its records were made."""

from pathlib import Path

import pytest

from infra.kafka import producer
from schemas import catalogue, topics
from schemas.topics import COMPLETE_TO, SOURCE_OFFSET
from streams import takeover
from streams.takeover import Memory, Tails
from tests.integration.stream_parts import IDS, START_US, deployed
from tierfeed.domain.words import ControlKind
from tierfeed.settings import KafkaSettings, Settings

pytestmark = pytest.mark.kafka

PARTITION = 1


@pytest.fixture
def deployment(kafka: KafkaSettings, unique: str, tmp_path: Path) -> Settings:
    tier = {"symbols": "all", "interval_ms": 10, "depth_hours": 1, "redundancy": 1, "record": "FreeQuote"}
    return deployed(kafka, unique, tmp_path, [unique], {unique: tier | {"brokers": [unique]}})


class Said:
    """Writes what workers and the latest agent have written, record by record."""

    def __init__(self, settings: Settings) -> None:
        (self._tier,) = settings.tiers()
        self._producer = producer(settings.kafka, linger_ms=0)
        self._offset = 0

    def quote(self, symbol: str, epoch: int, upto: int) -> tuple[int, bytes]:
        """A tier record; its offset and its value."""
        at_us = START_US + 1000 * upto
        value = catalogue.encode(
            "FreeQuote",
            {
                "symbol": symbol, "bid": 1.0, "ask": 1.1, "mid": 1.05, "state": "NORMAL", "event_time": at_us,
                "received_time": at_us, "as_of_time": at_us, "due_time": at_us, "published_time": at_us,
                "conflated_count": 0, "upto_sequence": upto, "epoch": epoch, "sources": [],
            },
        )  # fmt: skip
        self._producer.produce(topics.tier(self._tier.name), value, symbol.encode(), PARTITION)
        self._offset += 1
        return self._offset - 1, value

    def session(self, epoch: int, reason: str) -> None:
        record = {
            "kind": ControlKind.SESSION.name, "tier": self._tier.name, "symbol": None, "time": START_US,
            "epoch": epoch, "reason": reason,
        }  # fmt: skip
        value = catalogue.encode("TierControl", record)
        self._producer.produce(topics.tier(self._tier.name), value, None, PARTITION, headers=[("kind", b"TierControl")])
        self._offset += 1

    def copy(self, symbol: str, quote: tuple[int, bytes], complete_to: int) -> None:
        headers = [(SOURCE_OFFSET, str(quote[0]).encode()), (COMPLETE_TO, str(complete_to).encode())]
        self._producer.produce(topics.latest(self._tier.name), quote[1], symbol.encode(), PARTITION, headers=headers)

    def end(self) -> None:
        assert self._producer.flush(10) == 0


@pytest.fixture
def said(deployment: Settings) -> Said:
    return Said(deployment)


def recalled(settings: Settings) -> Memory:
    tails = Tails(settings.kafka)
    try:
        return takeover.recall(tails, [PARTITION], settings.brokers, settings.tiers(), IDS)[PARTITION]
    finally:
        tails.close()


def uptos(memory: Memory) -> dict[str, int]:
    return {was.symbol: was.upto for was in memory.published}


def test_a_copy_that_was_written_again_is_not_believed(deployment: Settings, said: Said) -> None:
    said.session(1, "opened")
    early, late = said.quote("EURUSD", 1, 10), said.quote("EURUSD", 1, 1000)
    for quote in (late, early):  # the agent has gone back to an earlier commit
        said.copy("EURUSD", quote, 3)
    said.end()
    assert uptos(recalled(deployment)) == {"EURUSD": 1000}


def test_a_symbol_whose_copy_waited_for_its_second_is_not_forgotten(deployment: Settings, said: Said) -> None:
    said.session(1, "opened")
    waiting = said.quote("NZDUSD", 1, 7)
    said.session(1, "closed")
    said.session(2, "opened")
    newer = said.quote("EURUSD", 2, 5)
    said.copy("EURUSD", newer, waiting[0])
    said.copy("NZDUSD", waiting, newer[0] + 1)
    said.end()
    memory = recalled(deployment)
    assert (uptos(memory), memory.epoch) == ({"EURUSD": 5, "NZDUSD": 7}, 2)


def test_a_record_of_an_older_epoch_behind_a_newer_one_is_left_out(deployment: Settings, said: Said) -> None:
    said.session(1, "opened")
    first, other = said.quote("EURUSD", 1, 3), said.quote("NZDUSD", 1, 4)
    said.copy("EURUSD", first, other[0])
    said.session(2, "opened")
    taken_over = said.quote("EURUSD", 2, 4)
    said.quote("NZDUSD", 1, 5)
    said.copy("EURUSD", taken_over, taken_over[0] + 1)
    said.copy("NZDUSD", other, taken_over[0] + 1)
    said.end()
    memory = recalled(deployment)
    assert (uptos(memory), memory.epoch, memory.closed) == ({"EURUSD": 4, "NZDUSD": 4}, 2, False)
