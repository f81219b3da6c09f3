"""The compiled half of encoding: walks a program's rows over every record. What it refuses is stated in `encode`."""

import numpy as np
import numpy.typing as npt

from schemas.catalogue import HEADER_BYTES
from schemas.codec.compiled import compiled
from schemas.codec.program import (
    ABSENT,
    ARRAY,
    BOOLEAN,
    COLUMN,
    DOUBLE,
    END_CHILD,
    FIRST_CHILD,
    HIGH,
    KIND,
    LOW,
    MASKED,
    NAN,
    NULL_BRANCH,
    NULL_IF,
    ONLY,
    STRING,
)

Bytes = npt.NDArray[np.uint8]
Longs = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

DONE, FULL, REFUSED = 0, -1, -2
"""What encoding comes to: all done, no room left, a value that the schema cannot hold. A position is never negative."""

RECORD, POSITION, BAD_FIELD, BAD_INDEX = range(4)
"""What `progress` tells: where to go on when FULL; which field of which record (or item) was REFUSED."""

_MOST_BYTES = 32
"""More than a field takes, the bytes of a string aside: a branch, an array's count and end, a varint or a double."""
_MAGNITUDE, _INFINITY = 0x7FFF_FFFF_FFFF_FFFF, 0x7FF0_0000_0000_0000
"""Of a double's bits: all but the sign, and what no number has more than."""


@compiled
def _put_varint(buf: Bytes, p: int, value: int) -> int:
    at = np.uint64(p)
    rest = np.uint64(value << 1 ^ value >> 63)
    while rest > np.uint64(0x7F):
        buf[at] = np.uint8(rest & np.uint64(0x7F) | np.uint64(0x80))
        rest >>= np.uint64(7)
        at += np.uint64(1)
    buf[at] = np.uint8(rest)
    return int(at) + 1


@compiled
def _put_bytes(buf: Bytes, p: int, source: Bytes, start: int, count: int) -> int:
    # Unsigned indices: a signed one is asked for every byte whether it counts from the end.
    to, begin = np.uint64(p), np.uint64(start)
    for k in range(np.uint64(count)):
        buf[to + k] = source[begin + k]
    return p + count


@compiled
def _put_double(buf: Bytes, p: int, value: int) -> int:
    bits, at = np.uint64(value), np.uint64(p)
    for k in range(8):
        buf[at + np.uint64(k)] = np.uint8(bits >> np.uint64(8 * k) & np.uint64(0xFF))
    return p + 8


@compiled
def _is_there(rows: Longs, f: int, column: int, value: int, present: Bools, i: int, absent: int) -> bool:
    """Whether a nullable field has a value."""
    rule = rows[f, NULL_IF]
    if rule == MASKED:
        return bool(present[i, column])
    if rule == NAN:
        return value & _MAGNITUDE <= _INFINITY
    if rule == ABSENT:
        return bool(value != absent)
    return value >= 0


@compiled
def _scalar(
    buf: Bytes,
    p: int,
    rows: Longs,
    f: int,
    store: tuple[Longs, Bools, int],
    texts: tuple[Bytes, Longs, Longs, Longs],
    i: int,
) -> int:
    """Write row `i` of a field. Returns the position behind it, FULL or REFUSED."""
    kind, column, null_branch = rows[f, KIND], rows[f, COLUMN], rows[f, NULL_BRANCH]
    if p + _MOST_BYTES > buf.shape[0]:
        return FULL
    value = store[0][i, column]
    if null_branch >= 0:
        there = _is_there(rows, f, column, value, store[1], i, store[2])
        buf[p] = 2 * (1 - null_branch if there else null_branch)
        p += 1
        if not there:
            return p
    if kind == DOUBLE:
        return _put_double(buf, p, value)
    if kind == STRING:
        data, bounds, firsts, counts = texts
        if value < 0 or value >= counts[f]:
            return REFUSED
        start, end = bounds[firsts[f] + value], bounds[firsts[f] + value + 1]
        if p + end - start > buf.shape[0]:
            return FULL
        return _put_bytes(buf, p, data, start, end - start)
    if value < rows[f, LOW] or value > rows[f, HIGH]:
        return REFUSED
    if kind == BOOLEAN:
        buf[p] = value
        return p + 1
    return _put_varint(buf, p, value)


@compiled
def _counted(items: tuple[Longs, Bools, int], only: int, first: int, end: int) -> int:
    """How many of an array's items are written."""
    if only < 0:
        return end - first
    count = 0
    for at in range(first, end):
        if items[0][at, only] >= 0:
            count += 1
    return count


@compiled
def _array(
    buf: Bytes,
    p: int,
    rows: Longs,
    f: int,
    items: tuple[Longs, Bools, int],
    bounds: tuple[int, int],
    texts: tuple[Bytes, Longs, Longs, Longs],
    progress: Longs,
) -> int:
    """Write an array as one block. Returns the position behind it, FULL or REFUSED."""
    first, end = bounds
    only = rows[f, ONLY]
    count = _counted(items, only, first, end)
    if p + _MOST_BYTES > buf.shape[0]:
        return FULL
    if count > 0:
        p = _put_varint(buf, p, count)
    for at in range(first, end):
        if only >= 0 and items[0][at, only] < 0:
            continue
        for g in range(rows[f, FIRST_CHILD], rows[f, END_CHILD]):
            p = _scalar(buf, p, rows, g, items, texts, at)
            if p < 0:
                progress[BAD_FIELD], progress[BAD_INDEX] = g, at
                return p
    if p + _MOST_BYTES > buf.shape[0]:
        return FULL
    return _put_varint(buf, p, 0)


@compiled
def _record(
    buf: Bytes,
    p: int,
    rows: Longs,
    top: int,
    record: tuple[Longs, Bools, int],
    items: tuple[Longs, Bools, int],
    spans: tuple[Longs, int, int],
    texts: tuple[Bytes, Longs, Longs, Longs],
    i: int,
    progress: Longs,
) -> int:
    """Write row `i` as a record. Returns the position behind it, FULL or REFUSED."""
    offsets, stride, count = spans
    for f in range(top):
        if rows[f, KIND] == ARRAY:
            if stride < 0:
                bounds = (offsets[rows[f, COLUMN], i], offsets[rows[f, COLUMN], i + 1])
            else:
                bounds = (i * stride, i * stride + count)
            p = _array(buf, p, rows, f, items, bounds, texts, progress)
        else:
            p = _scalar(buf, p, rows, f, record, texts, i)
            if p < 0:
                progress[BAD_FIELD], progress[BAD_INDEX] = f, i
        if p < 0:
            return p
    return p


@compiled
def encode_rows(
    header: Bytes,
    program: tuple[Longs, int],
    record: tuple[Longs, Bools, int],
    items: tuple[Longs, Bools, int],
    spans: tuple[Longs, int, int],
    texts: tuple[Bytes, Longs, Longs, Longs],
    picked: Longs,
    out: tuple[Bytes, Longs],
    progress: Longs,
) -> int:
    """Encode from `progress` on into `out`, which is (bytes, length of each record). Returns DONE, FULL or REFUSED.

    program: rows, and how many are the record's own. record: values[row, column], present[row, column], what stands for
    no value. items: the same of the arrays' items. spans: where they are of row i: offsets[array, i] to offsets[array,
    i + 1], or, with a stride that is not negative, `count` from i * stride on. texts: the strings of all pools, each
    with its length before it as Avro has it; their bounds; by field its pool's first bound and number of strings.
    picked: the rows that become records; where it is empty all do.
    """
    rows, top = program
    buf, lengths = out
    while progress[RECORD] < len(lengths):
        p = progress[POSITION]
        if p + _MOST_BYTES > buf.shape[0]:
            return FULL
        i = picked[progress[RECORD]] if len(picked) else progress[RECORD]
        p = _put_bytes(buf, p, header, 0, HEADER_BYTES)
        p = _record(buf, p, rows, top, record, items, spans, texts, i, progress)
        if p < 0:
            return p
        lengths[progress[RECORD]] = p - progress[POSITION]
        progress[POSITION] = p
        progress[RECORD] += 1
    return DONE
