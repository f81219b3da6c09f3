"""Migrations on a real ClickHouse."""

from pathlib import Path
from typing import Any

import pytest

from infra.clickhouse import (
    Migration,
    applied_migrations,
    apply,
    client,
    ensure_database,
    load_migrations,
    plan_migrations,
)
from tierfeed.errors import ConfigError, UpstreamError
from tierfeed.settings import ClickHouseSettings

pytestmark = pytest.mark.clickhouse


@pytest.fixture
def connection(database: ClickHouseSettings) -> Any:
    return client(database)


def test_a_database_is_made_once(database: ClickHouseSettings) -> None:
    wanted = database.model_copy(update={"database": f"{database.database}_made"})
    for _ in range(2):
        ensure_database(wanted)
    connection = client(wanted)
    assert connection.command("SELECT currentDatabase()") == wanted.database
    connection.command(f"DROP DATABASE {wanted.database}")


def test_migrations_run_once_and_remember_what_ran(connection: Any, tmp_path: Path) -> None:
    (tmp_path / "0001_a.sql").write_text(
        "CREATE TABLE a (x Int8) ENGINE = MergeTree ORDER BY x;\nINSERT INTO a VALUES (1), (2);"
    )
    assert applied_migrations(connection) == ()
    for expected in ("0001_a.sql", None):
        done = apply(connection, plan_migrations(load_migrations(tmp_path), applied_migrations(connection)))
        assert [migration.file for migration in done] == [expected] * (expected is not None)
    assert connection.command("SELECT sum(x) FROM a") == 3

    (tmp_path / "0001_a.sql").write_text("CREATE TABLE a (x Int16) ENGINE = MergeTree ORDER BY x")
    with pytest.raises(ConfigError, match=r"0001_a\.sql"):
        plan_migrations(load_migrations(tmp_path), applied_migrations(connection))


def test_a_migration_that_fails_names_its_statement_and_is_not_remembered(connection: Any) -> None:
    broken = Migration(1, "broken", "SELECT 1; CREATE TABLE b (x Nonsense) ENGINE = Memory")
    with pytest.raises(UpstreamError, match=r"0001_broken\.sql, statement 2: .*Nonsense"):
        apply(connection, [broken])
    assert applied_migrations(connection) == ()
