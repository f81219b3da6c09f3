"""Lays a batch's columns end to end, as the encoding loop walks them."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from schemas.codec.program import ARRAY, DOUBLE, FIRST_CHILD, STRING, Field, Program
from schemas.codec.values import Column, Nullable, Pool, Repeated, Strings
from tierfeed.errors import ContractError

Longs = npt.NDArray[np.int64]
Store = tuple[Longs, npt.NDArray[np.bool_], int]
"""values[row, column], present[row, column], and what stands for no value, which here the mask says."""
Texts = tuple[npt.NDArray[np.uint8], Longs, Longs, Longs]

LONG, REAL, BOOLEAN = np.dtype(np.int64), np.dtype(np.float64), np.dtype(np.bool_)


def check_names(fields: tuple[Field, ...], columns: Mapping[str, Column], where: str) -> None:
    """Raises ContractError unless there is one column for every field, and no other."""
    names = {entry.name for entry in fields}
    missing, unknown = sorted(names - columns.keys()), sorted(columns.keys() - names)
    if missing or unknown:
        raise ContractError(f"{where}: columns missing: {missing}, columns of no field: {unknown}")


def checked(values: npt.NDArray[Any], dtype: np.dtype[Any], n: int) -> npt.NDArray[Any]:
    """The values, if there are `n` of them and `dtype` can hold them all. Raises TypeError and ValueError."""
    if type(values) is np.ndarray and values.dtype is dtype and values.shape == (n,):
        return values
    array = np.asarray(values)
    if not np.can_cast(array.dtype, dtype):
        raise TypeError(f"must be {dtype}, was {array.dtype}")
    if array.shape != (n,):
        raise ValueError(f"must have {n} values, had shape {array.shape}")
    return array


class Filling:
    """One batch's columns. `name`, the record's, begins the path of a field in every message."""

    def __init__(self, program: Program, name: str, n: int, columns: Mapping[str, Column]) -> None:
        self.program = program
        self.name = name
        self.pools: dict[int, Pool] = {}
        self._repeated: dict[int, Mapping[str, Column]] = {}
        check_names(program.fields, columns, name)
        self.offsets = np.zeros((program.arrays, n + 1), dtype=np.int64)
        arrays = [(f, entry) for f, entry in enumerate(program.fields) if entry.kind == ARRAY]
        for f, entry in arrays:
            self._put(f, columns[entry.name], self._count, n)
        self.record = _store(program.columns, n)
        self.items = _store(program.item_columns, int(self.offsets[:, -1].max(initial=0)))
        for f, entry in enumerate(program.fields):
            if entry.kind != ARRAY:
                self._put(f, columns[entry.name], self._record, n)
        for f, entry in arrays:
            first, total = int(program.rows[f, FIRST_CHILD]), int(self.offsets[entry.column, -1])
            for g, item in enumerate(entry.items, first):
                self._put(g, self._repeated[f][item.name], self._item, total)

    def _put(self, f: int, column: Column, act: Callable[[int, Column, int], None], n: int) -> None:
        try:
            act(f, column, n)
        except (TypeError, ValueError) as error:
            raise type(error)(f"{self.name}.{self.program.paths[f]}: {error}") from error

    def _count(self, f: int, column: Column, n: int) -> None:
        if not isinstance(column, Repeated):
            raise TypeError(f"must be Repeated, was {type(column).__name__}")
        entry = self.program.entries[f]
        check_names(entry.items, column.columns, f"{self.name}.{entry.name}")
        counts = checked(column.counts, LONG, n)
        if n and counts.min() < 0:
            raise ValueError(f"counts must not be negative, was {counts.min()}")
        np.cumsum(counts, out=self.offsets[entry.column, 1:])
        self._repeated[f] = column.columns

    def _record(self, f: int, column: Column, n: int) -> None:
        at = self.program.entries[f].column
        self._scalar(f, column, (self.record[0][:, at], self.record[1][:, at], 0), n)

    def _item(self, f: int, column: Column, n: int) -> None:
        at = self.program.entries[f].column
        self._scalar(f, column, (self.items[0][:n, at], self.items[1][:n, at], 0), n)

    def _scalar(self, f: int, column: Column, store: Store, n: int) -> None:
        entry = self.program.entries[f]
        values, present, _ = store
        if type(column) is Nullable:
            if not entry.nullable:
                raise TypeError("is not nullable")
            present[:] = checked(column.valid, BOOLEAN, n)
            column = column.column
        elif entry.nullable:
            present[:] = True
        if entry.kind == STRING:
            if type(column) is not Strings:
                raise TypeError(f"must be Strings, was {type(column).__name__}")
            values[:] = checked(column.codes, LONG, n)
            self.pools[f] = column.pool if isinstance(column.pool, Pool) else Pool.of(column.pool)
        elif not isinstance(column, np.ndarray):
            raise TypeError(f"must be an array, was {type(column).__name__}")
        elif entry.kind == DOUBLE:
            values.view(np.float64)[:] = checked(column, REAL, n)
        else:
            values[:] = checked(column, LONG, n)

    def refusal(self, f: int, index: int) -> str:
        """What was wrong with the value of row `f` of the program that was refused."""
        entry, of_item = self.program.entries[f], f >= self.program.top
        value = (self.items if of_item else self.record)[0][index, entry.column]
        low, high = (0, len(self.pools[f]) - 1) if entry.kind == STRING else (entry.low, entry.high)
        place = "item" if of_item else "record"
        return f"{self.name}.{self.program.paths[f]}, {place} {index}: must be {low} to {high}, was {value}"


def _store(columns: int, rows: int) -> Store:
    # A record's values side by side: it is the encoding loop that reads them all.
    return np.empty((rows, columns), dtype=np.int64), np.empty((rows, columns), dtype=np.bool_), 0


def merged_texts(pools: Mapping[int, Pool], rows: int) -> Texts:
    """The pools of a program of so many rows in one, as `encode_rows` takes them."""
    firsts, counts = (np.zeros(rows, dtype=np.int64) for _ in range(2))
    data, bounds = [np.empty(0, dtype=np.uint8)], [np.empty(0, dtype=np.int64)]
    begins: dict[int, int] = {}
    size = total = 0
    for f, pool in pools.items():
        if id(pool) not in begins:
            begins[id(pool)] = total
            data.append(pool.data)
            bounds.append(pool.bounds + size)
            size, total = size + len(pool.data), total + len(pool.bounds)
        firsts[f], counts[f] = begins[id(pool)], len(pool)
    return np.concatenate(data), np.concatenate(bounds), firsts, counts
