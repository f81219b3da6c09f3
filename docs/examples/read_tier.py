"""Read a tier's topic: python docs/examples/read_tier.py BOOTSTRAP_SERVERS REGISTRY_URL [TOPIC]."""

import sys

from confluent_kafka import Consumer
from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroDeserializer

bootstrap_servers, registry_url, topic = (*sys.argv[1:], "tier.pro")[:3]
decode = AvroDeserializer(SchemaRegistryClient({"url": registry_url}))
consumer = Consumer({"bootstrap.servers": bootstrap_servers, "group.id": "my-desk", "auto.offset.reset": "earliest"})
consumer.subscribe([topic])
epochs: dict[int, int] = {}  # by partition
while True:
    message = consumer.poll(1.0)
    if message is None or message.error():
        continue
    record = decode(message.value(), None)
    if record["epoch"] < epochs.get(message.partition(), 0):
        continue  # of a worker that had been replaced
    epochs[message.partition()] = record["epoch"]
    if message.key() is None:
        continue  # a control record: heartbeat, STALE, FRESH, SESSION
    print(*(record[name] for name in ("symbol", "bid", "ask", "state", "upto_sequence")))  # noqa: T201  its output
