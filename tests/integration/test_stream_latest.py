"""`.latest` has every symbol's last value, soon, seldom, and whatever happens to the worker that keeps it."""

import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from subprocess import Popen

import confluent_kafka as ck
import pytest

from schemas import catalogue, topics
from tests.builders import eventually
from tests.integration.stream_parts import (
    SECOND_US,
    START_US,
    Broker,
    Parts,
    await_tiers,
    deployed,
    ends_of,
    has_read,
    members,
    publish_tape,
    read_all,
)
from tierfeed.settings import KafkaSettings, Settings

pytestmark = pytest.mark.kafka

Messages = dict[bytes, list[ck.Message]]


@pytest.fixture
def deployment(kafka: KafkaSettings, unique: str, tmp_path: Path) -> Settings:
    tier = {"symbols": "all", "interval_ms": 20, "depth_hours": 1, "redundancy": 1, "record": "ProQuote"}
    short = {"session_timeout_ms": 10_000, "delivery_timeout_ms": 1000, "commit_interval_s": 0.2}
    tiers = {f"{unique}all": tier | {"brokers": [unique]}}
    return deployed(kafka, unique, tmp_path, [unique], tiers, stream=short)


@pytest.fixture
def start(deployment: Settings, tmp_path: Path) -> Iterator[Callable[[str], Popen[bytes]]]:
    """Starts one of the two parts of a stream worker."""
    with Parts(deployment, tmp_path) as parts:
        yield lambda part: parts.start("stream", "run", "--part", part, "--instance", "one")


def test_the_last_value_of_every_symbol_is_there_at_most_one_a_second_also_after_a_kill(
    deployment: Settings, start: Callable[[str], Popen[bytes]]
) -> None:
    start("tiers")
    first = start("latest")
    eventually(
        lambda: all(members(deployment, f"{deployment.stream.app_id}-{part}") for part in ("tiers", "latest")), 40
    )
    tape = threading.Thread(target=publish_tape, args=(deployment, 40, 100), kwargs={"over_s": 8, "seed": 3})
    tape.start()
    eventually(lambda: sum(ends_of(deployment, latest_topic(deployment)).values()) > 10, 20)
    first.kill()
    first.wait(10)
    start("latest")
    tape.join()
    await_tiers(deployment, 30)
    tier = tier_quotes(deployment)
    eventually(lambda: values(latest(deployment)) == values(tier), 30)

    kept = latest(deployment)
    at = {(quote.partition(), quote.offset()): quote for quote in every(tier)}
    for copy in every(kept):
        quote = at[copy.partition(), int(dict(copy.headers())["source_offset"])]
        assert (copy.key(), copy.value()) == (quote.key(), quote.value())
    for copies in kept.values():
        times = [copy.timestamp()[1] for copy in copies]
        # Each worker sends the first one it knows of at once.
        assert len(times) - 2 <= (times[-1] - times[0]) / 1000 + 0.5
        assert len(times) > (times[-1] - times[0]) / 1000 / 4
    assert_complete(kept, tier)


def assert_complete(kept: Messages, tier: Messages) -> None:
    """Of every symbol, what is before the offset that a copy names is covered by the copies up to it."""
    covered: defaultdict[tuple[int, bytes], int] = defaultdict(lambda: -1)
    for copy in sorted(every(kept), key=lambda copy: copy.offset()):
        p, said = copy.partition(), {name: int(value) for name, value in copy.headers()}
        covered[p, copy.key()] = max(covered[p, copy.key()], said["source_offset"])
        for key, quotes in tier.items():
            before = [q.offset() for q in quotes if q.partition() == p and q.offset() < said["complete_to"]]
            assert max(before, default=-1) <= covered[p, key]


def test_a_value_that_waits_for_its_second_outlives_the_worker_that_has_committed_past_it(
    deployment: Settings, start: Callable[[str], Popen[bytes]]
) -> None:
    (name,) = deployment.brokers
    broker, at_us = Broker(deployment, name), START_US
    broker.say("SESSION_START", at_us)
    start("tiers")
    worker = start("latest")

    def is_there() -> bool:
        return values(latest(deployment)) == values(tier_quotes(deployment))

    def copies() -> int:
        return sum(ends_of(deployment, latest_topic(deployment)).values())

    def died_with_one_waiting() -> bool:
        """Publish two values, of which the second has to wait, and kill the worker once it has committed past it."""
        nonlocal at_us, worker
        eventually(is_there, 30)
        known = copies()
        for bid in (1.1, 1.15):
            at_us += SECOND_US
            broker.tick("EURUSD", at_us, bid, 1.2)
            broker.flush()
            eventually(lambda: copies() > known, 30)
        await_tiers(deployment, 30)
        eventually(lambda: has_read(deployment, f"{deployment.stream.app_id}-latest", tier_topic(deployment)), 30)
        if copies() > known + 1:  # the second has passed
            return False
        worker.kill()
        worker.wait(10)
        was_waiting = not is_there()
        worker = start("latest")
        return was_waiting

    eventually(died_with_one_waiting, 100)
    eventually(is_there, 30)


def tier_topic(settings: Settings) -> str:
    (tier,) = settings.tiers()
    return topics.tier(tier.name)


def latest_topic(settings: Settings) -> str:
    (tier,) = settings.tiers()
    return topics.latest(tier.name)


def latest(settings: Settings) -> Messages:
    return by_key(read_all(settings, latest_topic(settings)))


def tier_quotes(settings: Settings) -> Messages:
    return by_key(read_all(settings, tier_topic(settings)))


def by_key(found: dict[int, list[ck.Message]]) -> Messages:
    """The quotes of each symbol. Control records have no key."""
    out: defaultdict[bytes, list[ck.Message]] = defaultdict(list)
    for messages in found.values():
        for message in messages:
            if message.key() is not None:
                assert catalogue.decode(message.value())[1]["symbol"].encode() == message.key()
                out[message.key()].append(message)
    return dict(out)


def every(found: Messages) -> list[ck.Message]:
    return [message for messages in found.values() for message in messages]


def values(found: Messages) -> dict[bytes, bytes]:
    """What a new subscriber has once he is at the end: the last value of each symbol."""
    return {key: messages[-1].value() for key, messages in found.items()}
