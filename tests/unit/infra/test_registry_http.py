"""The registry's answers, each as Confluent's clients expect it."""

import json

import pytest
from starlette.testclient import TestClient

from infra.embedded.registry import MEDIA_TYPE, Registry, app
from schemas.catalogue import ALL, Schema, schema
from schemas.topics import Topic

TOPICS = [
    Topic(name="ticks.fxcm", key="symbol", values=("Tick", "SessionRecord"), partitions=6),
    Topic(name="ticks.fxcm.dlq", key="as it came", values=(), partitions=6),
]


@pytest.fixture
def client() -> TestClient:
    return TestClient(app(TOPICS))


def test_every_schema_has_its_records_subject_and_one_per_topic(client: TestClient) -> None:
    expected = {f"tierfeed.{entry.name}" for entry in ALL}
    expected |= {"ticks.fxcm-tierfeed.Tick", "ticks.fxcm-tierfeed.SessionRecord"}
    assert set(client.get("/subjects").json()) == expected


def test_a_version_is_told_with_its_id_and_the_committed_text(client: TestClient) -> None:
    tick = schema("Tick")
    for version in ("1", "latest", "-1"):
        answer = client.get(f"/subjects/ticks.fxcm-tierfeed.Tick/versions/{version}")
        assert answer.headers["content-type"].startswith(MEDIA_TYPE)
        assert answer.json() == {
            "subject": "ticks.fxcm-tierfeed.Tick",
            "version": 1,
            "id": tick.id,
            "schema": tick.text,
        }
    assert client.get("/subjects/tierfeed.Tick/versions/1/schema").text == tick.text
    assert client.get("/subjects/tierfeed.Tick/versions").json() == [1]


def test_an_id_is_told_with_all_its_subjects(client: TestClient) -> None:
    tick = schema("Tick")
    assert client.get(f"/schemas/ids/{tick.id}").json() == {"schema": tick.text}
    assert client.get(f"/schemas/ids/{tick.id}/schema").text == tick.text
    assert client.get(f"/schemas/ids/{tick.id}/versions").json() == [
        {"subject": "ticks.fxcm-tierfeed.Tick", "version": 1},
        {"subject": "tierfeed.Tick", "version": 1},
    ]


def test_later_schemas_of_a_record_are_its_later_versions() -> None:
    second = Schema.of(json.dumps({**json.loads(schema("Tick").text), "doc": "newer"}), 77)
    registry = Registry(TOPICS, [second, *ALL])
    assert [entry.version for entry in registry.versions("tierfeed.Tick")] == [1, 2]
    assert registry.version("ticks.fxcm-tierfeed.Tick", "latest").schema.id == 77
    assert registry.lookup("tierfeed.Tick", schema("Tick").text).version == 1


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/subjects/nothing/versions", 404, 40401),
        ("/subjects/nothing/versions/1", 404, 40401),
        ("/subjects/tierfeed.Tick/versions/2", 404, 40402),
        ("/subjects/tierfeed.Tick/versions/0", 422, 42202),
        ("/subjects/tierfeed.Tick/versions/first", 422, 42202),
        ("/schemas/ids/4711", 404, 40403),
        ("/schemas/ids/4711/versions", 404, 40403),
        ("/nowhere", 404, 404),
    ],
)
def test_what_is_not_there_has_confluents_code(client: TestClient, path: str, status: int, code: int) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer.json()["error_code"]) == (status, code)


def test_a_schema_is_looked_up_however_it_is_spaced(client: TestClient) -> None:
    text = json.dumps(json.loads(schema("Tick").text), indent=None)
    found = client.post("/subjects/ticks.fxcm-tierfeed.Tick", json={"schema": text})
    assert (found.status_code, found.json()["id"]) == (200, schema("Tick").id)
    other = client.post("/subjects/ticks.fxcm-tierfeed.Tick", json={"schema": '"string"'})
    assert (other.status_code, other.json()["error_code"]) == (404, 40403)
    broken = client.post("/subjects/ticks.fxcm-tierfeed.Tick", content=b"{")
    assert (broken.status_code, broken.json()["error_code"]) == (422, 42201)


def test_registering_what_is_there_gives_its_id_and_anything_else_is_refused(client: TestClient) -> None:
    there = client.post("/subjects/tierfeed.Tick/versions", json={"schema": schema("Tick").text})
    assert (there.status_code, there.json()) == (200, {"id": schema("Tick").id})
    new = client.post("/subjects/tierfeed.Tick/versions", json={"schema": '"string"'})
    assert (new.status_code, new.json()["error_code"]) == (405, 405)
    assert "read-only" in new.json()["message"]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("DELETE", "/subjects/tierfeed.Tick"),
        ("DELETE", "/subjects/tierfeed.Tick/versions/1"),
        ("PUT", "/config"),
        ("PUT", "/mode"),
    ],
)
def test_writes_are_refused_with_the_reason(client: TestClient, method: str, path: str) -> None:
    answer = client.request(method, path, json={})
    assert answer.status_code == 405
    assert "read-only" in answer.json()["message"]


def test_it_says_what_it_is(client: TestClient) -> None:
    assert client.get("/schemas/types").json() == ["AVRO"]
    assert client.get("/config").json() == {"compatibilityLevel": "BACKWARD"}
    assert client.get("/mode").json() == {"mode": "READONLY"}
    assert client.get("/").json() == {}
