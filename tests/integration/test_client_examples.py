"""The examples of the documentation, run as they are."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from infra.embedded.registry import app, serve
from tests.builders import eventually
from tests.integration.client_parts import AT, Worker
from tierfeed.settings import KafkaSettings

pytestmark = pytest.mark.kafka

ROOT = Path(__file__).parents[2]


@pytest.fixture
def worker(kafka: KafkaSettings, unique: str) -> Worker:
    return Worker(kafka, unique)


@contextmanager
def example(name: str, *arguments: str) -> Iterator[list[str]]:
    """The lines that it prints while it runs."""
    command = [sys.executable, str(ROOT / "docs/examples" / name), *arguments]
    environment = os.environ | {"PYTHONUNBUFFERED": "1", "PYTHONPATH": str(ROOT)}
    lines: list[str] = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as child:
        assert child.stdout is not None
        printing = threading.Thread(target=lines.extend, args=(child.stdout,))
        printing.start()
        try:
            yield lines
        finally:
            child.kill()
            printing.join()


def test_the_example_of_plain_clients_reads_a_tier(worker: Worker) -> None:
    worker.quote("EURUSD")
    worker.say("HEARTBEAT", worker.partition("EURUSD"))
    worker.say("GAP", worker.partition("EURUSD"), symbol="EURUSD", reason="missing", from_time=AT, to_time=AT)
    worker.quote("EURUSD")
    worker.flush()
    with serve(app([])) as url:
        arguments = worker.kafka.bootstrap_servers, url, worker.topic
        with example("read_tier.py", *arguments) as lines:
            eventually(lambda: len(lines) == 2, 30)
    assert lines == ["EURUSD 1.1 1.2 NORMAL 1\n", "EURUSD 1.1 1.2 NORMAL 2\n"]


def test_the_example_of_our_own_consumer_tells_quotes_gaps_and_silence(worker: Worker) -> None:
    worker.copy(worker.quote("EURUSD"), 0, 1)
    worker.flush()
    names = ["--tier", worker.tier, "--tenant", worker.tenant, "--symbols", "EURUSD"]
    with example("tier_consumer.py", worker.kafka.bootstrap_servers, *names) as lines:
        eventually(lambda: lines, 30)
        worker.quote("EURUSD", lost=True)
        worker.quote("EURUSD", state="STALE")
        worker.say("STALE", worker.partition("EURUSD"), symbol="EURUSD", reason="NO_QUOTE")
        worker.say(
            "GAP", worker.partition("EURUSD"), reason="session_lost", from_time=AT - timedelta(hours=1), to_time=AT
        )
        worker.flush()
        eventually(lambda: len(lines) == 5, 10)
    assert lines == [
        "EURUSD 1.1 1.2 NORMAL 1\n",
        "EURUSD updates are missing: 2 to 2\n",
        "EURUSD 1.1 1.2 STALE 3\n",
        "EURUSD is quoted by nobody: NO_QUOTE\n",
        f"all may lack ticks: {AT - timedelta(hours=1)} {AT} session_lost\n",
    ]
