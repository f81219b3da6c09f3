"""Every example in schemas/examples is accepted, or rejected, as it says: by the codec and by fastavro."""

import json
from pathlib import Path
from typing import Any

import pytest

from schemas import catalogue
from schemas.codec import Decoder, Encoder, Frame
from tests.property.codec_oracle import columns_of, comparable, lenient, read_back
from tierfeed.errors import ContractError

EXAMPLES = Path(catalogue.__file__).with_name("examples")
ACCEPT = sorted((EXAMPLES / "accept").glob("*.json"))
REJECT = sorted((EXAMPLES / "reject").glob("*.json"))

accepted = pytest.mark.parametrize("path", ACCEPT, ids=lambda path: path.stem)


def read(path: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(path.read_text())
    return document


REJECTED_PAYLOADS = [path for path in REJECT if "payload" in read(path)]
REJECTED_RECORDS = [path for path in REJECT if "record" in read(path)]


def test_every_schema_has_examples_of_both_kinds() -> None:
    names = {schema.name for schema in catalogue.ALL}
    assert {read(path)["schema"] for path in ACCEPT} == names
    assert {read(path)["schema"] for path in REJECTED_PAYLOADS} == names
    assert REJECTED_RECORDS


@accepted
def test_a_payload_to_accept_is_read_as_its_record(path: Path) -> None:
    example = read(path)
    schema, payload = catalogue.schema(example["schema"]), bytes.fromhex(example["payload"])
    columns = Decoder(schema).decode(Frame.of([payload]))
    assert columns.ok.tolist() == [True]
    assert read_back(columns) == [comparable(example["record"])]
    name, record = catalogue.decode(payload)
    assert (name, comparable(record)) == (example["schema"], comparable(example["record"]))


@accepted
def test_a_record_to_accept_is_written_as_its_payload(path: Path) -> None:
    example = read(path)
    schema, record = catalogue.schema(example["schema"]), example["record"]
    payload = catalogue.encode(schema.name, record)
    assert Encoder(schema).encode(1, columns_of(schema, [record])) == [payload]
    assert (payload.hex() == example["payload"]) == example.get("canonical", True)


@pytest.mark.parametrize("path", REJECTED_PAYLOADS, ids=lambda path: path.stem)
def test_a_payload_to_reject_is_not_ok_and_its_neighbours_are(path: Path) -> None:
    example = read(path)
    schema, payload = catalogue.schema(example["schema"]), bytes.fromhex(example["payload"])
    good = next(read(other) for other in ACCEPT if read(other)["schema"] == schema.name)
    neighbour = bytes.fromhex(good["payload"])
    columns = Decoder(schema).decode(Frame.of([neighbour, payload, neighbour]))
    assert columns.ok.tolist() == [True, False, True]
    assert read_back(columns)[::2] == [comparable(good["record"])] * 2
    assert (lenient(schema, payload[5:]) is not None) == (example["fastavro"] == "accepts")


@pytest.mark.parametrize("path", REJECTED_RECORDS, ids=lambda path: path.stem)
def test_a_record_to_reject_is_not_written(path: Path) -> None:
    example = read(path)
    with pytest.raises(ContractError, match=example["schema"]):
        catalogue.encode(example["schema"], example["record"])
