"""The sink: CPU per tick of its process and of the embedded database together, and what memory they take."""

import shutil
import time
from typing import Any

from bench.cluster import kafka, settings_for
from bench.latency import part
from bench.market import Shape, market
from bench.places import TARGET
from bench.process import cpu_s, peak_rss_mb
from bench.stream import publish
from bench.telling import say
from infra import clickhouse
from infra.embedded.clickhouse import EmbeddedClickHouse
from sinks.setup import migrate
from sinks.tables import TICKS

TICKS_STORED = 1_000_000
DATABASE = "tierfeed"
WITHIN_S = 120.0
LOOK_S = 0.2


def measure(ticks: int = TICKS_STORED) -> dict[str, Any]:
    """Store ticks that wait on the broker topics."""
    home = TARGET / "clickhouse"
    shutil.rmtree(home, ignore_errors=True)
    server = EmbeddedClickHouse(home)
    with kafka(TARGET / "kafka-sink") as cluster:
        state = server.start()
        try:
            task = publish(cluster, market(Shape(ticks)))
            where = {"url": state.url, "database": DATABASE}
            settings = settings_for(cluster, task.brokers, "bench", clickhouse=where)
            migrate(settings)
            child = {
                "bootstrap_servers": task.bootstrap_servers, "partitions": task.partitions, "brokers": task.brokers,
                "clickhouse_url": state.url,
            }  # fmt: skip
            with part("sink", child) as process:
                say(f"sink: {task.ticks:,} ticks")
                return _watched(clickhouse.client(settings.clickhouse), process.pid, state.pid, task.ticks)
        finally:
            server.stop()
            shutil.rmtree(home, ignore_errors=True)


def _watched(client: Any, sink: int, database: int, ticks: int) -> dict[str, Any]:
    begun, sink_s, database_s = time.monotonic(), cpu_s(sink), cpu_s(database)
    stored = 0
    while stored < ticks:
        if time.monotonic() - begun > WITHIN_S:
            raise TimeoutError(f"{stored:,} of {ticks:,} ticks were stored within {WITHIN_S:g} s")
        time.sleep(LOOK_S)
        stored = int(client.query(f"SELECT count() FROM {TICKS.name}").result_rows[0][0])
    wall_s = time.monotonic() - begun
    sink_us, database_us = ((cpu_s(p) - s) / ticks * 1e6 for p, s in ((sink, sink_s), (database, database_s)))
    say(f"sink: {sink_us + database_us:.2f} µs CPU per tick, {ticks / wall_s:,.0f} ticks/s")
    return {
        "ticks": stored,
        "cpu_us_per_tick": sink_us + database_us,
        "cpu_us_per_tick_of": {"sink": sink_us, "clickhouse": database_us},
        "ticks_per_s": ticks / wall_s,
        "peak_rss_mb": {"sink": peak_rss_mb(sink), "clickhouse": peak_rss_mb(database)},
    }
