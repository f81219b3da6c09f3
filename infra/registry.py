"""The ids of the wire schemas: from a schema registry where one is configured, else from schemas/ids.yaml."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from schemas import catalogue
from schemas.catalogue import Schema
from schemas.topics import Topic
from tierfeed.settings import RegistrySettings


@dataclass(frozen=True)
class SchemaIds(Mapping[str, int]):
    """Record name → id to write it with. `by_id` also has the older schemas, which may still be read."""

    by_id: Mapping[int, Schema]

    def __getitem__(self, name: str) -> int:
        return self._newest()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._newest())

    def __len__(self) -> int:
        return len(self._newest())

    def _newest(self) -> dict[str, int]:
        return {schema.name: schema_id for schema_id, schema in self.by_id.items()}


def schema_ids(settings: RegistrySettings, topics: Iterable[Topic]) -> SchemaIds:
    """Tell the ids; where there is a registry, register what `topics` carry. Raises ConfigError, UpstreamError."""
    if settings.url is None:
        return SchemaIds({schema.id: schema for schema in catalogue.ALL})
    from infra.registering import register  # a client with all of its ways to sign in

    return SchemaIds(register(settings.url, topics))
