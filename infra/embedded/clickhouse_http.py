"""ClickHouse's HTTP interface over an embedded engine: what curl and clickhouse-connect expect of a server.

Like a server without sessions: `session_id` is accepted and means nothing, temporary tables and SET end with their
request. Answers are whole before their first byte goes out, so a status code is always the truth; how large one may
be is the engine's `max_result_bytes`.
"""

import base64
import contextlib
import json
import logging
import secrets
import select
import socket
import sys
import threading
import uuid
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, cast
from urllib.parse import parse_qsl, urlsplit

from infra.embedded import clickhouse_body as body
from infra.embedded.clickhouse_engine import ClickHouseError, Engine, Running
from infra.embedded.clickhouse_request import Answer, Request

logger = logging.getLogger(__name__)

IDLE_S = 120
USER = "default"
WATCH_S = 0.25

_STATUS = (
    (400, (6, 20, 26, 27, 36, 41, 53, 62, 69, 72, 117, 168)),
    (404, (46, 47, 50, 56, 60, 63, 71, 73, 81, 115)),
    (403, (164, 192, 193, 497, 516)),
    (408, (159,)),
    (413, (68,)),
    (501, (48,)),
)
_STATUS_OF = {code: status for status, codes in _STATUS for code in codes}
_CONTENT_TYPES = (
    ("TabSeparated", "text/tab-separated-values; charset=UTF-8"),
    ("TSV", "text/tab-separated-values; charset=UTF-8"),
    ("CSV", "text/csv; charset=UTF-8"),
    ("JSONEachRow", "application/x-ndjson; charset=UTF-8"),
    ("JSON", "application/json; charset=UTF-8"),
    ("Pretty", "text/plain; charset=UTF-8"),
    ("Vertical", "text/plain; charset=UTF-8"),
)


class ClickHouseServer(ThreadingHTTPServer):
    """A thread per connection: a long query holds up nobody, chDB runs statements in parallel."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, engine: Engine, spool: Path, host: str, port: int, password: str | None = None) -> None:
        super().__init__((host, port), Handler)
        self.password = password
        self.engine = engine
        self.spool = spool
        self.stopping = threading.Event()
        self._watched: dict[socket.socket, Running] = {}
        self._watching = threading.Lock()
        self._workers = [
            threading.Thread(target=self.serve_forever, name="accept", daemon=True),
            threading.Thread(target=self._end_the_unread, name="watch", daemon=True),
        ]

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    def start(self) -> None:
        for thread in self._workers:
            thread.start()

    def stop(self, grace_s: float) -> None:
        """Take nothing new, let what runs end within `grace_s`, end the rest."""
        self.stopping.set()
        self.shutdown()
        self.engine.end_all(grace_s)
        self.server_close()

    @contextlib.contextmanager
    def reading(self, connection: socket.socket, running: Running) -> Iterator[None]:
        """While this lasts, a client that hangs up ends its query."""
        with self._watching:
            self._watched[connection] = running
        try:
            yield
        finally:
            with self._watching:
                del self._watched[connection]

    def _end_the_unread(self) -> None:
        """End queries whose client hung up: nobody will read the answer."""
        while not self.stopping.wait(WATCH_S):
            with self._watching:
                watched = {connection.fileno(): running for connection, running in self._watched.items()}
                poller = select.poll()
                for descriptor in watched:
                    poller.register(descriptor, select.POLLRDHUP)
                gone = [watched[descriptor] for descriptor, _ in poller.poll(0)]
            for running in gone:
                self.engine.end(running, wait=False)

    def handle_error(self, request: Any, client_address: Any) -> None:
        logger.info("connection from %s broke off: %s", client_address, sys.exc_info()[1])


class Handler(BaseHTTPRequestHandler):
    """One connection; one request after the other."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = IDLE_S

    @property
    def _service(self) -> ClickHouseServer:
        return cast(ClickHouseServer, self.server)

    def version_string(self) -> str:
        return "ClickHouse"

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class named it
        logger.debug(format, *args)

    def do_HEAD(self) -> None:
        self._send(200, {}, b"")

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def _serve(self) -> None:
        url = urlsplit(self.path)
        arguments = dict(parse_qsl(url.query, keep_blank_values=True))
        raw = self._raw_body()
        query_id = arguments.get("query_id") or self.headers.get("X-ClickHouse-Query-Id") or str(uuid.uuid4())
        try:
            if self._foreign():
                raise ClickHouseError.of(497, "ACCESS_DENIED", "Only programs of this machine are served, no web pages")
            if url.path in ("/ping", "/replicas_status") or (
                self.command == "GET" and url.path == "/" and not url.query
            ):
                self._drain(raw)
                self._send(200, {"Content-Type": "text/plain; charset=UTF-8"}, b"Ok.\n")
                return
            if not self._knows_the_password(arguments):
                raise ClickHouseError.of(
                    516, "AUTHENTICATION_FAILED", f"{USER}: Authentication failed: password is incorrect"
                )
            if url.path != "/":
                raise ClickHouseError.of(79, "NO_SUCH_PATH", f"There is no handle {url.path}")
            with self._service.engine.admitted(query_id, self._hang_up) as running:
                self._give(self._request(running, arguments).answer(raw), query_id)
        except ClickHouseError as error:
            self._drain(raw)
            self._refuse(error, query_id)

    def _foreign(self) -> bool:
        """Whether a web page speaks here through someone's browser: there is no password to stop it."""
        host = urlsplit("//" + self.headers.get("Host", "")).hostname
        return host not in (None, "127.0.0.1", "localhost") or "Origin" in self.headers

    def _knows_the_password(self, arguments: Mapping[str, str]) -> bool:
        """As ClickHouse takes them: in a header of its own, as basic authentication, or in the address."""
        wanted = self._service.password
        if wanted is None:
            return True
        given = self.headers.get("X-ClickHouse-Key") or arguments.get("password")
        user = self.headers.get("X-ClickHouse-User") or arguments.get("user") or USER
        kind, _, encoded = self.headers.get("Authorization", "").partition(" ")
        if given is None and kind.lower() == "basic":
            with contextlib.suppress(ValueError):
                user, _, given = base64.b64decode(encoded).decode().partition(":")
        return user == USER and secrets.compare_digest((given or "").encode(), wanted.encode())

    def _raw_body(self) -> Iterator[bytes]:
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            return body.chunked(self.rfile)
        length = self.headers.get("Content-Length", "0")
        return body.sized(self.rfile, int(length) if length.isdecimal() else 0)

    def _hang_up(self) -> None:
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RD)

    def _drain(self, raw: Iterator[bytes]) -> None:
        """Read what the client still sends: it reads the answer only after that."""
        try:
            for _ in raw:
                continue
        except ClickHouseError:
            self.close_connection = True

    def _refuse(self, error: ClickHouseError, query_id: str) -> None:
        status = 503 if self._service.stopping.is_set() else _STATUS_OF.get(error.code, 500)
        headers = {
            "Content-Type": "text/plain; charset=UTF-8",
            "X-ClickHouse-Exception-Code": str(error.code),
            "X-ClickHouse-Query-Id": query_id,
        }
        self._send(status, headers, f"{error} (version {self._service.engine.version})\n".encode())

    def _send(self, status: int, headers: dict[str, str], content: bytes | memoryview) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("X-ClickHouse-Timezone", self._service.engine.timezone)
        self.send_header("Content-Length", str(len(content)))
        if self._service.stopping.is_set():
            self.send_header("Connection", "close")
        else:
            self.send_header("Keep-Alive", f"timeout={IDLE_S}")
        self.end_headers()
        self.wfile.write(content)

    def _request(self, running: Running, arguments: dict[str, str]) -> Request:
        service = self._service
        return Request(
            engine=service.engine,
            spool=service.spool,
            running=running,
            arguments=arguments,
            headers=cast(Mapping[str, str], self.headers),
            readonly=self.command == "GET",  # as ClickHouse has it: what changes data is a POST
            reading=lambda: service.reading(self.connection, running),
        )

    def _give(self, answer: Answer, query_id: str) -> None:
        content: bytes | memoryview
        content, encoding = answer.result.body, None
        if self._asks("enable_http_compression"):
            content, encoding = body.compressed(answer.result.body, self.headers.get("Accept-Encoding", ""))
        headers = {"X-ClickHouse-Query-Id": query_id, "X-ClickHouse-Summary": json.dumps(answer.result.summary)}
        if answer.format is not None:
            kinds = (kind for start, kind in _CONTENT_TYPES if answer.format.startswith(start))
            headers["X-ClickHouse-Format"] = answer.format
            headers["Content-Type"] = next(kinds, "application/octet-stream")
        if encoding is not None:
            headers["Content-Encoding"] = encoding
        self._send(200, headers, content)

    def _asks(self, setting: str) -> bool:
        return dict(parse_qsl(urlsplit(self.path).query)).get(setting) == "1"
