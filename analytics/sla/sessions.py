"""How a broker's sessions ended: their own records, on the broker's topic, tell what no table has."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import confluent_kafka as ck

from analytics.sla.gaps import SECOND_US, Verdict
from analytics.sla.lines import Watch
from infra.batches import PARTITION_EOF
from infra.kafka import REQUEST_S
from infra.principals import ALONE
from infra.registry import schema_ids
from schemas import topics
from schemas.catalogue import Schema, decode
from tierfeed.domain.words import Line, SessionKind
from tierfeed.errors import ContractError, UpstreamError
from tierfeed.settings import Settings

RECORD: Final = "SessionRecord"
BATCH: Final = 1000
MOST: Final = 500_000
"""Records that are read for one silence: what a busy topic has of some seconds."""


@dataclass(slots=True)
class Silent:
    """What is known of one line's session. `life_us`: its last sign of life; `ended_us`: when it ended as planned."""

    life_us: int
    ended_us: int | None = None

    def verdict(self, timeout_us: int) -> Verdict:
        """An end that is told when the session has long been lost makes nothing good."""
        if self.ended_us is None or self.ended_us - self.life_us > timeout_us:
            return Verdict.LOST
        return Verdict.PLANNED


@dataclass(slots=True)
class Heard:
    """Takes in the session records of one partition, in order, up to when a silence was over. Pure."""

    until_us: int | None
    lines: dict[Line, Silent] = field(default_factory=dict)

    def hear(self, record: Mapping[str, Any]) -> bool:
        """False once somebody is back: the rest is of later."""
        at_us = int(record["time"].timestamp()) * SECOND_US + record["time"].microsecond
        if self.until_us is not None and at_us >= self.until_us:
            return False
        line = Line[record["line"]]
        if record["kind"] != SessionKind.SESSION_END.name:
            self.lines[line] = Silent(at_us)
        elif line in self.lines:
            # One out of the planned course says its reason.
            self.lines[line].ended_us = at_us if record["reason"] is None else None
        else:
            self.lines[line] = Silent(at_us, at_us if record["reason"] is None else None)
        return True


class Sessions:
    """Reads pieces of brokers' topics, outside any group."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._by_id: Mapping[int, Schema] | None = None
        self._reader: Any = None

    def before(self, topic: str, partition: int, offset: int, until_us: int | None) -> dict[Line, Silent] | None:
        """By line, how the sessions were that are told of from an offset on; `until_us`: when the silence was over.

        None where it cannot be read: the topic does not keep it any more, or reading it is not allowed. Raises
        UpstreamError.
        """
        heard = Heard(until_us)
        try:
            for record in self._records(ck.TopicPartition(topic, partition, offset)):
                if not heard.hear(record):
                    break
        except (ck.KafkaException, LookupError):
            return None
        return heard.lines

    def follow(self, watch: Watch) -> bool:
        """Let it hear what it has not heard yet; False where that cannot be read. Raises UpstreamError."""
        at = ck.TopicPartition(watch.topic, watch.partition, watch.offset)
        try:
            for record in self._records(at):
                if not watch.hear(record):
                    break
        except (ck.KafkaException, LookupError):
            return False
        finally:
            watch.offset = at.offset
        return True

    def close(self) -> None:
        if self._reader is not None:
            self._reader.close()

    def _records(self, at: ck.TopicPartition) -> Iterator[Mapping[str, Any]]:
        """Up to what is there now; `at` goes with it. Raises LookupError and KafkaException where it cannot be read."""
        reader = self._opened()
        low, high = reader.get_watermark_offsets(at, REQUEST_S)
        if not low <= at.offset <= high:
            raise LookupError(f"{at.topic}/{at.partition} has {low} to {high}, not {at.offset}")
        reader.assign([at])
        end = min(high, at.offset + MOST)
        while at.offset < end:
            first = reader.poll(REQUEST_S)
            if first is None:
                raise UpstreamError(f"{at.topic}/{at.partition} cannot be read: no answer")
            for message in (first, *reader.consume(BATCH, 0)):  # with a time it would wait for all of them
                if message.error() is not None:
                    if message.error().code() == PARTITION_EOF:
                        return
                    raise ck.KafkaException(message.error())
                at.offset = message.offset() + 1
                if dict(message.headers() or ()).get("kind") == RECORD.encode():
                    yield from self._decoded(message.value())

    def _decoded(self, payload: bytes | None) -> Iterator[Mapping[str, Any]]:
        if self._by_id is None:
            declared = topics.declared(self._settings.brokers, (), self._settings.kafka.partitions)
            self._by_id = schema_ids(self._settings.registry, declared.values()).by_id
        try:
            name, record = decode(payload or b"", self._by_id)
        except ContractError:
            return  # the stream workers dead-letter it
        if name == RECORD:
            yield record

    def _opened(self) -> Any:
        if self._reader is None:
            self._reader = ck.Consumer(
                self._settings.kafka.client(
                    group_id=ALONE["sla"], enable_auto_commit=False, enable_partition_eof=True,
                    auto_offset_reset="error",
                )
            )  # fmt: skip
        return self._reader
