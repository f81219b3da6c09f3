"""chDB behind a server's manners: sessions that leave nothing behind, query ids, KILL QUERY, errors with their codes.

chDB runs statements of different connections in parallel and a connection costs 0.1 ms, so each request has its own:
the database it chose and the settings it made end with it.
"""

import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any

import chdb

from infra.clickhouse_sql import Kill

UNKNOWN_EXCEPTION = 1002
SYNTAX_ERROR = 62
QUERY_WITH_SAME_ID_IS_ALREADY_RUNNING = 216
QUERY_WAS_CANCELLED = 394

_CODE = re.compile(r"Code: (\d+)\. ")
_NOISE = re.compile(r"\(in file/uri /proc/self/fd/\d+\): | ?: data for INSERT was parsed from file")
_TWICE = re.compile(r"^(Code: \d+\. DB::Exception: )\1(.*?)( \([A-Z_]+\)) \(version [^)]*\)\.\3$", re.DOTALL)
_SETTING = re.compile(r"[A-Za-z_][A-Za-z0-9_.]*")
_KILL_PAUSE_S = 0.02
_TOLD_CHARS = 1000  # of each running query's text, for KILL QUERY to look at


class ClickHouseError(Exception):
    """What ClickHouse said no with: its code and its words."""

    def __init__(self, code: int, message: str) -> None:
        self.code = code
        super().__init__(message)

    @classmethod
    def told(cls, text: str) -> "ClickHouseError":
        """From chDB's text, without what only this server's way of handing rows over put into it."""
        found = _CODE.search(text)
        text = _TWICE.sub(r"\1\2\3", _NOISE.sub("", text[found.start() if found else 0 :].strip()))
        return cls(int(found.group(1)) if found else UNKNOWN_EXCEPTION, text)

    @classmethod
    def of(cls, code: int, name: str, message: str) -> "ClickHouseError":
        return cls(code, f"Code: {code}. DB::Exception: {message}. ({name})")


@dataclass(frozen=True, slots=True)
class Result:
    """A statement's answer: `body` is the engine's own memory, valid as long as the result is held."""

    body: memoryview
    summary: dict[str, str]
    owner: Any = field(repr=False, default=None)


class Running:
    """A request from its first byte to its answer: it can be killed before and while its statement executes.

    `hang_up` ends the reading of its body, for a client that never sends the rest.
    """

    def __init__(self, query_id: str, hang_up: Callable[[], None]) -> None:
        self.query_id = query_id
        self.text = ""
        self.started_s = time.monotonic()
        self.cancelled = False
        self.executed = threading.Event()
        self.answered = threading.Event()
        self._thread = threading.get_native_id()
        self._executing = False
        self._hang_up = hang_up
        self._lock = threading.Lock()

    def cancel(self, connection: Any) -> None:
        """Let it end: now if it executes, else before it would begin."""
        # under the lock it cannot come to an end meanwhile, so its thread cannot be at another statement by then
        with self._lock:
            self.cancelled = True
            if self._executing:
                connection.query(f"KILL QUERY WHERE has(thread_ids, {self._thread})", "Null")
            elif not self.executed.is_set():
                self._hang_up()

    def __enter__(self) -> None:
        with self._lock:
            if self.cancelled:
                raise cancelled()
            self._executing = True

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        with self._lock:
            self._executing = False
            self.executed.set()


class Engine:
    """One chDB data folder. A folder belongs to one process; chDB itself refuses a second one."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._keeper = chdb.connect(path)  # the engine lives as long as its last connection
        version, self.timezone = self._scalar("SELECT version(), timezone()").split("\t")
        self.version = version
        self._running: dict[str, Running] = {}
        self._registry = threading.Lock()

    def _scalar(self, sql: str) -> str:
        return str(self._keeper.query(sql, "TabSeparated").data()).rstrip("\n")

    @contextmanager
    def admitted(self, query_id: str, hang_up: Callable[[], None]) -> Iterator[Running]:
        """Register a request under its id for as long as it lasts."""
        running = Running(query_id, hang_up)
        with self._registry:
            if query_id in self._running:
                raise ClickHouseError.of(
                    QUERY_WITH_SAME_ID_IS_ALREADY_RUNNING,
                    "QUERY_WITH_SAME_ID_IS_ALREADY_RUNNING",
                    f"Query with id = {query_id} is already running",
                )
            self._running[query_id] = running
        try:
            yield running
        except ClickHouseError as error:
            if running.cancelled:
                raise cancelled() from error
            raise
        finally:
            with self._registry:
                del self._running[query_id]
            running.executed.set()
            running.answered.set()

    def execute(
        self,
        running: Running,
        sql: str,
        format_: str,
        *,
        database: str | None = None,
        settings: Mapping[str, str] | None = None,
        parameters: Mapping[str, str] | None = None,
    ) -> Result:
        """Run one statement in a session of its own. Raises ClickHouseError."""
        started_ns = time.perf_counter_ns()
        with chdb.connect(self._path) as connection, running:
            try:
                if before := prelude(database, settings or {}):
                    connection.query(before, "Null")
                answer = connection.query(sql, format_, params=dict(parameters or {}))
            except RuntimeError as error:
                raise ClickHouseError.told(str(error)) from None
        return _result(answer, time.perf_counter_ns() - started_ns)

    def kill(self, order: Kill, own: Running) -> Result:
        """`KILL QUERY` over the ids the clients gave. With SYNC nothing that matched is running afterwards."""
        with self._registry:
            known = {query_id: running for query_id, running in self._running.items() if running is not own}
        rows = ", ".join([_row(own), *(_row(running) for running in known.values())])
        source = f"values('query_id String, user String, query String, elapsed Float64', {rows})"
        condition = order.condition or "1"
        own_id = literal(own.query_id)
        sql = f"SELECT query_id FROM {source} WHERE query_id != {own_id} AND ({condition})"
        matched = bytes(self.execute(own, sql, "TabSeparatedRaw").body).decode().splitlines()
        if order.mode != "test":
            for query_id in matched:
                if query_id in known:
                    self.end(known[query_id], wait=order.mode == "sync")
        ids = ", ".join(literal(query_id) for query_id in matched) or "''"
        status = {"sync": "finished", "async": "waiting", "test": ""}[order.mode]
        columns = f"{literal(status)} AS kill_status, query_id, user, query"
        return self.execute(own, f"SELECT {columns} FROM {source} WHERE query_id IN ({ids})", order.format)

    def end(self, running: Running, *, wait: bool) -> None:
        """End one request; with `wait`, its statement has ended, or never will begin, when this returns."""
        running.cancel(self._keeper)
        # again, because a statement that has only just begun is not in ClickHouse's list yet
        while wait and not running.executed.wait(_KILL_PAUSE_S):
            running.cancel(self._keeper)

    def end_all(self, grace_s: float) -> None:
        """Wait for what is running, then end what is still there."""
        deadline_s = time.monotonic() + grace_s
        with self._registry:
            left = list(self._running.values())
        for running in left:
            if not running.answered.wait(max(0.0, deadline_s - time.monotonic())):
                self.end(running, wait=True)

    def close(self) -> None:
        """Close the engine; everything acknowledged is on disk."""
        self._keeper.close()


def cancelled() -> ClickHouseError:
    return ClickHouseError.of(QUERY_WAS_CANCELLED, "QUERY_WAS_CANCELLED", "Query was cancelled")


def literal(value: str) -> str:
    """A ClickHouse string literal."""
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'").replace("\0", "\\0") + "'"


def prelude(database: str | None, settings: Mapping[str, str]) -> str:
    """What a session begins with. Every value is a quoted literal: ClickHouse converts it to the setting's type."""
    for name in settings:
        if not _SETTING.fullmatch(name):
            raise ClickHouseError.of(115, "UNKNOWN_SETTING", f"Unknown setting '{name}'")
    # after readonly nothing else may be set
    ordered = sorted(settings.items(), key=lambda item: item[0] == "readonly")
    use = "" if not database else "USE `" + database.replace("\\", "\\\\").replace("`", "\\`") + "`;"
    return use + "".join(f"SET {name} = {literal(value)};" for name, value in ordered)


def _row(running: Running) -> str:
    elapsed_s = time.monotonic() - running.started_s
    return f"({literal(running.query_id)}, 'default', {literal(running.text[:_TOLD_CHARS])}, {elapsed_s:.6f})"


def _result(answer: Any, elapsed_ns: int) -> Result:
    memory = answer.get_memview()
    summary = {
        "read_rows": answer.storage_rows_read(),
        "read_bytes": answer.storage_bytes_read(),
        "written_rows": answer.rows_written(),
        "written_bytes": answer.bytes_written(),
        "total_rows_to_read": 0,
        "result_rows": answer.rows_read() if not answer.rows_written() else answer.rows_written(),
        "result_bytes": memory.size(),
        "elapsed_ns": elapsed_ns,
    }
    return Result(memory.view(), {name: str(value) for name, value in summary.items()}, (answer, memory))
