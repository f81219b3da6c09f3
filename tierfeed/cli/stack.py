"""The embedded stack of one folder: Kafka, ClickHouse, and the note that says what runs on them."""

import contextlib
import fcntl
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from pydantic import BaseModel, SecretStr

from infra.embedded.clickhouse import EmbeddedClickHouse
from infra.embedded.kafka import PARTITIONS, EmbeddedKafka, signed_in
from infra.parts import READY_LINE, Part
from tierfeed.domain.tenants import ADMIN
from tierfeed.errors import TierfeedError
from tierfeed.settings import NOTHING, ClickHouseSettings, Settings

NOTE = "stack.json"
UP, SECURED, DEMO, DRILL = "up", "secured", "demo", "drill"
KINDS = (UP, SECURED, DEMO, DRILL)
"""Every stack has a folder of its own kind under the home: what one keeps, another does not open."""


class BusyError(TierfeedError):
    """Another process runs the stack of this folder."""


@dataclass(frozen=True, slots=True)
class Stack:
    """Where a running stack listens, and which brokers it carries. `kind` is the command that started it."""

    kind: str
    brokers: tuple[str, ...]
    bootstrap_servers: str
    clickhouse_url: str
    registry_url: str | None = None
    secrets: str | None = None
    """The file with the passwords of the product's own users of Kafka, where the stack is secured."""
    clickhouse_secret: str | None = None
    """The file with ClickHouse's password, likewise."""
    exporter_url: str | None = None
    """Where Kafka tells how many bytes each user was sent, likewise."""

    @property
    def secured(self) -> bool:
        return self.secrets is not None


class Folder:
    """A folder with a stack in it."""

    def __init__(self, path: Path, *, secure: bool = False) -> None:
        self.path = path.absolute()
        self.lock = self.path.parent / f"{self.path.name}.lock"
        self.kafka = EmbeddedKafka(self.path / "kafka", secure=secure)
        self.clickhouse = EmbeddedClickHouse(self.path / "clickhouse", secure=secure)

    def write(self, stack: Stack) -> None:
        written = self.path / f"{NOTE}.new"
        written.write_text(json.dumps(asdict(stack)))
        written.replace(self.path / NOTE)

    def noted(self) -> Stack | None:
        """What was written last; it may have ended since."""
        try:
            document = json.loads((self.path / NOTE).read_text())
        except FileNotFoundError:
            return None
        return Stack(**document | {"brokers": tuple(document["brokers"])})

    def running(self) -> Stack | None:
        """The stack, if its Kafka and its ClickHouse answer."""
        stack = self.noted()
        if stack is None or self.kafka.attach() is None or self.clickhouse.attach() is None:
            return None
        return stack

    @contextlib.contextmanager
    def exclusive(self) -> Iterator[None]:
        """Own the folder for as long as the context lasts. Raises BusyError."""
        self.path.mkdir(parents=True, exist_ok=True)
        with self.lock.open("wb") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise BusyError(f"another process runs in {self.path}") from None
            yield


def found(home: Path) -> Stack | None:
    """The stack that runs under `home`: what `up` started, else what a demo has left running."""
    return next(filter(None, (Folder(home / kind).running() for kind in KINDS)), None)


def reached(settings: Settings) -> Settings:
    """Where neither the environment nor the file names Kafka or ClickHouse, those of the stack that runs here."""
    kafka_given = "bootstrap_servers" in settings.kafka.model_fields_set
    clickhouse_given = "url" in settings.clickhouse.model_fields_set
    if kafka_given and clickhouse_given:
        return settings
    stack = found(settings.home)
    if stack is None:
        return settings
    local = embedded(settings, stack)
    changes: dict[str, object] = {}
    if not kafka_given:
        changes["kafka"] = local.kafka
        if "brokers" not in settings.model_fields_set:
            changes["brokers"] = local.brokers
    if not clickhouse_given:
        changes["clickhouse"] = local.clickhouse
    return settings.model_copy(update=changes)


def embedded(settings: Settings, stack: Stack, user: str = ADMIN) -> Settings:
    """`settings` for the parts of an embedded stack; where it is secured, as one of the product's own users."""
    kafka = settings.kafka.model_copy(
        update={
            "bootstrap_servers": stack.bootstrap_servers,
            "security_protocol": "PLAINTEXT",
            "sasl_mechanism": "SCRAM-SHA-512",
            **dict.fromkeys(("username", "password", "password_file", "authorizer_log")),
            **dict.fromkeys(("ca_file", "cert_file", "key_file", "key_password")),
            "partitions": PARTITIONS,
            "replication_factor": 1,
        }
    )
    if stack.secrets is not None:
        kafka = signed_in(kafka, Path(stack.secrets), user)
    password = "" if stack.clickhouse_secret is None else Path(stack.clickhouse_secret).read_text().strip()
    clickhouse = ClickHouseSettings(
        url=stack.clickhouse_url, database=settings.clickhouse.database, password=SecretStr(password)
    )
    exporters = () if stack.exporter_url is None else (stack.exporter_url,)
    meter = settings.meter.model_copy(update={"exporters": exporters})
    changes = {"kafka": kafka, "clickhouse": clickhouse, "meter": meter, "brokers": stack.brokers}
    return settings.model_copy(update=changes)


def environment(settings: Settings, path: Path) -> dict[str, str]:
    """What tells a part of an embedded stack where the others are, over whatever else is set.

    Credentials are in the environment of one process, not among its arguments, which everybody on the machine may read.
    """
    one_port_each = {} if settings.metrics.port is None else {"TIERFEED_METRICS__PORT": "0"}
    return one_port_each | {
        **_told("KAFKA", settings.kafka),
        **_told("CLICKHOUSE", settings.clickhouse),
        "TIERFEED_METER__EXPORTERS": json.dumps(settings.meter.exporters),
        "TIERFEED_BROKERS": json.dumps(settings.brokers),
        "TIERFEED_HOME": str(path),
    }


def _told(name: str, group: BaseModel) -> dict[str, str]:
    """A group of settings, each of them, so that nothing of a file or of another environment is mixed in."""
    return {f"TIERFEED_{name}__{key.upper()}": _value(value) for key, value in group}


def _value(value: object) -> str:
    if value is None:
        return NOTHING
    return value.get_secret_value() if isinstance(value, SecretStr) else str(value)


def part(name: str, arguments: Sequence[str], env: Mapping[str, str], *, once: bool = False) -> Part:
    """A tierfeed command as a supervised child."""
    return Part(name, (sys.executable, "-m", "tierfeed", *arguments), env, ready=READY_LINE, once=once)
