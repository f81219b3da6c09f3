"""Our stream worker, measured: `python -m bench.worker TASK`, the task as JSON (`bench.engines.Task`).

The product's own `run_tiers` with everything on, in a process of its own. CPU is that of all its threads, librdkafka's
included, from the first batch to the moment when the last record is on disk.
"""

import asyncio
import json
import os
import sys
import time
import traceback
from typing import Any, NamedTuple

import streams.app
from bench.cluster import settings_for
from bench.process import peak_rss_mb
from infra.batches import FetchedBatch
from infra.metrics import REGISTRY, Metric
from schemas import catalogue
from streams.agents.tiers import TierWorker
from streams.warm import warm
from tierfeed.settings import KafkaSettings

BEGAN_S = time.monotonic()
WARM_PART = 0.5
"""What comes after this part is measured on its own too: an engine may be slow to get warm."""
STOP_S = 20.0


class Reading(NamedTuple):
    """Clocks and counts at one moment."""

    wall_s: float
    cpu_s: float
    records: int

    @classmethod
    def now(cls, records: int) -> "Reading":
        return cls(time.monotonic(), time.process_time(), records)

    def since(self, before: "Reading") -> "Reading":
        return Reading(*(b - a for a, b in zip(before, self, strict=True)))


class Meter(TierWorker):
    """The product's worker, looked at from within its own process."""

    task: dict[str, Any]
    done: asyncio.Event
    seen = 0

    def on_batch(self, batch: FetchedBatch) -> None:
        if self.seen == 0:
            self.begun = self.later = Reading.now(0)
        super().on_batch(batch)
        self.seen += len(batch.messages)
        done = self.seen - self._held()
        if not self.later.records and done >= WARM_PART * self.task["records"]:
            self.later = Reading.now(done)
        if self.seen >= self.task["records"] and not self.done.is_set() and self._is_empty():
            self.app.rd_producer.flush()
            self.ended = Reading.now(self.seen)
            self.done.set()

    def _held(self) -> int:
        """Read, and not applied yet: on these topics a worker may be far ahead with one broker."""
        return sum(owned.shard.aligner.held for owned in self._owned.values())

    def _is_empty(self) -> bool:
        lanes = [lane for owned in self._owned.values() for lane in owned.shard.aligner.lanes]
        return all(lane.at_end and not lane.held for lane in lanes)

    def result(self) -> dict[str, Any]:
        """What was measured. Only once `done` is set."""
        whole, later = self.ended.since(self.begun), self.ended.since(self.later)
        ticks = self.task["ticks"]
        published = {tier.name: _counted(Metric.TIER_RECORDS, tier=tier.name) for tier in self.tiers}
        return {
            "ticks": ticks,
            "records": whole.records,
            "wall_s": whole.wall_s,
            "startup_s": self.begun.wall_s - BEGAN_S,
            "cpu_us_per_tick": whole.cpu_s / ticks * 1e6,
            "cpu_us_per_tick_later": later.cpu_s / (ticks * later.records / whole.records) * 1e6,
            "ticks_per_s": ticks / whole.wall_s,
            "published": published,
            "out_per_tick": sum(published.values()) / ticks,
            "peak_rss_mb": peak_rss_mb(),
        }


def _counted(metric: Metric, **labels: str) -> int:
    """A counter of the product's own."""
    return int(REGISTRY.get_sample_value(metric.value, labels) or 0)


async def measure(task: dict[str, Any]) -> dict[str, Any]:
    """Run the worker over what waits on the broker topics, until all of it is published."""
    kafka = KafkaSettings(bootstrap_servers=task["bootstrap_servers"], partitions=task["partitions"])
    settings = settings_for(kafka, task["brokers"], f"bench-{time.time_ns()}")
    warm(settings)
    made: list[Meter] = []

    class Made(Meter):
        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments)
            self.task, self.done = task, asyncio.Event()
            made.append(self)

    streams.app.TierWorker = Made  # type: ignore[misc]
    stop = asyncio.Event()
    running = asyncio.ensure_future(streams.app.run_tiers(settings, {s.name: s.id for s in catalogue.ALL}, stop))
    finished = asyncio.ensure_future(_done(made))
    await asyncio.wait([running, finished], return_when=asyncio.FIRST_COMPLETED)
    if running.done():
        running.result()
    result = made[0].result()
    stop.set()
    _, late = await asyncio.wait([running], timeout=STOP_S)
    return result | {"stopped": not late}


async def _done(made: list[Meter]) -> None:
    while not made:  # noqa: ASYNC110  the app makes it as it starts, and tells nobody
        await asyncio.sleep(0)
    await made[0].done.wait()


async def _main(task: dict[str, Any]) -> None:
    """Ends within the loop: a failed worker's tasks are not waited for."""
    code = 1
    try:
        print(json.dumps(await measure(task)), flush=True)
        code = 0
    except Exception:  # noqa: BLE001  the parent reads the last words
        traceback.print_exc()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    asyncio.run(_main(json.loads(sys.argv[1])))
