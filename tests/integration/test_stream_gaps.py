"""Workers are killed in the middle of a tape with skipped sequences, silences and a planned pause: the tier topics tell
of what is missing on the broker topics, each gap at least once, and of nothing else."""

import random
import signal
import subprocess
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from schemas import catalogue, topics
from streams.takeover import micros
from tests.integration.stream_parts import (
    SECOND_US,
    START_US,
    SYMBOLS,
    Broker,
    Parts,
    assert_as_one_worker,
    deployed,
    read_all,
)
from tierfeed.settings import KafkaSettings, Settings

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(280)]

SECONDS, PER_S = 120, 60
SILENCES = {0: [(20, 33), (95, 107)], 1: [(50, 75)], 2: [(96, 104)]}
"""By broker; the last one is shorter than the time-out of ten seconds."""
KILLS = signal.SIGKILL, signal.SIGKILL, signal.SIGTERM
PAUSE = 60, 1000
"""Before second 80 all sessions end, and begin again so much later."""

Told = tuple[str | None, int, int, str]
"""A gap: symbol, from, to, cause."""


@pytest.fixture
def deployment(kafka: KafkaSettings, unique: str, tmp_path: Path) -> Settings:
    brokers = [f"{unique}{letter}" for letter in "abc"]
    tier = {"depth_hours": 1, "redundancy": 1}
    free = {"symbols": ["EURUSD", "GBPUSD"], "interval_ms": 1000, "brokers": brokers[:1], "record": "FreeQuote"}
    everything = {"symbols": "all", "interval_ms": 10, "brokers": brokers, "record": "EnterpriseQuote"}
    return deployed(kafka, unique, tmp_path, brokers, {f"{unique}free": tier | free, f"{unique}all": tier | everything})


@pytest.fixture
def workers(deployment: Settings, tmp_path: Path) -> Iterator[Callable[[], subprocess.Popen[bytes]]]:
    with Parts(deployment, tmp_path) as parts:
        yield parts.start


def publish(settings: Settings, *, over_s: float, seed: int) -> None:
    """The tape, in so many seconds of wall time."""
    rng, began = random.Random(seed), time.monotonic()
    brokers = [Broker(settings, name) for name in settings.brokers]
    for broker in brokers:
        broker.say("SESSION_START", START_US)
    for second in range(SECONDS):
        now_us = START_US + (second + PAUSE[1] * (second >= PAUSE[0])) * SECOND_US
        there = [b for b in range(3) if not any(start <= second < end for start, end in SILENCES[b])]
        for at_us in sorted(rng.randrange(1, SECOND_US - 1) for _ in range(PER_S)):
            broker, symbol = brokers[rng.choice(there)], rng.choice(SYMBOLS)
            bid = round(1.1 + rng.randrange(40) / 1e4, 5)
            if rng.random() < 0.02:
                broker.payload(symbol, now_us + at_us, bid, bid)  # skipped
            broker.tick(symbol, now_us + at_us, bid, round(bid + 0.0001, 5), event_time=now_us + at_us - 700)
        for b in there:
            # Just before the next second: a second's beat is in the second, and a silence has no crumb of one.
            brokers[b].say("HEARTBEAT", now_us + SECOND_US - 1)
        if second + 1 == PAUSE[0]:
            for b in there:
                brokers[b].say("SESSION_END", now_us + SECOND_US)
                brokers[b].say("SESSION_START", now_us + (PAUSE[1] + 1) * SECOND_US)
        for broker in brokers:
            broker.flush()
        time.sleep(max(began + over_s * (second + 1) / SECONDS - time.monotonic(), 0))
    for broker in brokers:
        broker.say("SESSION_END", START_US + (SECONDS + PAUSE[1]) * SECOND_US)
        broker.flush()


def expected(settings: Settings) -> dict[str, Counter[Told]]:
    """By tier topic, what the records on the broker topics say."""
    found = {topics.tier(tier.name): Counter[Told]() for tier in settings.tiers()}
    for broker in settings.brokers:
        for messages in read_all(settings, topics.ticks(broker)).values():
            gaps = list(_of_partition([catalogue.decode(message.value())[1] for message in messages]))
            for tier in settings.tiers():
                mine = [gap for gap in gaps if gap[0] is None or tier.carries(gap[0])]
                found[topics.tier(tier.name)].update(mine if broker in tier.brokers else [])
    return found


def _of_partition(records: list[dict[str, Any]]) -> Iterator[Told]:
    beats = [r for r in records if r.get("kind") in (None, "HEARTBEAT")]
    heard = {micros(r.get("received_time") or r["time"]) // SECOND_US for r in beats}
    ends = [micros(r["time"]) for r in records if r.get("kind") == "SESSION_END"]
    for before, after in pairwise(sorted(heard)):
        if after - before > 11 and not any(before * SECOND_US <= end <= after * SECOND_US for end in ends):
            yield None, (before + 1) * SECOND_US, after * SECOND_US, "session_lost"
    yield from _missing(records)


def _missing(records: list[dict[str, Any]]) -> Iterator[Told]:
    by_symbol: defaultdict[str, list[tuple[int, int]]] = defaultdict(list)
    for r in records:
        if "symbol" in r:
            by_symbol[r["symbol"]].append((r["sequence"], micros(r["received_time"])))
    for symbol, ticks in by_symbol.items():
        # Of a stream that was silent for longer than a quote lives nobody remembers where it was.
        seconds = {
            at_us // SECOND_US
            for (before, was_us), (after, at_us) in pairwise(ticks)
            if after - before > 1 and at_us - was_us <= 600 * SECOND_US
        }
        for second in seconds:
            earlier = [at_us for _, at_us in ticks if at_us < second * SECOND_US]
            from_us = max(earlier[-1], (second - 600) * SECOND_US) if earlier else second * SECOND_US
            yield symbol, from_us, (second + 1) * SECOND_US, "missing"


def told(settings: Settings, topic: str) -> Counter[Told]:
    """The gaps as a reader has them: records of an older epoch behind a newer one are discarded."""
    found = Counter[Told]()
    for messages in read_all(settings, topic).values():
        epoch = 0
        for message in messages:
            _, r = catalogue.decode(message.value())
            if r["epoch"] >= epoch and r.get("kind") == "GAP":
                found[r["symbol"], micros(r["from_time"]), micros(r["to_time"]), r["reason"]] += 1
            epoch = max(epoch, r["epoch"])
    return found


def test_killed_again_and_again_the_workers_tell_every_gap_and_nothing_else(
    deployment: Settings, workers: Callable[[], subprocess.Popen[bytes]]
) -> None:
    seed = random.randrange(1 << 30)
    rng = random.Random(seed)
    print("seed", seed)
    tape = threading.Thread(target=publish, args=(deployment,), kwargs={"over_s": 40, "seed": seed})
    tape.start()
    worker = workers()
    for kill in KILLS:
        time.sleep(rng.uniform(6, 11))
        worker.send_signal(kill)
        worker.wait(20)
        worker = workers()
    tape.join()
    assert_as_one_worker(deployment, 90)
    wanted = expected(deployment)
    causes = Counter(gap[3] for gaps in wanted.values() for gap in gaps)
    assert causes["missing"] > 50
    assert causes["session_lost"] >= 5
    found = {topic: told(deployment, topic) for topic in wanted}
    for topic, gaps in wanted.items():
        assert found[topic].keys() == gaps.keys()
        assert max(found[topic].values()) <= 1 + len(KILLS)  # no worker tells a gap twice
    known = sum(map(len, wanted.values()))
    again = sum(of.total() for of in found.values()) - known
    print(known, "gaps,", again, "told again")
    assert again < known / 2
