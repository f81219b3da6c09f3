"""What is on Kafka, counted record by record by a reader of its own: neither a collector's word nor a sink's."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import confluent_kafka as ck
import numpy as np

from infra.kafka import admin
from schemas import topics
from schemas.catalogue import Schema
from schemas.codec import Decoder, Frame
from tierfeed.cli.clusters import Place, ends, partitions_of, starts
from tierfeed.errors import UpstreamError
from tierfeed.settings import KafkaSettings

BATCH = 10_000
SILENT_S = 30.0
CONTROLS = frozenset({"SessionRecord", "TierControl"})


@dataclass(slots=True)
class Audit:
    """Counts by topic. `records`: of the topic's data schema, readable; `controls`; `unreadable`: everything else."""

    records: Counter[str] = field(default_factory=Counter)
    controls: Counter[str] = field(default_factory=Counter)
    unreadable: Counter[str] = field(default_factory=Counter)
    letters: Counter[tuple[str, str]] = field(default_factory=Counter)
    """(source topic, stage) of the dead letters."""


def audit(kafka: KafkaSettings, names: Sequence[str], by_id: Mapping[int, Schema]) -> Audit:
    """Read `names` and their dead-letter topics whole, up to where they end now. Blocks. Raises UpstreamError."""
    client = admin(kafka)
    sources = {topics.dlq(name): name for name in names}
    places = partitions_of(client, [*names, *sources])
    until = ends(client, places)
    found = Audit()
    decoders = {schema_id: Decoder(schema, schema_id) for schema_id, schema in by_id.items()}
    reader = ck.Consumer(kafka.client(group_id="tierfeed-audit", enable_auto_commit=False, auto_offset_reset="error"))
    try:
        begin = {place: at for place, at in starts(client, places).items() if at < until[place]}
        reader.assign([ck.TopicPartition(topic, partition, at) for (topic, partition), at in begin.items()])
        _read(reader, {place: until[place] for place in begin}, sources, decoders, found)
    finally:
        reader.close()
    return found


def _read(
    reader: ck.Consumer,
    until: dict[Place, int],
    sources: Mapping[str, str],
    decoders: Mapping[int, Decoder],
    found: Audit,
) -> None:
    waiting = set(until)
    while waiting:
        first = reader.poll(SILENT_S)
        if first is None:
            raise UpstreamError(f"{len(waiting)} partitions could not be read to their ends")
        by_topic: dict[str, list[ck.Message]] = {}
        for message in (first, *reader.consume(BATCH, 0)):
            if message.error() is not None:
                raise UpstreamError(f"{message.topic()} cannot be read: {message.error().str()}")
            place = message.topic(), message.partition()
            if message.offset() < until[place]:
                by_topic.setdefault(place[0], []).append(message)
            if message.offset() + 1 >= until[place]:
                waiting.discard(place)
        for topic, messages in by_topic.items():
            if topic in sources:
                found.letters.update((sources[topic], _stage(message)) for message in messages)
            else:
                _count(topic, messages, decoders, found)


def _stage(letter: ck.Message) -> str:
    return bytes(dict(letter.headers() or ()).get("stage", b"?")).decode()


def _count(topic: str, messages: list[ck.Message], decoders: Mapping[int, Decoder], found: Audit) -> None:
    frame = Frame.of([message.value() for message in messages])
    counted = 0
    for schema_id in np.unique(frame.ids).tolist():
        decoder = decoders.get(schema_id)
        if decoder is None:
            continue
        readable = int(decoder.decode(frame, frame.rows(schema_id)).ok.sum())
        kind = found.controls if decoder.schema.name in CONTROLS else found.records
        kind[topic] += readable
        counted += readable
    found.unreadable[topic] += len(messages) - counted
