"""Records that no program expresses: by fastavro, one by one, behind the same columns.

Which bytes are a record is fastavro's verdict here, with the leniencies that `decode` names.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from schemas.catalogue import Schema, read_body, write_body
from schemas.codec.columns import Columns
from schemas.codec.filling import BOOLEAN, LONG, REAL, check_names, checked
from schemas.codec.program import ARRAY, DOUBLE, OTHER, STRING, Field, Program
from schemas.codec.values import Column, Nullable, Pool, Repeated, Strings
from tierfeed.errors import ContractError

Longs = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def read_records(
    schema: Schema, program: Program, buf: npt.NDArray[np.uint8], bounds: tuple[Longs, Longs, Bools]
) -> Columns:
    """Decode each wanted row by itself. The result's `buf` holds its strings, and nothing else."""
    body = buf.tobytes()
    spans = zip(*(bound.tolist() for bound in bounds), strict=True)
    records = [_read(schema, body[start:end]) if wanted else None for start, end, wanted in spans]
    texts = bytearray()
    store, items = _Store(program.columns, texts), _Store(program.item_columns, texts)
    offsets, others = {}, {}
    for entry in program.fields:
        column = [None if record is None else record[entry.name] for record in records]
        if entry.kind == OTHER:
            others[entry.name] = column
        elif entry.kind == ARRAY:
            offsets[entry.name] = np.cumsum([0, *(len(listed or ()) for listed in column)], dtype=np.int64)
            flat = [item for listed in column for item in listed or ()]
            for field in entry.items:
                items.put(field, [item[field.name] for item in flat])
        else:
            store.put(entry, column)
    ok = np.array([record is not None for record in records], dtype=np.bool_)
    arrays = {
        entry.name: (offsets[entry.name], items.columns(entry.items, np.ones(offsets[entry.name][-1], dtype=np.bool_)))
        for entry in program.fields
        if entry.kind == ARRAY
    }
    return store.columns(program.fields, ok, arrays, others)


def _read(schema: Schema, body: bytes) -> Mapping[str, Any] | None:
    try:
        return read_body(schema, body)
    except ContractError:
        return None


class _Store:
    """Columns as `Columns` holds them, from Python values."""

    def __init__(self, count: int, texts: bytearray) -> None:
        self.numbers: list[Longs] = [np.empty(0, dtype=np.int64)] * count
        self.present: list[Bools] = [np.empty(0, dtype=np.bool_)] * count
        self.texts = texts

    def put(self, entry: Field, values: Sequence[Any]) -> None:
        at = entry.column
        self.present[at] = np.array([value is not None for value in values], dtype=np.bool_)
        if entry.kind == STRING:
            lengths = [self._kept(value or "") for value in values]
            self.numbers[at + 1] = np.array(lengths, dtype=np.int64)
            self.numbers[at] = len(self.texts) - np.cumsum(self.numbers[at + 1][::-1], dtype=np.int64)[::-1]
        elif entry.kind == DOUBLE:
            doubles = [0.0 if value is None else value for value in values]
            self.numbers[at] = np.array(doubles, dtype=np.float64).view(np.int64)
        else:
            self.numbers[at] = np.array([_whole(entry, value) for value in values], dtype=np.int64)

    def _kept(self, text: str) -> int:
        encoded = text.encode()
        self.texts += encoded
        return len(encoded)

    def columns(
        self,
        fields: tuple[Field, ...],
        ok: Bools,
        arrays: Mapping[str, tuple[Longs, Columns]] = MappingProxyType({}),
        others: Mapping[str, Sequence[Any]] = MappingProxyType({}),
    ) -> Columns:
        texts = np.frombuffer(bytes(self.texts), dtype=np.uint8)
        return Columns({field.name: field for field in fields}, texts, ok, self.numbers, self.present, arrays, others)


def _whole(entry: Field, value: Any) -> int:
    if value is None:
        return 0
    if entry.symbols:
        return entry.symbols.index(value)
    if isinstance(value, datetime):
        return (value - _EPOCH) // _MICROSECOND
    return int(value)


def write_records(
    schema: Schema, program: Program, header: bytes, n: int, columns: Mapping[str, Column]
) -> list[bytes]:
    """Encode each record by itself."""
    records = _records(program.fields, columns, n, schema.name)
    return [header + write_body(schema, record) for record in records]


def _records(fields: tuple[Field, ...], columns: Mapping[str, Column], n: int, where: str) -> list[dict[str, Any]]:
    check_names(fields, columns, where)
    values = [_told(entry, columns[entry.name], n, f"{where}.{entry.name}") for entry in fields]
    names = [entry.name for entry in fields]
    return [dict(zip(names, row, strict=True)) for row in zip(*values, strict=True)]


def _told(entry: Field, column: Column, n: int, where: str) -> list[Any]:
    try:
        return _values(entry, column, n, where)
    except (TypeError, ValueError) as error:
        raise type(error)(f"{where}: {error}") from error


def _values(entry: Field, column: Column, n: int, where: str) -> list[Any]:
    valid = [True] * n
    if isinstance(column, Nullable):
        valid = checked(column.valid, BOOLEAN, n).tolist()
        column = column.column
    if isinstance(column, Repeated):
        counts = checked(column.counts, LONG, n).tolist()
        items = iter(_records(entry.items, column.columns, sum(counts), where))
        return [[next(items) for _ in range(count)] for count in counts]
    if isinstance(column, Strings):
        texts = column.pool.strings if isinstance(column.pool, Pool) else column.pool
        values = checked(column.codes, LONG, n).tolist()
        return [_picked(texts, value, where) if there else None for there, value in zip(valid, values, strict=True)]
    if isinstance(column, np.ndarray):
        values = checked(column, REAL if entry.kind == DOUBLE else LONG, n).tolist()
        return [_scalar(entry, value, where) if there else None for there, value in zip(valid, values, strict=True)]
    if len(column) != n:
        raise ValueError(f"must have {n} values, had {len(column)}")
    return column


def _scalar(entry: Field, value: Any, where: str) -> Any:
    if entry.kind == DOUBLE:
        return value
    if entry.symbols:
        return _picked(entry.symbols, value, where)
    if not entry.low <= value <= entry.high:
        raise ContractError(f"{where}: must be {entry.low} to {entry.high}, was {value}")
    return bool(value) if entry.avro == "boolean" else value


def _picked(texts: Sequence[str], position: int, where: str) -> str:
    if not 0 <= position < len(texts):
        raise ContractError(f"{where}: must be 0 to {len(texts) - 1}, was {position}")
    return texts[position]
