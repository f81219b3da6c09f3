"""Dead letters once, positions that follow, and a start that is refused where it must be."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import confluent_kafka as ck
import pytest

from infra.kafka import producer
from schemas import topics
from schemas.codec import warm
from sinks.agents import run_sink
from tests.builders import eventually
from tests.sink_data import free, session_record, tick
from tests.sink_parts import PARTITIONS, Life, Proof, deployment, letters
from tierfeed.errors import ConfigError, UpstreamError
from tierfeed.settings import ClickHouseSettings, KafkaSettings, Settings

pytestmark = [pytest.mark.kafka, pytest.mark.clickhouse]


@pytest.fixture
def settings(unique: str, tmp_path: Path, kafka: KafkaSettings, database: ClickHouseSettings) -> Settings:
    warm()
    return deployment(unique, tmp_path, kafka, database)


def run_until(settings: Settings, probe: Callable[[], object]) -> None:
    """Run a sink in this process until `probe` is true, then stop it."""

    async def scenario() -> None:
        stop = asyncio.Event()
        sink = asyncio.ensure_future(run_sink(settings, stop))
        try:
            await asyncio.to_thread(eventually, lambda: bool(probe() or sink.done()), 60)
        finally:
            stop.set()
            await asyncio.wait_for(sink, 30)

    asyncio.run(scenario())


def send(settings: Settings, topic: str, values: list[bytes], partition: int = 0) -> None:
    sender = producer(settings.kafka)
    for number, value in enumerate(values):
        sender.produce(topic, value, f"key{number}".encode(), partition)
    assert sender.flush(30) == 0


def committed(settings: Settings, topic: str, partition: int = 0) -> ck.TopicPartition:
    consumer = ck.Consumer(settings.kafka.client(group_id=settings.sink.app_id, enable_auto_commit=False))
    (found,) = consumer.committed([ck.TopicPartition(topic, partition)], 10)
    consumer.close()
    return found


def tier_topic(settings: Settings) -> str:
    (tier,) = settings.tiers()
    return topics.tier(tier.name)


def test_poison_is_dead_lettered_once_even_if_it_is_read_again(settings: Settings) -> None:
    topic, proof = tier_topic(settings), Proof(settings)
    send(settings, topic, [free(), b"rubbish", free(), tick()])
    run_until(settings, lambda: proof.rows("tier_quotes") == 2)
    proof.connection.command("TRUNCATE TABLE tier_quotes")
    send(settings, topic, [b"more rubbish", free()])
    run_until(settings, lambda: proof.rows("tier_quotes") == 3)
    found = letters(settings, topic)
    assert [letter.value() for letter in found] == [b"rubbish", tick(), b"more rubbish"]
    assert [letter.key() for letter in found] == [b"key1", b"key3", b"key0"]
    told = [dict(letter.headers()) for letter in found]
    assert [headers["source_offset"] for headers in told] == [b"1", b"3", b"4"]
    assert {(headers["stage"], headers["source_topic"], headers["source_partition"]) for headers in told} == {
        (b"sink", topic.encode(), b"0")
    }
    assert told[0]["error"] == b"no wire format header"


def test_poison_on_a_broker_topic_is_not_the_sinks_to_dead_letter(settings: Settings) -> None:
    topic, proof = topics.ticks(settings.brokers[0]), Proof(settings)
    send(settings, topic, [tick(), b"rubbish", tick()])
    run_until(settings, lambda: proof.rows("ticks") == 2)
    assert letters(settings, topic) == []


def test_records_that_leave_no_row_move_the_commit_and_are_not_read_again(settings: Settings) -> None:
    topic, proof = topics.ticks(settings.brokers[0]), Proof(settings)
    send(settings, topic, [tick()] + [session_record()] * 99)
    run_until(settings, lambda: proof.rows("ticks") == 1 and committed(settings, topic).offset == 100)
    send(settings, topic, [session_record(), tick()])
    run_until(settings, lambda: proof.rows("ticks") == 2)
    assert committed(settings, topic).offset == 102
    assert proof.connection.query("SELECT offset FROM ticks ORDER BY offset") == [(0,), (101,)]


def test_the_tables_are_filled_again_when_the_database_is_lost(settings: Settings) -> None:
    topic, proof = topics.ticks(settings.brokers[0]), Proof(settings)
    for partition in range(PARTITIONS):
        send(settings, topic, [tick()] * 50, partition)
    run_until(settings, lambda: proof.rows("ticks") == 50 * PARTITIONS)
    proof.connection.command("TRUNCATE TABLE ticks")
    run_until(settings, lambda: proof.rows("ticks") == 50 * PARTITIONS)
    assert proof.distinct("ticks") == 50 * PARTITIONS


def test_a_kafka_that_lost_records_is_refused(settings: Settings, tmp_path: Path) -> None:
    topic, proof = topics.ticks(settings.brokers[0]), Proof(settings)
    send(settings, topic, [tick()] * 5)
    run_until(settings, lambda: proof.rows("ticks") == 5)
    columns = "topic, topic_id, partition, offset, stored_at"
    proof.connection.command(
        f"INSERT INTO ticks ({columns}) SELECT topic, topic_id, partition, 9, now64() FROM ticks LIMIT 1"
    )
    life = Life(settings, tmp_path / "sink.log")
    assert life.process.wait(60) == UpstreamError.exit_code
    assert f"{topic}/0 ends at 5, but 10 records of it are stored" in life.log.read_text()
    life.end()


def test_without_its_tables_a_sink_does_not_start(
    unique: str, kafka: KafkaSettings, database: ClickHouseSettings
) -> None:
    with pytest.raises(ConfigError, match=r"lacks 0001_ticks\.sql.*tierfeed tables apply"):
        asyncio.run(run_sink(Settings(kafka=kafka, clickhouse=database, brokers=(unique,)), asyncio.Event()))
