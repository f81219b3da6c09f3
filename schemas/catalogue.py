"""The wire schemas: avro/*.avsc with the ids of ids.yaml, and fastavro in the Confluent wire format for what is not
hot."""

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import fastavro
import yaml

from tierfeed.errors import ConfigError, ContractError

FOLDER = Path(__file__).parent
HEADER_BYTES = 5
"""Magic byte 0 and a 4-byte big-endian schema id stand before every Avro body."""


@dataclass(frozen=True, slots=True)
class Schema:
    """One released schema. `text` is the .avsc as committed, `parsed` fastavro's parse of it."""

    name: str
    id: int
    text: str
    parsed: Mapping[str, Any] = field(compare=False, repr=False)

    @classmethod
    def of(cls, text: str, schema_id: int) -> "Schema":
        """Parse `text`. Raises ConfigError where it is not a schema of a record."""
        if not 0 <= schema_id < 2**31:
            raise ConfigError(f"schema id must fit 31 bits, was {schema_id}")
        try:
            document = json.loads(text)
            parsed = fastavro.parse_schema(document)
        except (ValueError, KeyError, fastavro.schema.SchemaParseException, fastavro.schema.UnknownType) as error:
            raise ConfigError(f"schema {schema_id}: not an Avro schema: {error!r}") from error
        if not (isinstance(document, dict) and document.get("type") == "record"):
            raise ConfigError(f"schema {schema_id}: must be a record, was {document!r}")
        return cls(document["name"].rpartition(".")[2], schema_id, text, parsed)

    @property
    def header(self) -> bytes:
        return header(self.id)


def header(schema_id: int) -> bytes:
    """The five bytes before an Avro body."""
    return b"\0" + schema_id.to_bytes(4, "big")


def load(folder: Path = FOLDER) -> tuple[Schema, ...]:
    """Every schema of `folder`, by ascending id. Raises ConfigError with every problem found."""
    ids = yaml.safe_load((folder / "ids.yaml").read_text())
    problems, schemas = [], []
    for schema_id, file in sorted(ids.items()):
        try:
            schemas.append(Schema.of((folder / "avro" / file).read_text(), schema_id))
        except (OSError, ConfigError) as error:
            problems.append(f"ids.yaml, {file}: {error}")
    problems += [
        f"avro/{path.name}: has no id in ids.yaml"
        for path in (folder / "avro").glob("*.avsc")
        if path.name not in ids.values()
    ]
    if problems:
        raise ConfigError(problems)
    return tuple(schemas)


ALL = load()
_BY_ID = {entry.id: entry for entry in ALL}
_BY_NAME = {entry.name: entry for entry in ALL}


def schema(name: str) -> Schema:
    """The newest schema of a record name. Raises ContractError where there is none."""
    try:
        return _BY_NAME[name]
    except KeyError:
        raise ContractError(f"no schema is named {name!r}; there are {', '.join(_BY_NAME)}") from None


def schema_by_id(schema_id: int) -> Schema:
    """The schema an id of ids.yaml stands for. Raises ContractError where there is none."""
    try:
        return _BY_ID[schema_id]
    except KeyError:
        raise ContractError(f"no schema has id {schema_id}") from None


def encode(name: str, record: Mapping[str, Any], schema_id: int | None = None) -> bytes:
    """One record in the wire format. Raises ContractError where the schema cannot hold it."""
    known = schema(name)
    return header(known.id if schema_id is None else schema_id) + write_body(known, record)


def decode(payload: bytes, by_id: Mapping[int, Schema] = _BY_ID) -> tuple[str, dict[str, Any]]:
    """(record name, record) of one payload in the wire format. Raises ContractError.

    `by_id`: what the ids mean, where a registry gave them.
    """
    if len(payload) < HEADER_BYTES or payload[0] != 0:
        raise ContractError(f"no wire header: {payload[:HEADER_BYTES].hex() or 'empty'}")
    schema_id = int.from_bytes(payload[1:HEADER_BYTES], "big")
    if schema_id not in by_id:
        raise ContractError(f"no schema has id {schema_id}")
    found = by_id[schema_id]
    return found.name, read_body(found, payload[HEADER_BYTES:])


_REFUSALS = (EOFError, ValueError, TypeError, LookupError, ArithmeticError, RecursionError)
"""What fastavro raises at bytes and values that a schema does not fit: no one class of its own."""


def write_body(written: Schema, record: Mapping[str, Any]) -> bytes:
    """The Avro body of one record; a field with a default may be missing, none may be added. Raises ContractError."""
    out = io.BytesIO()
    try:
        # The writer alone would make a number of text, and leave out what it does not know.
        fastavro.validation.validate(record, written.parsed)
        fastavro.schemaless_writer(out, written.parsed, record, strict_allow_default=True)
    except fastavro.validation.ValidationError as error:
        raise ContractError(f"{written.name}: {'; '.join(map(str, error.errors))}") from error
    except _REFUSALS as error:
        raise ContractError(f"{written.name}: {error!r}") from error
    return out.getvalue()


def read_body(read: Schema, body: bytes) -> dict[str, Any]:
    """The record whose Avro body this is, all of it. Raises ContractError."""
    source = io.BytesIO(body)
    try:
        record: dict[str, Any] = fastavro.schemaless_reader(source, read.parsed)
    except _REFUSALS as error:
        raise ContractError(f"{read.name}: {error!r}") from error
    if source.tell() != len(body):
        raise ContractError(f"{read.name}: {len(body) - source.tell()} bytes behind the record's end")
    return record
