"""Every question of analytics/sql against real ClickHouse: tests/golden/<question>/{seed.sql,expected.tsv}, and
params.json where it has any."""

import json
from pathlib import Path

import pytest

from analytics.summary import SQL, sql
from infra import clickhouse
from infra.clickhouse_sql import statements
from sinks.setup import migrate
from sinks.tables import MARKET_TABLES
from tierfeed.settings import ClickHouseSettings, Settings

FOLDER = Path(__file__).parent
QUESTIONS = sorted(path.stem for path in SQL.glob("*.sql"))
HEADINGS = ("-- Question: ", "-- Grain:    ", "-- Params:   ")

pytestmark = pytest.mark.clickhouse


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_question_says_on_top_what_it_asks_for(question: str) -> None:
    lines = sql(question).splitlines()
    assert [line[: len(heading)] for line, heading in zip(lines, HEADINGS, strict=False)] == list(HEADINGS)


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_question_gives_the_golden_answer(question: str, database: ClickHouseSettings) -> None:
    migrate(Settings(clickhouse=database))
    client = clickhouse.client(database)
    for table in MARKET_TABLES:
        client.command(f"ALTER TABLE {table.name} REMOVE TTL")  # seeds have dates of their own, and would expire
    for statement in statements((FOLDER / question / "seed.sql").read_text()):
        client.command(statement)
    params = FOLDER / question / "params.json"
    given = json.loads(params.read_text()) if params.exists() else None
    answer = client.raw_query(sql(question), parameters=given, fmt="TabSeparatedWithNames").decode()
    client.close()
    assert answer == (FOLDER / question / "expected.tsv").read_text()
