"""What is stored of usage: where the meter goes on, and where every group was. Offsets live with the data."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from clickhouse_connect.driver.exceptions import ClickHouseError

from infra import clickhouse
from tenants.meter.ranges import Key, Position
from tierfeed.errors import ConfigError, UpstreamError
from tierfeed.settings import ClickHouseSettings

_SOURCES: Final = "SELECT source_partition, max(source_offset) + 1 FROM usage_ranges GROUP BY source_partition"
_POSITIONS: Final = """
SELECT consumer_group, read_topic, read_topic_id, read_partition,
    argMax(to_offset, (source_offset, to_offset)) AS at, argMax(pass, (source_offset, to_offset)) AS in_pass
FROM usage_ranges
WHERE read_topic IN {topics:Array(String)}
GROUP BY consumer_group, read_topic, read_topic_id, read_partition
"""


def resume(settings: ClickHouseSettings, topics: Iterable[str]) -> tuple[dict[int, int], dict[Key, Position]]:
    """(the offset to go on at of each partition of the log, every group's position in each partition of `topics`).

    Raises UpstreamError; ConfigError where the table is not there.
    """
    client = clickhouse.client(settings)
    try:
        begin = dict(_rows(client, _SOURCES, {}))
        rows = _rows(client, _POSITIONS, {"topics": list(topics)})
    except ClickHouseError as error:
        if getattr(error, "code", None) == clickhouse.UNKNOWN_TABLE:
            raise ConfigError(f"database {settings.database} has no usage yet; run `tierfeed tables apply`") from error
        raise UpstreamError(f"ClickHouse at {settings.url}: {error}") from error
    finally:
        client.close()
    return begin, {Key(*key): Position(at, in_pass) for *key, at, in_pass in rows}


def _rows(client: Any, sql: str, parameters: Mapping[str, Any]) -> list[Any]:
    return list(client.query(sql, parameters=dict(parameters)).result_rows)
