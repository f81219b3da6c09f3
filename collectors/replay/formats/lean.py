"""QuantConnect Lean's tick zips: one headerless CSV of ms since midnight, bid, ask; the date is in the name."""

import io
import re
import zipfile
import zlib
from datetime import UTC, datetime
from pathlib import PurePath

import numpy as np

from collectors.replay.formats.rows import BadRow, DamagedFileError, Rows, no_rows, price_problems, rows_of
from collectors.replay.formats.text import DECIMAL, WHOLE, parse_text, whole_text

DAY_MS = 86_400_000
_DATE = re.compile(r"(?<!\d)(\d{8}|\d{6})(?!\d)")


def parse_lean(file: str, data: bytes) -> Rows:
    """Rows in the file's own clock. Raises DamagedFileError."""
    member, text = _unzipped(file, data)
    midnight_us = _midnight_us(file, member)
    whole_text(f"{file}!{member}", text)
    parsed = parse_text(f"{file}!{member}", text, ",", {0: WHOLE, 1: DECIMAL, 2: DECIMAL}, 0)
    if not len(parsed.line):
        return no_rows() if not parsed.bad else _all_bad(file, len(parsed.bad))
    ms = parsed.columns[0].astype(np.int64)
    bid, ask = (parsed.columns[at].astype(np.float64) for at in (1, 2))
    problems = price_problems(bid, ask)
    outside = np.flatnonzero((ms < 0) | (ms >= DAY_MS)).tolist()
    problems += [(row, f"must be within the day: {ms[row]} ms since midnight") for row in outside]
    rows = rows_of(parsed.line, midnight_us + ms * 1000, bid, ask, bad=parsed.bad)
    if not problems:
        return rows
    text_rows = text.split(b"\n")
    keep = np.ones(len(rows), np.bool_)
    bad = {}
    for row, reason in problems:
        keep[row] = False
        line = int(parsed.line[row])
        bad[line] = BadRow(line, text_rows[line - 1].removesuffix(b"\r"), reason)
    return rows.take(keep, list(bad.values())) if keep.any() else _all_bad(file, len(parsed.bad) + len(bad))


def _all_bad(file: str, rows: int) -> Rows:
    raise DamagedFileError(file, f"is not a Lean tick file: none of its {rows:,} rows is milliseconds,bid,ask")


def _unzipped(file: str, data: bytes) -> tuple[str, bytes]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = [name for name in archive.namelist() if not name.endswith("/")]
            if len(names) != 1:
                raise DamagedFileError(
                    file, f"must hold one CSV file, holds {len(names)}: {', '.join(names) or 'none'}"
                )
            return names[0], archive.read(names[0])
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise DamagedFileError(file, f"is not a whole zip archive: {error}") from error


def _midnight_us(file: str, member: str) -> int:
    for name in (PurePath(file).name, PurePath(member).name):
        for digits in _DATE.findall(name):
            try:
                day = datetime.strptime(digits, "%Y%m%d" if len(digits) == 8 else "%y%m%d").replace(tzinfo=UTC)
            except ValueError:
                continue
            return int(day.timestamp()) * 1_000_000
    raise DamagedFileError(file, f"has no date (YYYYMMDD or YYMMDD) in its name, nor has {member!r} inside it")
