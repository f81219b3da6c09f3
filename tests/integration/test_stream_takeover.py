"""Workers are killed, suspended and joined by others in the middle of a tape: the tier topics say what one
uninterrupted worker would have said, record by record."""

import random
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.integration.stream_parts import Parts, assert_as_one_worker, deployed, publish_tape
from tierfeed.settings import KafkaSettings, Settings

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(280)]


@pytest.fixture
def deployment(kafka: KafkaSettings, unique: str, tmp_path: Path) -> Settings:
    """Brokers, tiers and groups of the test's own."""
    brokers = [f"{unique}{letter}" for letter in "abc"]
    tiers = {
        f"{unique}free": {
            "symbols": ["EURUSD", "GBPUSD"], "interval_ms": 1000, "depth_hours": 1,
            "brokers": brokers[:1], "redundancy": 1, "record": "FreeQuote",
        },
        f"{unique}all": {
            "symbols": "all", "interval_ms": 10, "depth_hours": 168,
            "brokers": brokers, "redundancy": 3, "record": "EnterpriseQuote",
        },
    }  # fmt: skip
    return deployed(kafka, unique, tmp_path, brokers, tiers)


@pytest.fixture
def workers(deployment: Settings, tmp_path: Path) -> Iterator[Callable[[], subprocess.Popen[bytes]]]:
    """Starts stream workers as processes of their own."""
    with Parts(deployment, tmp_path) as parts:
        yield parts.start


def test_killed_again_and_again_the_workers_say_what_one_would_have_said(
    deployment: Settings, workers: Callable[[], subprocess.Popen[bytes]]
) -> None:
    seed = random.randrange(1 << 30)
    rng = random.Random(seed)
    print("seed", seed)
    tape = threading.Thread(target=publish_tape, args=(deployment, 120, 150), kwargs={"over_s": 40, "seed": seed})
    tape.start()
    worker = workers()
    for _ in range(3):
        time.sleep(rng.uniform(6, 11))
        worker.kill()
        worker.wait(10)
        worker = workers()
    tape.join()
    assert_as_one_worker(deployment, 90)


def test_a_suspended_worker_that_wakes_up_late_does_no_harm(
    deployment: Settings, workers: Callable[[], subprocess.Popen[bytes]]
) -> None:
    tape = threading.Thread(target=publish_tape, args=(deployment, 90, 150), kwargs={"over_s": 30, "seed": 11})
    tape.start()
    first = workers()
    time.sleep(10)
    second = workers()
    time.sleep(6)
    first.send_signal(signal.SIGSTOP)
    time.sleep(10)
    first.send_signal(signal.SIGCONT)
    tape.join()
    assert_as_one_worker(deployment, 90)
    assert second.poll() is None
