"""Decoded records, one column per field."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from schemas.codec.program import ARRAY, DOUBLE, OTHER, STRING, WHOLE, Field

Longs = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

_KIND_NAMES = {WHOLE: "whole numbers", DOUBLE: "doubles", STRING: "strings", ARRAY: "an array", OTHER: "values"}


@dataclass(slots=True)  # not frozen: to make one would take twice as long, and on a live feed a batch is one tick
class Columns:
    """`n` records. Nulls, and whatever stands in a row that is not `ok`, are 0 (strings empty, arrays without items).

    `numbers` and `present` are the program's columns, `n` long each; strings are in `buf`.
    """

    fields: Mapping[str, Field]
    buf: npt.NDArray[np.uint8]
    ok: Bools
    numbers: Longs | Sequence[Longs]
    present: Bools | Sequence[Bools]
    arrays: Mapping[str, "tuple[Longs, Columns]"] = field(default_factory=dict)
    others: Mapping[str, Sequence[Any]] = field(default_factory=dict)

    @property
    def n(self) -> int:
        return len(self.ok)

    def longs(self, name: str) -> Longs:
        """Of a long, int, timestamp (µs), boolean (0, 1) or enum (position of the symbol)."""
        return self.numbers[self._field(name, WHOLE).column]

    def doubles(self, name: str) -> npt.NDArray[np.float64]:
        return self.numbers[self._field(name, DOUBLE).column].view(np.float64)

    def strings(self, name: str) -> tuple[Longs, Longs]:
        """(start, length) in `buf`, of valid UTF-8."""
        column = self._field(name, STRING).column
        return self.numbers[column], self.numbers[column + 1]

    def valid(self, name: str) -> Bools:
        """False where the field is null; a row that is not ok has False in every nullable field."""
        entry = self.fields[name]
        return self.present[entry.column] if entry.nullable else np.ones(self.n, dtype=np.bool_)

    def array(self, name: str) -> "tuple[Longs, Columns]":
        """(offsets, items): record i has items offsets[i] to offsets[i + 1]."""
        self._field(name, ARRAY)
        return self.arrays[name]

    def text(self, name: str, rows: Longs | None = None) -> list[str | None]:
        """A string column (or `rows` of it) as Python strings, None where null."""
        starts, lengths = self.strings(name)
        valid, view = self.valid(name), self.buf.data
        if rows is not None:
            starts, lengths, valid = starts[rows], lengths[rows], valid[rows]
        spans = zip(valid.tolist(), starts.tolist(), (starts + lengths).tolist(), strict=True)
        return [str(view[start:end], "utf-8") if valid else None for valid, start, end in spans]

    def values(self, name: str) -> Sequence[Any]:
        """A column that is none of the above, as fastavro gives it."""
        self._field(name, OTHER)
        return self.others[name]

    def _field(self, name: str, kind: int) -> Field:
        entry = self.fields[name]
        if entry.kind != kind:
            raise TypeError(f"field {name} holds {_KIND_NAMES[entry.kind]}, not {_KIND_NAMES[kind]}")
        return entry
