"""CSV and parquet with a column mapping: which columns hold the time and the prices, and how they are written."""

import gzip
import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from collectors.replay.formats.rows import BadRow, Bools, DamagedFileError, Longs, Rows, price_problems
from collectors.replay.formats.text import DECIMAL, TEXT, TextColumns, parse_text, whole_text
from collectors.replay.formats.times import NOT_A_TIME, fraction_times_us, text_times_us, whole_times_us

PRICES = ("bid", "ask")
SIZES = ("bid_size", "ask_size")
TIMES = ("time", "received")


@dataclass(frozen=True, slots=True)
class Layout:
    """How to read a mapped file. `columns` maps time, received, bid, ask, bid_size, ask_size to a name or a position.

    A text time follows `time_format`; without one, times are numbers of `time_unit`. Prices and sizes are multiplied by
    their scale, exactly where it is a whole fraction such as 1e-9.
    """

    columns: Mapping[str, str | int]
    time_format: str | None
    time_unit: str
    price_scale: float
    size_scale: float
    delimiter: str
    header: bool


def parse_csv(file: str, data: bytes, how: Layout) -> Rows:
    """Rows in the file's own clock; gzip is undone. Raises DamagedFileError."""
    text = whole_text(file, _gunzipped(file, data) if file.endswith(".gz") else data)
    at = _positions(file, text, how)
    # Times, and what may be empty, come as text; prices as numbers at once.
    types = {at[role]: DECIMAL if role in PRICES else TEXT for role in how.columns}
    parsed = parse_text(file, text, how.delimiter, types, int(how.header))
    if parsed.bad and not len(parsed.line):
        raise DamagedFileError(file, f"none of its {len(parsed.bad):,} rows fits the mapping: {parsed.bad[0].reason}")
    lines = text.split(b"\n") if len(parsed.line) else []
    return _mapped(file, {role: parsed.columns[at[role]] for role in how.columns}, how, _Source(parsed, lines))


def parse_parquet(file: str, data: bytes, how: Layout) -> Rows:
    """Rows in the file's own clock. Raises DamagedFileError."""
    try:
        reader = pq.ParquetFile(pa.BufferReader(data))
        names = [name if isinstance(name, str) else reader.schema_arrow.names[name] for name in how.columns.values()]
        if missing := [name for name in names if name not in reader.schema_arrow.names]:
            raise DamagedFileError(
                file, f"has no column {', '.join(missing)}; has {', '.join(reader.schema_arrow.names)}"
            )
        table = reader.read(columns=names)
    except (pa.ArrowInvalid, OSError, IndexError) as error:
        raise DamagedFileError(file, f"is not a whole parquet file: {error}") from error
    columns = {role: _arrow(file, role, table.column(name)) for role, name in zip(how.columns, names, strict=True)}
    line = np.arange(1, table.num_rows + 1, dtype=np.int64)
    return _mapped(file, columns, how, _Source(TextColumns(line, {}, ()), None, table))


@dataclass(frozen=True, slots=True)
class _Source:
    """Where a row can be quoted from."""

    parsed: TextColumns
    lines: list[bytes] | None
    table: Any = None

    def bad(self, row: int, reason: str) -> BadRow:
        line = int(self.parsed.line[row])
        if self.lines is not None:
            return BadRow(line, self.lines[line - 1].removesuffix(b"\r"), reason)
        return BadRow(line, json.dumps(self.table.slice(row, 1).to_pylist()[0], default=str).encode(), reason)


def _mapped(file: str, columns: Mapping[str, npt.NDArray[np.generic]], how: Layout, source: _Source) -> Rows:
    line = source.parsed.line
    rows = len(line)
    bid, ask = (_scaled(columns[side].astype(np.float64), how.price_scale) for side in PRICES)
    sizes = []
    problems = price_problems(bid, ask)
    for role in SIZES:
        size, wrong = _sizes(columns.get(role), rows, how.size_scale)
        problems += [(row, f"{role} must be a number of at least 0 or empty") for row in np.flatnonzero(wrong).tolist()]
        sizes.append(size)
    times: dict[str, tuple[Longs, Bools]] = {}
    for role in TIMES:
        us, given = _times(columns.get(role), rows, how)
        wrong = given & (us == NOT_A_TIME)
        problems += [(row, f"{role} does not fit {_told_times(how)}") for row in np.flatnonzero(wrong).tolist()]
        times[role] = us, given
    (event_us, timed), (received_us, received) = times["time"], times["received"]
    clocked = received if "received" in how.columns else timed
    problems += [(row, "needs a time to be replayed at, has none") for row in np.flatnonzero(~clocked).tolist()]
    found = Rows(
        line, event_us, timed, bid, ask, sizes[0], sizes[1], received_us if "received" in how.columns else None,
        source.parsed.bad,
    )  # fmt: skip
    keep = np.ones(rows, np.bool_)
    bad: dict[int, BadRow] = {}
    for row, reason in problems:
        keep[row] = False
        bad.setdefault(row, source.bad(row, reason))
    if rows and not keep.any():
        raise DamagedFileError(file, f"none of its {rows:,} rows fits the mapping: {problems[0][1]}")
    return found.take(keep, list(bad.values())) if bad else found


def _told_times(how: Layout) -> str:
    return f"the format {how.time_format!r}" if how.time_format else f"a number of {how.time_unit}"


def _times(column: npt.NDArray[np.generic] | None, rows: int, how: Layout) -> tuple[Longs, Bools]:
    """(microseconds, where a time is given at all)."""
    if column is None:
        return np.zeros(rows, np.int64), np.zeros(rows, np.bool_)
    if column.dtype.kind == "M":
        values = column.astype("datetime64[us]").astype(np.int64)
        return values, values != NOT_A_TIME
    if column.dtype.kind == "i":
        values = column.astype(np.int64)
        return whole_times_us(values, how.time_unit), values != NOT_A_TIME
    if column.dtype.kind == "f":
        values_f = column.astype(np.float64)
        return fraction_times_us(values_f, how.time_unit), ~np.isnan(values_f)
    texts = [text.strip() for text in column.tolist()]
    given = np.array([bool(text) for text in texts], np.bool_)
    if how.time_format:
        return text_times_us(texts, how.time_format), given
    if given.all() and all(text.isdigit() and len(text) < 19 for text in texts):
        return whole_times_us(np.array(texts, "S18").astype(np.int64), how.time_unit), given
    return np.array([_number_us(text, how.time_unit) for text in texts], np.int64), given


def _number_us(text: bytes, unit: str) -> int:
    """Exact where the text is a whole number, to the nearest microsecond where it has decimals."""
    try:
        if text.lstrip(b"-").isdigit():
            return int(whole_times_us(np.array([int(text)], np.int64), unit)[0])
        return int(fraction_times_us(np.array([float(text)]), unit)[0])
    except (ValueError, OverflowError):
        return int(NOT_A_TIME)


def _sizes(column: npt.NDArray[np.generic] | None, rows: int, scale: float) -> tuple[npt.NDArray[np.float64], Bools]:
    """(sizes, NaN where none is given; where one is given that is none)."""
    if column is None:
        return np.full(rows, np.nan), np.zeros(rows, np.bool_)
    if column.dtype.kind == "O":
        wrong = np.zeros(rows, np.bool_)
        size = np.full(rows, np.nan)
        for row, text in enumerate(column.tolist()):
            if text.strip():
                try:
                    size[row] = float(text)
                except ValueError:
                    wrong[row] = True
    else:
        size = column.astype(np.float64)
        wrong = np.zeros(rows, np.bool_)
    with np.errstate(invalid="ignore"):
        wrong |= np.isinf(size) | (size < 0)
    return _scaled(size, scale), wrong


def _scaled(values: npt.NDArray[np.float64], scale: float) -> npt.NDArray[np.float64]:
    """`values * scale`; a scale of one n-th divides by n, which rounds once and so gives the double of the decimal."""
    if scale == 1:
        return values
    parts = round(1 / scale)
    return values / parts if parts > 1 and 1 / parts == scale else values * scale


def _arrow(file: str, role: str, column: pa.ChunkedArray) -> npt.NDArray[Any]:
    kind = column.type
    found: Any
    if pa.types.is_timestamp(kind):
        # Whatever the zone, the stored number counts from 1970 UTC; numpy's "not a time" is NOT_A_TIME.
        us = pc.cast(column, pa.timestamp("us", tz=kind.tz), safe=False).cast(pa.int64())
        found = us.fill_null(int(NOT_A_TIME)).to_numpy().astype("datetime64[us]")
    elif pa.types.is_integer(kind) and not column.null_count:
        found = column.to_numpy().astype(np.int64)
    elif pa.types.is_integer(kind) or pa.types.is_floating(kind):
        found = column.cast(pa.float64()).to_numpy(zero_copy_only=False).astype(np.float64)
    elif role not in PRICES and (pa.types.is_string(kind) or pa.types.is_large_string(kind)):
        found = np.empty(len(column), object)
        found[:] = [(value or "").encode() for value in column.to_pylist()]
    else:
        raise DamagedFileError(file, f"cannot take {role} from a column of type {kind}")
    return np.asarray(found)


def _positions(file: str, text: bytes, how: Layout) -> dict[str, int]:
    if not how.header:
        return {role: int(at) for role, at in how.columns.items()}
    names = [name.strip() for name in text.split(b"\n", 1)[0].decode(errors="replace").split(how.delimiter)]
    missing = [name for name in how.columns.values() if isinstance(name, str) and name not in names]
    if missing:
        raise DamagedFileError(file, f"has no column {', '.join(missing)}; its first line is {', '.join(names)}")
    return {role: name if isinstance(name, int) else names.index(name) for role, name in how.columns.items()}


def _gunzipped(file: str, data: bytes) -> bytes:
    try:
        return gzip.decompress(data)
    except (EOFError, OSError, zlib.error) as error:
        raise DamagedFileError(file, f"is not a whole gzip file: {error}") from error
