"""A poison payload is one row that is not ok: it never changes, hides or kills a neighbour, wherever it stands."""

import random
import struct
import tracemalloc
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas import catalogue
from schemas.catalogue import Schema, header
from schemas.codec import Decoder, Frame
from tests.property.codec_oracle import comparable, lenient, read_back, records_of, strict, written

BATCHES = 10_000
CHUNKS = 10
ITEM = '{"type": "record", "name": "I", "fields": [{"name": "b", "type": "long"}]}'
ARRAY = f'{{"name": "a", "type": {{"type": "array", "items": {ITEM}}}}}'
ARRAY_SCHEMA = Schema.of(f'{{"type": "record", "name": "R", "fields": [{ARRAY}]}}', 1)
DECODERS = {schema.id: Decoder(schema) for schema in catalogue.ALL}


def long(value: int) -> bytes:
    """A varint as Avro writes it, of as many bits as it takes."""
    bits = 2 * value if value >= 0 else -2 * value - 1
    out = bytearray()
    while bits > 0x7F:
        out.append(bits & 0x7F | 0x80)
        bits >>= 7
    out.append(bits)
    return bytes(out)


TOKENS = [
    *(long(value) for value in (0, 1, -1, 2, -2, 4, 5, 63, 64, -64, 2**31, -(2**31) - 1, 2**40, 2**62, -(2**63))),
    *(long(value) for value in (2**63 - 1, 253_402_300_799_999_999, 253_402_300_800_000_000, -62_135_596_800_000_001)),
    b"\x80" * 9 + b"\x01",
    b"\x80" * 9 + b"\x02",
    b"\xff" * 9 + b"\x01",
    b"\x80" * 10 + b"\x01",
    b"\xff" * 12,
    b"\x80\x00",
    b"\x82\x80\x00",
    b"\x04\xff\xfe",
    b"\x06\xed\xa0\x80",
    b"\x04\xc3\xa9",
    struct.pack("<d", float("nan")),
]


@cache
def samples() -> list[tuple[Schema, bytes]]:
    """Good payloads of every schema: a fixed draw."""
    return [(schema, payload) for schema in catalogue.ALL for payload in _drawn(schema)]


def _drawn(schema: Schema) -> list[bytes]:
    found: list[bytes] = []

    @settings(max_examples=25, derandomize=True, database=None, deadline=None)
    @given(record=records_of(schema))
    def collect(record: dict[str, Any]) -> None:
        found.append(written(schema, record))

    collect()
    return found


def spoilt(payload: bytes, chance: random.Random) -> bytes | None:
    """The payload with something done to it; it may be as good as before."""
    body = bytearray(payload)
    at = chance.randrange(len(body) + 1)
    match chance.randrange(9):
        case 0:
            body[at % len(body)] ^= 1 << chance.randrange(8)
        case 1:
            return payload[:at]
        case 2:
            return payload + chance.randbytes(chance.randrange(1, 12))
        case 3:
            return payload[:5] + chance.randbytes(chance.randrange(80))
        case 4:
            return header(chance.choice([0, 1, 2, 3, 4, 5, 6, 7, 8, 2**31 - 1])) + payload[5:]
        case 5:
            return chance.choice([None, b"", b"\0", b"\1" + payload[1:], b"\0\xff\xff\xff\xff" + payload[5:]])
        case 6:
            body[at:at] = chance.choice(TOKENS)
        case 7:
            token = chance.choice(TOKENS)
            body[at : at + len(token)] = token
        case _:
            del body[at : at + chance.randrange(1, 4)]
    return bytes(body)


@cache
def expected(payload: bytes | None) -> tuple[int, Any]:
    """(schema id, record | None): what a payload is, by the oracle."""
    if payload is None or len(payload) < 5 or payload[0] != 0 or payload[1] > 127:
        return -1, None
    schema_id = int.from_bytes(payload[1:5], "big")
    if schema_id not in DECODERS:
        return schema_id, None
    return schema_id, comparable(strict(DECODERS[schema_id].schema, payload[5:]))


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_neighbours_of_poison_stay_and_every_verdict_is_the_oracles(chunk: int) -> None:
    chance = random.Random(chunk)
    good_samples = samples()
    spoilt_rows = refused = 0
    for _ in range(BATCHES // CHUNKS):
        payloads: list[bytes | None] = [chance.choice(good_samples)[1] for _ in range(chance.randrange(1, 7))]
        for at in chance.sample(range(len(payloads)), chance.randrange(1, len(payloads) + 1)):
            payloads[at] = spoilt(payloads[at] or b"", chance)
            spoilt_rows += 1
        oracle = [expected(payload) for payload in payloads]
        frame = Frame.of(payloads)
        assert frame.ids.tolist() == [schema_id for schema_id, _ in oracle]
        for schema_id in {schema_id for schema_id, _ in oracle} & DECODERS.keys():
            rows = frame.rows(schema_id)
            columns = DECODERS[schema_id].decode(frame, rows)
            wanted = [oracle[row][1] for row in rows]
            assert columns.ok.tolist() == [record is not None for record in wanted]
            found = read_back(columns)
            assert [record for record, ok in zip(found, columns.ok, strict=True) if ok] == [
                record for record in wanted if record is not None
            ]
            refused += wanted.count(None)
    assert refused > spoilt_rows / 3, "most of what is done to payloads should break them"


def test_the_oracle_is_fastavro_but_for_the_leniencies_it_names() -> None:
    chance = random.Random(7)
    both = stricter = 0
    for _ in range(20_000):
        schema, payload = chance.choice(samples())
        body = (spoilt(payload, chance) or b"")[5:]
        as_read, as_allowed = comparable(lenient(schema, body)), comparable(strict(schema, body))
        if as_allowed is not None:
            assert as_read == as_allowed
            both += 1
        stricter += as_read is not None and as_allowed is None
    assert both > 2000
    assert stricter < both / 10


def test_what_fastavro_lets_pass_and_the_codec_does_not() -> None:
    def verdicts(fields: str, body: bytes) -> tuple[bool, bool]:
        schema = Schema.of(f'{{"type": "record", "name": "R", "fields": [{fields}]}}', 1)
        ok = Decoder(schema).decode(Frame.of([schema.header + body])).ok[0]
        assert ok == (strict(schema, body) is not None)
        return lenient(schema, body) is not None, bool(ok)

    one = '{{"name": "a", "type": {}}}'
    enum = one.format('{"type": "enum", "name": "E", "symbols": ["X", "Y"]}')
    union = one.format('["null", "long"]')
    cases = {
        "a varint of eleven bytes": (one.format('"long"'), b"\x80" * 10 + b"\x00"),
        "a varint of 65 bits": (one.format('"long"'), b"\xff" * 9 + b"\x02"),
        "an int of 33 bits": (one.format('"int"'), long(2**31)),
        "a negative enum position": (enum, long(-1)),
        "a negative union branch": (union, long(-1) + long(5)),
        "a boolean of 2": (one.format('"boolean"'), b"\x02"),
        "a block shorter than it says": (ARRAY, long(-1) + long(2) + long(5) + long(0)),
        "a block longer than it says": (ARRAY, long(-1) + long(0) + long(5) + long(0)),
        "a block that ends beyond the record": (ARRAY, long(-1) + long(9) + long(5) + long(0)),
        "a block of a negative size": (ARRAY, long(-1) + long(-1) + long(5) + long(0)),
    }
    assert {name: verdicts(*case) for name, case in cases.items()} == dict.fromkeys(cases, (True, False))


def test_what_is_legal_though_nobody_writes_it_is_read() -> None:
    blocks = long(2) + long(7) + b"\x90\x00" + long(-1) + long(1) + long(9) + b"\x80\x00"
    columns = Decoder(ARRAY_SCHEMA).decode(Frame.of([ARRAY_SCHEMA.header + blocks]))
    assert read_back(columns) == [{"a": [{"b": 7}, {"b": 8}, {"b": 9}]}]


def test_a_count_that_lies_makes_no_room_for_what_is_not_there() -> None:
    good = ARRAY_SCHEMA.header + long(1) + long(7) + long(0)
    counts = (2**62, -(2**62), 2**31, -(2**63), 2**20, -1)
    payloads = [part for count in counts for part in (good, ARRAY_SCHEMA.header + long(count) + bytes(40))]
    decoder = Decoder(ARRAY_SCHEMA)
    decoder.decode(Frame.of(payloads))
    tracemalloc.start()
    columns = decoder.decode(Frame.of(payloads))
    peak_bytes = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert columns.ok.tolist() == [True, False] * len(counts)
    assert peak_bytes < 100_000


def test_more_items_than_there_was_room_for_are_all_read() -> None:
    lengths = [0, 3, 1000, 0, 1, 40_000, 2]
    bodies = [b"".join((long(n), *map(long, range(n)), long(0) if n else b"")) for n in lengths]
    payloads = [part for body in bodies for part in (ARRAY_SCHEMA.header + body, ARRAY_SCHEMA.header + body[:-1])]
    columns = Decoder(ARRAY_SCHEMA).decode(Frame.of(payloads))
    offsets, items = columns.array("a")
    assert columns.ok.tolist() == [True, False] * len(lengths)
    assert (offsets[1:] - offsets[:-1]).tolist() == [count for n in lengths for count in (n, 0)]
    assert items.longs("b").tolist() == [value for n in lengths for value in range(n)]


@settings(max_examples=200, deadline=None)
@given(payloads=st.lists(st.none() | st.binary(max_size=40), max_size=8))
def test_any_bytes_make_a_frame(payloads: list[bytes | None]) -> None:
    frame = Frame.of(payloads)
    assert frame.ids.tolist() == [expected(payload)[0] for payload in payloads]
    parts = [frame.buf[start:end].tobytes() for start, end in zip(frame.starts, frame.ends, strict=True)]
    whole = [payload or b"" for payload in payloads]
    assert parts == [p[5:] if known >= 0 else p for p, known in zip(whole, frame.ids, strict=True)]
