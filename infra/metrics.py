"""Every number tierfeed exports: one closed vocabulary, its dictionary, and the endpoint.

Updated per batch, never per tick.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Final

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    start_http_server,
)

LOOPBACK: Final = "127.0.0.1"


class Metric(StrEnum):
    """Closed vocabulary. Base units; counters end in `_total`."""

    TICKS_RECEIVED = "tierfeed_ticks_received_total"
    TICKS_PUBLISHED = "tierfeed_ticks_published_total"
    TICKS_FILLED = "tierfeed_ticks_filled_total"
    TICKS_DROPPED = "tierfeed_ticks_dropped_total"
    SESSION_HEARTBEATS = "tierfeed_session_heartbeats_total"
    DEAD_LETTERS = "tierfeed_dead_letters_total"
    PUBLISH_FAILURES = "tierfeed_publish_failures_total"
    TIER_RECORDS = "tierfeed_tier_records_total"
    UPDATES_CONFLATED = "tierfeed_updates_conflated_total"
    STALE_EPOCH_RECORDS = "tierfeed_stale_epoch_records_total"
    BATCH_RECORDS = "tierfeed_batch_records"
    ALIGN_HELD = "tierfeed_align_held_records"
    ENGINE_LAG = "tierfeed_engine_lag_seconds"
    TAKEOVERS = "tierfeed_takeovers_total"
    TAKEOVER_SECONDS = "tierfeed_takeover_seconds"
    SINK_ROWS = "tierfeed_sink_rows_total"
    SINK_INSERTS = "tierfeed_sink_inserts_total"
    SINK_INSERT_SECONDS = "tierfeed_sink_insert_seconds"
    USAGE_RANGES = "tierfeed_usage_ranges_total"
    METER_COMMITS = "tierfeed_meter_commits_total"
    METER_UNKNOWN = "tierfeed_meter_unknown_records_total"
    METER_SCRAPES = "tierfeed_meter_scrapes_total"
    AUDIT_LINES = "tierfeed_audit_lines_total"
    SLA_SLICES = "tierfeed_sla_slices_total"
    SLA_EVENTS = "tierfeed_sla_events_total"
    COMMANDS = "tierfeed_commands_total"
    PART_RESTARTS = "tierfeed_part_restarts_total"


class Kind(StrEnum):
    """What may be done to a metric: `count`, `put` or `observe`."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the dictionary. A label has few values: names of brokers, tiers, topics, partitions, or an enum's."""

    kind: Kind
    help: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()


SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
RECORDS: Final = (1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0, 3000.0, 10_000.0, 30_000.0, 100_000.0)

CATALOGUE: Final[Mapping[Metric, Entry]] = {
    Metric.TICKS_RECEIVED: Entry(Kind.COUNTER, "Ticks taken from a broker session.", ("broker", "line")),
    Metric.TICKS_PUBLISHED: Entry(Kind.COUNTER, "Ticks handed to ticks.<broker>.", ("broker",)),
    Metric.TICKS_FILLED: Entry(Kind.COUNTER, "Ticks filled in from a broker's history.", ("broker", "line")),
    Metric.TICKS_DROPPED: Entry(Kind.COUNTER, "Ticks that reached no composite, by reason.", ("broker", "reason")),
    Metric.SESSION_HEARTBEATS: Entry(Kind.COUNTER, "Heartbeats of broker sessions published.", ("broker",)),
    Metric.DEAD_LETTERS: Entry(Kind.COUNTER, "Records sent to a dead-letter topic.", ("stage", "topic")),
    Metric.PUBLISH_FAILURES: Entry(Kind.COUNTER, "Records that Kafka did not take.", ("stage", "topic")),
    Metric.TIER_RECORDS: Entry(Kind.COUNTER, "Quotes published to tier.<tier>.", ("tier",)),
    Metric.UPDATES_CONFLATED: Entry(Kind.COUNTER, "Composites conflated into a later quote.", ("tier",)),
    Metric.STALE_EPOCH_RECORDS: Entry(
        Kind.COUNTER,
        "Records of an older epoch found behind a newer one and discarded; expected 0.",
        ("reader", "tier"),
    ),
    Metric.BATCH_RECORDS: Entry(Kind.HISTOGRAM, "Records in a fetched batch.", ("stage",), RECORDS),
    Metric.ALIGN_HELD: Entry(Kind.GAUGE, "Records that wait for a slower broker's watermark.", ("partition",)),
    Metric.ENGINE_LAG: Entry(Kind.GAUGE, "The clock less the engine's time, live feeds only.", ("partition",)),
    Metric.TAKEOVERS: Entry(Kind.COUNTER, "Partitions taken over.", ("stage",)),
    Metric.TAKEOVER_SECONDS: Entry(Kind.HISTOGRAM, "From assignment to the first work.", ("stage",), SECONDS),
    Metric.SINK_ROWS: Entry(Kind.COUNTER, "Rows stored in ClickHouse.", ("table",)),
    Metric.SINK_INSERTS: Entry(Kind.COUNTER, "Inserts into ClickHouse, by outcome.", ("table", "outcome")),
    Metric.SINK_INSERT_SECONDS: Entry(Kind.HISTOGRAM, "Time an insert took.", ("table",), SECONDS),
    Metric.USAGE_RANGES: Entry(Kind.COUNTER, "Ranges of offsets told of tenants' groups.", ("kind",)),
    Metric.METER_COMMITS: Entry(Kind.COUNTER, "Commits of tenants' groups read."),
    Metric.METER_UNKNOWN: Entry(Kind.COUNTER, "Records of the groups' log that could not be read; expected 0."),
    Metric.METER_SCRAPES: Entry(Kind.COUNTER, "Times a Kafka node's exporter was asked, by outcome.", ("outcome",)),
    Metric.AUDIT_LINES: Entry(Kind.COUNTER, "Lines of the authorizer's log, by outcome.", ("outcome",)),
    Metric.SLA_SLICES: Entry(Kind.COUNTER, "Slices of what tiers promise that were judged."),
    Metric.SLA_EVENTS: Entry(Kind.COUNTER, "Steps of incidents that were told.", ("kind", "objective")),
    Metric.COMMANDS: Entry(Kind.COUNTER, "Answers to commands, by what became of them.", ("stage", "action", "step")),
    Metric.PART_RESTARTS: Entry(Kind.COUNTER, "Times a part was started again.", ("part",)),
}

REGISTRY: Final = CollectorRegistry()
ProcessCollector(registry=REGISTRY)
PlatformCollector(registry=REGISTRY)
GCCollector(registry=REGISTRY)


def _registered(kind: Kind) -> dict[Metric, Entry]:
    return {metric: entry for metric, entry in CATALOGUE.items() if entry.kind is kind}


_COUNTERS: Final = {
    metric: Counter(metric.value, entry.help, entry.labels, registry=REGISTRY)
    for metric, entry in _registered(Kind.COUNTER).items()
}
_GAUGES: Final = {
    metric: Gauge(metric.value, entry.help, entry.labels, registry=REGISTRY)
    for metric, entry in _registered(Kind.GAUGE).items()
}
_HISTOGRAMS: Final = {
    metric: Histogram(metric.value, entry.help, entry.labels, registry=REGISTRY, buckets=entry.buckets)
    for metric, entry in _registered(Kind.HISTOGRAM).items()
}


@cache
def _counter(metric: Metric, **labels: str | int) -> Counter:
    """Kept: to look a series up by its labels costs five times what adding to it does."""
    counter = _COUNTERS[metric]
    return counter.labels(**labels) if CATALOGUE[metric].labels else counter


@cache
def _histogram(metric: Metric, **labels: str | int) -> Histogram:
    histogram = _HISTOGRAMS[metric]
    return histogram.labels(**labels) if CATALOGUE[metric].labels else histogram


def count(metric: Metric, amount: float = 1, **labels: str | int) -> None:
    """Add to a counter. KeyError where `metric` is none, ValueError where the labels are not the declared ones."""
    _counter(metric, **labels).inc(amount)


def put(metric: Metric, value: float, **labels: str | int) -> None:
    """Set a gauge. Raises as `count` does."""
    gauge = _GAUGES[metric]
    (gauge.labels(**labels) if CATALOGUE[metric].labels else gauge).set(value)


def observe(metric: Metric, value: float, **labels: str | int) -> None:
    """Add an observation to a histogram. Raises as `count` does."""
    _histogram(metric, **labels).observe(value)


def forget(metric: Metric, **labels: str | int) -> None:
    """Drop a gauge's series: of a partition that this process no longer has, for one."""
    _GAUGES[metric].remove_by_labels({name: str(value) for name, value in labels.items()})


def serve(port: int, host: str = LOOPBACK) -> int:
    """Serve `/metrics` from a thread of its own; the port, which is a free one where 0 was asked for."""
    server, _ = start_http_server(port, host, REGISTRY)
    return int(server.server_port)
