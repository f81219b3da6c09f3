"""Every question of analytics/sql against real ClickHouse: tests/golden/<question>/{seed.sql,expected.tsv}, and
params.json where it has any."""

import json
import re
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from analytics.summary import SQL, sql
from infra.clickhouse import client as clickhouse_client
from infra.clickhouse import load_migrations
from infra.clickhouse_sql import statements
from sinks.setup import MIGRATIONS, migrate
from sinks.tables import MARKET_TABLES
from tierfeed.settings import ClickHouseSettings, Settings

FOLDER = Path(__file__).parent
QUESTIONS = sorted(path.stem for path in SQL.glob("*.sql"))
FILLED = """
SELECT name, name IN {known:Array(String)} AS is_migrated FROM system.tables
WHERE database = currentDatabase() AND engine LIKE '%MergeTree' AND name != 'schema_migrations'
    AND (total_rows > 0 OR NOT is_migrated)
"""
KNOWN = sorted(
    {name for file in load_migrations(MIGRATIONS) for name in re.findall(r"CREATE TABLE IF NOT EXISTS (\w+)", file.sql)}
)
HEADINGS = ("-- Question: ", "-- Grain:    ", "-- Params:   ")

pytestmark = pytest.mark.clickhouse


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_question_says_on_top_what_it_asks_for(question: str) -> None:
    lines = sql(question).splitlines()
    assert [line[: len(heading)] for line, heading in zip(lines, HEADINGS, strict=False)] == list(HEADINGS)


@pytest.fixture(scope="module")
def migrated(clickhouse: ClickHouseSettings) -> Iterator[ClickHouseSettings]:
    """One database for all questions: to migrate takes longer than to ask."""
    settings = clickhouse.model_copy(update={"database": f"t{uuid.uuid4().hex[:10]}"})
    migrate(Settings(clickhouse=settings))
    client = clickhouse_client(settings)
    for table in MARKET_TABLES:
        client.command(f"ALTER TABLE {table.name} REMOVE TTL")  # seeds have dates of their own, and would expire
    yield settings
    client.command(f"DROP DATABASE {settings.database}")
    client.close()


@pytest.fixture
def tables(migrated: ClickHouseSettings) -> Iterator[Any]:
    """A client of the tables, which are empty."""
    client = clickhouse_client(migrated)
    yield client
    for name, is_migrated in client.query(FILLED, parameters={"known": KNOWN}).result_rows:
        client.command(f"{'TRUNCATE' if is_migrated else 'DROP'} TABLE {name}")
    client.close()


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_question_gives_the_golden_answer(question: str, tables: Any) -> None:
    for statement in statements((FOLDER / question / "seed.sql").read_text()):
        tables.command(statement)
    params = FOLDER / question / "params.json"
    given = json.loads(params.read_text()) if params.exists() else None
    answer = tables.raw_query(sql(question), parameters=given, fmt="TabSeparatedWithNames").decode()
    assert answer == (FOLDER / question / "expected.tsv").read_text()
