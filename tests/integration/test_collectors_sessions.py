"""Announcing, telling, losing and opening again the sessions of a broker on a real Kafka cluster."""

import asyncio
from collections.abc import AsyncIterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from collectors.collect import CollectSpec, collect
from collectors.lanes import Lane
from collectors.port import Batch, SessionEvent, SessionLostError, Ticks, concatenated
from collectors.publisher import Publisher
from collectors.records import RecordEncoder
from collectors.replay.tape import read_tape
from collectors.runner import Outcome, Progress, Retry, Run
from infra.registry import schema_ids
from tests.builders import eventually
from tests.integration.collectors_cluster import PARTITIONS, Cluster, tape_of
from tierfeed.domain.partitions import partition_of
from tierfeed.domain.words import Feed, Line, SessionKind
from tierfeed.errors import ConfigError, UpstreamError
from tierfeed.settings import KafkaSettings, RegistrySettings

pytestmark = pytest.mark.kafka


@pytest.fixture
def cluster(kafka: KafkaSettings, unique: str) -> Cluster:
    return Cluster(kafka, unique)


IDS = schema_ids(RegistrySettings(), [])


def test_no_tick_flows_before_the_other_brokers_have_announced(cluster: Cluster, tmp_path: Path) -> None:
    first, second = cluster.broker("first"), cluster.broker("second")
    tape = read_tape(tape_of(tmp_path, first, second, seconds=2))

    async def both() -> list[int]:
        stop, held = asyncio.Event(), []
        waiting = CollectSpec(broker=first, tape=tape, await_brokers=(first, second))
        run = asyncio.ensure_future(collect(cluster.settings, waiting, stop=stop))
        await asyncio.to_thread(eventually, lambda: cluster.stored(first) >= PARTITIONS, 30)
        held.append(cluster.stored(first))
        go = asyncio.Event()
        other = asyncio.ensure_future(
            collect(cluster.settings, CollectSpec(broker=second, tape=tape), stop=stop, go=go)
        )
        await run
        held.append(cluster.stored(second))
        go.set()
        await other
        return held

    held = asyncio.run(asyncio.wait_for(both(), 60))
    assert held == [PARTITIONS, PARTITIONS]
    assert len(cluster.ticks(first)) == len(cluster.ticks(second)) == 600


def test_progress_is_told_from_the_announcement_to_the_end(cluster: Cluster, tmp_path: Path) -> None:
    mine, told = cluster.broker("b"), list[Progress]()
    spec = CollectSpec(broker=mine, tape=tape_of(tmp_path, mine, seconds=30))
    asyncio.run(collect(cluster.settings, spec, stop=asyncio.Event(), progress=told.append))
    assert (told[0].phase, told[0].published) == ("announced", 0)
    assert (told[-1].phase, told[-1].published, told[-1].total) == ("done", 9000, 9000)
    assert all(before.published <= after.published for before, after in pairwise(told))


class _Flaky:
    """A live broker that loses its session after every tick, and cannot be reached each second time."""

    feed, speed, resumable = Feed.LIVE, 1.0, False

    def __init__(self, broker: str, sessions: int) -> None:
        self.broker, self._left, self._tries, self._time_us = broker, sessions, 0, 10**15

    async def announce(self, stop: asyncio.Event) -> Batch:
        self._tries += 1
        if self._tries % 2 == 0:
            raise SessionLostError("refused")
        self._time_us += 1
        self._session = self._time_us
        start = SessionEvent(SessionKind.SESSION_START, 0, self._session, self._time_us, self._time_us)
        return Batch(concatenated([], ("EURUSD",)), (start,))

    async def batches(self, stop: asyncio.Event, resume_us: int | None = None) -> AsyncIterator[Batch]:
        one, real = np.ones(1, np.int64), np.ones(1)
        self._time_us += 1
        yield Batch(
            Ticks(
                ("EURUSD",),
                one * 0,
                one * self._time_us,
                one * self._time_us,
                one > 0,
                real,
                real,
                real,
                real,
                one * 0,
                one * self._session,
                one,
                one * 0,
            )
        )
        self._left -= 1
        if self._left:
            raise SessionLostError("line cut")


def _run(cluster: Cluster, collector: _Flaky, retry: Retry) -> Outcome:
    async def run() -> Outcome:
        run = Run(cluster.kafka, collector, IDS, permitted=True, retry=retry)
        await run.prepare()
        return await run.to_end(asyncio.Event())

    return asyncio.run(run())


def test_a_lost_session_is_told_and_opened_again(cluster: Cluster) -> None:
    mine = cluster.broker("b")
    assert _run(cluster, _Flaky(mine, sessions=3), Retry(first_s=0.01)).published == 3
    told = cluster.records(mine)[partition_of("EURUSD", PARTITIONS)]
    kinds = [record.get("kind", name) for name, record in told]
    assert kinds == ["SESSION_START", "Tick", "SESSION_END"] * 2 + ["SESSION_START", "Tick"]
    assert [record["reason"] for _, record in told if record.get("kind") == "SESSION_END"] == ["lost: line cut"] * 2
    assert len({record["session"] for _, record in told}) == 3


def test_giving_up_is_told_on_the_topic_and_by_an_error(cluster: Cluster) -> None:
    mine = cluster.broker("b")
    with pytest.raises(UpstreamError, match=f"broker {mine}: gave up after 2 attempts: refused"):
        _run(cluster, _Flaky(mine, sessions=9), Retry(first_s=0.01, attempts=2))
    for told in cluster.records(mine).values():
        assert told[-1][1]["reason"] == "lost: line cut"


def test_a_cluster_that_takes_nothing_is_an_error_and_not_a_silence(cluster: Cluster) -> None:
    nowhere = cluster.kafka.model_copy(update={"bootstrap_servers": "127.0.0.1:1"})
    records = RecordEncoder("nobody", Feed.REPLAY, 0.0, IDS)
    publisher = Publisher(nowhere, "ticks.nobody", records, {0: Lane()}, stall_s=0.3)

    async def publish() -> None:
        start = SessionEvent(SessionKind.SESSION_START, Line.A, 1, 1)
        await publisher.publish(Batch(concatenated([], ("EURUSD",)), (start,)))
        await publisher.flush()

    with pytest.raises(UpstreamError, match=r"ticks\.nobody: 1 records wait, none was stored for 0\.3 s"):
        asyncio.run(publish())
    publisher.abandon()


def test_a_real_brokers_ticks_are_not_published_without_permission(cluster: Cluster) -> None:
    with pytest.raises(ConfigError, match="redistribution_permitted is false"):
        Run(cluster.kafka, _Flaky("b", 1), IDS)
