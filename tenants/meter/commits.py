"""Kafka's own record of what groups commit, `__consumer_offsets`, read record by record. Pure.

Formats: OffsetCommitKey, OffsetCommitValue, GroupMetadataKey, GroupMetadataValue and ConsumerGroupMemberMetadataKey of
Kafka's group coordinator.
"""

import struct
from dataclasses import dataclass
from typing import Final
from uuid import UUID

OFFSET_KEYS: Final = (0, 1)
GROUP_KEY: Final = 2
MEMBER_KEY: Final = 5
"""Of the newer rebalance protocol: one record for each member, none once it has left."""
OTHER_KEYS: Final = range(3, 32)
"""What the coordinator keeps besides: of no use here."""
FLEXIBLE: Final = 4
"""Both values' version from which on strings and arrays are compact."""
TOPIC_ID_TAG: Final = 0


@dataclass(frozen=True, slots=True)
class Commit:
    """A group says that it is done with everything below `offset`."""

    group: str
    topic: str
    partition: int
    offset: int
    metadata: str
    committed_at_us: int
    topic_id: str | None = None
    """Kafka's id of the topic, where the record has it: a topic created anew is another one."""


@dataclass(frozen=True, slots=True)
class Members:
    """How many members a group of the classic protocol has now."""

    group: str
    count: int


@dataclass(frozen=True, slots=True)
class Member:
    """A member of a group of the newer protocol is there, or has left."""

    group: str
    member: str
    present: bool


class UnknownRecordError(ValueError):
    """Not a record that this version of the product can read."""


def read(key: bytes | None, value: bytes | None) -> Commit | Members | Member | None:
    """What a record says; None where it is of no use here. Raises UnknownRecordError."""
    if key is None:
        raise UnknownRecordError("a record without a key")
    try:
        version = _Reader(key).int16()
        if version in OFFSET_KEYS:
            return None if value is None else _commit(_Reader(key, 2), _Reader(value))
        if version == GROUP_KEY:
            return _members(_Reader(key, 2), value)
        if version == MEMBER_KEY:
            keys = _Reader(key, 2)
            return Member(keys.string(), keys.string(), value is not None)
    except (struct.error, IndexError, ValueError) as error:
        raise UnknownRecordError(f"{key.hex()}: {error}") from error
    if version in OTHER_KEYS:
        return None
    raise UnknownRecordError(f"key version {version}")


def _commit(key: "_Reader", value: "_Reader") -> Commit:
    group, topic, partition = key.string(), key.string(), key.int32()
    version = value.int16()
    offset = value.int64()
    if version >= 3:
        value.int32()  # the leader's epoch
    metadata = value.compact_string() if version >= FLEXIBLE else value.string()
    committed_at_us = value.int64() * 1000
    topic_id = value.tags().get(TOPIC_ID_TAG) if version >= FLEXIBLE else None
    named = None if topic_id is None else str(UUID(bytes=topic_id))
    # librdkafka's clients send the zero byte that ends a text in C along with it.
    return Commit(group, topic, partition, offset, metadata.rstrip("\0"), committed_at_us, named)


def _members(key: "_Reader", value: bytes | None) -> Members:
    group = key.string()
    if value is None:
        return Members(group, 0)
    reader = _Reader(value)
    version = reader.int16()
    string = reader.compact_string if version >= FLEXIBLE else reader.string
    string()  # protocol type
    reader.int32()  # generation
    string()  # protocol
    string()  # leader
    if version >= 2:
        reader.int64()  # since when
    count = reader.varint() - 1 if version >= FLEXIBLE else reader.int32()
    return Members(group, max(count, 0))


class _Reader:
    """Kafka's primitive types, one after another. Raises struct.error and IndexError at the end of the bytes."""

    __slots__ = ("_at", "_bytes")

    def __init__(self, data: bytes, at: int = 0) -> None:
        self._bytes, self._at = data, at

    def int16(self) -> int:
        return self._number(">h", 2)

    def int32(self) -> int:
        return self._number(">i", 4)

    def int64(self) -> int:
        return self._number(">q", 8)

    def varint(self) -> int:
        value = shift = 0
        while True:
            byte = self._bytes[self._at]
            self._at += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
            shift += 7

    def tags(self) -> dict[int, bytes]:
        found = {}
        for _ in range(self.varint()):
            tag, size = self.varint(), self.varint()
            found[tag] = self._bytes[self._at : self._at + size]
            self._at += size
        return found

    def string(self) -> str:
        """Empty where it is null."""
        return self._text(self.int16())

    def compact_string(self) -> str:
        return self._text(self.varint() - 1)

    def _number(self, form: str, size: int) -> int:
        (value,) = struct.unpack_from(form, self._bytes, self._at)
        self._at += size
        return int(value)

    def _text(self, length: int) -> str:
        if length < 0:
            return ""
        end = self._at + length
        if end > len(self._bytes):
            raise IndexError(f"a text of {length} bytes where {len(self._bytes) - self._at} are left")
        text = self._bytes[self._at : end].decode()
        self._at = end
        return text
