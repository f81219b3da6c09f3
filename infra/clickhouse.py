"""ClickHouse over HTTP: a client from settings, and migrations that only go forward.

Own migrations instead of a library: `clickhouse-migrations` 0.16 brings the native-protocol driver along, accepts gaps
in the numbers, names no file when one has changed, and keeps a lock, a schema differ and a dumper nobody here asks for.
"""

import hashlib
import logging
import re
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import clickhouse_connect
from clickhouse_connect.driver.exceptions import ClickHouseError

from infra.clickhouse_sql import statements
from tierfeed.errors import ConfigError, UpstreamError
from tierfeed.settings import ClickHouseSettings

CONNECT_TIMEOUT_S = 5
ANSWER_TIMEOUT_S = 300
UNKNOWN_TABLE, UNKNOWN_DATABASE = 60, 81

# What the driver logs it raises, too, and a command that sets up no logs would print it beside its own one line.
logging.getLogger("clickhouse_connect").addHandler(logging.NullHandler())

_FILE = re.compile(r"(\d{4})_([a-z0-9_]+)\.sql")
_POLL_S = 0.1
_VERSIONS = """
CREATE TABLE IF NOT EXISTS schema_migrations
(
    number UInt32,
    name String,
    checksum String,
    applied_at DateTime64(3, 'UTC') DEFAULT now64(3)
)
ENGINE = ReplacingMergeTree ORDER BY number
"""


@dataclass(frozen=True, slots=True, order=True)
class Applied:
    """A migration the database has seen."""

    number: int
    name: str
    checksum: str


@dataclass(frozen=True, slots=True, order=True)
class Migration:
    """One file: `NNNN_name.sql`, never edited once it was applied anywhere."""

    number: int
    name: str
    sql: str

    @property
    def file(self) -> str:
        return f"{self.number:04d}_{self.name}.sql"

    @property
    def checksum(self) -> str:
        """Of the text as it stands; line ends do not count, a checkout may change them."""
        return hashlib.sha256(self.sql.replace("\r\n", "\n").encode()).hexdigest()

    @property
    def statements(self) -> list[str]:
        return statements(self.sql)


def client(settings: ClickHouseSettings, *, database: str | None = None, **options: Any) -> Any:
    """A clickhouse-connect client. `database` overrides the settings' one; `""` names none.

    No session id: threads may share the client. Raises UpstreamError with the address if nothing answers there or
    the credentials are refused, ConfigError if the url is none.
    """
    url = urlsplit(settings.url)
    known: dict[str, Any] = {"connect_timeout": CONNECT_TIMEOUT_S, "send_receive_timeout": ANSWER_TIMEOUT_S}
    try:
        return clickhouse_connect.get_client(
            host=url.hostname,
            port=url.port or (8443 if url.scheme == "https" else 8123),
            secure=url.scheme == "https",
            username=settings.username,
            password=settings.password.get_secret_value(),
            database=settings.database if database is None else database or "default",
            autogenerate_session_id=False,
            **(known | options),
        )
    except ClickHouseError as error:
        if getattr(error, "code", None) == UNKNOWN_DATABASE:
            raise UpstreamError(f"ClickHouse at {settings.url} has no database {settings.database}") from error
        raise UpstreamError(f"ClickHouse at {settings.url}: {error}") from error


def wait_ready(settings: ClickHouseSettings, timeout_s: float = 30.0) -> None:
    """Return as soon as ClickHouse answers a query. Raises UpstreamError with the address after `timeout_s`."""
    deadline_s = time.monotonic() + timeout_s
    while True:
        try:
            client(settings, database="").close()
        except UpstreamError:
            if time.monotonic() >= deadline_s:
                raise
            time.sleep(_POLL_S)
        else:
            return


def ensure_database(settings: ClickHouseSettings) -> None:
    """Create the database if it is not there."""
    connection = client(settings, database="")
    connection.command("CREATE DATABASE IF NOT EXISTS {name:Identifier}", parameters={"name": settings.database})
    connection.close()


def load_migrations(folder: Path) -> tuple[Migration, ...]:
    """The migrations of a folder in order. Raises ConfigError with everything wrong about the files' names."""
    found: list[Migration] = []
    problems: list[str] = []
    for path in sorted(folder.glob("*.sql")):
        match = _FILE.fullmatch(path.name)
        if match is None:
            problems.append(f"{path}: a migration is named NNNN_name.sql, with a name of a-z, 0-9 and _")
            continue
        found.append(Migration(int(match[1]), match[2], path.read_text()))
    problems += _numbering_problems(found)
    problems += [f"{migration.file}: holds no statement" for migration in found if not migration.statements]
    if problems:
        raise ConfigError(problems)
    return tuple(found)


def _numbering_problems(migrations: Sequence[Migration]) -> Iterable[str]:
    files: dict[int, str] = {}
    for migration in migrations:
        if migration.number in files:
            yield f"{migration.file}: the number is taken by {files[migration.number]}"
        files.setdefault(migration.number, migration.file)
    for expected, number in enumerate(sorted(files), start=1):
        if number != expected:
            yield f"{files[number]}: the next number must be {expected:04d}, was {number:04d}"
            return


def plan_migrations(declared: Sequence[Migration], applied: Iterable[Applied]) -> tuple[Migration, ...]:
    """What is still to be applied; touches nothing.

    Raises ConfigError if an applied file has changed or is gone, or if one was put in front of an applied one.
    """
    by_number = {migration.number: migration for migration in declared}
    done = sorted(applied)
    problems = []
    for seen in done:
        migration = by_number.pop(seen.number, None)
        if migration is None:
            problems.append(f"{seen.number:04d}_{seen.name}.sql: was applied, but there is no such file")
        elif migration.checksum != seen.checksum:
            problems.append(f"{migration.file}: was changed after it was applied; write a new migration instead")
    newest = done[-1].number if done else 0
    pending = tuple(sorted(by_number.values()))
    problems += [
        f"{migration.file}: comes before {newest:04d}, which was applied"
        for migration in pending
        if migration.number < newest
    ]
    if problems:
        raise ConfigError(problems)
    return pending


def applied_migrations(connection: Any) -> tuple[Applied, ...]:
    """What the client's database has seen; nothing if no migration ever ran there."""
    if not connection.command("EXISTS TABLE schema_migrations"):
        return ()
    rows = connection.query("SELECT number, name, checksum FROM schema_migrations FINAL ORDER BY number").result_rows
    return tuple(Applied(*row) for row in rows)


def apply(connection: Any, pending: Iterable[Migration]) -> tuple[Migration, ...]:
    """Run the migrations in order, each recorded once all its statements ran.

    ClickHouse has no transaction over DDL: a migration that failed half-way is run again from its first statement, so
    statements are written `IF NOT EXISTS`. Raises UpstreamError with the file and the statement that failed.
    """
    connection.command(_VERSIONS)
    done = []
    for migration in pending:
        for number, statement in enumerate(migration.statements, start=1):
            try:
                connection.command(statement)
            except ClickHouseError as error:
                raise UpstreamError(f"{migration.file}, statement {number}: {error}") from error
        connection.insert(
            "schema_migrations",
            [[migration.number, migration.name, migration.checksum]],
            column_names=["number", "name", "checksum"],
        )
        done.append(migration)
    return tuple(done)
