"""The read part of a Confluent schema registry, served from the repository's own schemas and ids.

For plain consumers where no registry runs: an Avro deserializer asks for the schema of an id and gets the committed
file. Nothing can be registered here; a schema is added by adding its file.
"""

import json
import logging
import socket
import threading
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from schemas.catalogue import ALL, Schema
from schemas.topics import Topic
from tierfeed.errors import UpstreamError

HOST = "127.0.0.1"
START_S = 10.0
COMPATIBILITY = "BACKWARD"
MEDIA_TYPE = "application/vnd.schemaregistry.v1+json"
SUBJECT_NOT_FOUND = 40401
VERSION_NOT_FOUND = 40402
SCHEMA_NOT_FOUND = 40403
INVALID_SCHEMA = 42201
INVALID_VERSION = 42202
_POLL_S = 0.01


class RegistryError(Exception):
    """An answer in the registry's own error format; its HTTP status is the code's first three digits."""

    def __init__(self, code: int, message: str) -> None:
        self.code = code
        self.message = message
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class Entry:
    """A schema under one of its subjects. Versions count from 1."""

    subject: str
    version: int
    schema: Schema

    def document(self) -> dict[str, Any]:
        return {
            "subject": self.subject,
            "version": self.version,
            "id": self.schema.id,
            "schema": self.schema.text,
        }


class Registry:
    """What the API answers from: every schema under its record's name, and under each topic that carries it."""

    def __init__(self, topics: Iterable[Topic], schemas: Iterable[Schema] = ALL) -> None:
        records: dict[str, list[Schema]] = {}
        for schema in sorted(schemas, key=lambda schema: schema.id):
            records.setdefault(schema.name, []).append(schema)
        subjects = {_full_name(versions[0]): versions for versions in records.values()}
        for topic in topics:
            subjects |= {f"{topic.name}-{_full_name(records[name][0])}": records[name] for name in topic.values}
        self._subjects = {
            subject: [Entry(subject, version, schema) for version, schema in enumerate(versions, start=1)]
            for subject, versions in sorted(subjects.items())
        }

    def subjects(self) -> list[str]:
        return list(self._subjects)

    def versions(self, subject: str) -> list[Entry]:
        try:
            return self._subjects[subject]
        except KeyError:
            raise RegistryError(SUBJECT_NOT_FOUND, f"Subject '{subject}' not found.") from None

    def version(self, subject: str, version: str) -> Entry:
        entries = self.versions(subject)
        if version in ("latest", "-1"):
            return entries[-1]
        if not (version.isascii() and version.isdecimal() and int(version) > 0):
            raise RegistryError(
                INVALID_VERSION,
                f"The specified version '{version}' is not a valid version id. "
                'Allowed values are between [1, 2^31-1] and the string "latest"',
            )
        if int(version) > len(entries):
            raise RegistryError(VERSION_NOT_FOUND, f"Version {version} not found.")
        return entries[int(version) - 1]

    def by_id(self, schema_id: str) -> list[Entry]:
        """Every subject and version an id stands for; never empty."""
        found = [entry for entries in self._subjects.values() for entry in entries if str(entry.schema.id) == schema_id]
        if not found:
            raise RegistryError(SCHEMA_NOT_FOUND, f"Schema {schema_id} not found")
        return found

    def lookup(self, subject: str, text: str) -> Entry:
        """The version of a subject that is this schema, however it is spaced."""
        entries = self.versions(subject)
        try:
            wanted = json.loads(text)
        except ValueError as error:
            raise RegistryError(INVALID_SCHEMA, f"Invalid schema: {error}") from error
        for entry in reversed(entries):
            if json.loads(entry.schema.text) == wanted:
                return entry
        raise RegistryError(SCHEMA_NOT_FOUND, f"Schema not found under subject '{subject}'")


def _full_name(schema: Schema) -> str:
    document = json.loads(schema.text)
    return ".".join(part for part in (document.get("namespace"), document["name"]) if part)


# what GET answers; a text goes out as it is
_READS: dict[str, Callable[[Registry, Mapping[str, str]], Any]] = {
    "/": lambda _registry, _path: {},
    "/subjects": lambda registry, _path: registry.subjects(),
    "/subjects/{subject}/versions": lambda registry, path: [
        entry.version for entry in registry.versions(path["subject"])
    ],
    "/subjects/{subject}/versions/{version}": lambda registry, path: registry.version(**path).document(),
    "/subjects/{subject}/versions/{version}/schema": lambda registry, path: registry.version(**path).schema.text,
    "/schemas/types": lambda _registry, _path: ["AVRO"],
    "/schemas/ids/{id}": lambda registry, path: {"schema": registry.by_id(path["id"])[0].schema.text},
    "/schemas/ids/{id}/schema": lambda registry, path: registry.by_id(path["id"])[0].schema.text,
    "/schemas/ids/{id}/subjects": lambda registry, path: [entry.subject for entry in registry.by_id(path["id"])],
    "/schemas/ids/{id}/versions": lambda registry, path: [
        {"subject": entry.subject, "version": entry.version} for entry in registry.by_id(path["id"])
    ],
    "/config": lambda _registry, _path: {"compatibilityLevel": COMPATIBILITY},
    "/config/{subject}": lambda _registry, _path: {"compatibilityLevel": COMPATIBILITY},
    "/mode": lambda _registry, _path: {"mode": "READONLY"},
}


def app(topics: Iterable[Topic], schemas: Iterable[Schema] = ALL) -> Starlette:
    """The API as an ASGI application, for the topics of a deployment (`schemas.topics.declared(…).values()`)."""
    registry = Registry(topics, schemas)

    def reading(read: Callable[[Registry, Mapping[str, str]], Any]) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            return _json(read(registry, request.path_params))

        return answer

    async def lookup(request: Request) -> Response:
        return _json(registry.lookup(request.path_params["subject"], await _schema(request)).document())

    async def register(request: Request) -> Response:
        # what is there already need not be written: serializers that register on first use work
        try:
            entry = registry.lookup(request.path_params["subject"], await _schema(request))
        except RegistryError as error:
            raise HTTPException(405, f"{error.message}; {_READ_ONLY}") from error
        return _json({"id": entry.schema.id})

    return Starlette(
        routes=[
            Route("/subjects/{subject}", lookup, methods=["POST"]),
            Route("/subjects/{subject}/versions", register, methods=["POST"]),
            *(Route(path, reading(read), methods=["GET"]) for path, read in _READS.items()),
        ],
        exception_handlers={RegistryError: _told, HTTPException: _refused},
    )


_READ_ONLY = "this registry is read-only: schemas are added as files in schemas/avro with an id in schemas/ids.yaml"


async def _schema(request: Request) -> str:
    try:
        document = await request.json()
        return str(document["schema"])
    except (ValueError, TypeError, KeyError) as error:
        raise RegistryError(INVALID_SCHEMA, 'The body must be {"schema": "…"}') from error


def _json(content: Any, status: int = 200) -> Response:
    if isinstance(content, str):
        return PlainTextResponse(content, status, media_type=MEDIA_TYPE)
    return JSONResponse(content, status, media_type=MEDIA_TYPE)


async def _told(_: Request, error: Exception) -> Response:
    assert isinstance(error, RegistryError)
    return _json({"error_code": error.code, "message": error.message}, error.code // 100)


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    message = error.detail
    if error.status_code == 405 and message == "Method Not Allowed":
        message = f"{request.method} {request.url.path}: {_READ_ONLY}"
    return _json({"error_code": error.status_code, "message": message}, error.status_code)


@contextmanager
def serve(application: Starlette, port: int = 0) -> Iterator[str]:
    """Serve on loopback from a thread of this process for as long as the context lasts; yields the url.

    Port 0 takes a free one. Raises UpstreamError if the port is taken.
    """
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((HOST, port))
        except OSError as error:
            raise UpstreamError(f"the schema registry cannot listen on {HOST}:{port}: {error.strerror}") from error
        server = uvicorn.Server(
            uvicorn.Config(application, lifespan="off", access_log=False, log_config=None, log_level=logging.WARNING)
        )
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, name="registry", daemon=True)
        thread.start()
        deadline_s = time.monotonic() + START_S
        while not server.started:
            if not thread.is_alive() or time.monotonic() > deadline_s:
                raise UpstreamError(f"the schema registry did not start on {HOST}:{port}")
            time.sleep(_POLL_S)
        try:
            yield f"http://{HOST}:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(START_S)
