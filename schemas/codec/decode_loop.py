"""The compiled half of decoding: walks a program's rows over every payload. What it accepts is stated in `decode`."""

import numpy as np
import numpy.typing as npt

from schemas.codec.compiled import compiled
from schemas.codec.program import (
    ARRAY,
    BOOLEAN,
    COLUMN,
    DOUBLE,
    END_CHILD,
    FIRST_CHILD,
    HIGH,
    KIND,
    LOW,
    NULL_BRANCH,
    STRING,
    WHOLE,
)

Bytes = npt.NDArray[np.uint8]
Longs = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

BAD = -1
"""A position where no field ends: the bytes are not what the schema says."""
FULL = -2
"""Not the payload's fault: the item columns have no room left."""

_MOST_VARINT_BYTES = 10


@compiled
def _varint(buf: Bytes, p: int, end: int) -> tuple[int, int]:
    """(value, position behind it | BAD). At most ten bytes, of which the last gives one bit."""
    if p < end and buf[p] < 0x80:
        short = np.int64(buf[p])
        return int(short >> 1 ^ -(short & 1)), p + 1
    bits = np.uint64(0)
    for k in range(min(_MOST_VARINT_BYTES, end - p)):
        byte = np.uint64(buf[p + k])
        bits |= (byte & np.uint64(0x7F)) << np.uint64(7 * k)
        if byte < 0x80:
            if k == _MOST_VARINT_BYTES - 1 and byte > 1:
                break
            return int(np.int64(bits >> np.uint64(1)) ^ -np.int64(bits & np.uint64(1))), p + k + 1
    return 0, BAD


@compiled
def _double(buf: Bytes, p: int, end: int) -> tuple[int, int]:
    """(bits, position behind them | BAD)."""
    if end - p < 8:
        return 0, BAD
    bits = np.uint64(0)
    for k in range(8):
        bits |= np.uint64(buf[p + k]) << np.uint64(8 * k)
    return int(np.int64(bits)), p + 8


@compiled
def _sequence(lead: int) -> tuple[int, int, int]:
    """Of a UTF-8 character by its first byte: how many bytes follow, -1 for none such; bounds of the second byte.

    RFC 3629: no overlong forms, no surrogates, nothing beyond U+10FFFF.
    """
    if lead < 0x80:
        return 0, 0x80, 0xBF
    if lead < 0xC2 or lead > 0xF4:
        return -1, 0x80, 0xBF
    if lead < 0xE0:
        return 1, 0x80, 0xBF
    if lead < 0xF0:
        return 2, 0xA0 if lead == 0xE0 else 0x80, 0x9F if lead == 0xED else 0xBF
    return 3, 0x90 if lead == 0xF0 else 0x80, 0x8F if lead == 0xF4 else 0xBF


@compiled
def _is_utf8(buf: Bytes, p: int, end: int) -> bool:
    """Whether Python would decode it."""
    bits = np.uint8(0)
    for k in range(p, end):
        bits |= buf[k]
    if bits < 0x80:
        return True
    while p < end:
        more, low, high = _sequence(buf[p])
        if more < 0 or p + more >= end:
            return False
        for k in range(1, more + 1):
            if buf[p + k] < low or buf[p + k] > high:
                return False
            low, high = 0x80, 0xBF
        p += more + 1
    return True


@compiled
def _scalar(buf: Bytes, p: int, end: int, rows: Longs, f: int, values: Longs, present: Bools, i: int) -> int:
    """Read a field into column and row `i` of `values`. Returns the position behind it, or BAD."""
    kind, column, null_branch = rows[f, KIND], rows[f, COLUMN], rows[f, NULL_BRANCH]
    if null_branch >= 0:
        branch, p = _varint(buf, p, end)
        if p < 0 or branch < 0 or branch > 1:
            return BAD
        present[column, i] = branch != null_branch
        if branch == null_branch:
            values[column, i] = 0
            if kind == STRING:
                values[column + 1, i] = 0
            return p
    if kind == DOUBLE:
        values[column, i], p = _double(buf, p, end)
        return p
    if kind == BOOLEAN:
        if p >= end or buf[p] > 1:
            return BAD
        values[column, i] = buf[p]
        return p + 1
    value, p = _varint(buf, p, end)
    values[column, i] = value
    if kind == WHOLE:
        return p if rows[f, LOW] <= value <= rows[f, HIGH] else BAD
    if p < 0 or value < 0 or value > end - p or not _is_utf8(buf, p, p + value):
        return BAD
    values[column, i] = p
    values[column + 1, i] = value
    return p + value


@compiled
def _items(
    buf: Bytes, p: int, end: int, rows: Longs, f: int, values: Longs, present: Bools, at: int, count: int
) -> int:
    """Read `count` items into the item columns from item `at` on. Returns the position behind them, BAD or FULL."""
    for i in range(at, at + count):
        if i >= values.shape[1]:
            return FULL
        for g in range(rows[f, FIRST_CHILD], rows[f, END_CHILD]):
            p = _scalar(buf, p, end, rows, g, values, present, i)
            if p < 0:
                return p
    return p


@compiled
def _array(
    buf: Bytes, p: int, end: int, rows: Longs, f: int, values: Longs, present: Bools, at: int
) -> tuple[int, int]:
    """Read an array into the item columns from item `at` on. Returns (position behind it | BAD | FULL, next item).

    A count is not believed: every item takes a byte or more, and is read within the payload. A negative count is
    followed by the block's size in bytes.
    """
    while True:
        count, p = _varint(buf, p, end)
        if p < 0 or count == 0:
            return p, at
        block_end = BAD
        if count < 0:
            size, p = _varint(buf, p, end)
            if p < 0 or size < 0 or size > end - p:
                return BAD, at
            count, block_end = -count, p + size
        if count < 0 or count > end - p:
            return BAD, at
        p = _items(buf, p, end, rows, f, values, present, at, count)
        if p < 0:
            return p, at
        at += count
        if block_end >= 0 and p != block_end:
            return BAD, at


@compiled
def _record(
    buf: Bytes,
    p: int,
    end: int,
    rows: Longs,
    top: int,
    record: tuple[Longs, Bools, Bools],
    items: tuple[Longs, Bools, Longs],
    i: int,
) -> int:
    """Read one record. Returns the position behind it, BAD or FULL."""
    values, present, _ = record
    item_values, item_present, offsets = items
    for f in range(top):
        if rows[f, KIND] == ARRAY:
            a = rows[f, COLUMN]
            p, offsets[a, i + 1] = _array(buf, p, end, rows, f, item_values, item_present, offsets[a, i])
        else:
            p = _scalar(buf, p, end, rows, f, values, present, i)
        if p < 0:
            break
    return p


@compiled
def decode_rows(
    buf: Bytes,
    bounds: tuple[Longs, Longs, Bools],
    first: int,
    program: tuple[Longs, int],
    record: tuple[Longs, Bools, Bools],
    items: tuple[Longs, Bools, Longs],
) -> int:
    """Decode from row `first` on. Returns the row whose items found no room, or the number of rows when done.

    bounds: starts, ends, and whether a row is to be read at all. program: rows, and how many are the record's own.
    record: values[column, row], present[column, row], ok[row]. items: values[column, item], present[column, item],
    offsets[array, row + 1] of which [:, first] must stand.
    """
    starts, ends, wanted = bounds
    rows, top = program
    values, present, ok = record
    offsets = items[2]
    for i in range(first, len(starts)):
        p = _record(buf, starts[i], ends[i], rows, top, record, items, i) if wanted[i] else BAD
        if p == FULL:
            return i
        ok[i] = p == ends[i]
        if not ok[i]:
            for c in range(len(values)):
                values[c, i] = 0
                present[c, i] = False
            for a in range(len(offsets)):
                offsets[a, i + 1] = offsets[a, i]
    return len(starts)
