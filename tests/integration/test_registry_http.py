"""The registry through confluent-kafka's own client and Avro (de)serializers."""

import socket
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from confluent_kafka.schema_registry import Schema as RegistrySchema
from confluent_kafka.schema_registry import SchemaRegistryClient, topic_record_subject_name_strategy
from confluent_kafka.schema_registry.avro import AvroDeserializer, AvroSerializer
from confluent_kafka.schema_registry.error import SchemaRegistryError
from confluent_kafka.serialization import MessageField, SerializationContext

from infra.embedded.registry import app, serve
from schemas.catalogue import encode, schema
from schemas.topics import declared
from tierfeed.errors import UpstreamError
from tierfeed.settings import load_settings

TICK = {
    "broker": "fxcm",
    "symbol": "EURUSD",
    "bid": 1.1,
    "ask": 1.2,
    "bid_size": None,
    "ask_size": 1e6,
    "event_time": None,
    "received_time": datetime(2024, 1, 2, 3, 4, 5, 6, tzinfo=UTC),
    "line": "A",
    "session": 1,
    "sequence": 1,
    "flags": 0,
}


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    topics = declared(("fxcm",), load_settings().tiers(), 6)
    with serve(app(topics.values())) as url:
        yield url


def test_a_plain_consumer_reads_our_records_with_an_avro_deserializer(url: str) -> None:
    deserialize = AvroDeserializer(SchemaRegistryClient({"url": url}))
    payload = encode("Tick", TICK)
    assert deserialize(payload, SerializationContext("ticks.fxcm", MessageField.VALUE)) == TICK


def test_a_plain_producer_writes_records_with_our_ids(url: str) -> None:
    serialize = AvroSerializer(
        SchemaRegistryClient({"url": url}),
        schema("Tick").text,
        conf={"subject.name.strategy": topic_record_subject_name_strategy},
    )
    assert serialize(TICK, SerializationContext("ticks.fxcm", MessageField.VALUE)) == encode("Tick", TICK)


def test_the_client_finds_its_way(url: str) -> None:
    client = SchemaRegistryClient({"url": url})
    latest = client.get_latest_version("ticks.fxcm-tierfeed.Tick")
    assert (latest.schema_id, latest.version) == (schema("Tick").id, 1)
    assert client.get_versions("tierfeed.Tick") == [1]
    assert client.lookup_schema("tierfeed.Tick", RegistrySchema(schema("Tick").text, "AVRO")).schema_id == 1
    assert client.get_compatibility() == "BACKWARD"
    with pytest.raises(SchemaRegistryError) as unknown:
        client.get_schema(4711)
    assert (unknown.value.http_status_code, unknown.value.error_code) == (404, 40403)
    with pytest.raises(SchemaRegistryError, match="read-only") as refused:
        client.register_schema("tierfeed.Tick", RegistrySchema('"string"', "AVRO"))
    assert refused.value.http_status_code == 405


def test_a_taken_port_is_told_and_a_served_one_is_free_again() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(UpstreamError, match=f"127.0.0.1:{port}"), serve(app([]), port):
            pass
    with serve(app([]), port) as url:
        assert url == f"http://127.0.0.1:{port}"
    with serve(app([]), port):
        pass
