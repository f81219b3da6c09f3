"""Cut the shipped tape out of whole days of Lean tick zips: rows are taken or left as they stand, byte for byte.

    python -m collectors.replay.cut FOLDER

FOLDER holds the source files as `fxcm-raw/eurusd/20140508_quote.zip` and so on. The same sources give the same bytes.
"""

import io
import sys
import zipfile
from pathlib import Path

from collectors.replay.tape import SHIPPED
from tierfeed.errors import ConfigError

HOUR_MS = 3_600_000
NOON_UTC_MS = 12 * HOUR_MS
"""2014-05-08 12:00 to 13:00 UTC: the ECB's press conference began at 12:30."""

CLOCKS = {"fxcm": ("fxcm-raw", -5 * HOUR_MS), "oanda": ("oanda", 0)}
SYMBOLS = ("eurusd", "nzdusd")
DAY = "20140508"


def cut_text(text: bytes, from_ms: int, until_ms: int) -> bytes:
    """The rows of a Lean tick CSV with a time in [from, until), as they stand; no line end after the last."""
    rows = text.splitlines(keepends=True)
    kept = [row for row in rows if from_ms <= int(row.split(b",", 1)[0]) < until_ms]
    return b"".join(kept).rstrip(b"\r\n")


def cut_zip(data: bytes, from_ms: int, until_ms: int) -> bytes:
    """A zip with one member like the source's: its name, its date, fewer rows."""
    with zipfile.ZipFile(io.BytesIO(data)) as source:
        (member,) = source.infolist()
        text = cut_text(source.read(member), from_ms, until_ms)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        info = zipfile.ZipInfo(member.filename, member.date_time)
        archive.writestr(info, text, zipfile.ZIP_DEFLATED, 9)
    return out.getvalue()


def cut_tape(folder: Path, into: Path) -> int:
    """Write the shipped files; their bytes together. Raises ConfigError where a source is missing."""
    written = 0
    for name, (source, ahead_ms) in CLOCKS.items():
        for symbol in SYMBOLS:
            path = folder / source / symbol / f"{DAY}_quote.zip"
            if not path.is_file():
                raise ConfigError(f"{path}: is not there")
            start_ms = NOON_UTC_MS + ahead_ms
            data = cut_zip(path.read_bytes(), start_ms, start_ms + HOUR_MS)
            target = into / name / symbol / path.name
            target.parent.mkdir(parents=True, exist_ok=True)
            written += target.write_bytes(data)
    return written


if __name__ == "__main__":
    try:
        sys.stdout.write(f"{cut_tape(Path(sys.argv[1]), SHIPPED.parent):,} bytes\n")
    except (ConfigError, IndexError) as problem:
        sys.exit(f"python -m collectors.replay.cut FOLDER: {problem}")
