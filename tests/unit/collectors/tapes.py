"""Tape files made on the spot: a zip, a JSON document, a whole tape of two brokers."""

import io
import json
import lzma
import os
import struct
import zipfile
from collections.abc import Iterable, Sequence
from pathlib import Path

import yaml

from collectors.replay.tapefile import Entry

SHARED = Path(os.environ.get("TIERFEED_SHARED") or Path(__file__).parents[4] / "shared")
MIDNIGHT_US = 1_399_507_200_000_000
"""2014-05-08 00:00 UTC, the date in the names below."""


def lean_zip(text: bytes, member: str = "20140508_eurusd_tick_quote.csv") -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(member, text)
    return out.getvalue()


def lean_rows(rows: Iterable[tuple[int, float, float]]) -> bytes:
    return b"".join(f"{ms},{bid:.5f},{ask:.5f}\r\n".encode() for ms, bid, ask in rows)


def bi5(records: Sequence[tuple[int, int, int, float, float]]) -> bytes:
    """Records of (ms in the hour, ask, bid, ask volume, bid volume)."""
    return lzma.compress(b"".join(struct.pack(">IIIff", *record) for record in records), format=lzma.FORMAT_ALONE)


def mt5(ticks: Sequence[object], symbol: str = "EURUSD", total: int | None = None) -> bytes:
    summary = {"total_ticks": len(ticks) if total is None else total}
    return json.dumps({"metadata": {"symbol": symbol}, "ticks": ticks, "summary": summary}).encode()


def entry(**fields: object) -> Entry:
    return Entry.model_validate({"broker": "b", "symbol": "EURUSD", "format": "lean", "paths": ["x"]} | fields)


def write_tape(folder: Path, entries: Sequence[dict[str, object]], **files: bytes) -> Path:
    """TAPE.yaml with `entries`, and its files beside it (`__` in a name for the dot)."""
    for name, data in files.items():
        (folder / name.replace("__", ".")).write_bytes(data)
    path = folder / "TAPE.yaml"
    path.write_text(yaml.safe_dump(list(entries)))
    return path
