"""A ClickHouse of our own: chDB in a process that serves ClickHouse's HTTP interface on the loopback address.

Everything lives in one folder: the data, the settings it was started with, its log, and `state.json` that says where
it listens. The folder's lock makes it one server per folder; whoever starts a second one gets the first. Where there is
a file `password`, which only the folder's owner may read, the server wants it.
"""

import argparse
import contextlib
import fcntl
import json
import logging
import os
import random
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
from pydantic import SecretStr

from infra.secret import new_password, write_secretly
from infra.tether import tethered_popen
from tierfeed.errors import ConfigError, UpstreamError
from tierfeed.settings import ClickHouseSettings

if TYPE_CHECKING:
    from infra.embedded.clickhouse_engine import Engine
    from infra.embedded.clickhouse_http import ClickHouseServer

logger = logging.getLogger(__name__)

HOST = "127.0.0.1"
PORTS = range(20_000, 30_000)  # below the range from which Linux takes the ports of outgoing connections
START_S = 60.0
STOP_S = 30.0
GRACE_S = 10.0  # what runs at SIGTERM may take this long to end
MEMORY_MB = 2048
FOLDER_TAKEN = 75
PASSWORD = "password"
_POLL_S = 0.02
_TAIL_BYTES = 2000

_CONFIG = """<clickhouse>
    <max_server_memory_usage>{server}</max_server_memory_usage>
    <mark_cache_size>{cache}</mark_cache_size>
    <index_mark_cache_size>{cache}</index_mark_cache_size>
    <primary_index_cache_size>{cache}</primary_index_cache_size>
    <query_condition_cache_size>{cache}</query_condition_cache_size>
    <users_config>clickhouse.xml</users_config>
    <profiles><default>
        <max_memory_usage>{query}</max_memory_usage>
        <max_result_bytes>{result}</max_result_bytes>
    </default></profiles>
    <users><default><password/><networks><ip>::/0</ip></networks><profile>default</profile></default></users>
</clickhouse>
"""


@dataclass(frozen=True, slots=True)
class State:
    """What a server tells about itself; `created_s` tells its process from a later one with the same pid."""

    pid: int
    created_s: float
    port: int
    memory_mb: int
    password_file: str | None = None
    """Where the password is that it wants; None: it wants none."""

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    def settings(self, database: str = "tierfeed") -> ClickHouseSettings:
        """Settings for its clients."""
        password = "" if self.password_file is None else Path(self.password_file).read_text().strip()
        return ClickHouseSettings(url=self.url, database=database, password=SecretStr(password))

    def process(self) -> psutil.Process | None:
        """The process, if it lives."""
        try:
            process = psutil.Process(self.pid)
            alive = process.create_time() == self.created_s and process.status() != psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return None
        return process if alive else None


class EmbeddedClickHouse:
    """Starts, finds and stops the server of one folder. Its data outlives it. `memory_mb` bounds what it allocates."""

    def __init__(
        self, home: Path, *, port: int | None = None, memory_mb: int = MEMORY_MB, secure: bool = False
    ) -> None:
        self.home = home.absolute()
        self._secure = secure
        self._port, self._memory_mb = port, memory_mb
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> Path:
        return self.home / "server.log"

    def start(self, timeout_s: float = START_S, *, die_with_parent: bool = True) -> State:
        """Start the server, or find it running. Raises UpstreamError with the end of its log if it does not come.

        With `die_with_parent` it gets SIGTERM when this process ends, however that ends; else it runs until
        somebody calls `stop`.
        """
        deadline_s = time.monotonic() + timeout_s
        self.home.mkdir(parents=True, exist_ok=True)
        if self._secure and not (self.home / PASSWORD).exists():
            write_secretly(self.home / PASSWORD, new_password())
        child: subprocess.Popen[bytes] | None = None
        while time.monotonic() < deadline_s:
            if (running := self.attach()) is not None:
                return running
            ended = FOLDER_TAKEN if child is None else child.poll()
            if ended == FOLDER_TAKEN:  # by one that is only just starting, or only just ending
                child = self._child = self._launch(die_with_parent)
            elif ended is not None:
                raise UpstreamError(f"ClickHouse in {self.home} ended with code {ended}: {self._last_words()}")
            time.sleep(_POLL_S)
        self.stop(0.0)
        raise UpstreamError(f"ClickHouse in {self.home} was not ready in {timeout_s} s: {self._last_words()}")

    def attach(self) -> State | None:
        """The server that runs on this folder and answers, whoever started it; None if there is none."""
        state = read_state(self.home)
        return state if state is not None and state.process() is not None and answers(state.url) else None

    def stop(self, timeout_s: float = STOP_S) -> bool:
        """End the server, whoever started it: gently, then after `timeout_s` by force. False if none ran."""
        state = read_state(self.home)
        process = None if state is None else state.process()
        if process is not None:
            process.terminate()
            try:
                process.wait(timeout_s)
            except psutil.TimeoutExpired:
                process.kill()
                process.wait(STOP_S)
        if self._child is not None:
            self._child.kill()  # one that never came so far as to tell its state
            self._child.wait()
            self._child = None
        return process is not None

    def _launch(self, die_with_parent: bool) -> "subprocess.Popen[bytes]":
        command = [sys.executable, "-m", "infra.embedded.clickhouse", "--home", str(self.home)]
        command += ["--memory-mb", str(self._memory_mb)]
        if self._port is not None:
            command += ["--port", str(self._port)]
        popen = tethered_popen if die_with_parent else subprocess.Popen
        with self.log.open("ab") as log:
            return popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C must not reach it before the parts have flushed
            )

    def _last_words(self) -> str:
        return self.log.read_bytes()[-_TAIL_BYTES:].decode(errors="replace").strip() or "none"


def answers(url: str, within_s: float = 5.0) -> bool:
    """Whether a ClickHouse answers `/ping` at `url`."""
    try:
        with urllib.request.urlopen(f"{url}/ping", timeout=within_s) as response:
            return bool(response.read() == b"Ok.\n")
    except (urllib.error.URLError, OSError):
        return False


def read_state(home: Path) -> State | None:
    """What the last server of the folder told; it may have ended since."""
    try:
        return State(**json.loads((home / "state.json").read_text()))
    except FileNotFoundError:
        return None


def serve(home: Path, port: int | None, memory_mb: int) -> int:
    """Own the folder and serve it until SIGTERM or SIGINT. The exit code of the process."""
    home.mkdir(parents=True, exist_ok=True)
    os.environ["TZ"] = "UTC"  # chDB takes its timezone from here, not from its configuration
    os.chdir(home)  # relative paths from here on: chDB's connection string has no way to escape one
    with Path("lock").open("wb") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return FOLDER_TAKEN
        _serve_locked(port, memory_mb)
    return 0


def _serve_locked(port: int | None, memory_mb: int) -> None:
    from infra.embedded.clickhouse_engine import Engine

    ending = threading.Event()
    memory_bytes = memory_mb << 20
    Path("clickhouse.xml").write_text(
        _CONFIG.format(
            server=memory_bytes, query=memory_bytes * 3 // 4, result=memory_bytes // 4, cache=memory_bytes // 32
        )
    )
    engine = Engine("data?config-file=clickhouse.xml")
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ending.set())
    server = _listen(engine, port)
    server.start()
    secret = str(Path(PASSWORD).absolute()) if server.password is not None else None
    _remember(State(os.getpid(), psutil.Process().create_time(), server.port, memory_mb, secret))
    logger.info("ClickHouse %s on port %d, at most %d MB of memory", engine.version, server.port, memory_mb)
    ending.wait()
    server.stop(GRACE_S)
    engine.close()
    logger.info("closed")


def _listen(engine: "Engine", port: int | None) -> "ClickHouseServer":
    """On the port asked for; else where the last server listened, so that clients find it again; else on a free one."""
    from infra.embedded.clickhouse_http import ClickHouseServer

    spool = Path("spool").absolute()
    spool.mkdir(exist_ok=True)
    password = Path(PASSWORD).read_text().strip() if Path(PASSWORD).exists() else None
    before = read_state(Path())
    choice = [port] if port is not None else [*([before.port] if before else []), *random.sample(PORTS, len(PORTS))]
    for candidate in choice:
        with contextlib.suppress(OSError):
            return ClickHouseServer(engine, spool, HOST, candidate, password)
    raise ConfigError(f"port {port} on {HOST} is taken")


def _remember(state: State) -> None:
    fresh = Path("state.json.new")
    fresh.write_text(json.dumps(asdict(state)))
    fresh.replace("state.json")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m infra.embedded.clickhouse", description=__doc__)
    parser.add_argument("--home", type=Path, required=True, help="holds everything")
    parser.add_argument(
        "--port", type=int, help="listen here or fail; without it, where it listened before, or anywhere"
    )
    parser.add_argument("--memory-mb", type=int, default=MEMORY_MB, help="what the engine may allocate")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s", stream=sys.stderr)
    try:
        return serve(options.home.absolute(), options.port, options.memory_mb)
    except ConfigError as error:
        logger.error("%s", error)
        return ConfigError.exit_code


if __name__ == "__main__":
    sys.exit(main())
