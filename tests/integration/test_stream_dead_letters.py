"""Poison on a broker's topic: its neighbours are delivered, and it is dead-lettered once, also by a worker that is
killed in the middle and goes back to before it."""

from collections.abc import Callable, Iterator
from itertools import cycle, islice
from pathlib import Path

import confluent_kafka as ck
import pytest

from schemas import catalogue, topics
from streams.takeover import micros
from tests.builders import eventually
from tests.integration.stream_parts import (
    SECOND_US,
    START_US,
    Broker,
    Parts,
    await_tiers,
    by_symbol,
    deployed,
    ends_of,
    read_all,
    said,
)
from tierfeed.domain.partitions import partition_of
from tierfeed.settings import KafkaSettings, Settings

pytestmark = pytest.mark.kafka

UNKNOWN_ID = (999).to_bytes(5, "big")
ROUND = 120
SYMBOL = "EURUSD"

Headers = list[tuple[str, bytes]] | None
Wrong = tuple[bytes | None, bytes | None, Headers, str]
"""(key, value, headers, word of the complaint)."""


def poisons(broker: Broker, at_us: int) -> list[Wrong]:
    """One of each kind."""
    good = broker.payload(SYMBOL, at_us, 1.5, 1.6)
    key = SYMBOL.encode()
    return [
        (key, good[:5] + b"\xff" * 40, None, "decode"),
        (key, UNKNOWN_ID + good[5:], None, "999"),
        (key, good[:-3], None, "decode"),
        (key, good + b"\0", None, "decode"),
        (key, b"", None, "schema"),
        (key, None, None, "schema"),
        (None, b'{"bid": 1.1}', None, "schema"),
        (key, broker.payload(SYMBOL, at_us, 1.5, 1.6, broker="nobody"), None, "nobody"),
        (b"eur/usd", broker.payload("eur/usd", at_us, 1.5, 1.6), None, "eur/usd"),
        (key, broker.payload(SYMBOL, at_us, float("nan"), 1.6), None, "nan"),
        (key, broker.payload(SYMBOL, at_us, 0.0, 0.0), None, "price"),
        (None, catalogue.header(2) + b"\x63", [("kind", b"SessionRecord")], "SessionRecord"),
        (b"\xff\xfe", catalogue.header(1), [("made by", b"hand")], "decode"),
    ]


@pytest.fixture
def deployment(kafka: KafkaSettings, unique: str, tmp_path: Path) -> Settings:
    tier = {"symbols": "all", "interval_ms": 1, "depth_hours": 1, "redundancy": 1, "record": "FreeQuote"}
    short = {"session_timeout_ms": 10_000, "delivery_timeout_ms": 1000, "commit_interval_s": 0.2}
    tiers = {f"{unique}all": tier | {"brokers": [unique]}}
    return deployed(kafka, unique, tmp_path, [unique], tiers, stream=short)


@pytest.fixture
def restarted(deployment: Settings, tmp_path: Path) -> Iterator[Callable[[], None]]:
    """Kills the worker, if there is one, and starts another under its name."""
    with Parts(deployment, tmp_path) as parts:

        def restart() -> None:
            for worker in parts.started[-1:]:
                worker.kill()
                worker.wait(10)
            parts.start("stream", "run", "--part", "tiers", "--instance", "one")

        yield restart


def test_poison_is_dead_lettered_once_as_it_came_and_its_neighbours_are_delivered(
    deployment: Settings, restarted: Callable[[], None]
) -> None:
    (name,) = deployment.brokers
    broker, partition = Broker(deployment, name), partition_of(SYMBOL, deployment.kafka.partitions)
    good: list[int] = []
    wrong: dict[int, Wrong] = {}

    def publish(at_us: int) -> None:
        """A round of good ticks 10 ms apart, all with a bid of their own, and poison of every kind among them."""
        for number, poison in enumerate(islice(cycle(poisons(broker, at_us)), ROUND)):
            good.append(at_us + number * 10_000)
            broker.tick(SYMBOL, good[-1], round(1.1 + len(good) / 1e5, 5), 1.2)
            key, value, headers, _ = poison
            wrong[broker.send(value, partition, key, headers)] = poison
            # A kind that came after this version is not poison: readers skip it.
            broker.send(UNKNOWN_ID + b"later", partition, headers=[("kind", b"Prophecy")])
        broker.say("HEARTBEAT", at_us + 2 * SECOND_US)
        broker.flush()

    broker.say("SESSION_START", START_US)
    for number in range(2):
        publish(START_US + number * 2 * SECOND_US)
        restarted()
        eventually(lambda buried=number * ROUND: buried_of(deployment) > buried, 30)
    restarted()
    broker.say("SESSION_END", START_US + 4 * SECOND_US)
    broker.flush()
    topic = topics.tier(f"{name}all")
    await_tiers(deployment, 30)

    found = letters(deployment)
    assert [int(headers_of(letter)["source_offset"]) for letter in found] == list(wrong)
    for letter, (offset, (key, value, _, complaint)) in zip(found, wrong.items(), strict=True):
        assert (letter.partition(), letter.key(), letter.value()) == (partition, key, value)
        headers = headers_of(letter)
        assert complaint in headers.pop("error")
        assert headers == {
            "stage": "stream",
            "source_topic": topics.ticks(name),
            "source_partition": str(partition),
            "source_offset": str(offset),
        }
    *quotes, last = by_symbol(said(deployment, topic)[0])[SYMBOL]
    assert [micros(quote["as_of_time"]) for quote in quotes] == good
    assert [quote["bid"] for quote in quotes] == [round(1.1 + number / 1e5, 5) for number in range(1, len(good) + 1)]
    assert (last["state"], last["upto_sequence"]) == ("STALE", len(good) + 1)


def buried_of(settings: Settings) -> int:
    return sum(ends_of(settings, topics.dlq(topics.ticks(settings.brokers[0]))).values())


def letters(settings: Settings) -> list[ck.Message]:
    (name,) = settings.brokers
    return [letter for told in read_all(settings, topics.dlq(topics.ticks(name))).values() for letter in told]


def headers_of(letter: ck.Message) -> dict[str, str]:
    return {name: value.decode() for name, value in letter.headers()}
