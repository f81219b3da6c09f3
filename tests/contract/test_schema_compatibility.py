"""A schema without problems reads what the one before it wrote: held against fastavro's own resolution."""

import io
import json
from typing import Any

import fastavro
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from schemas import catalogue
from schemas.catalogue import Schema
from schemas.compatibility import catalogue_problems, problems
from tests.property.codec_oracle import comparable, records_of

TYPES: list[Any] = [
    "int",
    "long",
    "double",
    "string",
    "bytes",
    "boolean",
    ["null", "long"],
    ["null", "double"],
    ["int", "string"],
    {"type": "long", "logicalType": "timestamp-micros"},
    {"type": "array", "items": "int"},
    {"type": "array", "items": "double"},
    {"type": "map", "values": ["null", "int"]},
]
ENUMS = [["A"], ["A", "B"], ["B", "A"], ["A", "B", "C"]]
DEFAULTS: dict[str, Any] = {"int": 7, "long": 7, "double": 7.5, "string": "seven", "boolean": True}


@st.composite
def records(draw: st.DrawFn) -> Schema:
    """Few names and few types, so that two of them often have much in common."""
    fields = []
    for name in draw(st.lists(st.sampled_from("abcd"), unique=True, max_size=4)):
        if draw(st.integers(0, 4)) == 0:
            avro: Any = {"type": "enum", "name": f"E{name}", "symbols": draw(st.sampled_from(ENUMS))}
        else:
            avro = draw(st.sampled_from(TYPES))
        field = {"name": name, "type": avro}
        if isinstance(avro, str) and avro in DEFAULTS and draw(st.booleans()):
            field["default"] = DEFAULTS[avro]
        fields.append(field)
    return Schema.of(json.dumps({"type": "record", "name": "R", "fields": fields}), 1)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow])
@given(old=records(), new=records(), data=st.data())
def test_a_schema_without_problems_reads_what_was_written_before(old: Schema, new: Schema, data: st.DataObject) -> None:
    assume(not problems(old, new))
    record = data.draw(records_of(old))
    body = io.BytesIO()
    fastavro.schemaless_writer(body, old.parsed, record)
    body.seek(0)
    read = fastavro.schemaless_reader(body, old.parsed, new.parsed)
    written = {field["name"] for field in old.parsed["fields"]}
    for field in new.parsed["fields"]:
        name = field["name"]
        if name not in written:
            assert read[name] == field["default"]
        elif field["type"] in [known["type"] for known in old.parsed["fields"] if known["name"] == name]:
            assert comparable(read[name]) == comparable(record[name])


def test_the_schemas_of_the_catalogue_follow_one_another() -> None:
    assert catalogue_problems(catalogue.ALL) == []
