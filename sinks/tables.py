"""The tables that topics go to: their columns follow from the Avro schemas, so a field is declared once.

A table takes records of one or more schemas; its columns are the union of their fields. What a schema does not have is
NULL. The migrations say how each column is kept; a contract test holds the two together.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

import pyarrow as pa

from schemas import catalogue, topics
from tierfeed.domain.tiers import Tier

Kind = Literal["string", "double", "long", "int", "enum", "time", "array"]

_ARROW: Final[Mapping[str, Any]] = {
    "string": pa.dictionary(pa.int32(), pa.string()),
    "double": pa.float64(),
    "long": pa.int64(),
    "int": pa.int32(),
    "enum": pa.int8(),
    "time": pa.timestamp("us", tz="UTC"),
}
_CLICKHOUSE: Final[Mapping[str, str]] = {
    "double": "Float64",
    "long": "Int64",
    "int": "Int32",
    "enum": "Int8",  # the position; the table's Enum8 has the names
    "time": "DateTime64(6, 'UTC')",
}
_LOGICAL: Final[Mapping[str, Kind]] = {"timestamp-micros": "time"}
POSITION: Final = ("place", "offset", "append_time")
"""Columns every batch carries in front: index of the partition in the batch (from 1), offset, Kafka's append time."""


@dataclass(frozen=True, slots=True)
class Column:
    """One field as it travels to ClickHouse. `name` is the table's column, `field` the Avro field in `parent`."""

    field: str
    kind: Kind
    nullable: bool
    parent: str | None = None

    @property
    def name(self) -> str:
        return self.field if self.parent is None else f"{self.parent}.{self.field}"

    @property
    def label(self) -> str:
        """The column's name on the way: no dots, which formats read as nesting."""
        return self.name.replace(".", "_")

    @property
    def arrow(self) -> Any:
        if self.parent is None:
            return _ARROW[self.kind]
        return pa.list_(pa.string() if self.kind == "string" else _ARROW[self.kind])

    @property
    def clickhouse(self) -> str:
        """The type on the way in; it need not be the table's, which the insert casts to."""
        if self.kind == "string":
            inner = "Nullable(String)" if self.nullable else "String"
            return f"LowCardinality({inner})" if self.parent is None else f"Array({inner})"
        inner = f"Nullable({_CLICKHOUSE[self.kind]})" if self.nullable else _CLICKHOUSE[self.kind]
        return inner if self.parent is None else f"Array({inner})"


@dataclass(frozen=True, slots=True)
class Table:
    """A destination. `tiered`: the tier's name is added from the topic, and records of an older epoch are left out."""

    name: str
    records: tuple[str, ...]
    columns: tuple[Column, ...]
    tiered: bool = False

    @classmethod
    def of(cls, name: str, *records: str, tiered: bool = False) -> "Table":
        fields: dict[str, list[tuple[Kind, bool, Any]]] = {}
        for record in records:
            for entry in catalogue.schema(record).parsed["fields"]:
                fields.setdefault(entry["name"], []).append(_read(entry["type"]))
        columns: list[Column] = []
        for field, found in fields.items():
            kind, _, items = found[0]
            if kind == "array":
                columns += [Column(item["name"], *_read(item["type"])[:2], parent=field) for item in items]
            else:
                absent = len(found) < len(records)
                columns.append(Column(field, kind, absent or any(nullable for _, nullable, _ in found)))
        return cls(name, records, tuple(columns), tiered)

    @property
    def arrow(self) -> Any:
        """The schema of a batch: POSITION, then the columns under their labels."""
        front = [("place", pa.uint16()), ("offset", pa.int64()), ("append_time", pa.timestamp("ms", tz="UTC"))]
        return pa.schema([*front, *((column.label, column.arrow) for column in self.columns)])

    @property
    def structure(self) -> str:
        """The same, for ClickHouse's `input`."""
        front = "place UInt16, offset Int64, append_time DateTime64(3, 'UTC')"
        return ", ".join([front, *(f"{column.label} {column.clickhouse}" for column in self.columns)])


def _read(avro: Any) -> tuple[Kind, bool, Any]:
    """(kind, nullable, fields of an array's items) of an Avro type."""
    if isinstance(avro, list):
        (inner,) = (branch for branch in avro if branch != "null")
        return _read(inner)[0], True, None
    if isinstance(avro, dict):
        if avro["type"] == "array":
            return "array", False, avro["items"]["fields"]
        return _LOGICAL.get(avro.get("logicalType", ""), avro["type"]), False, None
    return avro, False, None


TICKS = Table.of("ticks", "Tick")
TIER_QUOTES = Table.of("tier_quotes", "FreeQuote", "ProQuote", "EnterpriseQuote", tiered=True)
QUALITY_WINDOWS = Table.of("quality_windows", "QualityWindow")
USAGE_RANGES = Table.of("usage_ranges", "UsageRange")
ACCESS_DECISIONS = Table.of("access_decisions", "AccessDecision")
SLA_EVENTS = Table.of("sla_events", "SlaEvent")
CONTROL_COMMANDS = Table.of("control_commands", "ControlCommand")
MARKET_TABLES = (TICKS, TIER_QUOTES, QUALITY_WINDOWS)
"""What expires; the evidence of what tenants did does not."""
TABLES = (*MARKET_TABLES, USAGE_RANGES, ACCESS_DECISIONS, SLA_EVENTS, CONTROL_COMMANDS)


@dataclass(frozen=True, slots=True)
class Route:
    """Where a topic's records go: one topic, one table, so that one stored offset says what is stored of a partition.

    `record` is the schema it carries beside control records. `owns_poison`: the sink is the topic's first reader and
    dead-letters what cannot be read; on broker topics the stream workers do.
    """

    topic: str
    table: Table
    record: str
    tier: str = ""
    owns_poison: bool = True


def routes(brokers: tuple[str, ...], tiers: tuple[Tier, ...]) -> dict[str, Route]:
    """Every topic the sinks store, by name."""
    found = [Route(topics.ticks(broker), TICKS, "Tick", owns_poison=False) for broker in brokers]
    found += [Route(topics.tier(tier.name), TIER_QUOTES, tier.record, tier.name) for tier in tiers]
    found.append(Route(topics.QUALITY, QUALITY_WINDOWS, "QualityWindow"))
    found.append(Route(topics.USAGE, USAGE_RANGES, "UsageRange"))
    found.append(Route(topics.DECISIONS, ACCESS_DECISIONS, "AccessDecision"))
    found.append(Route(topics.SLA_EVENTS, SLA_EVENTS, "SlaEvent"))
    found.append(Route(topics.CONTROL, CONTROL_COMMANDS, "ControlCommand"))
    return {route.topic: route for route in found}
