"""ClickHouse that goes away, answers that are lost, inserts that come too late."""

import http.client
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import psutil
import pytest

from infra.embedded.clickhouse import EmbeddedClickHouse
from schemas.codec import warm
from sinks import statements
from sinks.connection import Connection, Patience
from sinks.port import Rows
from sinks.setup import migrate
from sinks.writer import ClickHouseSink, ClickHouseTenure, _body
from tests.builders import eventually
from tests.sink_data import TABLES, batch, place, rows, tick, ticks
from tests.sink_parts import Feed, Kept, Life, Proof, deployment, kept_until
from tierfeed.errors import FencedError, UpstreamError
from tierfeed.settings import ClickHouseSettings, KafkaSettings, Settings

A = place()
PIECE = 65536
MEGABYTE = 1 << 20


@pytest.fixture
def connection(database: ClickHouseSettings) -> Iterator[Connection]:
    migrate(Settings(clickhouse=database))
    connection = Connection(database)
    yield connection
    connection.close()


def stored(connection: Connection) -> list[int]:
    return [row[0] for row in connection.query("SELECT offset FROM ticks ORDER BY offset")]


class Proxy:
    """Between a sink and ClickHouse. `spoil` says what becomes of the answer to a request."""

    def __init__(self, settings: ClickHouseSettings, spoil: Callable[[bytes], str]) -> None:
        address = urlsplit(settings.url)
        self.target, self.spoil = (address.hostname or "", address.port or 8123), spoil
        self.release = threading.Event()
        self.server = socket.create_server(("127.0.0.1", 0))
        self.settings = settings.model_copy(update={"url": f"http://127.0.0.1:{self.server.getsockname()[1]}"})
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self.server.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        upstream = socket.create_connection(self.target)
        fate = "pass"

        def there() -> None:
            nonlocal fate
            while piece := client.recv(PIECE):
                if fate == "pass" and piece.startswith(b"POST"):
                    fate = self.spoil(piece)
                upstream.sendall(piece)

        threading.Thread(target=_quietly, args=(there,), daemon=True).start()
        _quietly(lambda: self._back(client, upstream, lambda: fate))
        client.close()
        upstream.close()

    def _back(self, client: socket.socket, upstream: socket.socket, fate: Callable[[], str]) -> None:
        while piece := upstream.recv(PIECE):
            if fate() == "drop":
                return
            if fate() == "hold":
                self.release.wait(30)
                return
            client.sendall(piece)

    def close(self) -> None:
        self.release.set()
        self.server.close()


def _quietly(work: Callable[[], object]) -> None:
    try:
        work()
    except OSError:
        return  # the other side closed first


@contextmanager
def proxied(database: ClickHouseSettings, fate: str, times: int) -> Iterator[tuple[ClickHouseSink, list[str]]]:
    """A sink whose first `times` inserts into ticks get through while their answers do not."""
    spoiled: list[str] = []

    def spoil(request: bytes) -> str:
        if b"query_id=tierfeed-" in request and len(spoiled) < times:  # only inserts have one, and only into ticks here
            spoiled.append(fate)
            return fate
        return "pass"

    proxy = Proxy(database, spoil)
    sink = ClickHouseSink(proxy.settings, Patience(answer_s=1.5, give_up_s=20))
    yield sink, spoiled
    sink.close()
    proxy.close()


@pytest.mark.clickhouse
@pytest.mark.parametrize("fate", ["drop", "hold"])
def test_an_insert_whose_answer_is_lost_is_not_repeated(
    database: ClickHouseSettings, connection: Connection, fate: str
) -> None:
    with proxied(database, fate, times=2) as (sink, spoiled):
        tenure = sink.take_over([A], TABLES)
        tenure.store(ticks(0, 99))
        tenure.store(ticks(50, 149))
        assert len(spoiled) == 2
    assert stored(connection) == list(range(150))


@pytest.mark.clickhouse
def test_a_takeover_ends_an_insert_that_is_still_coming_in(
    database: ClickHouseSettings, connection: Connection
) -> None:
    old = ClickHouseSink(database).take_over([A], TABLES)
    send_rest = half_sent(database, old, ticks(0, 99))
    new = ClickHouseSink(database).take_over([A], TABLES)
    new.store(ticks(0, 9))
    assert send_rest() != 200
    new.store(ticks(10, 19))
    assert stored(connection) == list(range(20))


@pytest.mark.clickhouse
def test_an_insert_that_begins_after_the_takeover_finds_another_owner(
    database: ClickHouseSettings, connection: Connection
) -> None:
    old = ClickHouseSink(database).take_over([A], TABLES)
    new = ClickHouseSink(database).take_over([A], TABLES)
    send_rest = half_sent(database, old, ticks(0, 99))
    new.store(ticks(0, 9))
    assert send_rest() != 200
    with pytest.raises(FencedError):
        old.store(ticks(0, 99))
    assert stored(connection) == list(range(10))


def half_sent(database: ClickHouseSettings, tenure: ClickHouseTenure, rows: Rows) -> Callable[[], int]:
    """Begin an insert of `rows` as `tenure` would and stop half-way; the rest is sent when called, for the status."""
    address, body = urlsplit(database.url), _body(statements.insert(rows, tenure._owner, [0]), rows.batch)
    arguments = {"database": database.database, "query_id": f"{tenure._prefix}ticks-1"}
    link = http.client.HTTPConnection(address.hostname or "", address.port, timeout=30)
    link.putrequest("POST", f"/?{urlencode(arguments)}")
    link.putheader("X-ClickHouse-User", database.username)
    link.putheader("X-ClickHouse-Key", database.password.get_secret_value())
    link.putheader("Content-Length", str(len(body)))
    link.endheaders(body[: len(body) // 2])
    look = Connection(database)
    eventually(lambda: look.command(f"KILL QUERY WHERE query_id = '{arguments['query_id']}' TEST"), 10)
    look.close()

    def rest() -> int:
        try:
            link.send(body[len(body) // 2 :])
            return link.getresponse().status
        except OSError:
            return 0  # the server hung up

    return rest


@pytest.mark.clickhouse
def test_a_sink_gives_up_in_the_end_and_says_what_it_could_not_do(database: ClickHouseSettings) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    away = database.model_copy(update={"url": f"http://127.0.0.1:{port}"})
    with pytest.raises(UpstreamError, match=rf"could not take partitions over .*127\.0\.0\.1:{port}"):
        ClickHouseSink(away, Patience(give_up_s=0.3)).take_over([A], TABLES)


@pytest.mark.clickhouse
def test_what_the_tables_cannot_take_is_an_error_and_not_a_fence(
    database: ClickHouseSettings, connection: Connection
) -> None:
    sink = ClickHouseSink(database, Patience(give_up_s=0.3))
    tenure = sink.take_over([A], TABLES)
    connection.command("ALTER TABLE ticks DROP COLUMN flags")
    with pytest.raises(UpstreamError, match="flags"):
        tenure.store(rows((A, batch([tick()]))))
    sink.close()


@pytest.fixture
def own_clickhouse(tmp_path: Path) -> Iterator[EmbeddedClickHouse]:
    server = EmbeddedClickHouse(tmp_path / "clickhouse")
    server.start()
    yield server
    server.stop()


@pytest.mark.kafka
@pytest.mark.clickhouse
def test_a_clickhouse_that_is_killed_and_comes_back_costs_nothing(
    unique: str, tmp_path: Path, kafka: KafkaSettings, own_clickhouse: EmbeddedClickHouse
) -> None:
    """No loss, no double, bounded memory; whether the sink outlives the outage is its patience's affair."""
    warm()
    at = own_clickhouse.attach()
    assert at is not None
    settings = deployment(unique, tmp_path, kafka, ClickHouseSettings(url=at.url), flush_rows=2000)
    proof, lives = Proof(settings), list[Life]()

    def start() -> Life:
        lives.append(Life(settings, tmp_path / f"sink{len(lives)}.log"))
        return lives[-1]

    try:
        with Feed(settings) as feed:
            sink = Kept(start)
            kept_until(lambda: proof.rows("ticks") > 1000, sink)
            os.kill(at.pid, signal.SIGKILL)
            before = _rss(sink.life)
            sent = sum(feed.stored.values())
            eventually(lambda: sum(feed.stored.values()) > sent + 20_000, 60)
            assert _rss(sink.life) < before + 100 * MEGABYTE
            own_clickhouse.start()
        kept_until(lambda: proof.holds(feed.stored), sink)
        proof.assert_once(feed.stored)
    finally:
        for each in lives:
            each.end()


def _rss(life: Life) -> int:
    try:
        return int(psutil.Process(life.process.pid).memory_info().rss)
    except psutil.NoSuchProcess:
        return 0
