"""A schema registry: the product's schemas are registered there, and their compatibility is demanded."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import httpx2
from confluent_kafka.schema_registry import Schema as Registered
from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.error import SchemaRegistryError

from schemas import catalogue
from schemas.catalogue import Schema
from schemas.topics import Topic
from tierfeed.errors import ConfigError, UpstreamError

COMPATIBILITY = "BACKWARD"
_PATIENCE = {"timeout": 10, "max.retries": 2, "retries.wait.ms": 200}
_REFUSED = {401: "refuses the credentials", 403: "refuses access", 409: "incompatible", 422: "not a schema it takes"}


def register(url: str, topics: Iterable[Topic]) -> dict[int, Schema]:
    """Register what `topics` carry; the schemas by their ids. Raises ConfigError, UpstreamError."""
    return _Registry(url).register(topics)


def subject(topic: str, schema: Schema) -> str:
    """TopicRecordNameStrategy: one topic may carry several kinds of record."""
    return f"{topic}-{schema.parsed['name']}"


class _Registry:
    def __init__(self, url: str) -> None:
        self.place = urlsplit(url).netloc.rpartition("@")[2] or url
        # The client's stand-in for tests knows no compatibility levels.
        self.has_levels = not url.startswith("mock://")
        try:
            self.client = SchemaRegistryClient.new_client({"url": url, **_PATIENCE})
        except ValueError as error:
            raise ConfigError(f"registry.url must be an http or https address, was {url!r}") from error

    def register(self, topics: Iterable[Topic]) -> dict[int, Schema]:
        with self._told("lists its subjects"):
            known = set(self.client.get_subjects())
        by_id: dict[int, Schema] = {}
        given: dict[Schema, int] = {}
        for topic in topics:
            for schema in (schema for schema in catalogue.ALL if schema.name in topic.values):
                schema_id = self._registered(subject(topic.name, schema), schema, known)
                if given.setdefault(schema, schema_id) != schema_id:
                    raise UpstreamError(
                        f"schema registry {self.place}: must give {schema.name} one id in all subjects, "
                        f"was {given[schema]} and {schema_id}"
                    )
                by_id[schema_id] = schema
        return by_id

    def _registered(self, name: str, schema: Schema, known: set[str]) -> int:
        with self._told(f"takes {name}"):
            # A level is kept by a subject: before the first version there is none, and nothing to be compatible with.
            if name in known:
                self._demand(name)
            schema_id = int(self.client.register_schema(name, Registered(schema.text, "AVRO"), normalize_schemas=True))
            if name not in known:
                self._demand(name)
                known.add(name)
        return schema_id

    def _demand(self, name: str) -> None:
        if self.has_levels:
            self.client.set_compatibility(name, COMPATIBILITY)

    @contextmanager
    def _told(self, act: str) -> Iterator[None]:
        """The client's errors as ours. `act` completes "it was asked whether it …"."""
        try:
            yield
        except SchemaRegistryError as error:
            where = f"schema registry {self.place}, asked whether it {act}"
            if error.http_status_code in _REFUSED:
                raise ConfigError(f"{where}: {_REFUSED[error.http_status_code]}: {error.error_message}") from error
            raise UpstreamError(f"{where}: {error}") from error
        except httpx2.HTTPError as error:
            raise UpstreamError(f"schema registry {self.place} is not there: {error}") from error
