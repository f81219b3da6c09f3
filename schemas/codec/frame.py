"""A batch of Kafka payloads as one buffer."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from schemas.catalogue import HEADER_BYTES
from schemas.codec.compiled import compiled

Longs = npt.NDArray[np.int64]

NO_SCHEMA = -1


@dataclass(slots=True)  # not frozen: to make one would take twice as long, and on a live feed a batch is one tick
class Frame:
    """`buf[starts[i]:ends[i]]` is the Avro body of payload i and `ids[i]` its schema id.

    The id is -1 where there is no wire header: a tombstone, fewer than five bytes, another magic byte, an id beyond
    31 bits. Then `starts[i]:ends[i]` is the payload as it came.
    """

    buf: npt.NDArray[np.uint8]
    starts: Longs
    ends: Longs
    ids: npt.NDArray[np.int32]

    @classmethod
    def of(cls, payloads: Sequence[bytes | None]) -> "Frame":
        try:
            body = b"".join(payloads)  # type: ignore[arg-type]  # a None is met by the except, not by a look at each
        except TypeError:
            payloads = [payload or b"" for payload in payloads]
            body = b"".join(payloads)  # type: ignore[arg-type]
        count = len(payloads)
        buf = np.frombuffer(body, dtype=np.uint8)
        lengths = np.fromiter(map(len, payloads), dtype=np.int64, count=count)  # type: ignore[arg-type]
        ends = np.cumsum(lengths)
        starts = np.empty(count, dtype=np.int64)
        ids = np.empty(count, dtype=np.int32)
        _headers(buf, lengths, ends, starts, ids)
        return cls(buf, starts, ends, ids)

    def __len__(self) -> int:
        return len(self.ids)

    def rows(self, schema_id: int) -> Longs:
        """Which payloads carry this schema id."""
        return np.flatnonzero(self.ids == schema_id)


@compiled
def _headers(
    buf: npt.NDArray[np.uint8], lengths: Longs, ends: Longs, starts: Longs, ids: npt.NDArray[np.int32]
) -> None:
    for i in range(lengths.shape[0]):
        start = ends[i] - lengths[i]
        if lengths[i] < HEADER_BYTES or buf[start] != 0 or buf[start + 1] > 127:
            starts[i] = start
            ids[i] = NO_SCHEMA
            continue
        schema_id = np.int64(0)
        for k in range(1, HEADER_BYTES):
            schema_id = schema_id << 8 | np.int64(buf[start + k])
        starts[i] = start + HEADER_BYTES
        ids[i] = schema_id
