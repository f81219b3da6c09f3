"""Catching up: a worker started on two million waiting ticks publishes exactly the reference, and how fast."""

import time
from typing import Any

from bench.cluster import kafka, settings_for
from bench.engines import OURS, Task
from bench.market import Shape, market
from bench.places import TARGET
from bench.reference import compare, published, reference_of
from bench.stream import publish, run_fresh
from bench.telling import say
from tierfeed.settings import KafkaSettings

TICKS = 2_000_000


def measure(ticks: int = TICKS) -> dict[str, Any]:
    """Run the worker over a backlog and compare what it published with the reference."""
    with kafka(TARGET / "kafka-catchup") as cluster:
        task = publish(cluster, market(Shape(ticks)))
        begun = time.monotonic()
        result = run_fresh(cluster, OURS, task)
        result["process_s"] = time.monotonic() - begun
        return result | _compared(cluster, task)


def _compared(cluster: KafkaSettings, task: Task) -> dict[str, Any]:
    settings = settings_for(cluster, task.brokers, "bench")
    tiers = settings.tiers()
    records = dict.fromkeys((tier.name for tier in tiers), 0)
    differing, first = 0, None
    for p in range(task.partitions):
        say(f"partition {p}: comparing with the reference")
        for tier, expected in zip(tiers, reference_of(settings, p), strict=True):
            found = compare(expected, published(settings, tier, p))
            records[tier.name] += found.expected
            differing += found.differing
            if first is None and found.first is not None:
                first = f"{tier.name}/{p}: {found.first}"
    say(f"{sum(records.values()):,} records compared, {differing} differ{f', first {first}' if first else ''}")
    return {"compared": records, "differing": differing, "first_difference": first, "exact": differing == 0}
