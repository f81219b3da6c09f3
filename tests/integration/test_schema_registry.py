"""A real schema registry sits the exam that the tests' own one sits, and serves the serializers that consumers use."""

from collections.abc import Iterator
from typing import Any

import pytest
from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroDeserializer, AvroSerializer
from confluent_kafka.schema_registry.error import SchemaRegistryError
from confluent_kafka.serialization import MessageField, SerializationContext

from infra.registry import schema_ids
from schemas import catalogue
from schemas.codec import Decoder, Frame
from tests.apicurio import apicurio, forget_everything
from tests.contract.test_schema_registry import ANOTHER_TICK, TICK, TICK_SUBJECT, TOPICS, Registered, RegistryContract
from tierfeed.settings import RegistrySettings


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with apicurio(tmp_path_factory.mktemp("apicurio")) as url:
        yield url


@pytest.fixture
def url(registry: str) -> str:
    forget_everything(registry)
    return registry


class TestApicurio(RegistryContract):
    """The exam."""


TICK_RECORD: dict[str, Any] = {
    "broker": "fxcm", "symbol": "EURUSD", "bid": 1.08, "ask": 1.0801, "bid_size": None, "ask_size": None,
    "event_time": None, "received_time": 1_700_000_000_000_000, "line": "A", "session": 1, "sequence": 7, "flags": 0,
}  # fmt: skip
TOLD = ("broker", "symbol", "bid", "ask", "sequence", "line")


def test_what_tierfeed_writes_under_the_registrys_ids_any_client_of_it_reads(url: str) -> None:
    ids = schema_ids(RegistrySettings(url=url), TOPICS)
    payload = catalogue.encode("Tick", TICK_RECORD, ids["Tick"])
    client = SchemaRegistryClient({"url": url, "timeout": 10})
    context = SerializationContext("ticks.fxcm", MessageField.VALUE)
    # Told the subject, the client does not ask for associations: Apicurio has none, and once never answered.
    conf = {"subject.name.strategy": lambda _context, _record: TICK_SUBJECT}
    read = AvroDeserializer(client, conf=conf)(payload, context)
    assert {name: read[name] for name in TOLD} == {name: TICK_RECORD[name] for name in TOLD}
    # And the other way: what a client of the registry has written is a tick to the hot path's decoder.
    written = AvroSerializer(client, TICK.text, conf={"auto.register.schemas": False} | conf)
    columns = Decoder(TICK, ids["Tick"]).decode(Frame.of([written(read, context)]))
    assert columns.ok.tolist() == [True]
    assert columns.longs("sequence").tolist() == [7]


def test_a_schema_that_cannot_follow_is_refused_by_the_registry_itself(url: str) -> None:
    schema_ids(RegistrySettings(url=url), TOPICS)
    with pytest.raises(SchemaRegistryError):
        SchemaRegistryClient({"url": url}).register_schema(TICK_SUBJECT, Registered(ANOTHER_TICK, "AVRO"))
