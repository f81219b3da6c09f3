"""Workers join, leave, and take over from one whose records reached some topics and not others: the tier topics say
what one uninterrupted worker would have said, record by record."""

import random
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.kafka import admin, apply, plan_topics, producer
from schemas import catalogue, topics
from schemas.topics import Topic
from streams.takeover import micros
from tests.builders import eventually
from tests.integration.stream_parts import (
    PARTITIONS,
    SECOND_US,
    START_US,
    Parts,
    assert_as_one_worker,
    deployed,
    members,
    publish_tape,
    reference,
)
from tierfeed.settings import KafkaSettings, Settings

pytestmark = pytest.mark.kafka


@pytest.fixture
def deployment(kafka: KafkaSettings, unique: str, tmp_path: Path) -> Settings:
    brokers = [f"{unique}{letter}" for letter in "ab"]
    tier = {"depth_hours": 1, "redundancy": 1, "record": "EnterpriseQuote", "symbols": "all"}
    tiers = {
        f"{unique}slow": tier | {"interval_ms": 200, "brokers": brokers[:1]},
        f"{unique}fast": tier | {"interval_ms": 10, "brokers": brokers},
    }
    short = {"session_timeout_ms": 10_000, "delivery_timeout_ms": 1000, "commit_interval_s": 0.2}
    return deployed(kafka, unique, tmp_path, brokers, tiers, stream=short)


@pytest.fixture
def parts(deployment: Settings, tmp_path: Path) -> Iterator[Parts]:
    with Parts(deployment, tmp_path) as parts:
        yield parts


def test_workers_that_join_and_leave_share_the_partitions_and_say_what_one_would_have_said(
    deployment: Settings, parts: Parts
) -> None:
    group = f"{deployment.stream.app_id}-tiers"

    def shared(workers: int) -> None:
        """Each has some of the partition numbers, no two the same one."""

        def settled() -> bool:
            have = members(deployment, group)
            return len(have) == workers and all(have) and sorted(p for mine in have for p in mine) == [0, 1, 2]

        eventually(settled, 90)

    tape = threading.Thread(target=publish_tape, args=(deployment, 60, 200), kwargs={"over_s": 15, "seed": 5})
    tape.start()
    first = parts.start("stream", "run", "--part", "tiers")
    shared(1)
    parts.start("stream", "run", "--part", "tiers")
    shared(2)
    parts.start("stream", "run", "--part", "tiers")
    shared(3)
    first.send_signal(signal.SIGTERM)
    assert first.wait(20) == 0
    shared(2)
    tape.join()
    assert_as_one_worker(deployment, 60)
    assert [worker.poll() for worker in parts.started] == [0, None, None]


def test_what_a_dead_worker_did_not_get_to_one_topic_is_said_though_its_other_topic_is_ahead(
    deployment: Settings, parts: Parts
) -> None:
    publish_tape(deployment, 20, 100, over_s=0, seed=random.randrange(1 << 30))
    ends_us = {tier.name: START_US + 4 * (at + 1) * SECOND_US for at, tier in enumerate(reversed(deployment.tiers()))}
    sender = producer(deployment.kafka)
    for quote in reference(deployment, epoch=1):
        record = catalogue.decode(quote.value)[1]
        if micros(record["published_time"]) < ends_us[quote.topic.removeprefix(topics.tier(""))]:
            sender.produce(quote.topic, quote.value, quote.key, quote.partition)
    for tier, end_us in ends_us.items():
        beat = {"kind": "HEARTBEAT", "tier": tier, "symbol": None, "time": end_us, "epoch": 1, "reason": None}
        for p in range(PARTITIONS):
            value = catalogue.encode("TierControl", beat)
            sender.produce(topics.tier(tier), value, partition=p, headers=[("kind", b"TierControl")])
    assert sender.flush(10) == 0
    parts.start("stream", "run", "--part", "tiers")
    assert_as_one_worker(deployment, 60)


def test_unequal_numbers_of_partitions_stop_the_worker_with_a_clear_error(
    kafka: KafkaSettings, unique: str, tmp_path: Path
) -> None:
    brokers = [f"{unique}{letter}" for letter in "ab"]
    few = Topic(name=topics.ticks(brokers[1]), key="symbol", values=(), partitions=PARTITIONS - 1)
    apply(plan_topics({few.name: few}, {}), admin(kafka))
    tier = {"depth_hours": 1, "redundancy": 1, "record": "FreeQuote", "symbols": "all", "interval_ms": 10}
    settings = deployed(kafka, unique, tmp_path, brokers, {f"{unique}all": tier | {"brokers": brokers}})
    with Parts(settings, tmp_path) as parts:
        assert parts.start("stream", "run", "--part", "tiers").wait(60) == 2
        told = parts.log(0).read_text().splitlines()[-1]
    assert "must have equal partition counts" in told
    assert f"{few.name}/{PARTITIONS - 1}" in told
