"""What an encoder takes: one column per field."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tierfeed.errors import ContractError


@dataclass(frozen=True, slots=True, eq=False)
class Pool:
    """Strings prepared for encoding. Make one per set of strings and keep it: brokers, symbols."""

    strings: tuple[str, ...]
    data: npt.NDArray[np.uint8]
    bounds: npt.NDArray[np.int64]

    @classmethod
    def of(cls, strings: Sequence[str]) -> "Pool":
        """Raises ContractError for a string that UTF-8 cannot say (a lone surrogate)."""
        try:
            encoded = [text.encode() for text in strings]
        except UnicodeEncodeError as error:
            raise ContractError(f"not a string UTF-8 can say: {error.object!r}") from error
        parts = [_varint(2 * len(text)) + text for text in encoded]
        bounds = np.zeros(len(parts) + 1, dtype=np.int64)
        np.cumsum(np.fromiter(map(len, parts), dtype=np.int64, count=len(parts)), out=bounds[1:])
        return cls(tuple(strings), np.frombuffer(b"".join(parts), dtype=np.uint8), bounds)

    def __len__(self) -> int:
        return len(self.strings)


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


@dataclass(frozen=True, slots=True, eq=False)
class Strings:
    """A string column: `pool[codes[i]]` in row i. A list is prepared anew for every batch; a Pool is not."""

    codes: npt.NDArray[np.integer[Any]]
    pool: Pool | Sequence[str]

    @classmethod
    def of(cls, texts: Sequence[str]) -> "Strings":
        """For a few: each row's text itself."""
        distinct = list(dict.fromkeys(texts))
        codes = {text: code for code, text in enumerate(distinct)}
        return cls(np.fromiter((codes[text] for text in texts), dtype=np.int64, count=len(texts)), distinct)


@dataclass(frozen=True, slots=True, eq=False)
class Nullable:
    """A column of a nullable field: null where `valid` is False, whatever `column` holds there."""

    valid: npt.NDArray[np.bool_]
    column: "npt.NDArray[Any] | Strings"


@dataclass(frozen=True, slots=True, eq=False)
class Repeated:
    """An array column: row i has `counts[i]` items; `columns` hold the items of all rows one after another."""

    counts: npt.NDArray[np.integer[Any]]
    columns: "Mapping[str, Column]"


Column = npt.NDArray[Any] | Strings | Nullable | Repeated | list[Any]
"""Whole numbers as an array of integers (enum: position, timestamp: µs, boolean: 0, 1), doubles as one of floats. A
list of Python values serves the fields that only fastavro can write."""
