from datetime import UTC, datetime
from pathlib import Path

import pytest

from schemas import catalogue
from schemas.catalogue import Schema, decode, encode, load, schema, schema_by_id
from tierfeed.domain import words
from tierfeed.errors import ConfigError, ContractError

CONTROL = {
    "kind": "STALE",
    "tier": "free",
    "symbol": "EURUSD",
    "time": datetime(2026, 7, 1, tzinfo=UTC),
    "epoch": 4,
    "reason": None,
    "from_time": None,
    "to_time": None,
}


def folder(path: Path, ids: str, **files: str) -> Path:
    (path / "avro").mkdir()
    (path / "ids.yaml").write_text(ids)
    for name, text in files.items():
        (path / "avro" / f"{name}.avsc").write_text(text)
    return path


def test_a_record_goes_out_and_comes_back_under_its_id() -> None:
    payload = encode("TierControl", CONTROL)
    assert payload[:5] == b"\0\0\0\0\6"
    assert decode(payload) == ("TierControl", CONTROL)


def test_the_id_a_registry_gave_takes_the_place_of_ours() -> None:
    payload = encode("TierControl", CONTROL, 1000)
    assert decode(payload, {1000: schema("TierControl")}) == ("TierControl", CONTROL)


@pytest.mark.parametrize(
    ("payload", "told"),
    [
        (b"", "no wire header: empty"),
        (b"\0\0\0\0", "no wire header: 00000000"),
        (b"\1\0\0\0\6", "no wire header: 0100000006"),
        (b"\0\0\0\0\x63", "no schema has id 99"),
        (encode("TierControl", CONTROL)[:-3], "TierControl: "),
        (encode("TierControl", CONTROL) + b"\0", "TierControl: 1 bytes behind the record's end"),
        (b"\0\0\0\0\6\x50", "TierControl: "),
    ],
)
def test_bytes_that_are_no_record_are_told(payload: bytes, told: str) -> None:
    with pytest.raises(ContractError, match=told):
        decode(payload)


@pytest.mark.parametrize("changed", [{"kind": "BROKEN"}, {"time": "noon"}, {"epoch": None}, {"epoch": 2**70}])
def test_values_the_schema_cannot_hold_are_told(changed: dict[str, object]) -> None:
    with pytest.raises(ContractError, match="TierControl"):
        encode("TierControl", CONTROL | changed)


def test_what_does_not_exist_is_told() -> None:
    with pytest.raises(ContractError, match="no schema is named 'Trade'; there are Tick"):
        schema("Trade")
    with pytest.raises(ContractError, match="no schema has id 99"):
        schema_by_id(99)


def test_ids_name_files_and_the_newest_of_a_name_is_the_schema() -> None:
    assert [schema_by_id(entry.id) for entry in catalogue.ALL] == list(catalogue.ALL)
    assert [entry.id for entry in catalogue.ALL] == sorted(entry.id for entry in catalogue.ALL)


@pytest.mark.parametrize(
    ("record", "path", "enum"),
    [
        ("Tick", ("line",), words.Line),
        ("SessionRecord", ("line",), words.Line),
        ("SessionRecord", ("kind",), words.SessionKind),
        ("SessionRecord", ("feed",), words.Feed),
        ("TierControl", ("kind",), words.ControlKind),
        ("FreeQuote", ("state",), words.QuoteState),
        ("ProQuote", ("state",), words.QuoteState),
        ("EnterpriseQuote", ("state",), words.QuoteState),
        ("EnterpriseQuote", ("brokers", "status"), words.BrokerStatus),
    ],
)
def test_positions_on_the_wire_are_the_numbers_of_the_domain(record: str, path: tuple[str, ...], enum: type) -> None:
    fields = schema(record).parsed["fields"]
    for name in path:
        avro = next(field["type"] for field in fields if field["name"] == name)
        fields = avro["items"]["fields"] if avro["type"] == "array" else []
    assert avro["symbols"] == [member.name for member in enum]
    assert [member.value for member in enum] == list(range(len(enum)))


def test_every_problem_of_a_folder_is_told_at_once(tmp_path: Path) -> None:
    broken = folder(tmp_path, "1: gone.avsc\n2: torn.avsc\n3: list.avsc\n", torn="{", list='["null"]', stray="{}")
    with pytest.raises(ConfigError) as caught:
        load(broken)
    told = "\n".join(caught.value.problems)
    assert len(caught.value.problems) == 4
    for part in ("gone.avsc", "torn.avsc", "must be a record", "stray.avsc: has no id"):
        assert part in told


def test_an_id_that_does_not_fit_the_wire_is_refused() -> None:
    with pytest.raises(ConfigError, match="31 bits, was 2147483648"):
        Schema.of('{"type": "record", "name": "A", "fields": []}', 2**31)
