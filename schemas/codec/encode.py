"""Columnar encoding: one column per field in, one payload with its wire header per record out.

The bytes are those fastavro writes. A value the schema cannot hold (an int beyond 32 bits, an enum position or string
code out of range, a timestamp outside the years 1 to 9999) is a ContractError that names the field, the row and the
value, and nothing of the batch is encoded.
"""

import io
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from schemas.catalogue import Schema, header
from schemas.codec.encode_loop import BAD_FIELD, BAD_INDEX, FULL, POSITION, REFUSED, encode_rows
from schemas.codec.filling import Filling, Texts, merged_texts
from schemas.codec.generic import write_records
from schemas.codec.program import Program
from schemas.codec.values import Column, Pool
from tierfeed.errors import ContractError

Longs = npt.NDArray[np.int64]
Parts = tuple[Any, Any, tuple[Longs, int, int], Texts, Longs]
"""What `encode_rows` takes between the program and the output: record, items, spans, texts, picked."""

_ALL = np.empty(0, dtype=np.int64)
_FIRST_BYTES = 65_536
_MOST_KEPT_BYTES = 16_777_216
"""A buffer that a batch was written into serves the next, unless it grew beyond this: fresh memory costs the kernel's
page faults, which took as long as the encoding."""


class Encoder:
    """Encodes one schema. `schema_id`: the id a registry gave it, where it is not the schema's own."""

    def __init__(self, schema: Schema, schema_id: int | None = None) -> None:
        self.schema = schema
        self.schema_id = schema.id if schema_id is None else schema_id
        self._program = Program.of(schema)
        self._writer = Writer(header(self.schema_id), self._program.top)
        self._merged: tuple[tuple[Pool, ...], Texts] | None = None

    def encode(self, n: int, columns: Mapping[str, Column]) -> list[bytes]:
        """`n` records. Raises ContractError; TypeError and ValueError where a column has the wrong type or length."""
        if not self._program.complete:
            return write_records(self.schema, self._program, header(self.schema_id), n, columns)
        return self._encoded(n, Filling(self._program, self.schema.name, n, columns))

    def _encoded(self, n: int, filling: Filling) -> list[bytes]:
        parts = (filling.record, filling.items, (filling.offsets, -1, 0), self._texts(filling.pools), _ALL)
        return self._writer.write(self._program.rows, n, parts, filling.refusal)

    def _texts(self, pools: Mapping[int, Pool]) -> Texts:
        """The pools in one; kept, as batch after batch has the same."""
        key, merged = tuple(pools.values()), self._merged
        if merged is None or merged[0] != key:
            merged = self._merged = (key, merged_texts(pools, len(self._program.rows)))
        return merged[1]


class Writer:
    """Runs the encoding loop into a buffer that it keeps, and cuts the records out."""

    def __init__(self, wire_header: bytes, top: int) -> None:
        self._header = np.frombuffer(wire_header, dtype=np.uint8)
        self._top = top
        self._spare: list[npt.NDArray[np.uint8]] = []

    def write(self, program: Longs, n: int, parts: Parts, refusal: Callable[[int, int], str]) -> list[bytes]:
        """`n` payloads. Raises ContractError, in the words of `refusal`, for a value that the schema cannot hold."""
        buf, lengths, progress = self._buffer(), np.empty(n, dtype=np.int64), np.zeros(4, dtype=np.int64)
        while True:
            told = encode_rows(self._header, (program, self._top), *parts, (buf, lengths), progress)
            if told == REFUSED:
                raise ContractError(refusal(int(progress[BAD_FIELD]), int(progress[BAD_INDEX])))
            written = buf[: progress[POSITION]]
            if told != FULL:
                # Reading on from a buffer cuts the pieces three times faster than slicing bytes does.
                pieces = list(map(io.BytesIO(written.data).read, lengths.tolist()))
                if len(buf) <= _MOST_KEPT_BYTES:
                    self._spare = [buf]
                return pieces
            buf = np.empty(2 * len(buf), dtype=np.uint8)
            buf[: len(written)] = written

    def _buffer(self) -> npt.NDArray[np.uint8]:
        try:
            return self._spare.pop()  # taken, so that no other thread writes into it
        except IndexError:
            return np.empty(_FIRST_BYTES, dtype=np.uint8)
