"""Lays a batch's columns end to end, as the encoding loop walks them."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from schemas.codec.program import ARRAY, DOUBLE, FIRST_CHILD, STRING, Field, Program
from schemas.codec.values import Column, Nullable, Pool, Repeated, Strings
from tierfeed.errors import ContractError

Longs = npt.NDArray[np.int64]
Store = tuple[Longs, npt.NDArray[np.bool_]]


def check_names(fields: tuple[Field, ...], columns: Mapping[str, Column], where: str) -> None:
    """Raises ContractError unless there is one column for every field, and no other."""
    names = {entry.name for entry in fields}
    missing, unknown = sorted(names - columns.keys()), sorted(columns.keys() - names)
    if missing or unknown:
        raise ContractError(f"{where}: columns missing: {missing}, columns of no field: {unknown}")


def checked(values: npt.NDArray[Any], dtype: type[np.generic], n: int, where: str) -> npt.NDArray[Any]:
    """The values, if there are `n` of them and `dtype` can hold them all. Raises TypeError and ValueError."""
    array = np.asarray(values)
    if not np.can_cast(array.dtype, dtype):
        raise TypeError(f"{where}: must be {dtype.__name__}, was {array.dtype}")
    if array.shape != (n,):
        raise ValueError(f"{where}: must have {n} values, had shape {array.shape}")
    return array


class Filling:
    """One batch's columns. `name`, the record's, begins the path of a field in every message."""

    def __init__(self, program: Program, name: str, n: int, columns: Mapping[str, Column]) -> None:
        self.program = program
        self.name = name
        self.pools: dict[int, Pool] = {}
        check_names(program.fields, columns, name)
        self.offsets = np.zeros((program.arrays, n + 1), dtype=np.int64)
        for entry in program.fields:
            if entry.kind == ARRAY:
                self._count(entry, columns[entry.name], n)
        room = int(self.offsets[:, -1].max()) if program.arrays else 0
        self.record = _store(program.columns, n)
        self.items = _store(program.item_columns, room)
        for f, entry in enumerate(program.fields):
            self._lay(f, entry, columns[entry.name], n)

    def _count(self, entry: Field, column: Column, n: int) -> None:
        where = f"{self.name}.{entry.name}"
        if not isinstance(column, Repeated):
            raise TypeError(f"{where}: must be Repeated, was {type(column).__name__}")
        check_names(entry.items, column.columns, where)
        counts = checked(column.counts, np.int64, n, where)
        if n and counts.min() < 0:
            raise ValueError(f"{where}: counts must not be negative, was {counts.min()}")
        np.cumsum(counts, out=self.offsets[entry.column, 1:])

    def _lay(self, f: int, entry: Field, column: Column, n: int) -> None:
        where = f"{self.name}.{entry.name}"
        if not isinstance(column, Repeated):
            self._scalar(f, (entry, where), column, self.record, n)
            return
        if entry.kind != ARRAY:
            raise TypeError(f"{where}: is no array, was Repeated")
        first, total = int(self.program.rows[f, FIRST_CHILD]), int(self.offsets[entry.column, -1])
        for g, item in enumerate(entry.items, first):
            self._scalar(g, (item, f"{where}.{item.name}"), column.columns[item.name], self.items, total)

    def _scalar(self, f: int, field: tuple[Field, str], column: Column, store: Store, n: int) -> None:
        entry, where = field
        values, present = store[0][entry.column, :n], store[1][entry.column, :n]
        if isinstance(column, Nullable):
            if not entry.nullable:
                raise TypeError(f"{where}: is not nullable")
            present[:] = checked(column.valid, np.bool_, n, f"{where}, valid")
            column = column.column
        elif entry.nullable:
            present[:] = True
        if entry.kind == STRING:
            if not isinstance(column, Strings):
                raise TypeError(f"{where}: must be Strings, was {type(column).__name__}")
            values[:] = checked(column.codes, np.int64, n, where)
            self.pools[f] = column.pool if isinstance(column.pool, Pool) else Pool.of(column.pool)
        elif not isinstance(column, np.ndarray):
            raise TypeError(f"{where}: must be an array, was {type(column).__name__}")
        elif entry.kind == DOUBLE:
            values.view(np.float64)[:] = checked(column, np.float64, n, where)
        else:
            values[:] = checked(column, np.int64, n, where)

    def texts(self) -> tuple[npt.NDArray[np.uint8], Longs, Longs, Longs]:
        """All pools in one, as `encode_rows` takes them."""
        firsts, counts = (np.zeros(len(self.program.rows), dtype=np.int64) for _ in range(2))
        data, bounds = [np.empty(0, dtype=np.uint8)], [np.empty(0, dtype=np.int64)]
        begins: dict[int, int] = {}
        size = total = 0
        for f, pool in self.pools.items():
            if id(pool) not in begins:
                begins[id(pool)] = total
                data.append(pool.data)
                bounds.append(pool.bounds + size)
                size, total = size + len(pool.data), total + len(pool.bounds)
            firsts[f], counts[f] = begins[id(pool)], len(pool)
        return np.concatenate(data), np.concatenate(bounds), firsts, counts

    def refusal(self, f: int, index: int) -> str:
        """What was wrong with the value of row `f` of the program that was refused."""
        top, of_item = self.program.fields, f >= self.program.top
        paths = [(item, f"{entry.name}.{item.name}") for entry in top for item in entry.items]
        entry, path = paths[f - len(top)] if of_item else (top[f], top[f].name)
        value = (self.items if of_item else self.record)[0][entry.column, index]
        low, high = (0, len(self.pools[f]) - 1) if entry.kind == STRING else (entry.low, entry.high)
        place = "item" if of_item else "record"
        return f"{self.name}.{path}, {place} {index}: must be {low} to {high}, was {value}"


def _store(columns: int, rows: int) -> Store:
    return np.empty((columns, rows), dtype=np.int64), np.empty((columns, rows), dtype=np.bool_)
