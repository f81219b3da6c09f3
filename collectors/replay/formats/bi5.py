"""Dukascopy's hourly bi5 files: an LZMA-alone stream of 20-byte big-endian records; the hour is in the path."""

import lzma
import re
from datetime import UTC, datetime

import numpy as np

from collectors.replay.formats.rows import BadRow, DamagedFileError, Rows, no_rows, price_problems, rows_of

RECORD = np.dtype([("ms", ">u4"), ("ask", ">u4"), ("bid", ">u4"), ("ask_volume", ">f4"), ("bid_volume", ">f4")])
HOUR_MS = 3_600_000
MILLION = 1_000_000
_PATH = re.compile(r"(\d{4})[/\\](\d{2})[/\\](\d{2})[/\\](\d{2})h_ticks\.bi5$")


def parse_bi5(file: str, path: str, data: bytes, price_units: int) -> Rows:
    """Rows in UTC. `path` says the hour; `price_units` of the file's integers are 1. A zero-byte file has no ticks."""
    hour_us = _hour_us(file, path)
    if not data:
        return no_rows()
    records = np.frombuffer(_unpacked(file, data), RECORD)
    ms = records["ms"].astype(np.int64)
    bid, ask = (records[side].astype(np.float64) / price_units for side in ("bid", "ask"))
    bid_size, ask_size = (_size(records[f"{side}_volume"]) for side in ("bid", "ask"))
    line = np.arange(1, len(records) + 1, dtype=np.int64)
    problems = price_problems(bid, ask)
    late = np.flatnonzero(ms >= HOUR_MS).tolist()
    problems += [(row, f"must be within the hour: {ms[row]} ms after it began") for row in late]
    rows = rows_of(line, hour_us + ms * 1000, bid, ask, (bid_size, ask_size))
    if not problems:
        return rows
    keep = np.ones(len(rows), np.bool_)
    bad = {}
    for row, reason in problems:
        keep[row] = False
        bad[row] = BadRow(row + 1, records[row].tobytes(), reason)
    return rows.take(keep, list(bad.values()))


def _size(volume: np.ndarray[tuple[int], np.dtype[np.float32]]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Whole units from float32 millions, which carry about 7 digits; NaN where the file has no sensible size."""
    size = np.rint(volume.astype(np.float64) * MILLION)
    return np.where(np.isfinite(size) & (size >= 0), size, np.nan)


def _unpacked(file: str, data: bytes) -> bytes:
    unpacker = lzma.LZMADecompressor(format=lzma.FORMAT_ALONE)
    try:
        unpacked = unpacker.decompress(data)
    except lzma.LZMAError as error:
        raise DamagedFileError(file, f"is not a whole LZMA stream: {error}") from error
    if not unpacker.eof:
        raise DamagedFileError(file, f"is cut: its LZMA stream ends after {len(unpacked):,} bytes")
    if unpacker.unused_data:
        raise DamagedFileError(file, f"has {len(unpacker.unused_data):,} bytes after its LZMA stream")
    if len(unpacked) % RECORD.itemsize:
        what = f"holds {len(unpacked):,} bytes, which is no multiple of the {RECORD.itemsize} bytes of a record"
        raise DamagedFileError(file, what)
    return unpacked


def _hour_us(file: str, path: str) -> int:
    found = _PATH.search(path)
    if found is None:
        raise DamagedFileError(file, "must lie under YYYY/MM/DD/HHh_ticks.bi5, with months counted from 00")
    year, month, day, hour = (int(part) for part in found.groups())
    try:
        began = datetime(year, month + 1, day, hour, tzinfo=UTC)
    except ValueError as error:
        raise DamagedFileError(file, f"names no hour (months count from 00): {error}") from error
    return int(began.timestamp()) * MILLION
