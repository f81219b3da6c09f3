"""Where allocations are kept: a month is staged in a table of its own, compared, and moved over in one step."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from typing import Any, Final
from uuid import uuid4

import numpy as np
import pyarrow as pa
from clickhouse_connect.driver.exceptions import ClickHouseError

from analytics.allocation.allocate import Line, Part
from analytics.allocation.rules import Class, Dimension
from analytics.allocation.world import World
from analytics.summary import Row, sql
from infra import clickhouse
from tierfeed.errors import UpstreamError
from tierfeed.settings import ClickHouseSettings

ROWS: Final = 500_000
"""So many rows at least are inserted at once, while there are that many."""
STAGING: Final = "cost_allocations_staging_"
LEFT_OVER_HOURS: Final = 24
_EPOCH: Final = date(1970, 1, 1)
_LINES: Final = [*Line]
_CLASSES: Final = [*Class]


class Staging:
    """A table for one run. Everything raises UpstreamError."""

    def __init__(self, settings: ClickHouseSettings, first: date) -> None:
        self._url, self._first = settings.url, first
        self._client = clickhouse.client(settings)
        self.table = f"{STAGING}{uuid4().hex}"

    def create(self) -> None:
        self._drop_left_over()
        self._command("CREATE TABLE {table:Identifier} AS cost_allocations", table=self.table)

    def close(self) -> None:
        try:
            self._command("DROP TABLE IF EXISTS {table:Identifier}", table=self.table)
        finally:
            self._client.close()

    def _drop_left_over(self) -> None:
        """Those of runs that were killed: no run takes a day."""
        left = self._rows(
            "SELECT name FROM system.tables WHERE database = currentDatabase() AND startsWith(name, {staging:String})"
            " AND metadata_modification_time < now() - toIntervalHour({hours:UInt32})",
            staging=STAGING, hours=LEFT_OVER_HOURS,
        )  # fmt: skip
        for row in left:
            self._command("DROP TABLE IF EXISTS {table:Identifier}", table=row["name"])

    def insert(self, parts: Iterable[Part], world: World, correction: int = 0) -> int:
        """All of them; how many rows that were."""
        waiting: list[Part] = []
        rows = total = 0
        for part in parts:
            waiting.append(part)
            rows += len(part.microusd)
            if rows >= ROWS:
                total += self._insert(waiting, world, correction)
                waiting, rows = [], 0
        return total + self._insert(waiting, world, correction)

    def _insert(self, parts: Sequence[Part], world: World, correction: int) -> int:
        if not parts:
            return 0
        table = _table(parts, world, self._first, correction)
        try:
            for begin in range(0, table.num_rows, ROWS):
                self._client.insert_arrow(self.table, table.slice(begin, ROWS))
        except ClickHouseError as error:
            raise UpstreamError(f"ClickHouse at {self._url}: {error}") from error
        return int(table.num_rows)

    def ask(self, question: str, **parameters: Any) -> list[Row]:
        return self._rows(sql(question), table=self.table, **parameters)

    def count(self) -> int:
        return int(self._rows("SELECT count() AS rows FROM {table:Identifier}", table=self.table)[0]["rows"])

    def replace(self) -> None:
        """What is stored of the month is what is staged, from one moment to the next."""
        # ALTER takes no parameter for the table that it reads from; nor does it replace by nothing.
        how = f"REPLACE PARTITION {{month:Date}} FROM {self.table}" if self.count() else "DROP PARTITION {month:Date}"
        self._command(f"ALTER TABLE cost_allocations {how}", month=self._first)

    def add(self) -> None:
        """What is staged comes to what is stored, all of it at once."""
        how = f"ATTACH PARTITION {{month:Date}} FROM {self.table}"
        self._command(f"ALTER TABLE cost_allocations {how}", month=self._first)

    def take(self, question: str, other: "Staging", **parameters: Any) -> None:
        """Insert the answer to a question about another table."""
        self._command(
            f"INSERT INTO {{into:Identifier}} {sql(question)}", into=self.table, table=other.table, **parameters
        )

    def _command(self, statement: str, **parameters: Any) -> None:
        try:
            self._client.command(statement, parameters=parameters)
        except ClickHouseError as error:
            raise UpstreamError(f"ClickHouse at {self._url}: {error}") from error

    def _rows(self, statement: str, **parameters: Any) -> list[Row]:
        try:
            result = self._client.query(statement, parameters=parameters)
        except ClickHouseError as error:
            raise UpstreamError(f"ClickHouse at {self._url}: {error}") from error
        return [dict(zip(result.column_names, row, strict=True)) for row in result.result_rows]


@contextmanager
def staging(settings: ClickHouseSettings, first: date) -> Iterator[Staging]:
    """A table that is gone afterwards."""
    found = Staging(settings, first)
    try:
        found.create()
        yield found
    finally:
        found.close()


def _table(parts: Sequence[Part], world: World, first: date, correction: int) -> Any:
    """The parts' rows in the columns of cost_allocations."""
    lengths = [len(part.microusd) for part in parts]
    month = (first - _EPOCH).days
    day = np.concatenate([part.cells.day for part in parts])

    def number(values: Sequence[int], kind: Any) -> Any:
        return pa.array(np.repeat(np.array(values, dtype=kind), lengths))

    def text(values: Sequence[str]) -> Any:
        known = sorted({*values})
        codes = np.array([known.index(value) for value in values], dtype=np.int32)
        return pa.DictionaryArray.from_arrays(np.repeat(codes, lengths), pa.array(known, pa.string()))

    def whose(of: Dimension) -> Any:
        codes = np.concatenate([part.cells.whose[of] for part in parts])
        return pa.DictionaryArray.from_arrays(codes, pa.array(world.names.of[of], pa.string()))

    columns: Mapping[str, Any] = {
        "month": number([month] * len(parts), np.uint16),
        "correction": number([correction] * len(parts), np.uint16),
        "line": number([_LINES.index(part.line) for part in parts], np.int8),
        **{each.value: whose(each) for each in Dimension},
        "day": pa.array((day + month).astype(np.uint16)),
        "charge": text([part.charge.charge for part in parts]),
        "service": text([part.charge.service_name for part in parts]),
        "class": number([_CLASSES.index(part.kind) for part in parts], np.int8),
        "rule": text([part.rule.id if part.rule else "" for part in parts]),
        "rule_version": text([part.rule.version if part.rule else "" for part in parts]),
        "method": text([part.method for part in parts]),
        "weight": pa.array(np.concatenate([part.cells.weight for part in parts])),
        "microusd": pa.array(np.concatenate([part.microusd for part in parts])),
        "source": number([int(part.charge.is_synthetic) for part in parts], np.int8),
    }
    return pa.table(columns)
