"""Avro in the Confluent wire format: the schemas of a registry, or without one those shipped here."""

import asyncio
from typing import Any, Final

import httpx2

from schemas.catalogue import ALL, HEADER_BYTES, Schema, read_body
from tierfeed.errors import ConfigError, ContractError, UpstreamError

TIMEOUT_S: Final = 10.0
BACKOFF_S: Final = (0.2, 1.0, 3.0)
NOT_FOUND: Final = 404

Decoded = tuple[str, dict[str, Any]]


class Decoder:
    """Payloads to (record name, record). An id is asked for once; one of no schema that can be read stays unknown."""

    def __init__(self, registry_url: str | None) -> None:
        self._url = registry_url.rstrip("/") if registry_url else None
        self._known: dict[int, Schema | None] = {} if self._url else {schema.id: schema for schema in ALL}

    def unasked(self, payload: bytes | None) -> int | None:
        """The schema id that has to be asked for before the payload can be decoded; None where there is none."""
        schema_id = _schema_id(payload)
        return None if self._url is None or schema_id is None or schema_id in self._known else schema_id

    async def ask(self, schema_id: int) -> None:
        """Get a schema from the registry. Raises UpstreamError where it does not answer, ConfigError where it refuses.

        Nothing is skipped for that: a registry that is away says nothing of the record.
        """
        url = f"{self._url}/schemas/ids/{schema_id}"
        async with httpx2.AsyncClient(timeout=TIMEOUT_S) as client:
            for pause_s in (*BACKOFF_S, None):
                try:
                    answer = await client.get(url)
                except httpx2.InvalidURL as error:
                    raise ConfigError(f"registry_url must be http[s]://host[:port], was {self._url!r}") from error
                except httpx2.HTTPError as error:
                    told = repr(error)
                else:
                    if answer.status_code == httpx2.codes.OK:
                        self._known[schema_id] = _schema(schema_id, answer)
                        return
                    if answer.status_code == NOT_FOUND and _is_of_a_registry(answer):
                        self._known[schema_id] = None
                        return
                    told = f"HTTP {answer.status_code}"
                if pause_s is not None:
                    await asyncio.sleep(pause_s)
        raise UpstreamError(f"schema registry {self._url}, asked for schema {schema_id}: {told}")

    def decode(self, payload: bytes | None) -> Decoded | None:
        """None where it is of no schema that is known, or does not fit it."""
        schema_id = _schema_id(payload)
        schema = None if schema_id is None else self._known.get(schema_id)
        if schema is None or payload is None:
            return None
        try:
            return schema.name, read_body(schema, payload[HEADER_BYTES:])
        except ContractError:
            return None


def _schema_id(payload: bytes | None) -> int | None:
    if payload is None or len(payload) < HEADER_BYTES or payload[0] != 0:
        return None
    return int.from_bytes(payload[1:HEADER_BYTES], "big")


def _schema(schema_id: int, answer: httpx2.Response) -> Schema | None:
    try:
        return Schema.of(answer.json()["schema"], schema_id)
    except (ConfigError, ValueError, LookupError, TypeError):
        return None  # JSON Schema, Protobuf, or no record: not of a tier


def _is_of_a_registry(answer: httpx2.Response) -> bool:
    """A registry says with an error code that it has no such schema; anything else there is not a registry."""
    try:
        return isinstance(answer.json(), dict) and "error_code" in answer.json()
    except ValueError:
        return False
