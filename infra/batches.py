"""What Kafka's partitions are read in: batches of records, and the ledger of what became of them."""

import itertools
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace

import confluent_kafka as ck
import numpy as np
import numpy.typing as npt

PARTITION_EOF = -191
"""librdkafka's RD_KAFKA_RESP_ERR__PARTITION_EOF: not an error, the end of what there is."""


@dataclass(slots=True)
class FetchedBatch:
    """Records of one partition in offset order, as one poll delivered them.

    `at_end` says that nothing more was waiting on the partition; such a batch may be empty.
    """

    topic: str
    partition: int
    messages: list[ck.Message]
    at_end: bool
    end_offset: int
    """One past the last offset read, also where `messages` is empty."""

    @property
    def payloads(self) -> list[bytes | None]:
        return [message.value() for message in self.messages]

    @property
    def first_offset(self) -> int:
        return int(self.messages[0].offset())

    @property
    def last_offset(self) -> int:
        return int(self.messages[-1].offset())

    def offsets(self) -> npt.NDArray[np.int64]:
        first, last, n = self.first_offset, self.last_offset, len(self.messages)
        if last - first == n - 1:
            return np.arange(first, last + 1, dtype=np.int64)
        return np.fromiter((m.offset() for m in self.messages), dtype=np.int64, count=n)

    def append_times_ms(self) -> npt.NDArray[np.int64]:
        return np.fromiter((m.timestamp()[1] for m in self.messages), dtype=np.int64, count=len(self.messages))


def merged(polls: Sequence[list[FetchedBatch]]) -> list[FetchedBatch]:
    """Several polls as one: a batch of each partition, however little each of them brought."""
    if len(polls) == 1:
        return polls[0]
    batches: dict[tuple[str, int], FetchedBatch] = {}
    for batch in itertools.chain.from_iterable(polls):
        before = batches.get((batch.topic, batch.partition))
        messages = before.messages + batch.messages if before else batch.messages
        batches[batch.topic, batch.partition] = replace(batch, messages=messages)
    return list(batches.values())


class Ledger:
    """In-order acknowledgements of one partition: what may be committed is the end of the acknowledged prefix.

    Faust's own ledger takes a batch's last offset for a single record's and would step over unfinished work.
    """

    __slots__ = ("acked", "committable", "end", "pending")

    def __init__(self) -> None:
        self.pending: deque[int] = deque()
        self.acked: set[int] = set()
        self.committable: int | None = None
        self.end: int | None = None

    def delivered(self, end_offset: int) -> None:
        self.end = end_offset
        self.pending.append(end_offset)

    def ack(self, end_offset: int) -> None:
        self.acked.add(end_offset)
        while self.pending and self.pending[0] in self.acked:
            self.committable = self.pending.popleft()
            self.acked.discard(self.committable)
