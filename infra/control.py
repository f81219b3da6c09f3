"""The topic `control`: commands to collectors and stream workers, and their answers."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import confluent_kafka as ck

from infra.batches import PARTITION_EOF
from infra.kafka import REQUEST_S, producer
from schemas import catalogue, topics
from tierfeed.domain.commands import Action, Command, Said, Step
from tierfeed.domain.partitions import partition_of
from tierfeed.domain.words import Line
from tierfeed.errors import ContractError, UpstreamError
from tierfeed.settings import KafkaSettings

RECORD: Final = "ControlCommand"
BATCH: Final = 1000
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_TIMES: Final = ("from", "to", "until")


class Control:
    """Reads the topic from its beginning on, and appends to it. Blocks; one thread at a time may use it."""

    def __init__(self, settings: KafkaSettings, group: str, broker: str | None = None) -> None:
        """`group`: what the part calls itself, of infra.principals.ALONE. `broker`: read what concerns it alone.

        Raises UpstreamError.
        """
        self._failed: list[str] = []
        self._producer: Any = None
        self._settings = settings
        self._reader = ck.Consumer(
            settings.client(
                group_id=group, enable_auto_commit=False, enable_partition_eof=True, auto_offset_reset="earliest"
            )
        )
        try:
            found = self._reader.list_topics(topics.CONTROL, timeout=REQUEST_S).topics[topics.CONTROL]
        except ck.KafkaException as error:
            raise UpstreamError(f"{topics.CONTROL} cannot be read: {error.args[0].str()}") from error
        if found.error is not None or not found.partitions:
            raise UpstreamError(f"topic {topics.CONTROL} is not there: 'tierfeed topics apply' makes it")
        self._broker = broker
        wanted = sorted(found.partitions) if broker is None else [partition_of(broker, len(found.partitions))]
        self._reader.assign([ck.TopicPartition(topics.CONTROL, at, ck.OFFSET_BEGINNING) for at in wanted])
        self._behind = set(wanted)

    @property
    def is_behind(self) -> bool:
        """Whether what was there at the beginning has not all been read."""
        return bool(self._behind)

    def partitions(self, topic: str) -> int:
        """How many partitions a topic has. Raises UpstreamError."""
        try:
            found = self._reader.list_topics(topic, timeout=REQUEST_S).topics[topic]
        except ck.KafkaException as error:
            raise UpstreamError(f"{topic} cannot be looked up: {error.args[0].str()}") from error
        if not found.partitions:
            raise UpstreamError(f"topic {topic} is not there")
        return len(found.partitions)

    def read_all(self) -> list[Said]:
        """Everything up to what is there now. Raises UpstreamError."""
        found: list[Said] = []
        while self._behind:
            found += self.poll(0.5)
        return found

    def poll(self, wait_s: float = 0.0) -> list[Said]:
        """What has come since; waits for the first of it. Raises UpstreamError."""
        found: list[Said] = []
        for message in self._reader.consume(BATCH, wait_s):
            if message.error() is None:
                found += self._read(message.value())
            elif message.error().code() == PARTITION_EOF:
                self._behind.discard(message.partition())
            elif message.error().fatal():
                raise UpstreamError(f"{topics.CONTROL} cannot be read: {message.error().str()}")
        return found

    def tell(self, *said: Said) -> None:
        """Append, and wait until it is on disk. Raises UpstreamError."""
        if self._producer is None:
            self._producer = producer(self._settings, on_delivery=self._delivered)
        self._failed.clear()  # whoever tells again may succeed
        for each in said:
            payload = catalogue.encode(RECORD, as_record(each))
            self._producer.produce(topics.CONTROL, payload, each.command.broker)
        left = self._producer.flush(REQUEST_S)
        if left or self._failed:
            raise UpstreamError(f"{topics.CONTROL} could not be written: {(*self._failed, 'no answer')[0]}")

    def close(self) -> None:
        if self._producer is not None:
            self._producer.purge()  # whoever was told that it failed tells it again
        self._reader.close()

    def _read(self, payload: bytes | None) -> list[Said]:
        try:
            name, record = catalogue.decode(payload or b"")
        except ContractError:
            return []  # the sink dead-letters it
        if name != RECORD or self._broker not in (None, record["broker"]):
            return []
        return [of_record(record)]

    def _delivered(self, error: ck.KafkaError | None, _: ck.Message) -> None:
        if error is not None:
            self._failed.append(error.str())


def as_record(said: Said) -> dict[str, Any]:
    """A step as it stands on the topic."""
    command = said.command
    return {
        "command": command.id,
        "step": said.step.name,
        "action": command.action.name,
        "broker": command.broker,
        "tier": command.tier,
        "symbol": command.symbol,
        "line": None if command.line is None else command.line.name,
        **{f"{name}_time": _moment(getattr(command, f"{name}_us")) for name in _TIMES},
        "deadline_time": _moment(command.deadline_us),
        "time": _moment(said.time_us),
        "by": said.by,
        "incident": command.incident,
        "reason": said.reason,
        "ticks": said.ticks,
    }


def of_record(record: Mapping[str, Any]) -> Said:
    """The reverse."""
    command = Command(
        id=record["command"],
        action=Action[record["action"]],
        broker=record["broker"],
        tier=record["tier"],
        symbol=record["symbol"],
        line=None if record["line"] is None else Line[record["line"]],
        **{f"{name}_us": _us(record[f"{name}_time"]) for name in _TIMES},
        deadline_us=_us(record["deadline_time"]) or 0,
        incident=record["incident"],
    )
    return Said(
        command=command,
        step=Step[record["step"]],
        time_us=_us(record["time"]) or 0,
        by=record["by"],
        reason=record["reason"],
        ticks=record["ticks"],
    )


def _moment(us: int | None) -> datetime | None:
    return None if us is None else _EPOCH + timedelta(microseconds=us)


def _us(moment: datetime | None) -> int | None:
    return None if moment is None else (moment - _EPOCH) // timedelta(microseconds=1)
