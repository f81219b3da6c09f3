"""The columnar codec says what fastavro says, for every schema and every batch."""

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas import catalogue
from schemas.catalogue import Schema
from schemas.codec import Decoder, Encoder, Frame, Strings
from schemas.codec.program import Program
from tests.property.codec_oracle import columns_of, comparable, read_back, records_of, written

EVERY_SCHEMA = pytest.mark.parametrize("schema", catalogue.ALL, ids=lambda schema: schema.name)
BATCHES = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


@EVERY_SCHEMA
@BATCHES
@given(data=st.data())
def test_what_fastavro_wrote_is_read_bit_for_bit(schema: Schema, data: st.DataObject) -> None:
    records = data.draw(st.lists(records_of(schema), max_size=6))
    columns = Decoder(schema).decode(Frame.of([written(schema, record) for record in records]))
    assert columns.ok.all()
    assert read_back(columns) == comparable(records)


@EVERY_SCHEMA
@BATCHES
@given(data=st.data())
def test_what_is_written_is_what_fastavro_writes(schema: Schema, data: st.DataObject) -> None:
    records = data.draw(st.lists(records_of(schema), max_size=6))
    assert Encoder(schema).encode(len(records), columns_of(schema, records)) == [
        written(schema, record) for record in records
    ]


@EVERY_SCHEMA
def test_no_schema_of_the_catalogue_falls_back_to_fastavro(schema: Schema) -> None:
    assert Program.of(schema).complete


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_a_batch_of_all_schemas_is_split_by_id_and_each_row_is_read_as_its_own(data: st.DataObject) -> None:
    kinds = data.draw(st.lists(st.sampled_from(catalogue.ALL), max_size=12))
    records = [data.draw(records_of(schema)) for schema in kinds]
    payloads = [written(schema, record) for schema, record in zip(kinds, records, strict=True)]
    frame = Frame.of(payloads)
    assert frame.ids.tolist() == [schema.id for schema in kinds]
    for schema in catalogue.ALL:
        rows = frame.rows(schema.id)
        columns = Decoder(schema).decode(frame, rows)
        assert columns.ok.all()
        assert read_back(columns) == [comparable(records[row]) for row in rows]
        assert Decoder(schema).decode(frame).ok.tolist() == [kind == schema for kind in kinds]


SCALARS = st.sampled_from(["string", "double", "long", "int", "boolean", "enum", "timestamp-micros"])


@st.composite
def schemas(draw: st.DrawFn, *, extra: tuple[str, ...] = ()) -> Schema:
    """A record schema the codec expresses, or, with `extra` types among its fields, one it does not."""
    names = (f"n{number}" for number in range(1000))

    def scalar() -> Any:
        match draw(SCALARS):
            case "enum":
                avro: Any = {"type": "enum", "name": next(names), "symbols": ["A", "B", "C"][: draw(st.integers(1, 3))]}
            case "timestamp-micros":
                avro = {"type": "long", "logicalType": "timestamp-micros"}
            case simple:
                avro = simple
        return draw(st.sampled_from([avro, ["null", avro], [avro, "null"]]))

    def record(kinds: list[str]) -> dict[str, Any]:
        return {
            "type": "record",
            "name": next(names),
            "fields": [{"name": next(names), "type": kind_of[kind]()} for kind in kinds],
        }

    def items() -> dict[str, Any]:
        return {"type": "array", "items": record(["scalar"] * draw(st.integers(1, 4)))}

    kind_of: dict[str, Callable[[], Any]] = {
        "scalar": scalar,
        "items": items,
        "map": lambda: {"type": "map", "values": "long"},
        "bytes": lambda: ["null", "bytes", "string"],
        "nested": lambda: record(["scalar", "scalar"]),
    }
    kinds = draw(st.lists(st.sampled_from(["scalar", "scalar", "items", *extra]), max_size=6))
    return Schema.of(json.dumps(record(kinds)), draw(st.integers(0, 2**31 - 1)))


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data(), schema=schemas())
def test_any_schema_of_scalars_and_arrays_of_records_is_read_and_written_as_fastavro_does(
    data: st.DataObject, schema: Schema
) -> None:
    assert Program.of(schema).complete
    _assert_same_as_fastavro(schema, data.draw(st.lists(records_of(schema), max_size=4)))


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data(), schema=schemas(extra=("map", "bytes", "nested")))
def test_any_other_schema_goes_through_fastavro_behind_the_same_columns(data: st.DataObject, schema: Schema) -> None:
    _assert_same_as_fastavro(schema, data.draw(st.lists(records_of(schema), max_size=4)))


def _assert_same_as_fastavro(schema: Schema, records: list[dict[str, Any]]) -> None:
    payloads = [written(schema, record) for record in records]
    assert Encoder(schema).encode(len(records), columns_of(schema, records)) == payloads
    columns = Decoder(schema).decode(Frame.of(payloads))
    assert columns.ok.all()
    assert read_back(columns) == comparable(records)


@given(texts=st.lists(st.text(max_size=300), max_size=20))
def test_strings_of_any_length_and_script_come_back(texts: list[str]) -> None:
    schema = Schema.of('{"type": "record", "name": "T", "fields": [{"name": "t", "type": "string"}]}', 1)
    payloads = Encoder(schema).encode(len(texts), {"t": Strings.of(texts)})
    assert Decoder(schema).decode(Frame.of(payloads)).text("t") == texts


@given(data=st.binary(max_size=6))
def test_bytes_are_text_exactly_where_python_says_so(data: bytes) -> None:
    schema = Schema.of('{"type": "record", "name": "T", "fields": [{"name": "t", "type": "string"}]}', 1)
    frame = Frame.of([schema.header + bytes([2 * len(data)]) + data])
    try:
        data.decode()
        said = True
    except UnicodeDecodeError:
        said = False
    assert Decoder(schema).decode(frame).ok.tolist() == [said]


@given(values=st.lists(st.integers(0, 2**64 - 1), min_size=1, max_size=50))
def test_every_bit_pattern_of_a_double_survives(values: list[int]) -> None:
    schema = Schema.of('{"type": "record", "name": "D", "fields": [{"name": "d", "type": "double"}]}', 1)
    doubles = np.array(values, dtype=np.uint64).view(np.float64)
    payloads = Encoder(schema).encode(len(values), {"d": doubles})
    found = Decoder(schema).decode(Frame.of(payloads)).doubles("d")
    assert found.view(np.uint64).tolist() == values
