"""`tier.<tier>.latest`, read up to its end."""

from collections.abc import Collection, Sequence
from types import MappingProxyType
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, TopicPartition

from schemas.topics import COMPLETE_TO, SOURCE_OFFSET
from tierfeed.client.access import Access
from tierfeed.client.decoder import Decoder
from tierfeed.client.snapshot import Copy, Snapshot, snapshot
from tierfeed.client.values import Quote
from tierfeed.domain.features import RECORDS

POLL_MS: Final = 500


async def read_latest(
    access: Access, topic: str, places: Collection[TopicPartition], decoder: Decoder
) -> dict[TopicPartition, Snapshot]:
    """What `topic` knows of these partitions of its tier: a symbol has the same partition in both."""
    kafka = AIOKafkaConsumer(
        bootstrap_servers=access.bootstrap_servers, enable_auto_commit=False, **access.connection()
    )
    wanted = {TopicPartition(topic, tp.partition): tp for tp in places}
    copies: dict[TopicPartition, list[Copy]] = {tp: [] for tp in places}
    await kafka.start()
    try:
        kafka.assign(list(wanted))
        await kafka.seek_to_beginning(*wanted)
        ends = await kafka.end_offsets(wanted)
        while any([await kafka.position(tp) < end for tp, end in ends.items()]):
            for tp, messages in (await kafka.getmany(timeout_ms=POLL_MS)).items():
                copies[wanted[tp]] += [copy for message in messages if (copy := await _copy(message, decoder))]
    finally:
        await kafka.stop()
    return {tp: snapshot(found) for tp, found in copies.items()}


async def _copy(message: Any, decoder: Decoder) -> Copy | None:
    if (schema_id := decoder.unasked(message.value)) is not None:
        await decoder.ask(schema_id)
    decoded = decoder.decode(message.value)
    if decoded is None or decoded[0] not in RECORDS:
        return None
    quote = Quote(MappingProxyType(decoded[1]), message.partition, message.offset, is_snapshot=True)
    return Copy(quote, _number(message.headers, SOURCE_OFFSET), _number(message.headers, COMPLETE_TO))


def _number(headers: Sequence[tuple[str, bytes]], name: str) -> int | None:
    for key, value in headers:
        if key == name and value.isdigit():
            return int(value)
    return None
