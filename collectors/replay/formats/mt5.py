"""MetaTrader 5 captures: one JSON document with metadata and an array of ticks, stamped with the server's clock."""

import json
from typing import Any

import numpy as np

from collectors.replay.formats.rows import BadRow, DamagedFileError, Rows, price_problems, rows_of


def parse_mt5(file: str, data: bytes, symbol: str) -> Rows:
    """Rows in the server's clock. `symbol` is what the broker calls it. Raises DamagedFileError."""
    ticks = _ticks(file, data, symbol)
    sound: list[tuple[int, int, float, float]] = []
    bad: list[BadRow] = []
    for number, entry in enumerate(ticks, 1):
        try:
            sound.append((number, *_tick(entry)))
        except ValueError as error:
            bad.append(BadRow(number, json.dumps(entry, default=str).encode(), str(error)))
    if ticks and not sound:
        raise DamagedFileError(file, f"none of its {len(ticks):,} ticks has time_msc, bid and ask")
    line = np.array([row[0] for row in sound], np.int64)
    event_us = np.array([row[1] for row in sound], np.int64) * 1000
    bid, ask = (np.array([row[at] for row in sound], np.float64) for at in (2, 3))
    rows = rows_of(line, event_us, bid, ask, bad=bad)
    keep = np.ones(len(rows), np.bool_)
    for row, reason in price_problems(bid, ask):
        keep[row] = False
        number = int(line[row])
        bad.append(BadRow(number, json.dumps(ticks[number - 1], default=str).encode(), reason))
    return rows if keep.all() else rows.take(keep, bad[len(rows.bad) :])


def _ticks(file: str, data: bytes, symbol: str) -> list[Any]:
    try:
        document = json.loads(data)
    except ValueError as error:
        raise DamagedFileError(file, f"is not a whole JSON document: {error}") from error
    ticks = document.get("ticks") if isinstance(document, dict) else None
    if not isinstance(ticks, list):
        raise DamagedFileError(file, "has no array 'ticks'")
    metadata, summary = document.get("metadata"), document.get("summary")
    theirs = metadata.get("symbol") if isinstance(metadata, dict) else None
    if theirs is not None and theirs != symbol:
        raise DamagedFileError(file, f"holds {theirs!r}, not {symbol!r} (broker_symbol names another spelling)")
    total = summary.get("total_ticks") if isinstance(summary, dict) else None
    if isinstance(total, int) and total != len(ticks):
        raise DamagedFileError(file, f"holds {len(ticks):,} ticks, its summary says {total:,}")
    return ticks


def _tick(entry: Any) -> tuple[int, float, float]:
    if not isinstance(entry, dict):
        raise ValueError(f"must be an object, was {type(entry).__name__}")
    found = []
    for key in ("time_msc", "bid", "ask"):
        value = entry.get(key)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ValueError(f"{key} must be a number, was {value!r}")
        found.append(value)
    time_ms, bid, ask = found
    if not isinstance(time_ms, int) or not 0 <= time_ms < 2**53:
        raise ValueError(f"time_msc must be whole milliseconds, was {time_ms!r}")
    return time_ms, float(bid), float(ask)
