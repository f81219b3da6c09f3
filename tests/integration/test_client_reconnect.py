"""A Kafka that goes away and comes back: the consumer waits, and goes on where it was."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.embedded.kafka import EmbeddedKafka
from tests.integration.client_parts import Worker, run, take, until
from tierfeed.client import TierConsumer, UpstreamError

pytestmark = pytest.mark.kafka


@pytest.fixture
def server(tmp_path: Path) -> Iterator[EmbeddedKafka]:
    server = EmbeddedKafka(tmp_path / "kafka")
    yield server
    server.stop()


def test_a_consumer_outlives_a_restart_of_the_cluster(server: EmbeddedKafka) -> None:
    worker = Worker(server.start().settings(), "outlived")
    worker.quote("EURUSD")
    worker.flush()
    found: list[int] = []

    async def test() -> None:
        async with worker.consumer(from_="beginning", commit_every_s=0.2) as consumer:
            reading = asyncio.ensure_future(read(consumer))
            await until(lambda: found == [1])
            await asyncio.to_thread(server.stop)
            await asyncio.to_thread(server.start)
            worker.quote("EURUSD")
            await asyncio.to_thread(worker.flush)
            await until(lambda: found[-1] == 2, 40)
            reading.cancel()
            await asyncio.wait([reading])
            assert consumer.stats.gaps == 0

    async def read(consumer: TierConsumer) -> None:
        async for quote in consumer.quotes():
            found.append(quote.upto_sequence)  # noqa: PERF401  one by one: it is looked at meanwhile

    run(test(), 120)
    assert set(found) == {1, 2}
    assert worker.committed()[worker.partition("EURUSD")] == 2


def test_a_cluster_that_is_not_there_is_told_at_once(server: EmbeddedKafka) -> None:
    worker = Worker(server.start().settings(), "away")
    server.stop()

    async def test() -> None:
        async with worker.consumer() as consumer:
            await take(consumer, 1)

    with pytest.raises(UpstreamError, match=r"tier\.away cannot be read"):
        run(test(), 20)
