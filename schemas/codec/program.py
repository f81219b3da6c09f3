"""A record schema as a table of numbers that a compiled loop can walk, one row per field.

The record's fields come first, then those of each array's items. What a row cannot say (maps, bytes, nested records,
unions of more than null and one type, arrays within arrays) is a field of kind OTHER, and a schema with such a field is
left to fastavro.

The numbers of all fields stand in columns of int64: doubles as their bits; a string as two columns, start and length
when decoded, code in a pool and nothing when it is to be encoded. The record has its columns and so have all items.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from schemas.catalogue import Schema

WHOLE, DOUBLE, STRING, ARRAY, OTHER, BOOLEAN = range(6)
"""Kinds of field. A WHOLE is a long, int, timestamp-micros, enum or boolean. All of these are varints but the boolean,
which is a byte: in a row its kind is BOOLEAN."""

KIND, COLUMN, NULL_BRANCH, LOW, HIGH, FIRST_CHILD, END_CHILD, NULL_IF, ONLY, ROW_WIDTH = range(10)
"""What a row holds. COLUMN: the field's (first) column, or the array's number. NULL_BRANCH: which branch of the union
is null, -1 where there is none. LOW, HIGH: what a whole number may be. CHILD: the rows of an array's items. For
encoding: NULL_IF, how a null is told; ONLY, the column of an array's items that leaves out those in which it is
negative, -1 where none does."""

MASKED, NAN, ABSENT, NEGATIVE = range(4)
"""NULL_IF: a mask says so, or the value itself, which is not a number, the one that stands for none, or negative."""

LONG_RANGE = (-(2**63), 2**63 - 1)
INT_RANGE = (-(2**31), 2**31 - 1)
MICROS_RANGE = (-62_135_596_800_000_000, 253_402_300_799_999_999)
"""0001-01-01 to 9999-12-31: what a Python datetime, and so fastavro, can hold."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field. `avro` is the name of its type or logical type; `items` are the fields of an array's record."""

    name: str
    avro: str
    kind: int
    column: int = -1
    null_branch: int = -1
    low: int = 0
    high: int = 0
    symbols: tuple[str, ...] = ()
    items: "tuple[Field, ...]" = ()

    @property
    def nullable(self) -> bool:
        return self.null_branch >= 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """`entries` and `paths` name the field of each row; `rows[:top]` are the record's own."""

    fields: tuple[Field, ...]
    entries: tuple[Field, ...]
    paths: tuple[str, ...]
    rows: npt.NDArray[np.int64]
    columns: int
    item_columns: int
    arrays: int
    complete: bool
    """Whether the compiled loops can do it all."""

    @property
    def top(self) -> int:
        return len(self.fields)

    @classmethod
    def of(cls, schema: Schema) -> "Program":
        reader = _Reader()
        fields = tuple(reader.field(entry) for entry in schema.parsed["fields"])
        children = [(item, f"{entry.name}.{item.name}") for entry in fields for item in entry.items]
        return cls(
            fields=fields,
            entries=(*fields, *(item for item, _ in children)),
            paths=(*(entry.name for entry in fields), *(path for _, path in children)),
            rows=_table(fields),
            columns=reader.columns,
            item_columns=reader.item_columns,
            arrays=reader.arrays,
            complete=all(entry.kind != OTHER for entry in fields),
        )


class _InexpressibleError(Exception):
    pass


class _Reader:
    """Reads fastavro's parse of a schema; numbers columns and arrays as they come."""

    def __init__(self) -> None:
        self.named: dict[str, Mapping[str, Any]] = {}
        self.columns = self.item_columns = self.arrays = 0

    def field(self, entry: Mapping[str, Any]) -> Field:
        name = entry["name"]
        try:
            return self.array(name, entry["type"]) or self.scalar(name, entry["type"], of_item=False)
        except _InexpressibleError:
            return Field(name, "", OTHER)

    def array(self, name: str, avro: Any) -> Field | None:
        if not isinstance(avro, Mapping) or avro["type"] != "array":
            return None
        record = self.resolved(avro["items"])
        if record["type"] != "record" or not record["fields"]:
            raise _InexpressibleError(name)
        items = tuple(self.scalar(entry["name"], entry["type"], of_item=True) for entry in record["fields"])
        self.arrays += 1
        return Field(name, "array", ARRAY, self.arrays - 1, items=items)

    def scalar(self, name: str, avro: Any, *, of_item: bool) -> Field:
        null_branch = -1
        if isinstance(avro, list):
            if len(avro) != 2 or "null" not in avro:
                raise _InexpressibleError(name)
            null_branch = avro.index("null")
            avro = avro[1 - null_branch]
        resolved = self.resolved(avro)
        kind, (low, high) = _kind(resolved)
        width = 2 if kind == STRING else 1
        if of_item:
            column, self.item_columns = self.item_columns, self.item_columns + width
        else:
            column, self.columns = self.columns, self.columns + width
        type_name = resolved.get("logicalType", resolved["type"])
        return Field(name, type_name, kind, column, null_branch, low, high, tuple(resolved.get("symbols", ())))

    def resolved(self, avro: Any) -> Mapping[str, Any]:
        """The type as a mapping; a name that was defined before as its definition."""
        if isinstance(avro, list):
            raise _InexpressibleError(str(avro))
        if isinstance(avro, str):
            return self.named.get(avro, {"type": avro})
        if "name" in avro:
            self.named[avro["name"]] = avro
        return avro if isinstance(avro["type"], str) else self.resolved(avro["type"])


def _kind(avro: Mapping[str, Any]) -> tuple[int, tuple[int, int]]:
    match avro["type"], avro.get("logicalType"):
        case "long", None:
            return WHOLE, LONG_RANGE
        case "long", "timestamp-micros":
            return WHOLE, MICROS_RANGE
        case "int", None:
            return WHOLE, INT_RANGE
        case "boolean", None:
            return WHOLE, (0, 1)
        case "enum", None:
            return WHOLE, (0, len(avro["symbols"]) - 1)
        case "double", None:
            return DOUBLE, (0, 0)
        case "string", None:
            return STRING, (0, 0)
    raise _InexpressibleError(str(avro))


def _table(fields: Sequence[Field]) -> npt.NDArray[np.int64]:
    top: list[list[int]] = []
    children: list[list[int]] = []
    for entry in fields:
        first = len(fields) + len(children)
        children += [_row(item, 0, 0) for item in entry.items]
        top.append(_row(entry, first, len(fields) + len(children)))
    return np.array(top + children, dtype=np.int64).reshape(-1, ROW_WIDTH)


def _row(entry: Field, first: int, end: int) -> list[int]:
    kind = BOOLEAN if entry.avro == "boolean" else entry.kind
    return [kind, entry.column, entry.null_branch, entry.low, entry.high, first, end, MASKED, -1]
