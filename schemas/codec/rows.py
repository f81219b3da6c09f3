"""Encoding from structured records, without a copy: what the hot path publishes lies in arrays of them already.

A field is taken from the record's field of the same name, or of the one it is told to take. Every field of such a
record is 64 bits wide, so the loop walks it as it walks columns. A null is told by the value: not a number for a
double, `absent` for a whole number, a negative code for a string.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from schemas.catalogue import Schema, header
from schemas.codec.encode import Writer
from schemas.codec.filling import Texts, merged_texts
from schemas.codec.program import (
    ABSENT,
    ARRAY,
    COLUMN,
    DOUBLE,
    NAN,
    NEGATIVE,
    NULL_BRANCH,
    NULL_IF,
    ONLY,
    STRING,
    Program,
)
from schemas.codec.values import Pool

Longs = npt.NDArray[np.int64]
Records = npt.NDArray[np.void]

CELL_BYTES = 8
_NULL_IF = {DOUBLE: NAN, STRING: NEGATIVE}
_NO_MASK = np.empty((0, 0), dtype=np.bool_)
_NO_OFFSETS = np.empty((0, 0), dtype=np.int64)
_NO_CELLS = np.empty((0, 0), dtype=np.int64)


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Where the fields of a schema, or of several that share it, stand.

    `names`: by path (`sources.offset`) the record's field, where it has another name. `items`: the type of the records
    that all arrays are made of, `item_room` of which belong to each record, and the first `item_count` are told.
    `only`: by array the path of the item field that must not be negative for the item to be told. `pools`: by path the
    name of a string field's pool.
    """

    record: np.dtype[np.void]
    pools: Mapping[str, str]
    names: Mapping[str, str] = field(default_factory=dict)
    items: np.dtype[np.void] | None = None
    item_room: int = 0
    item_count: int = 0
    only: Mapping[str, str] = field(default_factory=dict)
    absent: int = 0


class RowEncoder:
    """Encodes records of one layout. Raises TypeError where layout and schema do not fit one another."""

    def __init__(self, schema: Schema, layout: Layout, schema_id: int | None = None) -> None:
        program = Program.of(schema)
        if not program.complete:
            raise TypeError(f"{schema.name} has fields that only fastavro can write")
        self._name, self._program, self._layout = schema.name, program, layout
        self._rows = self._bound(program, layout)
        self._writer = Writer(header(schema.id if schema_id is None else schema_id), program.top)
        self._merged: tuple[tuple[Pool, ...], Texts] | None = None

    def _bound(self, program: Program, layout: Layout) -> Longs:
        """The program with cells of the records for columns."""
        rows = program.rows.copy()
        for f, path in enumerate(program.paths):
            entry, of = program.entries[f], layout.record if f < program.top else layout.items
            if entry.kind == ARRAY:
                if path in layout.only:
                    rows[f, ONLY] = self._cell(layout.items, layout.only[path], whole=True)
                continue
            rows[f, COLUMN] = self._cell(of, path, whole=entry.kind != DOUBLE)
            if rows[f, NULL_BRANCH] >= 0:
                rows[f, NULL_IF] = _NULL_IF.get(entry.kind, ABSENT)
            if entry.kind == STRING and path not in layout.pools:
                raise TypeError(f"{self._name}.{path}: no pool is named for its strings")
        return rows

    def _cell(self, of: np.dtype[np.void] | None, path: str, *, whole: bool) -> int:
        name = self._layout.names.get(path, path.rpartition(".")[2])
        if of is None or of.fields is None or name not in of.fields:
            raise TypeError(f"{self._name}.{path}: there is no {name!r} to take it from")
        dtype, offset = of.fields[name][:2]
        wanted = np.dtype(np.int64 if whole else np.float64)
        if dtype != wanted:
            raise TypeError(f"{self._name}.{path}: {name!r} must be {wanted}, was {dtype}")
        return offset // CELL_BYTES

    def encode(
        self, records: Records, picked: Longs, pools: Mapping[str, Pool], items: Records | None = None
    ) -> list[bytes]:
        """`records[picked]`, in that order; `items[record, i]` are the arrays'. Raises ContractError."""
        if not len(picked):
            return []
        layout = self._layout
        parts = (
            (_cells(records), _NO_MASK, layout.absent),
            (_NO_CELLS if items is None else _cells(items), _NO_MASK, layout.absent),
            (_NO_OFFSETS, layout.item_room, layout.item_count),
            self._texts(pools),
            picked,
        )

        def refusal(f: int, index: int) -> str:
            of, place = (parts[0], "record") if f < self._program.top else (parts[1], "item")
            value = of[0][index, self._rows[f, COLUMN]]
            return f"{self._name}.{self._program.paths[f]}, {place} {index}: was {value}"

        return self._writer.write(self._rows, len(picked), parts, refusal)

    def _texts(self, pools: Mapping[str, Pool]) -> Texts:
        """The pools in one; kept, as batch after batch has the same."""
        key, merged = tuple(pools.values()), self._merged
        if merged is None or merged[0] != key:
            by_field = {
                f: pools[self._layout.pools[path]]
                for f, (path, entry) in enumerate(zip(self._program.paths, self._program.entries, strict=True))
                if entry.kind == STRING
            }
            merged = self._merged = (key, merged_texts(by_field, len(self._rows)))
        return merged[1]


def _cells(records: Records) -> Longs:
    """A structured array's fields as values[record, cell]."""
    found: Longs = records.reshape(-1).view(np.int64).reshape(-1, records.dtype.itemsize // CELL_BYTES)
    return found
