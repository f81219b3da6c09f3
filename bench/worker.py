"""Our stream worker, measured: `python -m bench.worker '{"bootstrap_servers": …, "brokers": […], "records": N}'`.

The product's own `run_tiers` with everything on, in a process of its own. CPU is that of all its threads, librdkafka's
included, from the first batch to the moment when the last record is on disk.
"""

import asyncio
import json
import resource
import sys
import time
from typing import Any

import streams.app
from bench.cluster import PARTITIONS, settings_for
from bench.warm import warm
from infra.metrics import REGISTRY, Metric
from infra.transport import FetchedBatch
from schemas import catalogue
from streams.agents.tiers import TierWorker
from tierfeed.settings import KafkaSettings

WARM_PART = 0.25
"""What is measured beside the whole: the part after this one."""


class Meter(TierWorker):
    """The product's worker, looked at from within its own process."""

    expected: int
    stop: asyncio.Event
    result: dict[str, Any]

    def on_batch(self, batch: FetchedBatch) -> None:
        if self.seen == 0:
            self.begun = self.later = (time.monotonic(), time.process_time(), 0)
        super().on_batch(batch)
        self.seen += len(batch.messages)
        if self.later[2] == 0 and self.seen >= WARM_PART * self.expected:
            self.later = (time.monotonic(), time.process_time(), self.seen)
        if self.seen >= self.expected and not self.stop.is_set() and self._is_done():
            self.app.rd_producer.flush()
            self.result = self._measured()
            self.stop.set()

    seen = 0

    def _is_done(self) -> bool:
        lanes = [lane for owned in self._owned.values() for lane in owned.shard.aligner.lanes]
        return all(lane.at_end and not lane.held for lane in lanes)

    def _measured(self) -> dict[str, Any]:
        now = (time.monotonic(), time.process_time(), self.seen)
        wall_s, cpu_s, records = (b - a for a, b in zip(self.begun, now, strict=True))
        _, later_cpu_s, later_records = (b - a for a, b in zip(self.later, now, strict=True))
        published = {
            tier.name: int(REGISTRY.get_sample_value(Metric.TIER_RECORDS.value, {"tier": tier.name}) or 0)
            for tier in self.tiers
        }
        return {
            "ticks": records,
            "wall_s": wall_s,
            "cpu_us_per_tick": cpu_s / records * 1e6,
            "cpu_us_per_tick_later": later_cpu_s / later_records * 1e6,
            "ticks_per_s": records / wall_s,
            "published": published,
            "out_per_tick": sum(published.values()) / records,
            "peak_rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        }


async def measure(task: dict[str, Any]) -> dict[str, Any]:
    """Run the worker over what waits on the broker topics, until all of it is published."""
    kafka = KafkaSettings(bootstrap_servers=task["bootstrap_servers"], partitions=PARTITIONS)
    settings = settings_for(kafka, task["brokers"], f"bench-{time.time_ns()}")
    warm(settings)
    stop = asyncio.Event()
    made: list[Meter] = []

    class Made(Meter):
        def __init__(self, *args: Any) -> None:
            super().__init__(*args)
            self.expected, self.stop = task["records"], stop
            made.append(self)

    streams.app.TierWorker = Made  # type: ignore[misc]
    await streams.app.run_tiers(settings, {schema.name: schema.id for schema in catalogue.ALL}, stop)
    return made[0].result


if __name__ == "__main__":
    print(json.dumps(asyncio.run(measure(json.loads(sys.argv[1])))))
