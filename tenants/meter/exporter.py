"""Asks a Kafka node's exporter, and keeps what it said: bytes by user and minute, in ClickHouse."""

import threading
import time
from collections import deque
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import unquote, urlsplit

import httpx2
import structlog
from clickhouse_connect.driver.exceptions import ClickHouseError
from prometheus_client.parser import text_string_to_metric_families

from infra import clickhouse, metrics
from infra.metrics import Metric
from schemas import topics
from tenants.meter.traffic import Log, Minute, Minutes, Sample
from tierfeed.errors import TierfeedError, UpstreamError
from tierfeed.settings import Settings

log = structlog.get_logger(__name__)

RATE: Final = "kafka_server_fetch_byte_rate"
SIZE, FIRST, END = (f"kafka_log_log_{name}" for name in ("size", "logstartoffset", "logendoffset"))
ASK_S: Final = 4.0
KEPT: Final = 24 * 60
"""Minutes that wait for a ClickHouse that is away."""


def ask(url: str) -> Sample:
    """What a node says now. Raises UpstreamError."""
    try:
        answer = httpx2.get(url, timeout=ASK_S)
        answer.raise_for_status()
        return sample(answer.text)
    except (httpx2.HTTPError, ValueError) as error:
        raise UpstreamError(f"exporter {url}: {error!r}") from error


def sample(text: str) -> Sample:
    """Prometheus' text format. Raises ValueError."""
    rates: dict[str, float] = {}
    parts: dict[tuple[str, int], dict[str, int]] = {}
    for family in text_string_to_metric_families(text):
        for name, labels, value, *_ in family.samples:
            if name == RATE and value == value:  # NaN: nothing yet
                rates[user_of(labels)] = value
            elif name in (SIZE, FIRST, END):
                parts.setdefault((labels["topic"], int(labels["partition"])), {})[name] = int(value)
    whole = {place: of for place, of in parts.items() if len(of) == 3}
    return Sample(rates, {place: Log(of[SIZE], of[END] - of[FIRST]) for place, of in whole.items()})


def user_of(labels: Mapping[str, str]) -> str:
    """Kafka writes users' names as in addresses, and JMX puts those that are not plain into quotes."""
    return unquote(labels["user"].strip('"'))


class Traffic:
    """A thread beside the meter, so that an exporter that hangs holds up nothing."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._nodes = {url: Minutes() for url in settings.meter.exporters}
        self._well = dict.fromkeys(self._nodes, True)
        self._tiers = frozenset(topics.tier(tier.name) for tier in settings.tiers())
        self._waiting: deque[tuple[str, Minute]] = deque(maxlen=KEPT)

    def run(self, stop: threading.Event) -> None:
        """Ask every few seconds until `stop` is set."""
        while not stop.wait(self._settings.meter.scrape_s):
            for url in self._nodes:
                self._ask(url)
            if self._waiting:
                self._keep()

    def _ask(self, url: str) -> None:
        try:
            said = ask(url)
        except UpstreamError as error:
            metrics.count(Metric.METER_SCRAPES, outcome="failed")
            if self._well[url]:
                log.warning("a Kafka node's exporter does not answer: its minutes have a hole", error=str(error))
            self._well[url] = False
            return
        metrics.count(Metric.METER_SCRAPES, outcome="answered")
        self._well[url] = True
        node = urlsplit(url).netloc
        self._waiting.extend((node, minute) for minute in self._nodes[url].hear(time.time(), said))

    def _keep(self) -> None:
        """Store what is over. What cannot be stored now waits, a day at most."""
        minutes = list(self._waiting)
        try:
            client = clickhouse.client(self._settings.clickhouse)
            try:
                _insert(
                    client, "principal_bytes", ("minute", "node", "principal", "bytes", "covered_s"), _users(minutes)
                )
                logs = _logs(minutes, self._tiers)
                _insert(client, "log_sizes", ("minute", "node", "topic", "partition", "bytes", "offsets"), logs)
            finally:
                client.close()
        except (ClickHouseError, TierfeedError) as error:
            log.warning("bytes by user are not stored yet", minutes=len(minutes), error=str(error))
            return
        self._waiting.clear()


def _insert(client: Any, table: str, columns: tuple[str, ...], rows: Iterable[tuple[Any, ...]]) -> None:
    if listed := list(rows):
        client.insert(table, listed, column_names=columns)


def _users(minutes: Iterable[tuple[str, Minute]]) -> Iterable[tuple[Any, ...]]:
    for node, minute in minutes:
        at = datetime.fromtimestamp(minute.start, UTC)
        yield at, node, "", 0, minute.covered_s  # that there was a sample, whoever was sent anything
        for user, count in minute.bytes.items():
            if count:
                yield at, node, user, count, minute.covered_s


def _logs(minutes: Iterable[tuple[str, Minute]], tiers: frozenset[str]) -> Iterable[tuple[Any, ...]]:
    for node, minute in minutes:
        for (topic, partition), kept in minute.logs.items():
            if topic in tiers and kept.offsets > 0:
                at = datetime.fromtimestamp(minute.start, UTC)
                yield at, node, topic, partition, kept.bytes, kept.offsets
