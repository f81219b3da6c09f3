"""CPU per tick of the stream job: every engine over the same ticks; ours over more symbols, brokers, and real tapes."""

from dataclasses import replace
from typing import Any

import confluent_kafka as ck

from bench.cluster import PARTITIONS, fresh_topics, kafka, load, settings_for
from bench.engines import (
    ALL,
    KAFKA_STREAMS,
    KAFKA_STREAMS_WITH_LAST_VALUES,
    OURS,
    Engine,
    EngineError,
    Task,
)
from bench.market import Shape, market
from bench.places import TARGET
from bench.tapes import real_tape
from bench.telling import say
from collectors.script import Script
from schemas import topics
from tierfeed.settings import KafkaSettings

TAPE_ENGINES = (OURS, KAFKA_STREAMS_WITH_LAST_VALUES, KAFKA_STREAMS)
TICKS = 2_000_000
FLAT_TICKS = 1_000_000
SHAPES: dict[str, dict[str, int]] = {
    "28 symbols, 3 brokers": {},
    "280 symbols": {"symbols": 280},
    "6 brokers": {"brokers": 6},
}


def measure(ticks: int = TICKS) -> dict[str, Any]:
    """The whole comparison."""
    engines, left_out = _built()
    with kafka(TARGET / "kafka-stream") as cluster:
        task = publish(cluster, market(Shape(ticks)))
        runs = _compared(cluster, task, engines, left_out)
        flat = _grown(cluster, min(ticks, FLAT_TICKS), left_out)
        tape = _taped(
            cluster, [engine for engine in TAPE_ENGINES if engine.build in [built.build for built in engines]]
        )
    figures = ("cpu_us_per_tick", "cpu_us_per_tick_later", "ticks_per_s", "out_per_tick", "peak_rss_mb", "ticks")
    found = {figure: {name: run.get(figure) for name, run in runs.items()} for figure in figures}
    return found | {
        "ratio_to_ours": _ratios(found["cpu_us_per_tick"]),
        "flat": flat,
        "tape": tape,
        "left_out": left_out,
    }


def publish(cluster: KafkaSettings, scripts: tuple[Script, ...]) -> Task:
    """The broker topics, filled anew; no other topics with anything on them."""
    brokers = tuple(script.broker for script in scripts)
    settings = settings_for(cluster, brokers, "bench")
    fresh_topics(settings)
    ticks = load(settings, scripts)
    return Task(cluster.bootstrap_servers, PARTITIONS, brokers, ticks, _waiting(cluster, brokers))


def _waiting(cluster: KafkaSettings, brokers: tuple[str, ...]) -> int:
    consumer = ck.Consumer(cluster.client(group_id="bench-count"))
    places = [ck.TopicPartition(topics.ticks(broker), p) for broker in brokers for p in range(PARTITIONS)]
    ends = [consumer.get_watermark_offsets(place, 10) for place in places]
    consumer.close()
    return sum(high - low for low, high in ends)


def _built() -> tuple[list[Engine], dict[str, str]]:
    engines, left_out = [], {}
    for engine in ALL:
        try:
            say(f"{engine.title}: building")
            engine.build()
            engines.append(engine)
        except EngineError as error:
            left_out[engine.name] = str(error)
            say(f"{engine.title}: {error}")
    return engines, left_out


def run_fresh(cluster: KafkaSettings, engine: Engine, task: Task) -> dict[str, Any]:
    """One engine over what is on the broker topics, with empty topics to write to. Raises EngineError."""
    fresh_topics(settings_for(cluster, task.brokers, "bench"), keep_ticks=True)
    ticks = min(task.ticks, engine.most_ticks or task.ticks)
    say(f"{engine.title}: {ticks:,} ticks")
    result = engine.run(replace(task, ticks=ticks))
    say(f"{engine.title}: {result['cpu_us_per_tick']:.2f} µs CPU per tick, {result['ticks_per_s']:,.0f} ticks/s")
    return result


def _compared(
    cluster: KafkaSettings, task: Task, engines: list[Engine], left_out: dict[str, str]
) -> dict[str, dict[str, Any]]:
    runs = {}
    for engine in engines:
        try:
            runs[engine.name] = run_fresh(cluster, engine, task)
        except EngineError as error:
            left_out[engine.name] = str(error)
            say(f"{engine.title}: {error}")
    return runs


def _grown(cluster: KafkaSettings, ticks: int, left_out: dict[str, str]) -> dict[str, dict[str, Any]]:
    """Ours over larger markets."""
    flat = {}
    for name, more in SHAPES.items():
        say(name)
        try:
            flat[name] = run_fresh(cluster, OURS, publish(cluster, market(Shape(ticks, **more))))
        except EngineError as error:
            left_out[name] = str(error)
            say(f"{name}: {error}")
    return flat


def _taped(cluster: KafkaSettings, engines: list[Engine]) -> dict[str, Any]:
    """The same on real ticks, most of which are over 10 ms apart: more records per tick, so encoding weighs more."""
    name, scripts = real_tape()
    say(f"tape: {name}")
    task = publish(cluster, scripts)
    left_out: dict[str, str] = {}
    return {"tape": name, "runs": _compared(cluster, task, engines, left_out), "left_out": left_out}


def _ratios(cpu: dict[str, float | None]) -> dict[str, float]:
    ours = cpu.get("ours")
    return {name: us / ours for name, us in cpu.items() if us and ours}
