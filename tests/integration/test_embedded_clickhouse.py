"""The embedded ClickHouse through the clients people use: clickhouse-connect, curl, and bare HTTP for the rest."""

import contextlib
import gzip
import http.client
import io
import json
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import clickhouse_connect
import lz4.block
import lz4.frame
import psutil
import pyarrow as pa
import pytest
import zstandard
from clickhouse_connect.driver.exceptions import DatabaseError
from pydantic import SecretStr

from infra.clickhouse import client, wait_ready
from infra.embedded.clickhouse import EmbeddedClickHouse, State, read_state
from tierfeed.errors import UpstreamError

pytestmark = pytest.mark.clickhouse

STRUCTURE = "offset UInt64, symbol LowCardinality(String), bid Float64, received_time DateTime64(6, \\'UTC\\')"


def eventually(check: Callable[[], Any], within_s: float = 10.0) -> Any:
    deadline_s = time.monotonic() + within_s
    while not (found := check()):
        assert time.monotonic() < deadline_s, f"not within {within_s} s"
        threading.Event().wait(0.02)
    return found


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[State]:
    embedded = EmbeddedClickHouse(tmp_path_factory.mktemp("clickhouse with a space & {glob}*"))
    yield embedded.start()
    embedded.stop()


@pytest.fixture
def database(server: State) -> str:
    name = f"test_{uuid.uuid4().hex[:12]}"
    client(server.settings(), database="").command(f"CREATE DATABASE {name}")
    return name


@pytest.fixture(params=[True, False, "zstd", "gzip"], ids=lambda how: f"compress={how}")
def connection(server: State, database: str, request: pytest.FixtureRequest) -> Any:
    return client(server.settings(database), compress=request.param)


@pytest.fixture
def plain(server: State, database: str) -> Any:
    return client(server.settings(database))


def ticks(first: int, rows: int) -> pa.Table:
    return pa.table(
        {
            "offset": pa.array(range(first, first + rows), pa.uint64()),
            "symbol": pa.array([f"EURUS{row % 7}" for row in range(rows)]).dictionary_encode(),
            "bid": pa.array([1 + row / 1e5 for row in range(rows)]),
            "received_time": pa.array(range(first, first + rows)).cast(pa.timestamp("us", "UTC")),
        }
    )


def ipc(table: pa.Table) -> bytes:
    sink = io.BytesIO()
    with pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue()


def make_ticks(connection: Any, name: str = "ticks") -> None:
    connection.command(
        f"CREATE TABLE {name} (offset UInt64, symbol LowCardinality(String), bid Float64, received_time "
        "DateTime64(6, 'UTC')) ENGINE = MergeTree ORDER BY (symbol, received_time) "
        "SETTINGS non_replicated_deduplication_window = 1000"
    )


def count(connection: Any, name: str = "ticks") -> tuple[int, int]:
    return connection.query(f"SELECT count(), uniqExact(offset) FROM {name}").result_rows[0]


def post(server: State, path: str, body: Any = None, method: str = "POST", **headers: str) -> tuple[int, Any, bytes]:
    link = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    link.request(method, path, body=body, headers={name.replace("_", "-"): value for name, value in headers.items()})
    answer = link.getresponse()
    return answer.status, answer.headers, answer.read()


# --- clickhouse-connect ---------------------------------------------------------------------------------------------


def test_rows_arrow_and_queries_go_through_clickhouse_connect(connection: Any) -> None:
    make_ticks(connection)
    connection.insert_arrow("ticks", ticks(0, 5000))
    rows = [[5000 + row, "GBPUSD", 1.25, 5000 + row] for row in range(5000)]
    summary = connection.insert("ticks", rows, column_names=["offset", "symbol", "bid", "received_time"])
    assert summary.written_rows == 5000
    assert count(connection) == (10_000, 10_000)
    table = connection.query_arrow("SELECT * FROM ticks ORDER BY offset")
    assert table.num_rows == 10_000
    assert table["offset"].to_pylist() == list(range(10_000))


def test_parameters_keep_their_type_and_every_character(plain: Any) -> None:
    text = "it's a \\ and a \n and a \t and ünï\"cöde`"
    row = plain.query("SELECT {a:String}, {b:Array(UInt8)}, {c:Nullable(Float64)}", {"a": text, "b": [1, 2], "c": None})
    assert row.result_rows == [(text, [1, 2], None)]


def test_a_parameter_too_long_for_a_url_travels_in_a_form(plain: Any) -> None:
    long = "x" * 100_000
    assert plain.query("SELECT length({a:String})", parameters={"a": long}).result_rows == [(100_000,)]


def test_settings_hold_for_their_statement_only(plain: Any) -> None:
    query = "SELECT getSetting('log_comment')"
    assert plain.query(query, settings={"log_comment": "it's; \\"}).result_rows == [("it's; \\",)]
    assert plain.query(query).result_rows == [("",)]


def test_a_query_tells_what_it_read_and_an_insert_what_it_wrote(plain: Any) -> None:
    make_ticks(plain)
    assert int(plain.insert_arrow("ticks", ticks(0, 100)).summary["written_rows"]) == 100
    summary = plain.query("SELECT sum(bid) FROM ticks").summary
    assert int(summary["read_rows"]) == 100
    assert int(summary["result_rows"]) == 1


@pytest.mark.parametrize(
    ("sql", "code", "name"),
    [
        ("SELECT * FROM nowhere", 60, "UNKNOWN_TABLE"),
        ("SELEKT 1", 62, "SYNTAX_ERROR"),
        ("SELECT nothing", 47, "UNKNOWN_IDENTIFIER"),
        ("SELECT throwIf(1, 'my words')", 395, "FUNCTION_THROW_IF_VALUE_IS_NON_ZERO"),
        ("SELECT 1; SELECT 2", 62, "SYNTAX_ERROR"),
    ],
)
def test_errors_carry_clickhouses_code_and_name(plain: Any, sql: str, code: int, name: str) -> None:
    with pytest.raises(DatabaseError) as refused:
        plain.command(sql)
    assert (refused.value.code, refused.value.name) == (code, name)


def test_an_unknown_setting_and_an_unknown_database_are_told(server: State, plain: Any) -> None:
    status, headers, _ = post(server, "/?no_such_setting=1", b"SELECT 1")
    assert (status, headers["X-ClickHouse-Exception-Code"]) == (404, "115")
    with pytest.raises(UpstreamError, match="has no database nowhere"):
        client(server.settings("nowhere"))


def test_a_batch_with_the_token_of_an_earlier_one_is_stored_once(plain: Any) -> None:
    make_ticks(plain)
    for _ in range(2):
        plain.insert_arrow("ticks", ticks(0, 1000), settings={"insert_deduplication_token": "ticks.fxcm-3-0-999"})
    assert count(plain) == (1000, 1000)


def test_an_insert_filters_its_rows_by_what_is_stored(plain: Any) -> None:
    make_ticks(plain)
    plain.insert_arrow("ticks", ticks(0, 1000))
    statement = (
        f"INSERT INTO ticks (offset, symbol, bid, received_time) SELECT * FROM input('{STRUCTURE}') "
        "WHERE offset > (SELECT max(offset) FROM ticks) FORMAT Arrow\n"
    )
    summary = plain.raw_insert(None, insert_block=statement.encode() + ipc(ticks(500, 1000)))
    assert summary.written_rows == 500
    assert count(plain) == (1500, 1500)


def test_an_insert_by_input_with_a_token_is_stored_once(plain: Any) -> None:
    make_ticks(plain)
    statement = f"INSERT INTO ticks SELECT * FROM input('{STRUCTURE}') FORMAT Arrow\n"
    for _ in range(2):
        plain.raw_insert(
            None,
            insert_block=statement.encode() + ipc(ticks(0, 1000)),
            settings={"insert_deduplication_token": "one", "max_insert_threads": 1},
        )
    assert count(plain) == (1000, 1000)


def test_one_insert_is_one_part(plain: Any) -> None:
    make_ticks(plain)
    plain.command("SYSTEM STOP MERGES ticks")
    plain.insert_arrow("ticks", ticks(0, 300_000))
    assert plain.command("SELECT count() FROM system.parts WHERE database = currentDatabase() AND active") == 1


def test_inline_values_and_their_parameters_are_inserted(plain: Any) -> None:
    plain.command("CREATE TABLE values (format String, a Int64) ENGINE = Memory")
    plain.command(
        "INSERT INTO values (format, a) SETTINGS max_threads = 1 VALUES ('a;b', 1), ({text:String}, 1 + 1)",
        parameters={"text": "it's"},
    )
    assert plain.query("SELECT * FROM values ORDER BY a").result_rows == [("a;b", 1), ("it's", 2)]


# --- parallel work, long queries, KILL ------------------------------------------------------------------------------


def test_eight_clients_work_in_parallel_and_every_row_arrives(server: State, database: str) -> None:
    make_ticks(client(server.settings(database)))

    def work(number: int) -> None:
        own = client(server.settings(database))
        for batch in range(5):
            own.insert_arrow("ticks", ticks((number * 5 + batch) * 1000, 1000))
            assert own.command("SELECT count() > 0 FROM ticks") == 1

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
    assert count(client(server.settings(database))) == (40_000, 40_000)


def slow_query(server: State, query_id: str) -> threading.Thread:
    def run() -> None:
        with contextlib.suppress(OSError):
            slow_answers.append(post(server, f"/?query_id={query_id}", b"SELECT sum(sin(number)) FROM numbers(1e12)"))

    slow_answers: list[Any] = []
    thread = threading.Thread(target=run)
    thread.answers = slow_answers  # type: ignore[attr-defined]
    thread.start()
    eventually(lambda: query_id in running(server))
    return thread


def running(server: State) -> list[str]:
    return (
        post(server, "/", b"KILL QUERY WHERE 1 TEST FORMAT JSONColumns")[2]
        and json.loads(post(server, "/", b"KILL QUERY WHERE 1 TEST FORMAT JSONColumns")[2])["query_id"]
    )


def test_a_long_query_holds_up_neither_ping_nor_others_and_is_killed_by_its_prefix(server: State, plain: Any) -> None:
    slow = slow_query(server, "sink-ticks-1-abc")
    assert post(server, "/ping", method="GET")[2] == b"Ok.\n"
    assert plain.command("SELECT 1") == 1
    killed = plain.query("KILL QUERY WHERE startsWith(query_id, 'sink-ticks-1-') SYNC").result_rows
    assert [(row[0], row[1]) for row in killed] == [("finished", "sink-ticks-1-abc")]
    slow.join(10)
    status, headers, _ = slow.answers[0]  # type: ignore[attr-defined]
    assert (status, headers["X-ClickHouse-Exception-Code"]) == (500, "394")


def test_killing_what_does_not_run_kills_nothing(server: State) -> None:
    assert post(server, "/", b"KILL QUERY WHERE startsWith(query_id, 'nobody') SYNC")[::2] == (200, b"")


def test_a_second_request_with_a_running_ones_id_is_refused(server: State, plain: Any) -> None:
    slow = slow_query(server, "twice")
    _, headers, _ = post(server, "/?query_id=twice", b"SELECT 1")
    plain.command("KILL QUERY WHERE query_id = 'twice' SYNC")
    slow.join(10)
    assert headers["X-ClickHouse-Exception-Code"] == "216"


def test_a_killed_insert_that_is_still_uploading_never_executes(server: State, plain: Any) -> None:
    make_ticks(plain)
    body = b"INSERT INTO ticks FORMAT Arrow\n" + ipc(ticks(0, 1000))
    with socket.create_connection(("127.0.0.1", server.port), 30) as stalled:
        head = f"POST /?query_id=old-1&database={plain.database} HTTP/1.1\r\nHost: localhost\r\n"
        stalled.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body[:-10])
        eventually(lambda: "old-1" in running(server))
        plain.command("KILL QUERY WHERE startsWith(query_id, 'old-') SYNC")
        assert "old-1" not in eventually(lambda: running(server) or ["none"])
        with contextlib.suppress(OSError):
            stalled.sendall(body[-10:])
        assert b"394" in stalled.recv(65536)
    assert count(plain) == (0, 0)


def test_a_query_ends_when_its_client_hangs_up(server: State) -> None:
    link = http.client.HTTPConnection("127.0.0.1", server.port)
    link.request("POST", "/?query_id=left", body=b"SELECT sum(sin(number)) FROM numbers(1e12)")
    eventually(lambda: "left" in running(server))
    link.close()
    eventually(lambda: "left" not in running(server))


def test_a_body_cut_off_in_the_middle_inserts_nothing(server: State, plain: Any) -> None:
    make_ticks(plain)
    body = b"INSERT INTO ticks FORMAT TSV\n" + b"1\tEURUSD\t1.1\t0\n" * 1000
    with socket.create_connection(("127.0.0.1", server.port), 30) as link:
        head = f"POST /?query_id=cut&database={plain.database} HTTP/1.1\r\nHost: localhost\r\n"
        link.sendall(f"{head}Transfer-Encoding: chunked\r\n\r\n{len(body):x}\r\n".encode() + body)
        link.shutdown(socket.SHUT_WR)
        assert b"X-ClickHouse-Exception-Code: 33" in link.recv(65536)
    assert count(plain) == (0, 0)


# --- bare HTTP ------------------------------------------------------------------------------------------------------


def clickhouse_blocks(data: bytes) -> bytes:
    packed = lz4.block.compress(data, store_size=False)
    return bytes(16) + struct.pack("<BII", 0x82, len(packed) + 9, len(data)) + packed


@pytest.mark.parametrize(
    ("encode", "path", "headers"),
    [
        (gzip.compress, "/?", {"Content_Encoding": "gzip"}),
        (zstandard.ZstdCompressor().compress, "/?", {"Content_Encoding": "zstd"}),
        (lambda data: lz4.frame.compress(data[:99]) + lz4.frame.compress(data[99:]), "/?", {"Content_Encoding": "lz4"}),
        (clickhouse_blocks, "/?decompress=1", {}),
        (lambda data: iter([data[:50], data[50:]]), "/?", {}),
    ],
    ids=["gzip", "zstd", "lz4 in two frames", "ClickHouse's own blocks", "chunked"],
)
def test_a_body_may_be_packed_in_many_ways(
    server: State, plain: Any, encode: Callable[[bytes], Any], path: str, headers: dict[str, str]
) -> None:
    make_ticks(plain)
    rows = b"".join(b"%d\tEURUSD\t1.1\t2014-01-02 03:04:05.000006\n" % row for row in range(20_000))
    body = encode(b"INSERT INTO ticks FORMAT TSV\n" + rows)
    status, _, told = post(server, f"{path}&database={plain.database}", body, **headers)
    assert (status, told) == (200, b"")
    assert count(plain) == (20_000, 20_000)


@pytest.mark.parametrize("encoding", ["gzip", "zstd", "lz4", "deflate"])
def test_a_body_that_is_not_what_it_says_is_refused(server: State, encoding: str) -> None:
    status, headers, _ = post(server, "/", b"SELECT 1", Content_Encoding=encoding)
    assert (status, headers["X-ClickHouse-Exception-Code"]) == (500, "271")


def test_answers_are_compressed_only_if_asked_for(server: State) -> None:
    query = b"SELECT number FROM numbers(10000)"
    _, headers, packed = post(server, "/?enable_http_compression=1", query, Accept_Encoding="gzip")
    assert headers["Content-Encoding"] == "gzip"
    _, headers, bare = post(server, "/", query, Accept_Encoding="gzip")
    assert "Content-Encoding" not in headers
    assert gzip.decompress(packed) == bare


def test_a_get_only_reads(server: State) -> None:
    status, headers, _ = post(server, "/?query=CREATE%20DATABASE%20x", method="GET")
    assert (status, headers["X-ClickHouse-Exception-Code"]) == (403, "164")


def test_an_answer_names_its_format_query_and_timezone(server: State) -> None:
    _, headers, body = post(server, "/?query_id=mine&default_format=JSONEachRow", b"SELECT 1 AS a")
    assert body == b'{"a":1}\n'
    assert headers["X-ClickHouse-Query-Id"] == "mine"
    assert headers["X-ClickHouse-Format"] == "JSONEachRow"
    assert headers["X-ClickHouse-Timezone"] == "UTC"


def test_a_web_page_is_refused(server: State) -> None:
    assert post(server, "/", b"SELECT 1", Origin="https://elsewhere.example")[0] == 403
    assert post(server, "/", b"SELECT 1", Host="elsewhere.example:1")[0] == 403


def test_a_query_that_needs_too_much_memory_is_refused_and_the_server_lives(server: State, plain: Any) -> None:
    with pytest.raises(DatabaseError) as refused:
        plain.command("SELECT groupArray(number) FROM numbers(1e9)", settings={"max_memory_usage": 100_000_000})
    assert refused.value.code == 241
    assert plain.command("SELECT 1") == 1


# --- curl -----------------------------------------------------------------------------------------------------------


def curl(*arguments: str, given: bytes = b"") -> bytes:
    if shutil.which("curl") is None:
        pytest.fail("curl is not installed")
    done = subprocess.run(
        ["curl", "-sS", "--fail-with-body", *arguments], input=given, capture_output=True, check=False
    )
    return done.stdout + done.stderr


def test_curl_asks_in_the_url_and_pipes_rows_in(server: State, plain: Any) -> None:
    plain.command("CREATE TABLE piped (a Int64, b String) ENGINE = MergeTree ORDER BY a")
    url = f"{server.url}/?database={plain.database}"
    assert curl("-G", url, "--data-urlencode", "query=SELECT 1 AS a FORMAT CSV") == b"1\n"
    assert curl(url, "--data-binary", "@-", given=b'INSERT INTO piped FORMAT JSONEachRow {"a": 1, "b": "x"}') == b""
    assert curl(f"{url}&query=INSERT%20INTO%20piped%20FORMAT%20CSV", "--data-binary", "@-", given=b"2,y\n3,z\n") == b""
    assert curl(url, "-H", "Expect: 100-continue", "-d", "INSERT INTO piped VALUES (4, 'four')") == b""
    assert curl(url, "-d", "SELECT * FROM piped ORDER BY a FORMAT TSV") == b"1\tx\n2\ty\n3\tz\n4\tfour\n"
    assert b"| a |" in curl(url, "-d", "SELECT a FROM piped LIMIT 1 FORMAT Markdown")
    assert b"\xe2\x94\x8c" in curl(url, "-d", "SELECT a FROM piped FORMAT PrettyCompact")
    assert b"UNKNOWN_TABLE" in curl(url, "-d", "SELECT * FROM nowhere")


# --- the process ----------------------------------------------------------------------------------------------------


def test_a_second_start_finds_the_first_and_a_later_one_the_same_port(tmp_path: Path) -> None:
    first = EmbeddedClickHouse(tmp_path)
    state = first.start()
    assert EmbeddedClickHouse(tmp_path).start() == state
    client(state.settings(), database="").command(
        "CREATE TABLE default.kept ENGINE = MergeTree ORDER BY a AS SELECT 1 AS a"
    )
    assert first.stop()
    assert first.attach() is None
    assert not first.stop()
    again = first.start()
    assert again.port == state.port
    assert client(again.settings("default")).command("SELECT a FROM kept") == 1
    first.stop()


def test_two_that_start_at_once_get_one_server(tmp_path: Path) -> None:
    with ThreadPoolExecutor(2) as pool:
        states = list(pool.map(lambda _: EmbeddedClickHouse(tmp_path).start(), range(2)))
    assert states[0] == states[1]
    EmbeddedClickHouse(tmp_path).stop()


def test_a_taken_port_is_told(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(UpstreamError, match=f"port {port} on 127.0.0.1 is taken"):
            EmbeddedClickHouse(tmp_path, port=port).start()


def test_the_server_ends_with_its_parent(tmp_path: Path) -> None:
    program = (
        "import sys, time; from pathlib import Path; from infra.embedded.clickhouse import EmbeddedClickHouse;"
        "print(EmbeddedClickHouse(Path(sys.argv[1])).start().pid, flush=True); time.sleep(600)"
    )
    parent = subprocess.Popen([sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE)
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    parent.kill()
    parent.wait()
    parent.stdout.close()
    eventually(lambda: not psutil.pid_exists(pid), within_s=20)


def test_a_killed_server_comes_back_with_whole_inserts_only(tmp_path: Path) -> None:
    embedded = EmbeddedClickHouse(tmp_path)
    acknowledged = 0
    for life in range(3):
        state = embedded.start()
        connection = client(state.settings("default"))
        if life == 0:
            make_ticks(connection)
        stored, unique = count(connection)
        assert stored == unique
        assert stored % 1000 == 0
        assert stored >= acknowledged
        first = stored
        killer = threading.Timer(0.4 + life * 0.13, os.kill, (state.pid, signal.SIGKILL))
        killer.start()
        with contextlib.suppress(DatabaseError):
            while True:
                connection.insert_arrow("ticks", ticks(first, 1000))
                first += 1000
        acknowledged = first
        killer.join()
    connection = client(embedded.start().settings("default"))
    stored, unique = count(connection)
    assert stored == unique
    assert stored in (acknowledged, acknowledged + 1000)
    assert list((tmp_path / "spool").iterdir()) == []
    embedded.stop()


def test_what_runs_at_sigterm_is_answered(tmp_path: Path) -> None:
    embedded = EmbeddedClickHouse(tmp_path)
    state = embedded.start()
    answer: list[Any] = []
    query = b"SELECT count() FROM numbers(3) WHERE sleepEachRow(0.5) = 0"
    asking = threading.Thread(target=lambda: answer.append(post(state, "/?query_id=last", query)))
    asking.start()
    eventually(lambda: "last" in running(state))
    embedded.stop()
    asking.join(10)
    assert answer[0][2] == b"3\n"


def test_waiting_for_nobody_names_the_address(tmp_path: Path) -> None:
    state = State(pid=1, created_s=0.0, port=1, memory_mb=1)
    with pytest.raises(UpstreamError, match=r"http://127\.0\.0\.1:1"):
        wait_ready(state.settings(), timeout_s=0.2)
    assert read_state(tmp_path) is None


def test_an_ordinary_client_with_sessions_works_too(server: State) -> None:
    ordinary = clickhouse_connect.get_client(host="127.0.0.1", port=server.port)
    assert ordinary.query("SELECT 1 WHERE 0").result_rows == []
    assert ordinary.query("SELECT 1 AS a, 'b' AS c LIMIT 0").column_names == ("a", "c")
    assert ordinary.server_version.startswith("26.")


def test_a_secured_one_wants_its_password_however_it_is_given(tmp_path: Path) -> None:
    embedded = EmbeddedClickHouse(tmp_path, secure=True)
    state = embedded.start()
    assert state.password_file is not None
    password = Path(state.password_file).read_text()
    assert Path(state.password_file).stat().st_mode & 0o077 == 0
    assert client(state.settings(), database="").command("SELECT 1") == 1
    assert b"2" in curl(f"{state.url}/", "-u", f"default:{password}", "-d", "SELECT 2")
    assert b"3" in curl(f"{state.url}/?user=default&password={password}", "-d", "SELECT 3")
    assert b"Ok." in curl(f"{state.url}/ping")
    for given in ([], ["-u", "default:wrong"], ["-u", f"somebody:{password}"], ["-H", "X-ClickHouse-Key: wrong"]):
        assert b"AUTHENTICATION_FAILED" in curl(f"{state.url}/", *given, "-d", "SELECT 4")
    with pytest.raises(UpstreamError, match="AUTHENTICATION_FAILED"):
        client(state.settings().model_copy(update={"password": SecretStr("wrong")}))
    embedded.stop()
    assert embedded.start().settings() == state.settings()
    embedded.stop()
