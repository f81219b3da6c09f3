"""The log of what was told: `sla.events`, from which a judge that starts learns which incidents are open."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

import confluent_kafka as ck

from analytics.sla.incidents import REMEDIES, Event, EventKind, Subject
from analytics.sla.slices import FORMULA
from infra.batches import PARTITION_EOF
from infra.kafka import REQUEST_S, producer
from infra.principals import ALONE
from schemas import catalogue, topics
from tierfeed.domain.objectives import Objective
from tierfeed.errors import ContractError, UpstreamError
from tierfeed.settings import KafkaSettings

RECORD: Final = "SlaEvent"
BATCH: Final = 1000
LOOK_S: Final = 0.5
COPIED: Final = ("good", "total", "target_ppm", "window_s", "symbol", "action", "command", "detail")
NO_LONGER_PROMISED: Final = "no_longer_promised"


class EventLog:
    """Appends to the topic what is not on it yet. Only one judge may have it."""

    def __init__(self, settings: KafkaSettings) -> None:
        self._failed: list[str] = []
        self._producer = producer(settings, on_delivery=self._delivered)
        self._told: set[str] = set()
        self.last: dict[tuple[str, str, int | None], dict[str, Any]] = {}
        """The newest step of each subject, objective and window; of remedies none."""
        self.told: list[Event] = []
        """Everything that is there; what is of one subject, in order."""
        for record in read(settings):
            self._keep(record)

    def tell(self, events: Iterable[Event]) -> list[Event]:
        """Have them on disk; those that are there already are left out. Returns what was told. Raises UpstreamError."""
        fresh = [event for event in events if event.identity not in self._told]
        for event in fresh:
            record = as_record(event)
            self._producer.produce(topics.SLA_EVENTS, catalogue.encode(RECORD, record), event.subject.name)
            self._keep(record)
        left = self._producer.flush(REQUEST_S) if fresh else 0
        if left or self._failed:
            raise UpstreamError(f"{topics.SLA_EVENTS} could not be written: {(*self._failed, 'no answer')[0]}")
        return fresh

    def _keep(self, record: Mapping[str, Any]) -> None:
        self._told.add(record["identity"])
        self.told.append(of_record(record))
        if EventKind[record["kind"]] in REMEDIES:
            return
        key = record["subject"], record["objective"], record["window_s"]
        if key not in self.last or self.last[key]["time"] <= record["time"]:
            self.last[key] = dict(record)

    def _delivered(self, error: ck.KafkaError | None, _: ck.Message) -> None:
        if error is not None:
            self._failed.append(error.str())


def as_record(event: Event) -> dict[str, Any]:
    """An event as it stands on the topic."""
    return {
        "identity": event.identity,
        "incident": event.incident,
        "kind": event.kind.name,
        "subject": event.subject.name,
        "tier": event.subject.tier,
        "tenant": None if event.subject.symbols is None else event.subject.name,
        "objective": str(event.objective),
        "began_time": datetime.fromtimestamp(event.began, UTC),
        "time": datetime.fromtimestamp(event.time, UTC),
        "good": event.good,
        "total": event.total,
        "target_ppm": event.target_ppm,
        "causes": ";".join(event.causes),
        "window_s": event.window_s,
        "told_time": datetime.now(UTC),
        "formula": FORMULA,
        "symbol": event.symbol,
        "action": event.action,
        "command": event.command,
        "detail": event.detail,
    }


def of_record(record: Mapping[str, Any]) -> Event:
    """The reverse. Which symbols a tenant has is not on the topic."""
    is_of_tenant = record["tenant"] is not None
    return Event(
        kind=EventKind[record["kind"]],
        subject=Subject(record["subject"], record["tier"], frozenset() if is_of_tenant else None),
        objective=Objective(record["objective"]),
        began=int(record["began_time"].timestamp()),
        time=int(record["time"].timestamp()),
        causes=tuple(record["causes"].split(";")) if record["causes"] else (),
        **{name: record[name] for name in COPIED},
    )


def withdrawn(record: Mapping[str, Any], began: int, time: int) -> Event:
    """The end of an incident whose promise is no more: its tier is sold no more, or its tenant is not judged apart."""
    is_of_tenant, is_alert = record["tenant"] is not None, record["window_s"] is not None
    return Event(
        EventKind.ALERT_END if is_alert else EventKind.RECOVERY,
        Subject(record["subject"], record["tier"], frozenset() if is_of_tenant else None),
        Objective(record["objective"]),
        began,
        time,
        record["good"],
        record["total"],
        record["target_ppm"],
        (NO_LONGER_PROMISED,),
        record["window_s"],
    )


def read(settings: KafkaSettings) -> list[dict[str, Any]]:
    """Everything that is on the topic; of one partition in order. Raises UpstreamError."""
    reader = ck.Consumer(
        settings.client(
            group_id=ALONE["sla"], enable_auto_commit=False, enable_partition_eof=True, auto_offset_reset="earliest"
        )
    )
    found: list[dict[str, Any]] = []
    try:
        partitions = reader.list_topics(topics.SLA_EVENTS, timeout=REQUEST_S).topics[topics.SLA_EVENTS].partitions
        reader.assign([ck.TopicPartition(topics.SLA_EVENTS, p, ck.OFFSET_BEGINNING) for p in partitions])
        left = len(partitions)
        while left:
            for message in reader.consume(BATCH, LOOK_S):
                if message.error() is None:
                    found += _decoded(message.value())
                elif message.error().code() == PARTITION_EOF:
                    left -= 1
                else:
                    raise UpstreamError(f"{topics.SLA_EVENTS} cannot be read: {message.error().str()}")
    except ck.KafkaException as error:
        raise UpstreamError(f"{topics.SLA_EVENTS} cannot be read: {error.args[0].str()}") from error
    finally:
        reader.close()
    return found


def _decoded(payload: bytes | None) -> list[dict[str, Any]]:
    try:
        name, record = catalogue.decode(payload or b"")
    except ContractError:
        return []  # the sink dead-letters it
    return [record] if name == RECORD else []
