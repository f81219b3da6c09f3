"""The embedded stack: real Kafka, real ClickHouse, on loopback, installed by pip."""
