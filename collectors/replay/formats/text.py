"""Delimited text to columns: fast where every row is sound, row by row where one is not; and what damage looks like.

The fast path is pyarrow's CSV reader on typed columns. It takes all rows or none: one row that does not convert sends
the whole file down the slow path, which sorts out the bad rows and gives the same values for the others.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.csv as pacsv

from collectors.replay.formats.rows import BadRow, DamagedFileError

WHOLE, DECIMAL, TEXT = pa.int64(), pa.float64(), pa.binary()
SAMPLE_ROWS = 2000


@dataclass(frozen=True, slots=True)
class TextColumns:
    """Columns of a delimited text by position; `line` is the 1-based line of each row."""

    line: npt.NDArray[np.int64]
    columns: Mapping[int, npt.NDArray[np.generic]]
    bad: tuple[BadRow, ...]


def whole_text(file: str, data: bytes) -> bytes:
    """`data`, proved to be text that no one padded. Raises DamagedFileError."""
    if nul := data.count(0):
        first = data.index(0)
        head = data[:first]
        row = head[head.rfind(b"\n") + 1 :].decode(errors="replace")
        last = (
            f"row {head.count(10) + 1} is cut to {row!r}" if row else f"line {head.count(10)} is the last before them"
        )
        raise DamagedFileError(file, f"holds {nul:,} NUL bytes from byte {first:,} on, {last}")
    return data


def parse_text(
    file: str, data: bytes, delimiter: str, types: Mapping[int, pa.DataType], skip_lines: int
) -> TextColumns:
    """The columns at the positions of `types`. Raises DamagedFileError where the text is cut."""
    body_start = 0
    for _ in range(skip_lines):
        body_start = data.find(b"\n", body_start) + 1 or len(data)
    body = data[body_start:].rstrip(b"\r\n")
    if not body:
        return TextColumns(np.empty(0, np.int64), {at: _empty(kind) for at, kind in types.items()}, ())
    ends = data.endswith((b"\n", b"\r"))
    doubt = None if ends else _last_row(file, body, delimiter, types)
    parsed = None if doubt else _fast(body, delimiter, types)
    if parsed is None:
        return _slow(body, delimiter, types, skip_lines, doubt)
    line = np.arange(skip_lines + 1, skip_lines + 1 + len(next(iter(parsed.values()))), dtype=np.int64)
    return TextColumns(line, parsed, ())


def _last_row(file: str, body: bytes, delimiter: str, types: Mapping[int, pa.DataType]) -> str | None:
    """Judge the last row of a text that ends without a line end: cut (raises), doubtful (why), or whole (None)."""
    *others, last = body.splitlines()[-SAMPLE_ROWS:]
    separator = delimiter.encode()
    number = body.count(b"\n") + 1
    if not others:
        return None
    wanted = min(len(row.split(separator)) for row in others)
    fields = last.split(separator)
    if len(fields) < wanted:
        what = (
            f"ends inside row {number}, which has {len(fields)} of {wanted} fields: {last.decode(errors='replace')!r}"
        )
        raise DamagedFileError(file, what)
    if types.get(len(fields) - 1) != DECIMAL:
        return None
    decimals = [_decimals(row.rpartition(separator)[2]) for row in others]
    here = _decimals(fields[-1])
    if here < min(decimals):
        what = f"ends inside row {number}: {last.decode(errors='replace')!r} has fewer decimals than the rows before it"
        raise DamagedFileError(file, what)
    if here < max(decimals):
        return "the file ends without a line end and this row has fewer decimals than others: it may be cut"
    return None


def _decimals(number: bytes) -> int:
    return len(number.strip().partition(b".")[2])


def _fast(body: bytes, delimiter: str, types: Mapping[int, pa.DataType]) -> dict[int, npt.NDArray[np.generic]] | None:
    width = body.split(b"\n", 1)[0].count(delimiter.encode()) + 1
    if max(types) >= width or b"0x" in body or b"0X" in body:  # pyarrow takes a hexadecimal number for a whole one
        return None
    names = [str(at) for at in range(width)]
    try:
        table = pacsv.read_csv(
            pa.BufferReader(body),
            pacsv.ReadOptions(use_threads=False, column_names=names, block_size=len(body) + 1),
            pacsv.ParseOptions(delimiter=delimiter, quote_char=False, ignore_empty_lines=False),
            pacsv.ConvertOptions(
                column_types={str(at): kind for at, kind in types.items()},
                include_columns=[str(at) for at in types],
                null_values=[],
                strings_can_be_null=False,
            ),
        )
    except pa.ArrowInvalid:
        return None
    return {at: table.column(str(at)).to_numpy() for at in types}


def _slow(
    body: bytes, delimiter: str, types: Mapping[int, pa.DataType], skip_lines: int, doubt: str | None
) -> TextColumns:
    bad: list[BadRow] = []
    line: list[int] = []
    values: dict[int, list[int | float | bytes]] = {at: [] for at in types}
    rows = body.split(b"\n")
    separator = delimiter.encode()
    for number, raw in enumerate(rows, skip_lines + 1):
        row = raw.removesuffix(b"\r")
        doubtful = doubt if number == skip_lines + len(rows) else None
        try:
            if doubtful:
                raise ValueError(doubtful)
            converted = _converted(row.split(separator), types)
        except ValueError as error:
            bad.append(BadRow(number, row, str(error)))
            continue
        line.append(number)
        for at, value in zip(types, converted, strict=True):
            values[at].append(value)
    columns = {at: _array(values[at], kind) for at, kind in types.items()}
    return TextColumns(np.array(line, np.int64), columns, tuple(bad))


def _converted(fields: Sequence[bytes], types: Mapping[int, pa.DataType]) -> list[int | float | bytes]:
    if len(fields) <= max(types):
        raise ValueError(f"needs {max(types) + 1} fields, has {len(fields)}")
    found: list[int | float | bytes] = []
    for at, kind in types.items():
        text = fields[at].strip()
        if kind == TEXT:
            found.append(fields[at])
        elif b"_" in text:
            raise ValueError(f"field {at + 1} is not a number: {text.decode(errors='replace')!r}")
        elif kind == WHOLE:
            found.append(_whole(text, at))
        else:
            found.append(_decimal(text, at))
    return found


def _whole(text: bytes, at: int) -> int:
    try:
        value = int(text)
    except ValueError:
        raise ValueError(f"field {at + 1} is not a whole number: {text.decode(errors='replace')!r}") from None
    if not -(2**63) <= value < 2**63:
        raise ValueError(f"field {at + 1} does not fit 64 bits: {text.decode()!r}")
    return value


def _decimal(text: bytes, at: int) -> float:
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"field {at + 1} is not a number: {text.decode(errors='replace')!r}") from None


def _array(values: Sequence[int | float | bytes], kind: pa.DataType) -> npt.NDArray[np.generic]:
    if kind == TEXT:
        column = np.empty(len(values), object)
        column[:] = values
        return column
    return np.array(values, np.int64 if kind == WHOLE else np.float64)


def _empty(kind: pa.DataType) -> npt.NDArray[np.generic]:
    return _array((), kind)
