"""Columnar decoding: a frame's payloads of one schema in, one column per field out.

A row is ok if and only if its body is what Avro's specification lets a writer of the schema write, and ends exactly
at the end of the payload. That is what fastavro accepts, less what it lets pass that no other reader would agree on:

- a varint of more than ten bytes, or of more than 64 bits (fastavro lets the bits fall off);
- an int outside 32 bits;
- a negative enum position or union branch (fastavro counts from the end of the list);
- a boolean other than 0 and 1;
- an array block with a byte size that is not the block's.

Legal and accepted, as in fastavro: a varint with needless zero bytes, several blocks to an array. A timestamp outside
the years 1 to 9999 is not ok, as in fastavro, which cannot make a datetime of it.
"""

import numpy as np
import numpy.typing as npt

from schemas.catalogue import Schema
from schemas.codec.columns import Columns
from schemas.codec.decode_loop import decode_rows
from schemas.codec.frame import Frame
from schemas.codec.generic import read_records
from schemas.codec.program import ARRAY, Program

Longs = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

_FIRST_ROOM = 4
"""Items per record that room is made for at first."""


def _columns(columns: int, rows: int) -> tuple[Longs, Bools]:
    return np.empty((columns, rows), dtype=np.int64), np.empty((columns, rows), dtype=np.bool_)


_NO_ITEMS = _columns(0, 0)


class Decoder:
    """Decodes one schema. `schema_id`: the id a registry gave it, where it is not the schema's own."""

    def __init__(self, schema: Schema, schema_id: int | None = None) -> None:
        self.schema = schema
        self.schema_id = schema.id if schema_id is None else schema_id
        self._program = Program.of(schema)
        self._fields = {entry.name: entry for entry in self._program.fields}

    def column(self, name: str) -> int:
        """Where a field stands in `Columns.numbers` and `.present`; a string's length is one further."""
        return self._fields[name].column

    def decode(self, frame: Frame, rows: Longs | None = None) -> Columns:
        """Decode `rows` of the frame (all, where None). A row with another schema id is not ok."""
        starts, ends, ids = frame.starts, frame.ends, frame.ids
        if rows is not None:
            starts, ends, ids = starts[rows], ends[rows], ids[rows]
        bounds = (starts, ends, ids == self.schema_id)
        if not self._program.complete:
            return read_records(self.schema, self._program, frame.buf, bounds)
        return self._decoded(frame.buf, bounds)

    def _decoded(self, buf: npt.NDArray[np.uint8], bounds: tuple[Longs, Longs, Bools]) -> Columns:
        program, count = self._program, len(bounds[0])
        ok, offsets = np.empty(count, dtype=np.bool_), np.zeros((program.arrays, count + 1), dtype=np.int64)
        record = (*_columns(program.columns, count), ok)
        items = _columns(program.item_columns, _FIRST_ROOM * count) if program.arrays else _NO_ITEMS
        done = 0
        while True:
            done = decode_rows(buf, bounds, done, (program.rows, program.top), record, (*items, offsets))
            if done == count:
                break
            wider = _columns(program.item_columns, 2 * items[0].shape[1])
            for there, before in zip(wider, items, strict=True):
                there[:, : before.shape[1]] = before
            items = wider
        return Columns(self._fields, buf, ok, record[0], record[1], _arrays(program, buf, items, offsets))


def _arrays(
    program: Program, buf: npt.NDArray[np.uint8], items: tuple[Longs, Bools], offsets: Longs
) -> dict[str, tuple[Longs, Columns]]:
    arrays = {}
    for entry in program.fields:
        if entry.kind == ARRAY:
            total = int(offsets[entry.column, -1])
            fields, ok = {item.name: item for item in entry.items}, np.ones(total, dtype=np.bool_)
            columns = Columns(fields, buf, ok, items[0][:, :total], items[1][:, :total])
            arrays[entry.name] = (offsets[entry.column], columns)
    return arrays
