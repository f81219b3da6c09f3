"""What a supervisor can run: a child process (`Part`), or a server that starts and ends by itself (`Server`)."""

import asyncio
import contextlib
import os
import shutil
import signal
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from infra.tether import tethered

STOP_S = 10.0
LOG_BYTES = 10_000_000
"""A part's log grows to about this, then moves to `<part>.log.1` and begins anew."""
READY_LINE = '{"event": "part ready"}'
_READY_POLL_S = 0.05
_ALIVE_POLL_S = 0.25
_TAIL_BYTES = 4000
_LINE_CHARACTERS = 400


def say_ready() -> None:
    """What a part calls when it is up, for `Part(ready=READY_LINE)`. Not a log line: no log level silences it."""
    sys.stdout.write(f"{READY_LINE}\n")
    sys.stdout.flush()


@dataclass(frozen=True, slots=True)
class Exit:
    """How a run ended. `code` is None for a server, and negative where a signal ended a process."""

    code: int | None
    reason: str


class Runnable(Protocol):
    """Something the supervisor starts, watches and starts again."""

    @property
    def name(self) -> str: ...

    @property
    def once(self) -> bool:
        """Whether ending with code 0 is its purpose; else it is meant to run for ever."""
        ...

    @property
    def pid(self) -> int | None: ...

    async def run(self, on_ready: Callable[[], None]) -> Exit:
        """Start it, say when it is ready, return when it has ended."""
        ...

    async def end(self) -> None:
        """Make it end: gently, then by force. Returns when it is gone."""
        ...

    def tidy(self) -> None:
        """Keep its files within bounds. Called every second or so."""
        ...


@dataclass(frozen=True, slots=True)
class Part:
    """A program to run as a child. `env` comes on top of this process's own environment.

    It is ready when a line of its output contains `ready`; at once where that is None.
    """

    name: str
    argv: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    ready: str | None = None
    once: bool = False
    stop_s: float = STOP_S


class Process:
    """A part in a process of its own. It is killed when the supervisor's process ends without having ended it."""

    def __init__(self, part: Part, log: Path) -> None:
        self.part, self.log = part, log
        self._child: asyncio.subprocess.Process | None = None

    @property
    def name(self) -> str:
        return self.part.name

    @property
    def once(self) -> bool:
        return self.part.once

    @property
    def pid(self) -> int | None:
        return None if self._child is None or self._child.returncode is not None else self._child.pid

    async def run(self, on_ready: Callable[[], None]) -> Exit:
        self.log.parent.mkdir(parents=True, exist_ok=True)
        # A file, not a pipe: a part may still flush and log when nobody reads any more. Appending survives `tidy`.
        with self.log.open("ab") as out:
            seen = out.tell()
            child = await asyncio.create_subprocess_exec(
                *tethered(self.part.argv, signal.SIGKILL),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                # Handed on, not read. Unbuffered, or the last words of a killed part are lost.
                env={**os.environ, "PYTHONUNBUFFERED": "1", **self.part.env},
                start_new_session=True,  # Ctrl-C reaches the supervisor alone, which ends the parts in order
            )
        self._child = child
        ended = asyncio.ensure_future(child.wait())
        ready = asyncio.ensure_future(self._until_ready(seen))
        try:
            await asyncio.wait({ended, ready}, return_when=asyncio.FIRST_COMPLETED)
            if ready.done():
                on_ready()
            code = await asyncio.shield(ended)
        finally:
            ready.cancel()
        self._sweep()
        return Exit(code, f"{_told(code)}{self._last_line(seen)}")

    async def end(self) -> None:
        child = self._child
        if child is None:
            return
        with contextlib.suppress(ProcessLookupError):
            child.terminate()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(child.wait(), self.part.stop_s)
        self._sweep()
        await child.wait()

    def tidy(self) -> None:
        with contextlib.suppress(FileNotFoundError):
            if self.log.stat().st_size > LOG_BYTES:
                shutil.copyfile(self.log, self.log.with_name(f"{self.log.name}.1"))
                os.truncate(self.log, 0)

    def _sweep(self) -> None:
        """Kill what is left of the part's session: the part itself, and what it may have started."""
        if self._child is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._child.pid, signal.SIGKILL)

    async def _until_ready(self, seen: int) -> None:
        if self.part.ready is None:
            return
        wanted, kept = self.part.ready.encode(), b""
        with self.log.open("rb") as log:
            log.seek(seen)
            while wanted not in kept:
                kept = kept[-len(wanted) :] + log.read()
                await asyncio.sleep(_READY_POLL_S)

    def _last_line(self, seen: int) -> str:
        with self.log.open("rb") as log:
            size = log.seek(0, os.SEEK_END)
            log.seek(max(min(seen, size), size - _TAIL_BYTES))
            lines = log.read().decode(errors="replace").split("\n")
        line = next((line.strip() for line in reversed(lines) if line.strip() not in ("", READY_LINE)), "")
        return f": {line[:_LINE_CHARACTERS]}" if line else ""


@dataclass(slots=True)
class Server:
    """A server that comes with its own start and stop, like the embedded Kafka and ClickHouse.

    `start` and `stop` may block, `is_alive` may not.
    """

    name: str
    start: Callable[[], object]
    is_alive: Callable[[], bool]
    stop: Callable[[], object]
    once: bool = field(default=False, init=False)
    pid: int | None = field(default=None, init=False)
    _starting: "asyncio.Future[object] | None" = field(default=None, init=False)

    async def run(self, on_ready: Callable[[], None]) -> Exit:
        self._starting = asyncio.ensure_future(asyncio.to_thread(self.start))
        await asyncio.shield(self._starting)
        on_ready()
        while self.is_alive():  # noqa: ASYNC110 - the end of another's child sets no event
            await asyncio.sleep(_ALIVE_POLL_S)
        return Exit(None, "its process is gone")

    async def end(self) -> None:
        if self._starting is not None:  # a start that is under way would outlive the stop
            await asyncio.wait({self._starting}, timeout=STOP_S)
        await asyncio.to_thread(self.stop)

    def tidy(self) -> None:
        """It bounds its own log."""


def _told(code: int) -> str:
    if code >= 0:
        return f"exit code {code}"
    try:
        return f"killed by {signal.Signals(-code).name}"
    except ValueError:  # a real-time signal
        return f"killed by signal {-code}"
