"""What a run came to, from ClickHouse: every figure is the answer to one file of sql/."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from clickhouse_connect.driver.exceptions import ClickHouseError

from infra import clickhouse
from tierfeed.errors import UpstreamError
from tierfeed.settings import ClickHouseSettings

SQL: Final = Path(__file__).with_name("sql")

Row = dict[str, Any]


class Questions:
    """Asks the questions of sql/ of one database."""

    def __init__(self, settings: ClickHouseSettings) -> None:
        self._url = settings.url
        self._client = clickhouse.client(settings)

    def ask(self, question: str, parameters: Mapping[str, Any] | None = None) -> list[Row]:
        """The rows that answer sql/<question>.sql. Raises UpstreamError."""
        try:
            result = self._client.query(sql(question), parameters=dict(parameters or {}))
        except ClickHouseError as error:
            raise UpstreamError(f"ClickHouse at {self._url}, asked {question}.sql: {error}") from error
        return [dict(zip(result.column_names, row, strict=True)) for row in result.result_rows]

    def close(self) -> None:
        self._client.close()


def sql(question: str) -> str:
    """The text of a question."""
    return (SQL / f"{question}.sql").read_text()


@dataclass(frozen=True, slots=True)
class Summary:
    """The answers that a run is summed up by; each list has the grain that its file states."""

    tables: list[Row]
    stored: list[Row]
    brokers: list[Row]
    drops: list[Row]
    tiers: list[Row]
    quality: list[Row]
    latency: list[Row]


def summarise(settings: ClickHouseSettings) -> Summary:
    """Ask everything. Raises UpstreamError."""
    questions = Questions(settings)
    try:
        return Summary(**{name: questions.ask(name) for name in Summary.__slots__})
    finally:
        questions.close()
