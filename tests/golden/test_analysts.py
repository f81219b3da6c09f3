"""The queries that docs/analytics.md shows can be asked."""

import re
from pathlib import Path

import pytest

from infra import clickhouse
from sinks.setup import migrate
from tierfeed.settings import ClickHouseSettings, Settings

DOCUMENT = (Path(__file__).parents[2] / "docs" / "analytics.md").read_text()
TABLES = {name for row in re.findall(r"^\| (`.+?) \|", DOCUMENT, re.MULTILINE) for name in re.findall(r"`(\w+)`", row)}


@pytest.mark.clickhouse
def test_the_queries_and_tables_of_the_document_are_there(database: ClickHouseSettings) -> None:
    migrate(Settings(clickhouse=database))
    client = clickhouse.client(database)
    there = {
        name
        for (name,) in client.query("SELECT name FROM system.tables WHERE database = currentDatabase()").result_rows
    }
    queries = re.findall(r"```sql\n(.*?)```", DOCUMENT, re.DOTALL)
    for query in queries:
        client.query(query)
    client.close()
    assert len(queries) == 10
    assert there >= TABLES, sorted(TABLES - there)
