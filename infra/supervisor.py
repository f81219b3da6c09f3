"""Runs the parts of an installation: starts them in order, starts again what falls, ends them in reverse order."""

import asyncio
import contextlib
import json
import os
import random
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

import psutil
import structlog

from infra.metrics import Metric, count
from infra.parts import Exit, Part, Process, Runnable
from tierfeed.errors import ConfigError, TierfeedError, UpstreamError

READY_S = 30.0
TIDY_S = 1.0
STATUS_FILE = "status.json"
CREATED_WITHIN_S = 2.0  # the system tells it by a clock that may be set

_log = structlog.get_logger(__name__)


class PartState(StrEnum):
    """Where a part is in its life."""

    STARTING = "starting"
    RUNNING = "running"
    WAITING = "waiting"
    """It fell and is about to be started again."""
    FINISHED = "finished"
    """It had one thing to do and did it."""
    FAILED = "failed"
    """It said that its settings are wrong: starting it again would not help."""
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Happening:
    """A change in a part's life, for whoever wants to tell it."""

    part: str
    state: PartState
    text: str


@dataclass(frozen=True, slots=True)
class Backoff:
    """How long to wait before the n-th start in a row; a run of `steady_s` begins the row anew."""

    first_s: float = 0.5
    most_s: float = 30.0
    steady_s: float = 60.0

    def delay_s(self, falls: int, chance: float) -> float:
        """Doubling, at most `most_s`; `chance` in [0, 1) takes up to half off: parts must not march in step."""
        return min(self.first_s * 2.0 ** min(falls - 1, 30), self.most_s) * (1 - chance / 2)


@dataclass(frozen=True, slots=True)
class PartStatus:
    """One part in the status file. Times are UTC, ISO 8601."""

    name: str
    state: PartState
    pid: int | None
    restarts: int
    since: str
    last_exit: str | None
    last_exit_code: int | None
    last_exit_at: str | None


@dataclass(frozen=True, slots=True)
class Status:
    """The status file. Where `alive` is False the supervisor is gone and the parts with it, whatever they say."""

    pid: int
    created_s: float
    written_at: str
    parts: tuple[PartStatus, ...]

    @property
    def alive(self) -> bool:
        try:
            return abs(psutil.Process(self.pid).create_time() - self.created_s) < CREATED_WITHIN_S
        except psutil.NoSuchProcess:
            return False


def read_status(home: Path) -> Status | None:
    """What the last supervisor of `home` wrote; None if there never was one."""
    try:
        document = json.loads((home / STATUS_FILE).read_text())
    except FileNotFoundError:
        return None
    parts = tuple(PartStatus(**part | {"state": PartState(part["state"])}) for part in document.pop("parts"))
    return Status(**document, parts=parts)


def log_happening(happening: Happening) -> None:
    """The default way to tell."""
    level = _log.warning if happening.state in (PartState.WAITING, PartState.FAILED) else _log.info
    level(happening.text, part=happening.part, state=happening.state.value)


@dataclass(slots=True)
class _Entry:
    what: Runnable
    state: PartState = PartState.STARTING
    since: str = ""
    restarts: int = 0
    last: Exit | None = None
    last_at: str | None = None
    watch: asyncio.Task[None] | None = None

    def status(self) -> PartStatus:
        code, reason = (None, None) if self.last is None else (self.last.code, self.last.reason)
        pid = self.what.pid
        return PartStatus(self.what.name, self.state, pid, self.restarts, self.since, reason, code, self.last_at)


class Supervisor:
    """Parts by name, in the order they were started. Use as `async with`: leaving it ends them all."""

    def __init__(
        self,
        home: Path,
        tell: Callable[[Happening], None] = log_happening,
        backoff: Backoff = Backoff(),
    ) -> None:
        self.home, self._tell, self._backoff = home, tell, backoff
        self._entries: dict[str, _Entry] = {}
        self._changed = asyncio.Event()
        self._tidying: asyncio.Task[None] | None = None

    async def __aenter__(self) -> "Supervisor":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self, what: Part | Runnable, within_s: float = READY_S) -> None:
        """Start a part and return when it is ready. It is watched from then on.

        Raises ConfigError when it says that its settings are wrong, UpstreamError when it is not ready in time.
        """
        self.home.mkdir(parents=True, exist_ok=True)
        if isinstance(what, Part):
            what = Process(what, self.home / "logs" / f"{what.name}.log")
        if what.name in self._entries:
            raise ConfigError(f"part {what.name} was started twice")
        entry = self._entries[what.name] = _Entry(what)
        entry.watch = asyncio.create_task(self._watch(entry))
        self._tidying = self._tidying or asyncio.create_task(self._tidy())
        ready = (PartState.RUNNING, PartState.FINISHED, PartState.FAILED)
        try:
            await asyncio.wait_for(self._until(lambda: entry.state in ready), within_s)
        except TimeoutError:
            await self._end(entry)
            why = "" if entry.last is None else f"; it ended with {entry.last.reason}"
            raise UpstreamError(f"{what.name} was not ready within {within_s:g} s{why}") from None
        self._raise_if_failed(entry)

    async def finished(self, name: str) -> None:
        """Wait until a part that runs once has done its work, however often it had to be started."""
        entry = self._entries[name]
        over = (PartState.FINISHED, PartState.FAILED, PartState.STOPPED)
        await self._until(lambda: entry.state in over)
        self._raise_if_failed(entry)

    async def failure(self) -> None:
        """Wait until some part fails for good, which may be never; raises its ConfigError."""
        await self._until(lambda: any(entry.state is PartState.FAILED for entry in self._entries.values()))
        for entry in self._entries.values():
            self._raise_if_failed(entry)

    async def stop(self) -> None:
        """End every part, the last started first; each is killed when its time is up."""
        for entry in reversed(self._entries.values()):
            await self._end(entry)
        if self._tidying is not None:
            self._tidying.cancel()
            self._tidying = None

    def status(self) -> Status:
        created_s = psutil.Process().create_time()
        return Status(os.getpid(), created_s, _now(), tuple(entry.status() for entry in self._entries.values()))

    async def _watch(self, entry: _Entry) -> None:
        clock, falls = asyncio.get_running_loop().time, 0
        while True:
            began_s = clock()
            self._become(entry, PartState.STARTING, "starting")
            try:
                entry.last = await entry.what.run(lambda: self._become(entry, PartState.RUNNING, "ready"))
            except TierfeedError as error:
                entry.last = Exit(error.exit_code, str(error))
            except OSError as error:
                entry.last = Exit(UpstreamError.exit_code, str(error))
            entry.last_at = _now()
            if entry.what.once and entry.last.code == 0:
                return self._become(entry, PartState.FINISHED, "finished")
            if entry.last.code == ConfigError.exit_code:
                return self._become(entry, PartState.FAILED, f"failed for good: {entry.last.reason}")
            falls = 1 if clock() - began_s >= self._backoff.steady_s else falls + 1
            delay_s = self._backoff.delay_s(falls, random.random())
            entry.restarts += 1
            count(Metric.PART_RESTARTS, part=entry.what.name)
            self._become(entry, PartState.WAITING, f"{entry.last.reason}; starting again in {delay_s:.1f} s")
            await asyncio.sleep(delay_s)

    async def _end(self, entry: _Entry) -> None:
        if entry.watch is not None:
            entry.watch.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await entry.watch
            entry.watch = None
            await entry.what.end()
        if entry.state not in (PartState.FINISHED, PartState.FAILED, PartState.STOPPED):
            self._become(entry, PartState.STOPPED, "stopped")

    def _become(self, entry: _Entry, state: PartState, text: str) -> None:
        entry.state, entry.since = state, _now()
        self._changed.set()
        self._changed = asyncio.Event()
        try:
            self._write_status()
        except OSError as error:  # a full disk must not end what still runs
            _log.warning("cannot write the status file", error=str(error))
        self._tell(Happening(entry.what.name, state, text))

    def _write_status(self) -> None:
        written = self.home / f"{STATUS_FILE}.new"
        written.write_text(json.dumps(asdict(self.status()), indent=1))
        written.replace(self.home / STATUS_FILE)

    async def _until(self, holds: Callable[[], bool]) -> None:
        while not holds():
            await self._changed.wait()

    def _raise_if_failed(self, entry: _Entry) -> None:
        if entry.state is PartState.FAILED and entry.last is not None:
            raise ConfigError(f"{entry.what.name}: {entry.last.reason}")

    async def _tidy(self) -> None:
        while True:
            await asyncio.sleep(TIDY_S)
            for entry in self._entries.values():
                entry.what.tidy()


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
