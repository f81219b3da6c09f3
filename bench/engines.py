"""The engines that are compared: how each is built, and how it is run in a process of its own."""

import functools
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from bench.places import PEERS, ROOT, TARGET
from schemas import topics

BUILD_S = 240.0
RUN_S = 120.0
TICK_SCHEMA = ROOT / "schemas" / "avro" / "tick.avsc"
QUOTE_SCHEMA = PEERS / "tier_tick.avsc"
STREAMS_FOLDER = TARGET / "kafka-streams"


class EngineError(Exception):
    """An engine could not be built or run; the words say why."""


@dataclass(frozen=True, slots=True)
class Task:
    """What lies on the broker topics: `records` with the session records, `ticks` without."""

    bootstrap_servers: str
    partitions: int
    brokers: tuple[str, ...]
    ticks: int
    records: int

    def as_json(self, **more: Any) -> str:
        """For the Python peers."""
        document = {
            "bootstrap_servers": self.bootstrap_servers,
            "partitions": self.partitions,
            "brokers": self.brokers,
            "sources": [topics.ticks(broker) for broker in self.brokers],
            "ticks": self.ticks,
            "records": self.records,
            "tick_schema": str(TICK_SCHEMA),
            "quote_schema": str(QUOTE_SCHEMA),
        }
        return json.dumps(document | more)


@dataclass(frozen=True, slots=True)
class Engine:
    """`most_ticks`: enough for a figure where an engine is slow; the rest of the topic is left unread."""

    name: str
    title: str
    build: Callable[[], None]
    command: Callable[[Task], tuple[list[str], Mapping[str, str]]]
    most_ticks: int | None = None
    notes: tuple[str, ...] = field(default=())

    def run(self, task: Task, timeout_s: float = RUN_S) -> dict[str, Any]:
        """Measure. Raises EngineError."""
        argv, more = self.command(task)
        return last_json(argv, more, timeout_s)


def last_json(argv: Sequence[str], more: Mapping[str, str], timeout_s: float) -> dict[str, Any]:
    """Run a process to its end; its last line is its result. Raises EngineError with its last words."""
    try:
        done = subprocess.run(
            argv, cwd=ROOT, env=os.environ | more, capture_output=True, text=True, timeout=timeout_s, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise EngineError(f"did not end within {timeout_s:g} s") from error
    for line in reversed(done.stdout.splitlines()):
        if line.startswith("{"):
            found: dict[str, Any] = json.loads(line)
            return found
    words = (done.stdout + done.stderr).strip().splitlines()
    raise EngineError(f"ended with {done.returncode}: {' | '.join(words[-3:]) or 'no word'}")


def _ours(task: Task) -> tuple[list[str], Mapping[str, str]]:
    return [sys.executable, "-m", "bench.worker", task.as_json()], {}


def _kafka_streams(task: Task, **more: str) -> tuple[list[str], Mapping[str, str]]:
    sources = ",".join(topics.ticks(broker) for broker in task.brokers)
    jars = f"{STREAMS_FOLDER}/*:{STREAMS_FOLDER}/lib/*"
    argv = ["java", "-Xmx1g", "-cp", jars, "TierFanout", str(task.ticks), str(TICK_SCHEMA), str(QUOTE_SCHEMA), sources]
    return argv, {"BOOTSTRAP": task.bootstrap_servers, "STATE_DIR": str(STREAMS_FOLDER / "state")} | more


def _build_kafka_streams() -> None:
    missing = [tool for tool in ("java", "mvn") if shutil.which(tool) is None]
    if missing:
        raise EngineError(f"left out: no {' and no '.join(missing)} here")
    shutil.rmtree(STREAMS_FOLDER / "lib", ignore_errors=True)  # jars of another version would stay on the class path
    copy = ["dependency:copy-dependencies", f"-DoutputDirectory={STREAMS_FOLDER}/lib"]
    _build(
        "mvn",
        "-q",
        "-B",
        "-f",
        str(PEERS / "kafka-streams" / "pom.xml"),
        f"-Dfolder={STREAMS_FOLDER}",
        "package",
        *copy,
    )


def _python_peer(name: str, *arguments: str) -> Callable[[Task], tuple[list[str], Mapping[str, str]]]:
    def command(task: Task) -> tuple[list[str], Mapping[str, str]]:
        more = {"TASK": task.as_json(folder=str(TARGET / name / "data")), "PYTHONPATH": ""}
        return [str(TARGET / name / "bin" / "python"), str(PEERS / f"{name}.py"), *arguments], more

    return command


def _python_environment(name: str) -> Callable[[], None]:
    def build() -> None:
        wanted = PEERS / f"{name}.txt"
        stamp = TARGET / name / "installed.txt"
        if stamp.exists() and stamp.read_text() == wanted.read_text():
            return
        _build(sys.executable, "-m", "venv", "--clear", str(TARGET / name))
        _build(str(TARGET / name / "bin" / "python"), "-m", "pip", "install", "-q", "-r", str(wanted))
        shutil.copy(wanted, stamp)

    return build


def _build(*argv: str) -> None:
    try:
        done = subprocess.run(argv, capture_output=True, text=True, timeout=BUILD_S, check=False)
    except subprocess.TimeoutExpired as error:
        raise EngineError(f"left out: {Path(argv[0]).name} did not end within {BUILD_S:g} s") from error
    if done.returncode:
        words = (done.stdout + done.stderr).strip().splitlines()
        raise EngineError(f"left out: {Path(argv[0]).name} failed: {' | '.join(words[:2])}")


OURS = Engine("ours", "tierfeed", lambda: None, _ours)
KAFKA_STREAMS = Engine("kafka_streams", "Kafka Streams", _build_kafka_streams, _kafka_streams)
KAFKA_STREAMS_WITH_LAST_VALUES = replace(
    KAFKA_STREAMS,
    name="kafka_streams_with_last_values",
    title="Kafka Streams, last values too",
    command=functools.partial(_kafka_streams, LAST_VALUES="1"),
)
"""On real ticks most of what a tier publishes is an interval's last value: without them it is not the same job."""
QUIX = Engine("quix", "Quix Streams", _python_environment("quix"), _python_peer("quix"), most_ticks=300_000)
STOCK_FAUST = Engine(
    "stock_faust", "stock Faust", _python_environment("stock_faust"),
    _python_peer("stock_faust", "worker", "-l", "warn"), most_ticks=50_000,
)  # fmt: skip
ALL = (OURS, KAFKA_STREAMS, QUIX, STOCK_FAUST)
