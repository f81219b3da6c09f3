"""What tierfeed asks of a schema registry, and what it makes of the answers."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar
from urllib.parse import unquote

import pytest
from confluent_kafka.schema_registry import Schema as Registered
from confluent_kafka.schema_registry import SchemaRegistryClient

from infra.registering import COMPATIBILITY, subject
from infra.registry import schema_ids
from schemas import catalogue, topics
from schemas.catalogue import Schema
from schemas.compatibility import problems
from tierfeed.domain.tiers import Tier
from tierfeed.errors import ConfigError, UpstreamError
from tierfeed.settings import RegistrySettings

TIERS = [
    Tier(name=n, symbols=None, interval_us=1, depth_hours=1, brokers=("fxcm",), redundancy=1, record=record)
    for n, record in (("free", "FreeQuote"), ("pro", "ProQuote"), ("enterprise", "EnterpriseQuote"))
]
TOPICS = tuple(topics.declared(["fxcm", "ic_markets"], TIERS, 6).values())
TICK = catalogue.schema("Tick")
TICK_SUBJECT = subject(topics.ticks("fxcm"), TICK)
ANOTHER_TICK = """{"type": "record", "name": "Tick", "namespace": "tierfeed", "fields": [
    {"name": "broker", "type": "long"}]}"""


class RegistryContract:
    """The exam for a registry. `url`: one that is empty."""

    def test_every_schema_of_every_topic_is_registered_under_one_id(self, url: str) -> None:
        ids = schema_ids(RegistrySettings(url=url), TOPICS)
        client = SchemaRegistryClient({"url": url, "timeout": 10})
        assert sorted(client.get_subjects()) == sorted(
            subject(topic.name, catalogue.schema(value)) for topic in TOPICS for value in topic.values
        )
        assert set(ids) == {schema.name for schema in catalogue.ALL}
        for name, schema_id in ids.items():
            assert json.loads(client.get_schema(schema_id).schema_str)["name"] == name

    def test_registering_again_changes_nothing(self, url: str) -> None:
        settings = RegistrySettings(url=url)
        assert schema_ids(settings, TOPICS) == schema_ids(settings, TOPICS)

    def test_every_subject_demands_compatibility(self, url: str) -> None:
        schema_ids(RegistrySettings(url=url), TOPICS)
        client = SchemaRegistryClient({"url": url, "timeout": 10})
        assert {client.get_compatibility(name) for name in client.get_subjects()} == {COMPATIBILITY}

    def test_a_schema_that_cannot_follow_the_one_before_is_refused(self, url: str) -> None:
        SchemaRegistryClient({"url": url, "timeout": 10}).register_schema(
            TICK_SUBJECT, Registered(ANOTHER_TICK, "AVRO")
        )
        with pytest.raises(ConfigError, match=f"takes {TICK_SUBJECT}: incompatible"):
            schema_ids(RegistrySettings(url=url), TOPICS)


class Registry(BaseHTTPRequestHandler):
    """As much of a registry's HTTP interface as tierfeed uses; a schema has one id wherever it is registered."""

    subjects: ClassVar[dict[str, list[int]]]
    texts: ClassVar[list[str]]
    levels: ClassVar[dict[str, str]]

    def do_GET(self) -> None:
        match self._path():
            case ["subjects"]:
                self._reply(200, list(self.subjects))
            case ["schemas", "ids", number]:
                self._reply(200, {"schema": self.texts[int(number) - 1]})
            case ["config", name] if name in self.levels:
                self._reply(200, {"compatibilityLevel": self.levels[name]})
            case path:
                self._reply(404, {"error_code": 40401, "message": f"no {path}"})

    def do_PUT(self) -> None:
        match self._path():
            case ["config", name] if name in self.subjects:
                self.levels[name] = self._body()["compatibility"]
                self._reply(200, {"compatibility": self.levels[name]})
            case path:
                self._reply(404, {"error_code": 40401, "message": f"no {path}"})

    def do_POST(self) -> None:
        _, name, _ = self._path()
        text = self._body()["schema"]
        versions = self.subjects.get(name, [])
        old = [Schema.of(self.texts[number - 1], number) for number in versions[-1:]]
        if self.levels.get(name) == "BACKWARD" and any(problems(known, Schema.of(text, 0)) for known in old):
            self._reply(409, {"error_code": 409, "message": "Schema being registered is incompatible"})
            return
        if text not in self.texts:
            self.texts.append(text)
        number = self.texts.index(text) + 1
        self.subjects[name] = versions if number in versions else [*versions, number]
        self._reply(200, {"id": number})

    def log_message(self, *_: object) -> None:
        """Nothing: pytest shows what matters."""

    def _path(self) -> list[str]:
        return [unquote(part) for part in self.path.partition("?")[0].strip("/").split("/")]

    def _body(self) -> Any:
        return json.loads(self.rfile.read(int(self.headers["Content-Length"])))

    def _reply(self, status: int, document: object) -> None:
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/vnd.schemaregistry.v1+json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class Denying(Registry):
    """Lets nobody in."""

    def do_GET(self) -> None:
        self._reply(401, {"error_code": 40101, "message": "who are you?"})


class Failing(Registry):
    """Is broken."""

    def do_GET(self) -> None:
        self._reply(501, {"error_code": 50101, "message": "out of order"})


def served(handler: type[Registry]) -> Iterator[str]:
    fresh = type("Fresh", (handler,), {"subjects": {}, "texts": [], "levels": {}})
    with ThreadingHTTPServer(("127.0.0.1", 0), fresh) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


class TestServedRegistry(RegistryContract):
    @pytest.fixture
    def url(self) -> Iterator[str]:
        yield from served(Registry)


@pytest.fixture
def denying() -> Iterator[str]:
    yield from served(Denying)


@pytest.fixture
def failing() -> Iterator[str]:
    yield from served(Failing)


def test_credentials_that_are_refused_are_a_setting_that_is_wrong(denying: str) -> None:
    address = denying.replace("//", "//ann:secret@")
    with pytest.raises(ConfigError, match="refuses the credentials: who are you") as caught:
        schema_ids(RegistrySettings(url=address), TOPICS)
    assert "secret" not in str(caught.value)


def test_a_registry_that_is_broken_may_be_tried_again(failing: str) -> None:
    with pytest.raises(UpstreamError, match="out of order"):
        schema_ids(RegistrySettings(url=failing), TOPICS)


def test_a_registry_that_is_not_there_may_be_tried_again() -> None:
    with pytest.raises(UpstreamError, match=r"schema registry 127\.0\.0\.1:1 is not there"):
        schema_ids(RegistrySettings(url="http://127.0.0.1:1"), TOPICS)
