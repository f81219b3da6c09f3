"""One request of ClickHouse's HTTP interface, from its arguments and body to the engine's answer."""

import itertools
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from email.parser import BytesParser
from pathlib import Path
from typing import IO

from infra.clickhouse_sql import (
    RESULT_VERBS,
    Insert,
    insert_with_data,
    kill_query,
    output_format,
    several_statements,
    verb,
)
from infra.embedded import clickhouse_body as body
from infra.embedded.clickhouse_engine import SYNTAX_ERROR, ClickHouseError, Engine, Result, Running

HEAD_BYTES = 256 << 10  # a statement is found within ClickHouse's default max_query_size
QUERY_BYTES = 16 << 20  # only VALUES and long lists of literals come near this
PARAMETER = "param_"

# what ClickHouse's HTTP handler keeps for itself; everything else in the URL is a setting
_RESERVED = frozenset(
    {
        "query",
        "query_id",
        "database",
        "default_format",
        "user",
        "password",
        "quota_key",
        "role",
        "stacktrace",
        "compress",
        "decompress",
        "buffer_size",
        "wait_end_of_query",
        "session_id",
        "session_timeout",
        "session_check",
        "close_session",
        "client_protocol_version",
        "enable_http_compression",
    }
)


@dataclass(frozen=True, slots=True)
class Answer:
    """A result and the format it is in; no format for statements that return nothing."""

    result: Result
    format: str | None


@dataclass(frozen=True, slots=True)
class Request:
    """A request that was admitted. `reading()` is entered while a query runs that only its reader needs."""

    engine: Engine
    spool: Path
    running: Running
    arguments: Mapping[str, str]
    headers: Mapping[str, str]
    readonly: bool
    reading: Callable[[], AbstractContextManager[None]]

    def answer(self, raw: Iterator[bytes]) -> Answer:
        """Read the body, run the statement. Raises ClickHouseError."""
        arguments = dict(self.arguments)
        pieces = body.decoded(raw, self.headers.get("Content-Encoding"))
        content_type = self.headers.get("Content-Type") or ""
        if arguments.get("compress") == "1":
            raise _unsupported("compress=1: ask for an Accept-Encoding with enable_http_compression=1 instead")
        if arguments.get("decompress") == "1":
            pieces = body.blocks(pieces)
        if content_type.startswith("multipart/form-data"):
            arguments |= _form(content_type, _bounded(pieces))
            pieces = iter(())
        query = arguments.get("query", "").encode()
        if query and not query.endswith(b"\n"):
            query += b"\n"
        start, rest = body.head(pieces, HEAD_BYTES)
        insert = insert_with_data(query + start)
        if insert is None:
            return self._statement(_text(query + start + _bounded(rest)), arguments)
        return self._insert(insert, (query + start)[insert.data :], rest, arguments)

    def _statement(self, text: str, arguments: Mapping[str, str]) -> Answer:
        sql = text.encode()
        first = verb(sql)
        if not first:
            raise ClickHouseError.of(SYNTAX_ERROR, "SYNTAX_ERROR", "Empty query")
        if several_statements(sql):
            raise ClickHouseError.of(
                SYNTAX_ERROR, "SYNTAX_ERROR", "Syntax error (Multi-statements are not allowed): more follows behind ';'"
            )
        self.running.text = text
        if order := kill_query(sql):
            return Answer(self.engine.kill(order, self.running), order.format)
        chosen = arguments.get("default_format") or self.headers.get("X-ClickHouse-Format") or "TabSeparated"
        format_ = output_format(sql) or chosen
        if first not in RESULT_VERBS:
            return Answer(self._execute(text, format_, arguments), None)
        with self.reading():
            return Answer(self._execute(text, format_, arguments), format_)

    def _insert(self, insert: Insert, first: bytes, rest: Iterator[bytes], arguments: Mapping[str, str]) -> Answer:
        self.running.text = _text(insert.text)
        with tempfile.TemporaryFile(dir=self.spool) as rows:
            _fill(rows, first, rest)
            # an open file by its descriptor: no name to escape, none that a crash could leave behind
            sql = insert.reading(f"/proc/self/fd/{rows.fileno()}")
            return Answer(self._execute(sql, "TabSeparated", arguments), None)

    def _execute(self, sql: str, format_: str, arguments: Mapping[str, str]) -> Result:
        settings = {
            name: value for name, value in arguments.items() if name not in _RESERVED and not name.startswith(PARAMETER)
        }
        if self.readonly:
            settings.setdefault("readonly", "2")
        return self.engine.execute(
            self.running,
            sql,
            format_,
            database=arguments.get("database") or self.headers.get("X-ClickHouse-Database"),
            settings=settings,
            parameters={
                name.removeprefix(PARAMETER): value for name, value in arguments.items() if name.startswith(PARAMETER)
            },
        )


def _fill(rows: IO[bytes], first: bytes, rest: Iterator[bytes]) -> None:
    for piece in itertools.chain([first], rest):
        try:
            rows.write(piece)
            rows.flush()  # a full disk is to be found out before the statement runs
        except OSError as error:
            raise ClickHouseError.of(243, "NOT_ENOUGH_SPACE", f"Cannot keep the rows: {error.strerror}") from error


def _text(sql: bytes) -> str:
    try:
        return sql.decode()
    except UnicodeDecodeError as error:
        raise ClickHouseError.of(36, "BAD_ARGUMENTS", f"The statement is not UTF-8: {error}") from error


def _bounded(pieces: Iterator[bytes]) -> bytes:
    content, behind = body.head(pieces, QUERY_BYTES)
    if next(behind, None) is not None:
        raise ClickHouseError.of(SYNTAX_ERROR, "SYNTAX_ERROR", f"A query may have {QUERY_BYTES} bytes, this has more")
    return content


def _form(content_type: str, content: bytes) -> dict[str, str]:
    """The fields of a form: the query and its parameters, where they are too long for a URL."""
    message = BytesParser().parsebytes(b"Content-Type: " + content_type.encode() + b"\r\n\r\n" + content)
    fields = {}
    for part in message.walk():
        name = part.get_param("name", header="content-disposition")
        if not isinstance(name, str):
            continue
        if name != "query" and not name.startswith(PARAMETER):
            raise _unsupported(f"external data ({name})")
        fields[name] = _text(bytes(part.get_payload(decode=True) or b""))
    return fields


def _unsupported(what: str) -> ClickHouseError:
    return ClickHouseError.of(48, "NOT_IMPLEMENTED", f"The embedded server does not support {what}")
