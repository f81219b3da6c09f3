"""Poison of the topics the sink reads first: once to the topic's dead-letter topic, also across restarts."""

from collections import Counter
from collections.abc import Iterable
from typing import Any, Final

import confluent_kafka as ck

from infra.kafka import producer
from infra.metrics import Metric, count
from infra.principals import ALONE
from schemas import topics
from sinks.batch import Poison
from sinks.port import Place
from tierfeed.errors import UpstreamError
from tierfeed.settings import KafkaSettings

STAGE: Final = b"sink"
TAIL: Final = 50
"""Letters of a partition are in offset order, so the last one tells enough; others may stand among them."""
WAIT_S: Final = 30.0
_POLL_S: Final = 1.0
_NOT_THERE: Final = frozenset({"UNKNOWN_TOPIC_OR_PART", "_UNKNOWN_PARTITION", "_UNKNOWN_TOPIC"})


class DeadLetters:
    """Sends poison in the order of its offsets, so that the last letter tells up to where it was sent.

    A letter is there before anything behind its record is stored. A sink that died in between finds it in the tail.
    """

    def __init__(self, kafka: KafkaSettings) -> None:
        self._kafka = kafka
        self._producer: ck.Producer | None = None
        self._sent: dict[Place, int] = {}
        self._failures: list[str] = []

    def resume(self, places: Iterable[Place]) -> None:
        """Find out what was sent of `places` before. Blocks. Raises UpstreamError."""
        self._sent = {}
        wanted = {(topics.dlq(place.topic), place.partition): place for place in places}
        if not wanted:
            return
        consumer = ck.Consumer(self._kafka.client(group_id=ALONE["sinks"], enable_auto_commit=False))
        try:
            for (topic, partition), place in wanted.items():
                for letter in _tail(consumer, topic, partition):
                    if (offset := _source_offset(letter, place)) is not None:
                        self._sent[place] = max(self._sent.get(place, -1), offset)
        except ck.KafkaException as error:
            raise UpstreamError(f"cannot read dead letters: {error.args[0].str()}") from error
        finally:
            consumer.close()

    def send(self, poison: list[Poison]) -> None:
        new = [each for each in poison if each.offset > self._sent.get(each.place, -1)]
        if not new:
            return
        if self._producer is None:
            self._producer = producer(self._kafka, on_delivery=self._told)
        for each in new:
            self._producer.produce(
                topics.dlq(each.place.topic), each.value, each.key, each.place.partition, headers=_headers(each)
            )
        left = self._producer.flush(WAIT_S)
        if left or self._failures:
            raise UpstreamError(f"{left + len(self._failures)} dead letters were not delivered: {self._failures[:1]}")
        for each in new:
            self._sent[each.place] = each.offset
        for topic, letters in Counter(each.place.topic for each in new).items():
            count(Metric.DEAD_LETTERS, letters, stage=STAGE.decode(), topic=topic)

    def _told(self, error: ck.KafkaError | None, message: ck.Message) -> None:
        if error is not None:
            self._failures.append(f"{message.topic()}/{message.partition()}: {error.str()}")


def _headers(poison: Poison) -> list[tuple[str, bytes]]:
    place = poison.place
    return [
        ("error", poison.error.encode()),
        ("stage", STAGE),
        ("source_topic", place.topic.encode()),
        ("source_partition", str(place.partition).encode()),
        ("source_offset", str(poison.offset).encode()),
        ("source_topic_id", str(place.topic_id).encode()),
    ]


def _source_offset(letter: Any, place: Place) -> int | None:
    """The offset of the record in `place` that a letter of ours is about."""
    headers = dict(letter.headers() or ())
    ours = headers.get("stage") == STAGE and headers.get("source_topic_id") == str(place.topic_id).encode()
    return int(headers["source_offset"]) if ours else None


def _tail(consumer: ck.Consumer, topic: str, partition: int) -> list[Any]:
    """The last letters of a partition; none where the topic is not there."""
    try:
        low, high = consumer.get_watermark_offsets(ck.TopicPartition(topic, partition), WAIT_S)
    except ck.KafkaException as error:
        if error.args[0].name() in _NOT_THERE:
            return []
        raise
    if high <= low:
        return []
    consumer.assign([ck.TopicPartition(topic, partition, max(low, high - TAIL))])
    found: list[Any] = []
    waited_s = 0.0
    while not found or found[-1].offset() < high - 1:
        fetched = consumer.consume(TAIL, _POLL_S)
        waited_s = 0.0 if fetched else waited_s + _POLL_S
        if waited_s > WAIT_S:
            raise UpstreamError(f"cannot read the last letters of {topic}/{partition}")
        found += [message for message in fetched if message.error() is None]
    return found
