"""Latency from a broker topic to a tier topic as an outside consumer sees it, beside the direct hop and stock Faust."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from bench.cluster import PARTITIONS, fresh_topics, kafka, settings_for
from bench.engines import STOCK_FAUST, EngineError, Task
from bench.live import QUOTES
from bench.market import BROKERS
from bench.places import ROOT, TARGET
from bench.process import cpu_s
from bench.telling import say
from infra.tether import tethered_popen
from schemas import topics
from tierfeed.settings import KafkaSettings

RATES = (1_000, 10_000)
FEED_S = 12.0
SKIP_S = 4.0
"""Of the feed: sessions open, code gets warm."""
DRAIN_S = 2.0
START_S = 60.0
SETTLE_S = 6.0
"""A stock Faust worker does not say when it has its partitions."""
STOP_S = 15.0
TIER = "enterprise"
RELAY = "bare_relay"
"""Nothing but the hop: what no engine on librdkafka can be quicker than."""


def measure(rates: Sequence[int] = RATES) -> dict[str, Any]:
    """The engines at each rate, each with the direct hop of the same minute."""
    found: dict[str, Any] = {"rates": {}, "left_out": {}}
    engines = [RELAY, "ours"]
    try:
        STOCK_FAUST.build()
        engines.append("stock_faust")
    except EngineError as error:
        found["left_out"]["stock_faust"] = str(error)
    with kafka(TARGET / "kafka-latency") as cluster:
        for rate in rates:
            runs = {engine: _run(cluster, engine, rate) for engine in engines}
            for engine, run in runs.items():
                say(f"{rate:,}/s, {engine}: {_told(run['tier'])}; direct {_told(run['direct'])}")
            above = {engine: _above(run) for engine, run in runs.items()}
            found["rates"][str(rate)] = runs | {"p50_above_direct_ms": above}
    return found


def _told(hop: Mapping[str, Any]) -> str:
    if not hop["records"]:
        return "no record came"
    return ", ".join(f"{name[:-3]} {hop[name]:.2f} ms" for name in ("p50_ms", "p90_ms", "p99_ms"))


def _above(run: Mapping[str, Any]) -> float | None:
    direct, tier = run["direct"].get("p50_ms"), run["tier"].get("p50_ms")
    return None if direct is None or tier is None else tier - direct


def _run(cluster: KafkaSettings, engine: str, rate: int) -> dict[str, Any]:
    fresh_topics(settings_for(cluster, BROKERS, "bench"))
    base = {"bootstrap_servers": cluster.bootstrap_servers, "partitions": PARTITIONS, "brokers": BROKERS}
    hears = base | {"skip_s": SKIP_S}
    with _engine(engine, base, cluster) as worker:
        direct = hears | {"topics": [topics.ticks(broker) for broker in BROKERS], "record": "Tick"}
        record = "TierTick" if engine == "stock_faust" else QUOTES
        tier = hears | {"topics": [topics.tier(TIER)], "record": record}
        with part("listen", direct) as first, part("listen", tier) as second:
            before_s = cpu_s(worker.pid)
            with part("feed", base | {"rate": rate, "seconds": FEED_S}, listens=False) as feed:
                fed = result_of(feed)
            time.sleep(DRAIN_S)
            first.terminate()
            second.terminate()
            used = {"cpu_us_per_tick": (cpu_s(worker.pid) - before_s) / fed["sent"] * 1e6}
            return {"direct": result_of(first), "tier": result_of(second), "fed": fed} | used


@contextmanager
def _engine(name: str, base: Mapping[str, Any], cluster: KafkaSettings) -> Iterator[subprocess.Popen[bytes]]:
    if name != "stock_faust":
        with part("work" if name == "ours" else "relay", base) as process:
            time.sleep(SETTLE_S)
            yield process
        return
    task = Task(cluster.bootstrap_servers, PARTITIONS, BROKERS, ticks=-1, records=-1)
    argv, more = STOCK_FAUST.command(task)
    with _process(argv, more) as process:
        time.sleep(SETTLE_S + 4)
        yield process


@contextmanager
def part(name: str, task: Mapping[str, Any], *, listens: bool = True) -> Iterator[subprocess.Popen[bytes]]:
    """One of `bench.live`, once it has said that it listens."""
    with _process([sys.executable, "-m", "bench.live", name, json.dumps(task)], {}) as process:
        if listens:
            _await_word(process)
        yield process


def _await_word(process: subprocess.Popen[bytes]) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        if line.strip() == b"listening":
            return
    raise EngineError(f"{process.args!r} ended with {process.wait()} before it was ready")


def result_of(process: subprocess.Popen[bytes]) -> dict[str, Any]:
    """What a part says last."""
    out, _ = process.communicate(timeout=FEED_S + START_S)
    for line in reversed(out.splitlines()):
        if line.startswith(b"{"):
            found: dict[str, Any] = json.loads(line)
            return found
    raise EngineError(f"{process.args!r} ended with {process.returncode} and no result")


@contextmanager
def _process(argv: Sequence[str], more: Mapping[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """A child that is gone afterwards, whatever happens; what it logs is not kept."""
    process = tethered_popen(
        argv, cwd=ROOT, env=os.environ | more, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )  # fmt: skip
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout is not None:
            process.stdout.close()
