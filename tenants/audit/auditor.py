"""The auditor's process: the authorizer's log in, AccessDecisions on `access.decisions` out, each once.

It goes on behind the last line of it that stands on the topic, so it keeps nothing of its own.
"""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import confluent_kafka as ck
import structlog

from infra import metrics
from infra.kafka import REQUEST_S, producer
from infra.metrics import Metric
from infra.principals import ALONE
from schemas import catalogue, topics
from tenants.audit.denials import Denial, parse
from tenants.audit.tail import SOURCE, Line, Place, Tail
from tierfeed.errors import ConfigError, ContractError, UpstreamError
from tierfeed.settings import KafkaSettings, Settings

log = structlog.get_logger(__name__)

RECORD: Final = "AccessDecision"
PARTITION: Final = 0
"""One for all of them: they are few, and the last one says where to go on."""
LOOK_S: Final = 0.5
BATCH: Final = 1000


def run_audit(settings: Settings, stop: threading.Event, ready: Callable[[], Any] = lambda: None) -> None:
    """Audit until `stop` is set. Raises ConfigError, and UpstreamError when this process has to end. Blocks."""
    path = settings.kafka.authorizer_log
    if path is None:
        raise ConfigError("kafka.authorizer_log must name the file that the cluster's authorizer logs to, was nothing")
    told = last_told(settings.kafka)
    tail, failed = Tail(Path(path), told), list[str]()
    sending = producer(settings.kafka, on_delivery=lambda error, _: failed.append(error.str()) if error else None)
    ready()
    while True:
        count = 0
        for line in tail.lines():
            count += _send(sending, line)
            if count % BATCH == BATCH - 1:
                _flush(sending, failed)
        if tail.lost:
            log.warning("the log has rolled on while nobody read it: denials are missing", behind=told)
            tail.lost = False
        _flush(sending, failed)
        if stop.wait(LOOK_S):
            return


def _send(sending: ck.Producer, line: Line) -> int:
    denial = parse(line.text)
    if denial is None:
        metrics.count(Metric.AUDIT_LINES, outcome="unreadable")
        log.warning("a line that tells of no denial", source=line.source, position=line.position)
        return 0
    sending.produce(topics.DECISIONS, catalogue.encode(RECORD, decision(denial, line)), denial.principal, PARTITION)
    sending.poll(0)
    metrics.count(Metric.AUDIT_LINES, outcome="told")
    return 1


def _flush(sending: ck.Producer, failed: list[str]) -> None:
    left = sending.flush(REQUEST_S)
    if left or failed:
        raise UpstreamError(f"denials could not be published: {failed[0] if failed else 'no answer'}")


def decision(denial: Denial, line: Line) -> dict[str, Any]:
    """A denial as it stands on the topic."""
    return {
        "time": denial.time,
        "tenant": denial.tenant,
        "principal": denial.principal,
        "operation": denial.operation,
        "resource_type": denial.resource_type,
        "resource": denial.resource,
        "request": denial.request,
        "host": denial.host,
        "rule": denial.rule,
        "source": line.source,
        "source_position": line.position,
    }


def last_told(kafka: KafkaSettings) -> Place | None:
    """The last line that stands on the topic; None where there is none. Raises UpstreamError."""
    reader = ck.Consumer(kafka.client(group_id=ALONE["audit"], enable_auto_commit=False, enable_partition_eof=True))
    try:
        place = ck.TopicPartition(topics.DECISIONS, PARTITION)
        first, end = reader.get_watermark_offsets(place, timeout=REQUEST_S, cached=False)
        while end > first:
            begin = max(first, end - BATCH)
            for message in reversed(_between(reader, begin, end)):
                if (found := _place(message)) is not None:
                    return found
            end = begin
        return None
    except ck.KafkaException as error:
        raise UpstreamError(f"{topics.DECISIONS} cannot be read: {error.args[0].str()}") from error
    finally:
        reader.close()


def _between(reader: ck.Consumer, begin: int, end: int) -> list[ck.Message]:
    reader.assign([ck.TopicPartition(topics.DECISIONS, PARTITION, begin)])
    found: list[ck.Message] = []
    while True:
        for message in reader.consume(BATCH, LOOK_S):
            if message.error() is None and message.offset() < end:
                found.append(message)
            elif message.error() is None or message.error().code() == ck.KafkaError._PARTITION_EOF:  # noqa: SLF001  the library names it so
                return found
            else:
                raise UpstreamError(f"{topics.DECISIONS} cannot be read: {message.error().str()}")


def _place(message: ck.Message) -> Place | None:
    try:
        _, record = catalogue.decode(message.value() or b"")
    except ContractError:
        return None
    return Place(record["source"], record["source_position"]) if record["source"].startswith(SOURCE) else None
