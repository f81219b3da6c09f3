"""The tables of what operations supply. Everything raises UpstreamError."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

from clickhouse_connect.driver.exceptions import ClickHouseError

from analytics.ops.kinds import Kind, Row
from analytics.ops.plan import TICK, Key, maintenance_of
from analytics.summary import Questions
from infra import clickhouse
from tierfeed.domain.market import Maintenance
from tierfeed.errors import UpstreamError
from tierfeed.settings import ClickHouseSettings


class Operations:
    """Reads rows, and adds versions of them."""

    def __init__(self, settings: ClickHouseSettings) -> None:
        self._url = settings.url
        self._questions = Questions(settings)
        self._client = clickhouse.client(settings)

    def newest(self, kind: Kind) -> dict[Key, Row]:
        """By key: the newest version, of rows that were taken back, too, with `file` and `imported_at`."""
        rows = self._questions.ask("ops_newest", {"table": kind.versions, **_key(kind)})
        return {kind.key_of(row): row for row in map(_plain, rows)}

    def rows(self, kind: Kind, tenant: str = "") -> list[Row]:
        """Those that hold, of all or of one tenant, by key."""
        who = "tenant" if kind.has_tenants else kind.key[0]
        asked = {"view": kind.view, "who": who, "tenant": tenant, **_key(kind)}
        return [_plain(row) for row in self._questions.ask("ops_rows", asked)]

    def announced(self) -> tuple[Maintenance, ...]:
        """Maintenance that was announced, but for what was generated."""
        return maintenance_of(map(_plain, self._questions.ask("ops_announced")))

    def upstreams(self, day: date) -> dict[str, str]:
        """By broker: whose prices it resells, by the contracts in force on a day, but for generated ones."""
        return {row["broker"]: row["upstream"] for row in self._questions.ask("ops_upstreams", {"day": day})}

    def keep(self, kind: Kind, rows: Sequence[Row], file: str, stored: Mapping[Key, Row], at: datetime) -> datetime:
        """Add the versions in one insert, which is stored whole or not at all.

        Returns when they were imported: `at`, or just after what is stored, should a clock have gone back.
        """
        newest = max((row["imported_at"] for row in stored.values()), default=None)
        imported_at = at if newest is None else max(at, newest + TICK)
        try:
            self._client.insert(
                kind.versions,
                [[*(row[name] for name in kind.fields), file, imported_at] for row in rows],
                column_names=[*kind.fields, "file", "imported_at"],
            )
        except ClickHouseError as error:
            raise UpstreamError(f"ClickHouse at {self._url}, adding {kind.name}: {error}") from error
        return imported_at

    def close(self) -> None:
        self._questions.close()
        self._client.close()


def _key(kind: Kind) -> dict[str, Any]:
    return {"key": kind.key[0], "key_2": kind.key[-1]}


def _plain(row: Row) -> Row:
    """As files are read: moments in UTC, lists and mappings of their own."""
    return {name: _value(value) for name, value in row.items()}


def _value(value: Any) -> Any:
    match value:
        case datetime():
            return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
        case list() | tuple():
            return list(value)
        case dict():
            return dict(sorted(value.items()))
    return value
