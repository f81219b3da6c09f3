"""Decoded Avro columns as Arrow arrays, without a Python object per value.

Arrays are made from buffers: `pyarrow.array` would import pandas at its first call, where that is installed, and no
other thread runs for the seconds that takes.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute  # here, not at the first dictionary, for the same reason

from schemas.codec import Columns
from sinks.tables import Column, Table

Longs = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


def arrays(table: Table, columns: Columns, keep: Bools | None) -> list[Any]:
    """One Arrow array per column of `table`, for the rows in `keep` (all, where None).

    Fields the record does not have are null (arrays: empty).
    """
    return [_array(column, columns, keep) for column in table.columns]


def primitive(kind: Any, values: npt.NDArray[Any], nulls: Bools | None = None) -> Any:
    """Numbers as an Arrow array of `kind`, which has their width."""
    return pa.Array.from_buffers(kind, len(values), [_validity(nulls), pa.py_buffer(np.ascontiguousarray(values))])


def numbers(array: Any, kind: Any) -> npt.NDArray[Any]:
    """The numbers of an Arrow array without nulls, as NumPy's `kind`; `to_numpy` would import pandas, too."""
    return np.frombuffer(array.buffers()[1], kind)[array.offset : array.offset + len(array)]


def _validity(nulls: Bools | None) -> Any:
    return None if nulls is None else pa.py_buffer(np.packbits(~nulls, bitorder="little"))


def _array(column: Column, columns: Columns, keep: Bools | None) -> Any:
    rows = columns.n if keep is None else int(np.count_nonzero(keep))
    if column.parent is not None:
        return _list(column, columns, keep, rows)
    if column.field not in columns.fields:
        return pa.nulls(rows, column.arrow)
    return _scalar(column, columns, keep)


def _scalar(column: Column, columns: Columns, keep: Bools | None) -> Any:
    nulls = None
    if columns.fields[column.field].nullable:
        valid = columns.valid(column.field)
        nulls = ~(valid if keep is None else valid[keep])
        nulls = nulls if nulls.any() else None
    if column.kind == "string":
        starts, lengths = columns.strings(column.field)
        if keep is not None:
            starts, lengths = starts[keep], lengths[keep]
        found = strings(columns.buf, starts, lengths, nulls)
        return found if column.parent is not None else found.dictionary_encode()
    values = columns.doubles(column.field) if column.kind == "double" else columns.longs(column.field)
    return _numbers(column, values if keep is None else values[keep], nulls)


def _numbers(column: Column, values: npt.NDArray[Any], nulls: Bools | None) -> Any:
    kind = column.arrow.value_type if column.parent is not None else column.arrow
    if column.kind == "int":
        values = values.astype(np.int32)
    elif column.kind == "enum":
        values = values.astype(np.int8)
    return primitive(kind, values, nulls)


def _list(column: Column, columns: Columns, keep: Bools | None, rows: int) -> Any:
    if column.parent is None or column.parent not in columns.fields:
        bounds = primitive(pa.int32(), np.zeros(rows + 1, np.int32))
        return pa.ListArray.from_arrays(bounds, pa.nulls(0, column.arrow.value_type))
    offsets, items = columns.array(column.parent)
    bounds = np.asarray(offsets)
    chosen: Bools | None = None
    if keep is not None:
        counts = np.diff(bounds)
        # a row that is not kept takes its items along; they stand between those of its neighbours
        chosen = np.repeat(keep, counts)
        bounds = np.concatenate(([0], np.cumsum(counts[keep])))
    return pa.ListArray.from_arrays(primitive(pa.int32(), bounds.astype(np.int32)), _scalar(column, items, chosen))


def strings(buf: npt.NDArray[np.uint8], starts: Longs, lengths: Longs, nulls: Bools | None) -> Any:
    """Spans of `buf`, which are valid UTF-8, as an Arrow string array."""
    count = len(starts)
    ends = np.cumsum(lengths)
    offsets = np.zeros(count + 1, dtype=np.int32)
    offsets[1:] = ends
    if count and lengths.min() == lengths.max():  # symbols mostly are
        gathered = buf[starts[:, None] + np.arange(lengths[0])].ravel()
    else:
        total = int(ends[-1]) if count else 0
        gathered = buf[np.arange(total) + np.repeat(starts - ends + lengths, lengths)]
    return pa.StringArray.from_buffers(count, pa.py_buffer(offsets), pa.py_buffer(gathered), _validity(nulls))
