import json
from typing import Any

import numpy as np
import pytest

from schemas import catalogue
from schemas.catalogue import Schema
from schemas.codec import Column, Decoder, Encoder, Frame, Nullable, Pool, Repeated, Strings, warm
from schemas.codec.decode_loop import decode_rows
from schemas.codec.encode_loop import encode_rows
from tierfeed.errors import ContractError

SIDE = {"type": "enum", "name": "Side", "symbols": ["BID", "ASK"]}
ITEM = {
    "type": "record",
    "name": "Level",
    "fields": [{"name": "side", "type": SIDE}, {"name": "note", "type": "string"}],
}
TIME = {"type": "long", "logicalType": "timestamp-micros"}
FIELDS: dict[str, Any] = {
    "symbol": "string",
    "price": ["null", "double"],
    "count": "int",
    "time": ["null", TIME],
    "live": "boolean",
    "text": ["null", "string"],
    "levels": {"type": "array", "items": ITEM},
}
BOOK = Schema.of(
    json.dumps({"type": "record", "name": "Book", "fields": [{"name": n, "type": t} for n, t in FIELDS.items()]}), 77
)


def columns(**changed: Column) -> dict[str, Column]:
    """Two books: one full, one with nulls and without levels."""
    levels = {"side": np.array([0, 1]), "note": Strings.of(["best", "last"])}
    both = np.array([True, False])
    return {
        "symbol": Strings.of(["EURUSD", "GBPUSD"]),
        "price": Nullable(both, np.array([1.25, np.nan])),
        "count": np.array([3, -3], dtype=np.int32),
        "time": Nullable(both, np.array([1, 2**62])),
        "live": both,
        "text": Nullable(both, Strings(np.array([0, -1]), ["é"])),
        "levels": Repeated(np.array([2, 0]), levels),
        **changed,
    }


def test_a_batch_goes_out_and_comes_back() -> None:
    payloads = Encoder(BOOK).encode(2, columns())
    found = Decoder(BOOK).decode(Frame.of(payloads))
    assert found.ok.all()
    assert found.text("symbol") == ["EURUSD", "GBPUSD"]
    assert found.doubles("price").tolist() == [1.25, 0.0]
    assert found.valid("price").tolist() == [True, False]
    assert found.longs("count").tolist() == [3, -3]
    assert found.valid("count").all()
    assert found.longs("time").tolist() == [1, 0]
    assert found.longs("live").tolist() == [1, 0]
    assert found.text("text") == ["é", None]
    offsets, levels = found.array("levels")
    assert offsets.tolist() == [0, 2, 2]
    assert levels.longs("side").tolist() == [0, 1]
    assert levels.text("note") == ["best", "last"]


def test_nulls_and_rows_that_are_not_ok_hold_zeros() -> None:
    whole, with_nulls = Encoder(BOOK).encode(2, columns())
    found = Decoder(BOOK).decode(Frame.of([whole, with_nulls, whole[:-2], None]))
    assert found.ok.tolist() == [True, True, False, False]
    for name in ("symbol", "text"):
        starts, lengths = found.strings(name)
        assert starts[2:].tolist() == lengths[2:].tolist() == [0, 0]
    assert [part[1] for part in found.strings("text")] == [0, 0]
    assert found.doubles("price")[1:].tolist() == [0.0, 0.0, 0.0]
    assert found.valid("time").tolist() == [True, False, False, False]
    assert found.array("levels")[0].tolist() == [0, 2, 2, 2, 2]


def test_an_empty_batch_is_a_batch() -> None:
    none = {"side": np.empty(0, dtype=np.int64), "note": Strings.of([])}
    empty = np.empty(0, dtype=np.int64)
    nothing: dict[str, Column] = {
        "symbol": Strings.of([]),
        "price": np.empty(0),
        "count": empty,
        "time": empty,
        "live": empty,
        "text": Strings.of([]),
        "levels": Repeated(empty, none),
    }
    assert Encoder(BOOK).encode(0, nothing) == []
    found = Decoder(BOOK).decode(Frame.of([]))
    assert found.n == 0
    assert found.array("levels")[0].tolist() == [0]


def test_rows_may_be_picked_in_any_order_and_twice() -> None:
    frame = Frame.of(Encoder(BOOK).encode(2, columns()))
    assert Decoder(BOOK).decode(frame, np.array([1, 0, 1])).text("symbol") == ["GBPUSD", "EURUSD", "GBPUSD"]


def test_the_id_a_registry_gave_takes_the_place_of_ours() -> None:
    payloads = Encoder(BOOK, 100_001).encode(2, columns())
    assert Frame.of(payloads).ids.tolist() == [100_001, 100_001]
    assert Decoder(BOOK, 100_001).decode(Frame.of(payloads)).ok.all()
    assert not Decoder(BOOK).decode(Frame.of(payloads)).ok.any()


def test_a_string_longer_than_all_room_made_for_it_is_written_whole() -> None:
    texts = ["a", "b" * 1_000_000, "c", "d" * 70_000]
    schema = Schema.of('{"type": "record", "name": "T", "fields": [{"name": "t", "type": "string"}]}', 1)
    payloads = Encoder(schema).encode(len(texts), {"t": Strings.of(texts)})
    assert Decoder(schema).decode(Frame.of(payloads)).text("t") == texts


def test_a_pool_serves_many_columns_and_batches() -> None:
    pool = Pool.of(["EURUSD", "GBPUSD", "best"])
    levels = {"side": np.array([0]), "note": Strings(np.array([2]), pool)}
    batch = columns(symbol=Strings(np.array([1, 0]), pool), levels=Repeated(np.array([0, 1]), levels))
    encoder = Encoder(BOOK)
    for _ in range(2):
        found = Decoder(BOOK).decode(Frame.of(encoder.encode(2, batch)))
        assert found.text("symbol") == ["GBPUSD", "EURUSD"]
        assert found.array("levels")[1].text("note") == ["best"]


def test_an_encoder_follows_when_the_pool_is_another() -> None:
    encoder = Encoder(BOOK)
    for names in (["EURUSD", "GBPUSD"], ["USDJPY", "USDCHF", "AUDUSD"]):
        batch = columns(symbol=Strings(np.array([1, 0]), Pool.of(names)))
        assert Decoder(BOOK).decode(Frame.of(encoder.encode(2, batch))).text("symbol") == [names[1], names[0]]


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"count": np.array([1, 2**31])}, "Book.count, record 1: must be -2147483648 to 2147483647, was 2147483648"),
        ({"live": np.array([2, 0])}, "Book.live, record 0: must be 0 to 1, was 2"),
        ({"symbol": Strings(np.array([0, 1]), ["EURUSD"])}, "Book.symbol, record 1: must be 0 to 0, was 1"),
        ({"symbol": Strings(np.array([0, -1]), ["EURUSD"])}, "Book.symbol, record 1: must be 0 to 0, was -1"),
        (
            {"time": np.array([0, 253_402_300_800_000_000])},
            "Book.time, record 1: must be -62135596800000000 to 253402300799999999, was 253402300800000000",
        ),
        (
            {"levels": Repeated(np.array([1, 1]), {"side": np.array([1, 2]), "note": Strings.of(["", ""])})},
            "Book.levels.side, item 1: must be 0 to 1, was 2",
        ),
    ],
)
def test_a_value_the_schema_cannot_hold_is_told_with_its_place(changed: dict[str, Column], told: str) -> None:
    with pytest.raises(ContractError) as caught:
        Encoder(BOOK).encode(2, columns(**changed))
    assert str(caught.value) == told


def test_columns_missing_and_columns_of_no_field_are_told_together() -> None:
    batch = columns(colour=np.array([1, 2]))
    del batch["count"], batch["live"]
    with pytest.raises(ContractError, match=r"Book: columns missing: \['count', 'live'\], .* no field: \['colour'\]"):
        Encoder(BOOK).encode(2, batch)


@pytest.mark.parametrize(
    ("changed", "error", "told"),
    [
        ({"count": np.array([1.0, 2.0])}, TypeError, "Book.count: must be int64, was float64"),
        ({"count": np.array([1, 2], dtype=np.uint64)}, TypeError, "Book.count: must be int64, was uint64"),
        ({"count": np.array([1])}, ValueError, "Book.count: must have 2 values"),
        ({"count": [1, 2]}, TypeError, "Book.count: must be an array, was list"),
        ({"symbol": np.array([1, 2])}, TypeError, "Book.symbol: must be Strings, was ndarray"),
        ({"count": Nullable(np.array([True, True]), np.array([1, 2]))}, TypeError, "Book.count: is not nullable"),
        ({"levels": np.array([1, 2])}, TypeError, "Book.levels: must be Repeated, was ndarray"),
        ({"levels": Repeated(np.array([-1, 1]), {"side": [], "note": []})}, ValueError, "must not be negative, was -1"),
    ],
)
def test_a_column_of_the_wrong_shape_is_a_mistake_in_the_program(
    changed: dict[str, Column], error: type[Exception], told: str
) -> None:
    with pytest.raises(error, match=told):
        Encoder(BOOK).encode(2, columns(**changed))


def test_a_string_that_utf8_cannot_say_is_refused() -> None:
    with pytest.raises(ContractError, match="UTF-8"):
        Pool.of(["ok", "\ud800"])


def test_asking_a_column_for_what_it_does_not_hold_is_a_mistake_in_the_program() -> None:
    found = Decoder(BOOK).decode(Frame.of([]))
    with pytest.raises(TypeError, match="field price holds doubles, not whole numbers"):
        found.longs("price")
    with pytest.raises(KeyError):
        found.longs("colour")


def test_a_schema_that_only_fastavro_knows_is_read_row_by_row() -> None:
    text = {"type": "record", "name": "Tags", "fields": [{"name": "tags", "type": {"type": "map", "values": "long"}}]}
    schema = Schema.of(json.dumps(text), 5)
    payloads: list[bytes | None] = [*Encoder(schema).encode(2, {"tags": [{"a": 1}, {}]}), None, b"\0\0\0\0\5\2"]
    found = Decoder(schema).decode(Frame.of(payloads))
    assert found.ok.tolist() == [True, True, False, False]
    assert found.values("tags") == [{"a": 1}, {}, None, None]
    with pytest.raises(ContractError, match="Tags"):
        Encoder(schema).encode(1, {"tags": [{"a": "b"}]})


def test_warming_compiles_what_every_schema_uses() -> None:
    warm()
    before = len(decode_rows.signatures), len(encode_rows.signatures)
    for schema in catalogue.ALL:
        Decoder(schema).decode(Frame.of([]))
    Encoder(BOOK).encode(2, columns())
    assert (len(decode_rows.signatures), len(encode_rows.signatures)) == before == (1, 1)
