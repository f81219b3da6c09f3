"""What allocation asks of ClickHouse: a month's charges, and what metrics know of it, in columns."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import numpy as np
import pyarrow as pa
from clickhouse_connect.driver.exceptions import ClickHouseError

from analytics.allocation.charges import Charge
from analytics.allocation.rules import Dimension, Metric, Rules
from analytics.allocation.world import Cells, Names, World, names_of
from analytics.summary import Questions, Row, sql
from infra import clickhouse
from schemas import topics
from tierfeed.errors import UpstreamError
from tierfeed.settings import ClickHouseSettings

_QUESTIONS: Final = ("costs_consumed", "costs_published", "costs_kept", "costs_sent")
_TOPIC: Final = topics.tier("")
"""What comes before a tier's name in its topic's."""


@dataclass(frozen=True, slots=True)
class Month:
    """What a month's allocation rests on."""

    charges: tuple[Charge, ...]
    world: World


def read_month(settings: ClickHouseSettings, rules: Rules, first: date, after: date) -> Month:
    """Ask. Raises UpstreamError."""
    span = {"from": first, "to": after}
    charges = read_charges(settings, first, after)
    told = _tables(settings, span)
    names = names_of(_found(told.values()), charges, rules)
    return Month(charges, World(first, after, names, {metric: _cells(table, names) for metric, table in told.items()}))


def read_charges(settings: ClickHouseSettings, first: date, after: date) -> tuple[Charge, ...]:
    """Those that have a day in [first, after). Raises UpstreamError."""
    questions = Questions(settings)
    try:
        return tuple(_charge(row) for row in questions.ask("costs_charges", {"from": first, "to": after}))
    finally:
        questions.close()


def _charge(row: Row) -> Charge:
    same = ("charge", "service_name", "service_category", "charge_category", "resource_id", "resource_name", "tags")
    return Charge(
        **{name: row[name] for name in same},
        start=row["charge_period_start"],
        end=row["charge_period_end"],
        microusd=row["effective_cost_microusd"],
        is_synthetic=row["source"] == "synthetic",
    )


def _tables(settings: ClickHouseSettings, span: Mapping[str, Any]) -> dict[Metric, Any]:
    """By metric; none of one that has no source. Columns day, weight, and the dimensions that are known."""
    client = clickhouse.client(settings)
    try:
        told = {question: _ask(client, settings.url, question, span) for question in _QUESTIONS}
    finally:
        client.close()
    published = told["costs_published"]
    retained = published.filter(published["retained"].is_valid())
    found = {
        Metric.CONSUMED_TICKS: told["costs_consumed"],
        Metric.NETWORK_BYTES: told["costs_sent"].rename_columns({"bytes": "weight"}),
        Metric.PUBLISHED_ROWS: published.drop_columns(["retained"]).rename_columns({"records": "weight"}),
        Metric.RETAINED_ROWS: retained.drop_columns(["records"]).rename_columns({"retained": "weight"}),
        Metric.TIER_BYTES: _of_tiers(told["costs_kept"]),
    }
    return {metric: table for metric, table in found.items() if table.num_rows}


def _of_tiers(kept: Any) -> Any:
    tiers = [topic.removeprefix(_TOPIC) for topic in kept["topic"].to_pylist()]
    return pa.table({"day": kept["day"], "tier": pa.array(tiers, pa.string()), "weight": kept["bytes"]})


def _ask(client: Any, url: str, question: str, span: Mapping[str, Any]) -> Any:
    """An Arrow table: rows of consumption are too many to be Python's."""
    try:
        return client.query_arrow(sql(question), parameters=dict(span), use_strings=True)
    except ClickHouseError as error:
        raise UpstreamError(f"ClickHouse at {url}, asked {question}.sql: {error}") from error


def _found(tables: Iterable[Any]) -> dict[Dimension, set[str]]:
    found: dict[Dimension, set[str]] = {each: set() for each in Dimension}
    for table in tables:
        for each in {*Dimension} & {*table.column_names}:
            found[Dimension(each)] |= {*table[each].unique().to_pylist()}
    return found


def _cells(table: Any, names: Names) -> Cells:
    length = table.num_rows
    nobody = np.zeros(length, dtype=np.int32)
    told = {each: _codes(table[each], names.of[each]) for each in Dimension if each in table.column_names}
    whose = {each: told.get(each, nobody) for each in Dimension}
    return Cells(table["day"].to_numpy(), whose, table["weight"].to_numpy())


def _codes(column: Any, names: Sequence[str]) -> Any:
    places = {name: code for code, name in enumerate(names)}
    encoded = column.combine_chunks().dictionary_encode()
    of = np.array([places[name] for name in encoded.dictionary.to_pylist()], dtype=np.int32)
    return of[encoded.indices.to_numpy()] if len(of) else np.zeros(0, dtype=np.int32)
