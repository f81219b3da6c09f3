"""Asks a Kafka node's exporter, and keeps what it said: bytes by user and minute, in ClickHouse."""

import math
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
STORE_S: Final = 10
"""Together with ASK_S less than a hole: a ClickHouse that hangs costs no sample."""
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
    try:
        return _sample(text)
    except (ArithmeticError, LookupError) as error:
        raise ValueError(f"not what our rules export: {error!r}") from error


def _sample(text: str) -> Sample:
    rates: dict[str, float] = {}
    parts: dict[tuple[str, int], dict[str, int]] = {}
    for family in text_string_to_metric_families(text):
        for name, labels, value, *_ in family.samples:
            if name == RATE and math.isfinite(value):  # NaN: nothing yet
                rates[user_of(labels)] = value
            elif name in (SIZE, FIRST, END):
                parts.setdefault((labels["topic"], int(labels["partition"])), {})[name] = int(value)
    whole = {place: of for place, of in parts.items() if len(of) == 3}
    return Sample(rates, {place: Log(of[SIZE], of[END] - of[FIRST]) for place, of in whole.items()})


def user_of(labels: Mapping[str, str]) -> str:
    """Kafka writes users' names as in addresses, and JMX puts those that are not plain into quotes."""
    return unquote(labels["user"].strip('"'))


def watch(settings: Settings, stop: threading.Event) -> None:
    """Ask every node's exporter from now on until `stop` is set."""
    for url in settings.meter.exporters:
        threading.Thread(target=Traffic(settings, url).run, args=(stop,), daemon=True, name="traffic").start()


class Traffic:
    """One node. `run` wants a thread of its own: one that hangs holds up neither the meter nor the other nodes."""

    def __init__(self, settings: Settings, url: str) -> None:
        self._settings, self._url = settings, url
        self._node = urlsplit(url).netloc
        self._minutes = Minutes()
        self._waiting: deque[Minute] = deque(maxlen=KEPT)
        self._tiers = frozenset(topics.tier(tier.name) for tier in settings.tiers())
        self._answers = self._stores = True

    def run(self, stop: threading.Event) -> None:
        """Ask every few seconds until `stop` is set."""
        while not stop.wait(self._settings.meter.scrape_s):
            self._waiting.extend(self._minutes.hear(time.time(), self._ask()))
            if self._waiting:
                self._keep()

    def _ask(self) -> Sample | None:
        try:
            said = ask(self._url)
        except UpstreamError as error:
            metrics.count(Metric.METER_SCRAPES, outcome="failed")
            if self._answers:
                log.warning("a Kafka node's exporter does not answer: its minutes have a hole", error=str(error))
            self._answers = False
            return None
        metrics.count(Metric.METER_SCRAPES, outcome="answered")
        if not self._answers:
            log.info("a Kafka node's exporter answers again", node=self._node)
        self._answers = True
        return said

    def _keep(self) -> None:
        """Store what is over. What cannot be stored now waits, a day at most."""
        users, logs = _users(self._node, self._waiting), _logs(self._node, self._waiting, self._tiers)
        try:
            client = clickhouse.client(self._settings.clickhouse, send_receive_timeout=STORE_S)
            try:
                _insert(client, "principal_bytes", ("minute", "node", "principal", "bytes", "covered_s"), users)
                _insert(client, "log_sizes", ("minute", "node", "topic", "partition", "bytes", "offsets"), logs)
            finally:
                client.close()
        except (ClickHouseError, TierfeedError) as error:
            if self._stores:
                log.warning("bytes by user are not stored, and wait", node=self._node, error=str(error))
            self._stores = False
            return
        self._stores = True
        self._waiting.clear()


def _insert(client: Any, table: str, columns: tuple[str, ...], rows: Iterable[tuple[Any, ...]]) -> None:
    if listed := list(rows):
        client.insert(table, listed, column_names=columns)


def _users(node: str, minutes: Iterable[Minute]) -> Iterable[tuple[Any, ...]]:
    for minute in minutes:
        at = datetime.fromtimestamp(minute.start, UTC)
        yield at, node, "", 0, minute.covered_s  # asked, even where it never answered
        for user, count in minute.bytes.items():
            if count:
                yield at, node, user, count, minute.covered_s


def _logs(node: str, minutes: Iterable[Minute], tiers: frozenset[str]) -> Iterable[tuple[Any, ...]]:
    for minute in minutes:
        at = datetime.fromtimestamp(minute.start, UTC)
        for (topic, partition), kept in minute.logs.items():
            if topic in tiers and kept.offsets > 0:
                yield at, node, topic, partition, kept.bytes, kept.offsets
