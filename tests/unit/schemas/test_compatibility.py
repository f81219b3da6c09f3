import json
from typing import Any

import pytest

from schemas import catalogue
from schemas.catalogue import Schema
from schemas.compatibility import catalogue_problems, problems

TIME = {"type": "long", "logicalType": "timestamp-micros"}
LINE = {"type": "enum", "name": "Line", "symbols": ["A", "B"]}


def record(schema_id: int = 1, name: str = "Quote", **fields: Any) -> Schema:
    rows = [
        {"name": key, **(value if isinstance(value, dict) and "as" in value else {"type": value})}
        for key, value in fields.items()
    ]
    for row in rows:
        row["type"] = row.pop("as", row.get("type"))
    return Schema.of(json.dumps({"type": "record", "name": name, "namespace": "tierfeed", "fields": rows}), schema_id)


def items(**fields: Any) -> dict[str, Any]:
    rows = [{"name": key, "type": value} for key, value in fields.items()]
    return {"type": "array", "items": {"type": "record", "name": "Item", "fields": rows}}


@pytest.mark.parametrize("schema", catalogue.ALL, ids=lambda schema: schema.name)
def test_every_schema_can_take_its_own_place(schema: Schema) -> None:
    assert problems(schema, schema) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (record(bid="double"), record(bid="double", ask={"as": ["null", "double"], "default": None})),
        (record(bid="double", ask="double"), record(bid="double")),
        (record(count="int"), record(count="long")),
        (record(count="int"), record(count="double")),
        (record(count="long"), record(count="double")),
        (record(count="float"), record(count="double")),
        (record(text="string"), record(text="bytes")),
        (record(bid="double"), record(bid=["null", "double"])),
        (record(bid=["null", "int"]), record(bid=["null", "double"])),
        (record(bid=["double"]), record(bid="double")),
        (record(line=LINE), record(line={**LINE, "symbols": ["A", "B", "C"]})),
        (record(bid="double"), record(offer={"as": "double", "aliases": ["bid"]})),
        (record(of=items(a="int")), record(of=items(a="long"))),
        (record(of={"type": "map", "values": "int"}), record(of={"type": "map", "values": "long"})),
    ],
)
def test_what_readers_of_the_new_schema_can_read_is_compatible(old: Schema, new: Schema) -> None:
    assert problems(old, new) == []


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (record(bid="double"), record(bid="double", ask="double"), "Quote.ask: is new and has no default"),
        (record(count="long"), record(count="int"), "Quote.count: int does not read long"),
        (record(bid="double"), record(bid="string"), "Quote.bid: string does not read double"),
        (record(text="bytes"), record(text="string"), "Quote.text: string does not read bytes"),
        (record(bid=["null", "double"]), record(bid="double"), "Quote.bid: double does not read null"),
        (record(bid="string"), record(bid=["null", "double"]), "Quote.bid: no branch of [null, double] reads string"),
        (record(line=LINE), record(line={**LINE, "symbols": ["A"]}), "Quote.line: symbol B is gone"),
        (
            record(line=LINE),
            record(line={**LINE, "symbols": ["A", "C", "B"]}),
            "Quote.line: symbol B must stay at 1, was 2",
        ),
        (
            record(line=LINE),
            record(line={**LINE, "name": "Side"}),
            "Quote.line: must be named tierfeed.Line, was tierfeed.Side",
        ),
        (
            record(time=TIME),
            record(time="long"),
            "Quote.time: the numbers of timestamp-micros mean something else as long",
        ),
        (record(of=items(a="int")), record(of=items(a="int", b="int")), "Quote.of[].b: is new and has no default"),
        (record(of=items(a="int")), record(of="string"), "Quote.of: string does not read array"),
        (
            record(of={"type": "map", "values": "long"}),
            record(of={"type": "map", "values": "int"}),
            "Quote.of{}: int does not read long",
        ),
        (
            record(of={"type": "fixed", "name": "F", "size": 4}),
            record(of={"type": "fixed", "name": "F", "size": 8}),
            "Quote.of: must be 4 bytes, was 8",
        ),
        (
            record(bid="double"),
            record(name="Tick", bid="double"),
            "Tick: must be named tierfeed.Quote, was tierfeed.Tick",
        ),
    ],
)
def test_what_they_cannot_read_is_told_with_its_place(old: Schema, new: Schema, told: str) -> None:
    assert problems(old, new) == [told]


def test_a_type_that_holds_itself_is_compared_once() -> None:
    node = {"type": "record", "name": "Node", "fields": [{"name": "next", "type": ["null", "Node"]}]}
    assert problems(Schema.of(json.dumps(node), 1), Schema.of(json.dumps(node), 2)) == []


def test_the_catalogue_is_checked_version_by_version() -> None:
    first, second, third = record(1, bid="double"), record(5, bid="double", ask="double"), record(9, bid="double")
    other = record(2, name="Other", bid="string")
    assert catalogue_problems([third, other, second, first]) == ["id 1 → 5: Quote.ask: is new and has no default"]
    assert catalogue_problems(catalogue.ALL) == []
