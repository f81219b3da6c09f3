"""What the Python peers share: the product's ticks read, the job done, the peers' records written, CPU counted.

Runs in the peers' own environments: imports nothing of the product. `TASK` holds the task as JSON.
"""

import io
import json
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fastavro

TASK = json.loads(os.environ["TASK"])
BOOTSTRAP: str = TASK["bootstrap_servers"]
TICKS: int = TASK["ticks"]
SOURCES: list[str] = TASK["sources"]
HEADER_BYTES = 5
QUOTE_HEADER = b"\0\0\0\0\x64"
FREE = frozenset({"EURUSD", "GBPUSD"})
PRO = frozenset({"EURUSD", "GBPUSD", "USDJPY", "USDCHF", "AUDUSD"})
TIERS: dict[str, tuple[int, frozenset[str] | None]] = {
    "free": (1_000_000, FREE),
    "pro": (100_000, PRO),
    "enterprise": (10_000, None),
}


def _plain(schema: Any) -> Any:
    """A schema whose times are plain numbers: turning them into datetimes is no part of the job, and dear."""
    if isinstance(schema, dict):
        return {key: _plain(value) for key, value in schema.items() if key != "logicalType"}
    return [_plain(entry) for entry in schema] if isinstance(schema, list) else schema


TICK_SCHEMA = fastavro.parse_schema(_plain(json.loads(Path(TASK["tick_schema"]).read_text())))
QUOTE_SCHEMA = fastavro.parse_schema(json.loads(Path(TASK["quote_schema"]).read_text()))


def decode(value: bytes) -> dict[str, Any]:
    """The product's Tick."""
    source = io.BytesIO(value)
    source.seek(HEADER_BYTES)
    return fastavro.schemaless_reader(source, TICK_SCHEMA)


def encode(quote: dict[str, Any]) -> bytes:
    """A peer's record in the Confluent wire format."""
    out = io.BytesIO()
    out.write(QUOTE_HEADER)
    fastavro.schemaless_writer(out, QUOTE_SCHEMA, quote)
    return out.getvalue()


class Job:
    """Dedupe by sequence, best bid and offer over brokers, three tiers with a leading-edge interval."""

    def __init__(self) -> None:
        self._last: dict[tuple[str, str], int] = {}
        self._quotes: dict[str, dict[str, dict[str, Any]]] = {}
        self._emitted: dict[str, dict[str, int]] = {tier: {} for tier in TIERS}

    def on_tick(self, tick: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
        """(tier, symbol, record) of every record that this tick releases."""
        key = tick["broker"], tick["symbol"]
        if tick["sequence"] <= self._last.get(key, 0):
            return
        self._last[key] = tick["sequence"]
        symbol, now = tick["symbol"], tick["received_time"]
        book = self._quotes.setdefault(symbol, {})
        book[tick["broker"]] = tick
        bid, ask = max(book.values(), key=lambda q: q["bid"]), min(book.values(), key=lambda q: q["ask"])
        for tier, (interval, symbols) in TIERS.items():
            if symbols is not None and symbol not in symbols:
                continue
            if now - self._emitted[tier].get(symbol, 0) < interval:
                continue
            self._emitted[tier][symbol] = now
            yield (
                tier,
                symbol,
                {
                    "symbol": symbol, "bid": bid["bid"], "ask": ask["ask"], "bid_broker": bid["broker"],
                    "ask_broker": ask["broker"], "spread": ask["ask"] - bid["bid"],
                    "event_time": tick["event_time"] or now,
                },
            )  # fmt: skip


class Meter:
    """CPU of the whole process from the first tick to the last; then says so and ends the process."""

    def __init__(self) -> None:
        self.seen = self.released = 0

    def before(self) -> None:
        if self.seen == 0:
            self._wall, self._cpu = time.monotonic(), time.process_time()

    def after(self, released: int) -> None:
        self.seen += 1
        self.released += released
        if self.seen == TICKS // 2:
            self._later_cpu = time.process_time()
        if self.seen == TICKS:
            wall_s, cpu_s = time.monotonic() - self._wall, time.process_time() - self._cpu
            result = {
                "ticks": self.seen,
                "wall_s": wall_s,
                "cpu_us_per_tick": cpu_s / self.seen * 1e6,
                "cpu_us_per_tick_later": (time.process_time() - self._later_cpu) / (TICKS - TICKS // 2) * 1e6,
                "ticks_per_s": self.seen / wall_s,
                "out_per_tick": self.released / self.seen,
                "peak_rss_mb": float(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) / 1024,
            }
            print(json.dumps(result), file=sys.__stdout__, flush=True)  # Faust turns sys.stdout into a log
            os._exit(0)
