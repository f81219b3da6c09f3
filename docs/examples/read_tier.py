"""Read a tier: python docs/examples/read_tier.py BOOTSTRAP_SERVERS REGISTRY_URL [TOPIC [USERNAME PASSWORD [CA]]].

CA: a file with the certificate that the Kafka cluster's TLS rests on.
"""

import sys

from confluent_kafka import Consumer
from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroDeserializer

given, usual = sys.argv[1:], ["", "", "tier.pro", "", "", ""]
bootstrap_servers, registry_url, topic, username, password, ca = given + usual[len(given) :]
group = f"{username or 'my'}.desk"  # on a secured cluster a tenant has the groups that begin with its id and a dot
config = {"bootstrap.servers": bootstrap_servers, "group.id": group, "auto.offset.reset": "earliest"}
if username:
    config |= {"security.protocol": "SASL_SSL" if ca else "SASL_PLAINTEXT", "sasl.mechanism": "SCRAM-SHA-512"}
    config |= {"sasl.username": username, "sasl.password": password, "ssl.ca.location": ca}
decode = AvroDeserializer(SchemaRegistryClient({"url": registry_url}))
consumer = Consumer(config)
consumer.subscribe([topic])
epochs: dict[int, int] = {}  # by partition
while True:
    message = consumer.poll(1.0)
    if message is None:
        continue
    if message.error():
        raise SystemExit(message.error().str())  # such as: this tenant has not bought this tier
    record = decode(message.value(), None)
    if record["epoch"] < epochs.get(message.partition(), 0):
        continue  # of a worker that had been replaced
    epochs[message.partition()] = record["epoch"]
    if message.key() is None:
        continue  # a control record: heartbeat, STALE, FRESH, GAP, SESSION
    print(*(record[name] for name in ("symbol", "bid", "ask", "state", "upto_sequence")))  # noqa: T201  its output
