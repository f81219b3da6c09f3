"""A collector that is killed, or stopped, and started again: no tick twice, none missing."""

import random
import signal
from pathlib import Path

import pytest

from tests.integration.collectors_cluster import PARTITIONS, Child, Cluster, Record, expected, tape_of
from tierfeed.settings import KafkaSettings

pytestmark = pytest.mark.kafka


@pytest.fixture
def cluster(kafka: KafkaSettings, unique: str) -> Cluster:
    return Cluster(kafka, unique)


REAL = None
TORN = {"profile": {"lines": {"A": {"redelivered": 0.05, "skipped": 0.02}, "B": {"thinning": 0.1}}}, "seed": 4}


@pytest.mark.parametrize(("speed", "seconds", "simulate"), [(0, 500, REAL), (60, 120, TORN)])
def test_a_collector_killed_again_and_again_publishes_what_an_undisturbed_one_does(
    cluster: Cluster, tmp_path: Path, speed: float, seconds: int, simulate: dict[str, object] | None
) -> None:
    seed = random.SystemRandom().randrange(10**6)
    broker = cluster.broker()
    tape = tape_of(tmp_path, broker, seconds=seconds, simulate=simulate)
    whole = expected(tape, broker, speed)
    total = sum(map(len, whole.values()))
    kills = 0
    for share in sorted(random.Random(seed).random() for _ in range(4)):
        with Child(cluster, tape, broker, speed) as running:
            running.wait_for(share * total)
            kills += running.end(signal.SIGKILL) == -signal.SIGKILL
    with Child(cluster, tape, broker, speed) as last:
        assert last.end() == 0, f"seed {seed}"
    assert kills >= 1, f"seed {seed}"
    found = cluster.records(broker)
    for at in range(PARTITIONS):
        assert len(found[at]) == len(whole[at]), f"seed {seed}"
        assert found[at] == whole[at], f"seed {seed}"


def test_a_collector_that_is_told_to_stop_ends_its_sessions_and_goes_on_later(cluster: Cluster, tmp_path: Path) -> None:
    broker = cluster.broker()
    tape = tape_of(tmp_path, broker, seconds=60)
    with Child(cluster, tape, broker, 20) as running:
        running.wait_for(2000)
        assert running.end(signal.SIGTERM) == 0
    for told in cluster.records(broker).values():
        name, last = told[-1]
        assert (name, last["kind"], last["reason"]) == ("SessionRecord", "SESSION_END", "stopped")
        assert last["ticks"] == sum(name == "Tick" for name, _ in told)
        assert len(told) < 6000
    with Child(cluster, tape, broker, 20_000) as again:
        assert again.end() == 0
    whole = expected(tape, broker, 0.0)
    for at, told in cluster.records(broker).items():
        planned = [record for record in told if record[1].get("reason") is None]
        assert [_bare(record) for record in planned] == [_bare(record) for record in whole[at]]
        reasons = [record["reason"] for name, record in told if name == "SessionRecord" and record["reason"]]
        assert reasons == ["stopped", "resumed"]
        _assert_counts_and_times(told)


def _bare(record: Record) -> Record:
    """Without the speed, which the second run changed."""
    return record[0], {key: value for key, value in record[1].items() if key != "speed"}


def _assert_counts_and_times(told: list[Record]) -> None:
    ticks, latest = 0, None
    for name, record in told:
        at = record["received_time" if name == "Tick" else "time"]
        assert latest is None or at >= latest  # type: ignore[operator]
        latest = at
        if name == "Tick":
            ticks += 1
        else:
            assert record["ticks"] == ticks
