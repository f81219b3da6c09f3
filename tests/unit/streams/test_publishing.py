"""What a publisher hands over: in which order, and when it says that it did."""

from typing import Any

import pytest

from schemas import catalogue, topics
from streams.kernels.state import Rows, new_rows
from streams.publishing import Publisher
from tests.unit.streams.plain_builders import START_US, tier

IDS = {entry.name: entry.id for entry in catalogue.ALL}
TIERS = (tier(name="slow", interval_ms=1000), tier(name="fast", interval_ms=10))


class Sent:
    """Takes what a producer would, and keeps it."""

    def __init__(self) -> None:
        self.quotes: list[tuple[str, dict[str, Any]]] = []

    def send_batch(self, topic: str, partition: int, messages: list[dict[str, bytes]]) -> None:
        self.quotes += [(topic, catalogue.decode(message["value"])[1]) for message in messages]


def published(clocks: list[int | None], released: list[tuple[int, ...]]) -> tuple[list[Any], list[int | None]]:
    """One hand-over for each clock, of one record per tier with these release times."""
    sent, brokers = Sent(), TIERS[0].brokers
    publisher = Publisher(sent, 0, brokers, TIERS, ["EURUSD"], IDS, RULES)  # type: ignore[arg-type]
    told = []
    for clock, times in zip(clocks, released, strict=True):
        publisher.published_us = lambda clock=clock: clock
        told.append(publisher.emit(rows(times, len(brokers))))
    return sent.quotes, told


def rows(times: tuple[int, ...], brokers: int) -> Rows:
    found = new_rows(len(times), 1, brokers)
    found.n[0] = len(times)
    found.quotes["tier"] = range(len(times))
    found.quotes["released"] = times
    return found


def micros(record: dict[str, Any]) -> int:
    return round(record["published_time"].timestamp() * 1_000_000)


def test_the_tier_with_the_shortest_interval_is_served_first() -> None:
    quotes, _ = published([START_US], [(START_US, START_US)])
    assert [topic for topic, _ in quotes] == [topics.tier("fast"), topics.tier("slow")]


@pytest.mark.parametrize("ahead_us", [0, 700])
def test_live_nothing_is_published_before_what_caused_it_and_time_never_goes_back(ahead_us: int) -> None:
    first = (START_US + ahead_us, START_US)
    quotes, told = published([START_US, START_US - 5], [first, (START_US - 5, START_US - 5)])
    assert {micros(record) for _, record in quotes} == {START_US + ahead_us}
    assert told == [START_US + ahead_us] * 2


def test_on_tape_time_a_record_is_published_when_it_was_released() -> None:
    quotes, told = published([None], [(START_US + 3, START_US + 9)])
    assert {topic: micros(record) for topic, record in quotes} == {
        topics.tier("slow"): START_US + 3,
        topics.tier("fast"): START_US + 9,
    }
    assert told == [None]
