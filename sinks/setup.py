"""The sinks' tables: made by migrations, kept for as long as the settings say."""

import re
from pathlib import Path
from typing import Final

from infra import clickhouse
from infra.clickhouse import Migration
from sinks.connection import Connection
from sinks.tables import MARKET_TABLES
from tierfeed.errors import ConfigError
from tierfeed.settings import Settings

MIGRATIONS: Final = Path(__file__).with_name("migrations")
_RETENTION: Final = re.compile(r"TTL toDateTime\(stored_at\) \+ toIntervalDay\((\d+)\)")


def pending(settings: Settings) -> tuple[Migration, ...]:
    """The migrations that the database has not seen. Raises ConfigError and UpstreamError."""
    client = clickhouse.client(settings.clickhouse)
    try:
        return clickhouse.plan_migrations(clickhouse.load_migrations(MIGRATIONS), clickhouse.applied_migrations(client))
    finally:
        client.close()


def migrate(settings: Settings) -> tuple[Migration, ...]:
    """Bring the database up to date, creating it if need be; what was applied. Raises ConfigError and UpstreamError."""
    clickhouse.ensure_database(settings.clickhouse)
    client = clickhouse.client(settings.clickhouse)
    try:
        applied = clickhouse.apply(client, pending(settings))
    finally:
        client.close()
    connection = Connection(settings.clickhouse)
    set_retention(connection, settings.sink.retention_days)
    connection.close()
    return applied


def set_retention(connection: Connection, days: int) -> list[str]:
    """Keep market data for so many days from when it was stored; the tables that were changed. Raises UpstreamError."""
    names = ", ".join(f"'{table.name}'" for table in MARKET_TABLES)
    found = connection.query(
        f"SELECT name, engine_full FROM system.tables WHERE database = currentDatabase() AND name IN ({names})"
    )
    changed = []
    for name, engine in found:
        now = _RETENTION.search(engine)
        if now is None or int(now[1]) != days:
            # Parts are dropped whole and carry their own limits: the new ones apply to what is stored from now on and,
            # by this statement, to what is there.
            connection.command(f"ALTER TABLE {name} MODIFY TTL toDateTime(stored_at) + INTERVAL {days} DAY")
            changed.append(name)
    return changed


def refuse_unmigrated(settings: Settings) -> None:
    """Raises ConfigError where the tables are not as this version needs them."""
    if missing := pending(settings):
        files = ", ".join(migration.file for migration in missing)
        raise ConfigError(f"database {settings.clickhouse.database} lacks {files}; run `tierfeed tables apply`")
