"""The meter's process: Kafka's own record of commits in, UsageRanges on `usage` out.

It joins no group and keeps nothing but in memory: where to go on, ClickHouse says. Several at once tell the same
ranges, in other pieces; figures rest on their union. Where the record may not be read, `polling` asks instead.
"""

import threading
import time
from collections.abc import Callable, Iterable
from typing import Any, Final

import confluent_kafka as ck
import structlog

from infra import metrics
from infra.kafka import REQUEST_S, admin
from infra.metrics import Metric
from infra.principals import ALONE, OFFSETS_TOPIC
from tenants.meter import exporter
from tenants.meter.commits import Commit, UnknownRecordError, read
from tenants.meter.polling import run_polling
from tenants.meter.ranges import Source
from tenants.meter.teller import Teller
from tierfeed.errors import ConfigError, UpstreamError
from tierfeed.settings import KafkaSettings, MeterMode, Settings

log = structlog.get_logger(__name__)

BATCH: Final = 10_000
POLL_S: Final = 0.2


def run_meter(settings: Settings, stop: threading.Event, ready: Callable[[], Any] = lambda: None) -> None:
    """Meter until `stop` is set. Raises ConfigError, and UpstreamError when this process has to end. Blocks."""
    exporter.watch(settings, stop)
    mode = settings.meter.mode
    if mode is not MeterMode.POLL:
        sources = log_partitions(settings.kafka, stop)
        if stop.is_set():
            return
        if sources:
            _run_log(settings, sources, stop, ready)
            return
        if mode is MeterMode.LOG:
            raise UpstreamError(f"{OFFSETS_TOPIC} may not be read by {settings.kafka.username or 'anybody'}")
        log.warning("the groups' own record may not be read: one meter asks for their commits instead")
    run_polling(settings, stop, ready)


def _run_log(settings: Settings, sources: list[int], stop: threading.Event, ready: Callable[[], Any]) -> None:
    meter = LogMeter(settings)
    try:
        meter.begin(sources)
        ready()
        meter.run(stop)
    finally:
        meter.close()


def log_partitions(kafka: KafkaSettings, stop: threading.Event) -> list[int]:
    """The partitions of the log, which Kafka makes when the first group commits; none where it may not be read."""
    client = admin(kafka)
    while not stop.is_set():
        try:
            found = client.list_topics(OFFSETS_TOPIC, timeout=REQUEST_S).topics[OFFSETS_TOPIC]
        except ck.KafkaException as error:
            raise UpstreamError(f"cannot ask for {OFFSETS_TOPIC}: {error.args[0].str()}") from error
        if found.partitions or (
            found.error is not None and found.error.code() == ck.KafkaError.TOPIC_AUTHORIZATION_FAILED
        ):
            return sorted(found.partitions)
        stop.wait(POLL_S)
    return []


class LogMeter:
    """Reads the log, step by step: `run_meter` is the way to run it."""

    def __init__(self, settings: Settings) -> None:
        self._flush_s = settings.meter.flush_s
        self.teller = Teller(settings)
        self._reader = ck.Consumer(
            settings.kafka.client(group_id=ALONE["meter"], enable_auto_commit=False, auto_offset_reset="error")
        )

    def begin(self, sources: list[int]) -> None:
        """Find the place to go on at in each partition of the log."""
        self.teller.prepare()
        self._refuse_another_log(sources)
        # From the beginning, for who has members stands there; it is compacted, and short.
        self._reader.assign([ck.TopicPartition(OFFSETS_TOPIC, at, ck.OFFSET_BEGINNING) for at in sources])

    def _refuse_another_log(self, sources: Iterable[int]) -> None:
        """What is stored must come from this log: another one counts anew, and would be taken for known."""
        for at in sources:
            place, begin = ck.TopicPartition(OFFSETS_TOPIC, at), self.teller.begin.get(at, 0)
            end = self._reader.get_watermark_offsets(place, timeout=REQUEST_S, cached=False)[1]
            if end < begin:
                raise ConfigError(
                    f"usage_ranges knows {OFFSETS_TOPIC}/{at} up to {begin - 1}, the cluster has {end}: "
                    f"this database belongs to another Kafka cluster"
                )

    def run(self, stop: threading.Event) -> None:
        due_s = time.monotonic() + self._flush_s
        while not stop.is_set():
            for message in self._reader.consume(BATCH, POLL_S):
                self.take(message)
            if time.monotonic() >= due_s:
                self.teller.tell()
                due_s = time.monotonic() + self._flush_s
        self.teller.tell()

    def take(self, message: ck.Message) -> None:
        """Read one record of the log."""
        if message.error() is not None:
            raise UpstreamError(f"{OFFSETS_TOPIC} cannot be read: {message.error().str()}")
        try:
            said = read(message.key(), message.value())
        except UnknownRecordError as error:
            metrics.count(Metric.METER_UNKNOWN)
            log.warning("a record that this version cannot read", error=str(error), offset=message.offset())
            return
        source = Source(message.partition(), message.offset())
        told = isinstance(said, Commit) and source.offset < self.teller.begin.get(source.partition, 0)
        if said is not None and not told:
            self.teller.hear(said, source)

    def close(self) -> None:
        self._reader.close()
