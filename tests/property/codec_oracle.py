"""What the codec is held against: fastavro, and fastavro without the leniencies that `schemas.codec.decode` names."""

import io
import json
import struct
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import pairwise
from typing import Any

import fastavro
import numpy as np
from fastavro._read_py import read_data
from fastavro.io.binary_decoder import BinaryDecoder
from hypothesis import strategies as st

from schemas.catalogue import Schema
from schemas.codec import Column, Columns, Nullable, Pool, Repeated, Strings
from schemas.codec.program import ARRAY, DOUBLE, OTHER, STRING, Field, Program

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
Record = dict[str, Any]


class StrictDecoder(BinaryDecoder):
    """fastavro's decoder in Python, refusing what Avro's specification does not allow."""

    def read_long(self) -> int:
        value = 0
        for shift in range(0, 70, 7):
            byte = self.fo.read(1)
            if not byte:
                raise EOFError
            value |= (byte[0] & 0x7F) << shift
            if byte[0] < 0x80:
                break
        else:
            raise ValueError("more than ten bytes")
        if value >= 2**64:
            raise ValueError("more than 64 bits")
        return value >> 1 ^ -(value & 1)

    def read_int(self) -> int:
        value = self.read_long()
        if not -(2**31) <= value < 2**31:
            raise ValueError("more than 32 bits")
        return value

    def read_enum(self) -> int:
        return self._position()

    def read_index(self) -> int:
        return self._position()

    def _position(self) -> int:
        position = self.read_long()
        if position < 0:
            raise IndexError(position)
        return position

    def read_boolean(self) -> bool:
        byte = self.fo.read(1)
        if byte not in (b"\0", b"\1"):
            raise ValueError(byte)
        return byte == b"\1"

    def iter_array(self) -> Iterator[None]:
        count = self._block_count
        while count != 0:
            end = self.read_long() if count < 0 else None
            if end is not None:
                end += self.fo.tell()
            for _ in range(abs(count)):
                yield
            if end is not None and self.fo.tell() != end:
                raise ValueError("a block that is not as long as it says")
            count = self.read_long()


def strict(schema: Schema, body: bytes) -> Record | None:
    """The record, if the body is one by the specification and ends where the record ends."""
    parsed, named = _parsed(schema.text)
    source = io.BytesIO(body)
    try:
        record = read_data(StrictDecoder(source), parsed, named)
    except (EOFError, ValueError, IndexError, OverflowError):
        return None
    return record if source.tell() == len(body) else None


@cache
def _parsed(text: str) -> tuple[Any, dict[str, Any]]:
    named: dict[str, Any] = {}
    return fastavro.parse_schema(json.loads(text), named), {"writer": named, "reader": {}}


def lenient(schema: Schema, body: bytes) -> Record | None:
    """The record, if fastavro as everybody uses it reads one that ends where the body ends."""
    source = io.BytesIO(body)
    try:
        record = fastavro.schemaless_reader(source, schema.parsed)
    except (EOFError, ValueError, IndexError, OverflowError):
        return None
    return record if source.tell() == len(body) else None


def written(schema: Schema, record: Record) -> bytes:
    """The payload fastavro makes of a record."""
    out = io.BytesIO(schema.header)
    out.seek(0, io.SEEK_END)
    fastavro.schemaless_writer(out, schema.parsed, record)
    return out.getvalue()


def comparable(value: Any) -> Any:
    """The value so that equal means the same bits: doubles as bytes, datetimes as microseconds."""
    match value:
        case bool():
            return int(value)
        case float():
            return struct.pack("<d", value)
        case datetime():
            return (value - EPOCH) // timedelta(microseconds=1)
        case dict():
            return {name: comparable(part) for name, part in value.items()}
        case list():
            return [comparable(part) for part in value]
    return value


def read_back(columns: Columns) -> list[Record]:
    """The decoded columns as comparable records."""
    values = {name: _values(columns, entry) for name, entry in columns.fields.items()}
    return [{name: column[i] for name, column in values.items()} for i in range(columns.n)]


def _values(columns: Columns, entry: Field) -> list[Any]:
    if entry.kind == ARRAY:
        offsets, items = columns.array(entry.name)
        listed = read_back(items)
        return [listed[first:end] for first, end in pairwise(offsets)]
    if entry.kind == OTHER:
        return [comparable(value) for value in columns.values(entry.name)]
    if entry.kind == STRING:
        return columns.text(entry.name)
    values = columns.doubles(entry.name) if entry.kind == DOUBLE else columns.longs(entry.name)
    listed = [comparable(entry.symbols[value] if entry.symbols else value) for value in values.tolist()]
    return [value if valid else None for value, valid in zip(listed, columns.valid(entry.name), strict=True)]


def columns_of(schema: Schema, records: list[Record]) -> dict[str, Column]:
    """The records as an encoder takes them."""
    return _columns(Program.of(schema).fields, records)


def _columns(fields: tuple[Field, ...], records: list[Record]) -> dict[str, Column]:
    return {entry.name: _column(entry, [record[entry.name] for record in records]) for entry in fields}


def _column(entry: Field, values: list[Any]) -> Column:
    if entry.kind == OTHER:
        return values
    if entry.kind == ARRAY:
        counts = np.array([len(items) for items in values], dtype=np.int64)
        return Repeated(counts, _columns(entry.items, [item for items in values for item in items]))
    valid = np.array([value is not None for value in values], dtype=np.bool_)
    if entry.kind == STRING:
        pool = sorted({value for value in values if value is not None})
        codes = [-1 if value is None else pool.index(value) for value in values]
        column: Any = Strings(np.array(codes, dtype=np.int64), Pool.of(pool))
    elif entry.kind == DOUBLE:
        column = np.array([0.0 if value is None else value for value in values], dtype=np.float64)
    else:
        column = np.array([_whole(entry, value) for value in values], dtype=np.int64)
    return Nullable(valid, column) if entry.nullable else column


def _whole(entry: Field, value: Any) -> int:
    if value is None:
        return -1
    return entry.symbols.index(value) if entry.symbols else int(comparable(value))


DATETIMES = st.datetimes(timezones=st.just(UTC)).map(lambda time: time.replace(fold=0))
DOUBLES = st.floats(width=64, allow_nan=True, allow_infinity=True)
TEXTS = st.text(max_size=20)


def records_of(schema: Schema) -> st.SearchStrategy[Record]:
    """Any record the schema can hold."""
    return _record_strategy(json.loads(schema.text), {})


def _record_strategy(avro: Mapping[str, Any], named: dict[str, Any]) -> st.SearchStrategy[Record]:
    return st.fixed_dictionaries({entry["name"]: _strategy(entry["type"], named) for entry in avro["fields"]})


def _strategy(avro: Any, named: dict[str, Any]) -> st.SearchStrategy[Any]:
    if isinstance(avro, list):
        return st.one_of([_strategy(branch, named) for branch in avro])
    if isinstance(avro, str):
        return _strategy(named.get(avro, {"type": avro}), named)
    if "name" in avro:
        named[avro["name"]] = avro
    match avro["type"], avro.get("logicalType"):
        case "record", _:
            return _record_strategy(avro, named)
        case "array", _:
            return st.lists(_strategy(avro["items"], named), max_size=4)
        case "map", _:
            return st.dictionaries(TEXTS, _strategy(avro["values"], named), max_size=3)
        case "enum", _:
            return st.sampled_from(avro["symbols"])
        case "long", "timestamp-micros":
            return DATETIMES
    return _PRIMITIVES[avro["type"]]


_PRIMITIVES: dict[str, st.SearchStrategy[Any]] = {
    "null": st.none(),
    "boolean": st.booleans(),
    "int": st.integers(-(2**31), 2**31 - 1),
    "long": st.integers(-(2**63), 2**63 - 1),
    "float": st.floats(width=32, allow_nan=False),
    "double": DOUBLES,
    "string": TEXTS,
    "bytes": st.binary(max_size=20),
}
