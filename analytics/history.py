"""What a tier published, from ClickHouse: as deep as the tier was sold, to the microsecond."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from clickhouse_connect.driver.exceptions import ClickHouseError

from analytics.summary import sql
from infra import clickhouse
from tierfeed.domain.features import FIELDS
from tierfeed.domain.tiers import Tier
from tierfeed.errors import UpstreamError
from tierfeed.settings import ClickHouseSettings


@dataclass(frozen=True, slots=True)
class Span:
    """What may be served of what was asked for: [start, end). `asked` is earlier than `start` where it was cut."""

    asked: datetime
    start: datetime
    end: datetime

    @property
    def is_cut(self) -> bool:
        return self.asked < self.start


def cut(tier: Tier, asked: datetime, end: datetime, now: datetime) -> Span:
    """Cut what was asked for at the tier's depth, counted back from `now`."""
    return Span(asked, max(asked, now - timedelta(hours=tier.depth_hours)), end)


def served(settings: ClickHouseSettings, tier: Tier, symbol: str, span: Span) -> Iterator[dict[str, Any]]:
    """The records of a span, only with the fields that the tier shows; block by block. Raises UpstreamError."""
    shown = {name for feature in tier.features for name in FIELDS[feature]}
    asked = {"tier": tier.name, "symbol": symbol, "from": span.start, "to": span.end}
    client = clickhouse.client(settings)
    try:
        with client.query_row_block_stream(sql("history"), parameters=asked) as stream:
            names = stream.source.column_names
            for block in stream:
                for row in block:
                    yield {name: value for name, value in zip(names, row, strict=True) if name in shown}
    except ClickHouseError as error:
        raise UpstreamError(f"ClickHouse at {settings.url}, asked history.sql: {error}") from error
    finally:
        client.close()
