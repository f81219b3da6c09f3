"""What the code says of its tables against what the migrations made."""

import pytest

from infra import clickhouse as ch
from schemas import catalogue
from sinks.connection import Connection
from sinks.setup import MIGRATIONS, migrate
from sinks.tables import TABLES, Table
from tierfeed.settings import ClickHouseSettings, Settings

STAMPS = {"topic", "topic_id", "partition", "offset", "append_time", "stored_at"}


def test_every_migration_can_be_run_again_after_it_failed_half_way() -> None:
    for migration in ch.load_migrations(MIGRATIONS):
        for statement in migration.statements:
            assert "IF NOT EXISTS" in statement or "MODIFY COLUMN" in statement, migration.file


@pytest.mark.clickhouse
def test_migrating_twice_changes_nothing(database: ClickHouseSettings) -> None:
    settings = Settings(clickhouse=database)
    assert len(migrate(settings)) == len(ch.load_migrations(MIGRATIONS))
    assert migrate(settings) == ()


@pytest.mark.clickhouse
@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_a_table_has_a_column_for_every_field_and_none_besides(database: ClickHouseSettings, table: Table) -> None:
    migrate(Settings(clickhouse=database))
    types = _types(Connection(database), table.name)
    expected = {column.name for column in table.columns} | STAMPS | ({"tier"} if table.tiered else set())
    assert set(types) == expected
    nullable = {name for name, kind in types.items() if "Nullable" in kind}
    assert nullable == {column.name for column in table.columns if column.nullable}


@pytest.mark.clickhouse
@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_an_enum_column_has_the_schemas_symbols_at_their_places(database: ClickHouseSettings, table: Table) -> None:
    migrate(Settings(clickhouse=database))
    types = _types(Connection(database), table.name)
    for record in table.records:
        for name, symbols in _enums(record):
            pairs = ", ".join(f"'{symbol}' = {position}" for position, symbol in enumerate(symbols))
            assert f"Enum8({pairs})" in types[name]


def _types(connection: Connection, table: str) -> dict[str, str]:
    where = f"WHERE database = currentDatabase() AND table = '{table}'"
    return dict(connection.query(f"SELECT name, type FROM system.columns {where}"))


def _enums(record: str) -> list[tuple[str, list[str]]]:
    found = []
    for field in catalogue.schema(record).parsed["fields"]:
        kind = field["type"]
        items = kind["items"]["fields"] if isinstance(kind, dict) and kind["type"] == "array" else []
        parts = [(field["name"], kind), *((f"{field['name']}.{item['name']}", item["type"]) for item in items)]
        found += [(name, part["symbols"]) for name, part in parts if isinstance(part, dict) and part["type"] == "enum"]
    return found
